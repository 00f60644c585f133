//! How enabled tools were when a person agreed to them: a server that changes one later is found out.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use crate::lock::{LOCK_WAIT, WriteLock};
use crate::members::{Members, Node, Reader, Source, Writer};
use crate::{Home, Stamp, StoreError, replace};

/// The largest file that is read or written, in bytes: a thousand tools with a schema of 16 KB each.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The version that this release writes, and the newest that it reads.
const VERSION: u64 = 1;

/// A tool's definition, as a person agreed to it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pin {
    /// SHA-256 over name, title, description, schemas and annotations in a fixed order, in hexadecimal.
    pub hash: String,
    /// The whole definition, as the server wrote it then.
    pub definition: Box<RawValue>,
    /// When that was, in seconds since 1970.
    pub agreed_at: u64,
    members: Members,
}

/// The pins of one connector, by the server's name for the tool.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Pins {
    /// Which server they are of: a digest of its URL or command. Another server of the same slug has none of them.
    pub server: String,
    /// The pins.
    pub tools: BTreeMap<String, Pin>,
    members: Members,
}

/// The pins of a state folder, a file for each connector: `pins/{slug}.json`, for the owner only.
#[derive(Clone, Debug)]
pub struct PinFiles {
    folder: PathBuf,
}

impl Pin {
    /// Describes a pin.
    #[must_use]
    pub fn new(hash: impl Into<String>, definition: Box<RawValue>, agreed_at: u64) -> Self {
        Self { hash: hash.into(), definition, agreed_at, members: Members::default() }
    }

    fn read<'a>(source: Source<'a>, part: &'a str) -> Result<Self, StoreError> {
        let object = Reader::new(source, part)?;
        Ok(Self {
            hash: object.required("sha256")?,
            definition: object.required::<&RawValue>("definition")?.to_owned(),
            agreed_at: object.required("agreed_at")?,
            members: object.into_members(),
        })
    }

    fn writer(&self) -> Writer {
        let mut object = self.members.writer();
        object.set("sha256", &self.hash);
        object.set("agreed_at", &self.agreed_at);
        object.place("definition", Some(Node::Raw(self.definition.clone())));
        object
    }
}

impl Pins {
    /// Returns no pins of a server.
    #[must_use]
    pub fn of(server: impl Into<String>) -> Self {
        Self { server: server.into(), ..Self::default() }
    }

    fn from_json(path: &Path, text: &str) -> Result<Self, StoreError> {
        let source = Source { path, text };
        let object = Reader::new(source, text)?;
        if let Some(found) = object.optional::<u64>("version")?
            && found > VERSION
        {
            return Err(StoreError::NewerVersion { path: path.to_owned(), found, known: VERSION });
        }
        let mut tools = BTreeMap::new();
        if let Some(part) = object.raw("tools") {
            for (name, part) in Reader::new(source, part)?.entries() {
                tools.insert(name.to_owned(), Pin::read(source, part)?);
            }
        }
        Ok(Self { server: object.required("server")?, tools, members: object.into_members() })
    }

    fn to_json(&self) -> String {
        let mut object = self.members.writer();
        object.set("version", &VERSION);
        object.move_to_front("version");
        object.set("server", &self.server);
        let tools = self.tools.iter().map(|(name, pin)| (name.clone(), pin.writer()));
        object.place("tools", Some(Node::Object(Writer::of_objects(tools))));
        let mut text = serde_json::to_string_pretty(&object).expect("members are always JSON");
        text.push('\n');
        text
    }
}

impl PinFiles {
    /// Names the files of a state folder; nothing is read or made yet.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self { folder: home.pins_path() }
    }

    /// Returns the pins of a connector; none where there are none.
    ///
    /// # Errors
    /// [`StoreError::Malformed`], [`StoreError::NewerVersion`], [`StoreError::TooLarge`], [`StoreError::Io`].
    pub fn read(&self, slug: &str) -> Result<Pins, StoreError> {
        let path = self.path(slug)?;
        let Some(content) = replace::read(&path, LARGEST)? else { return Ok(Pins::default()) };
        let text = str::from_utf8(&content).map_err(|_| StoreError::Malformed {
            path: path.clone(),
            line: 1,
            column: 1,
            message: "expected UTF-8, found other bytes".to_owned(),
        })?;
        Pins::from_json(&path, text)
    }

    /// Returns what tells one state of a connector's pins from another, or nothing where there are none. Asks for the
    /// file's metadata only.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn stamp(&self, slug: &str) -> Result<Option<Stamp>, StoreError> {
        Stamp::of(&self.path(slug)?)
    }

    /// Changes the pins of a connector under a lock among processes. Those of another server are gone before `change`
    /// sees them. Nothing is written where nothing changes.
    ///
    /// # Errors
    /// As [`PinFiles::read`]; [`StoreError::Locked`].
    pub fn update<T>(
        &self,
        slug: &str,
        server: &str,
        change: impl FnOnce(&mut Pins) -> T,
    ) -> Result<T, StoreError> {
        let path = self.path(slug)?;
        let lock = WriteLock::acquire(&path, LOCK_WAIT)?;
        let mut pins = self.read(slug)?;
        let before = pins.to_json();
        if pins.server != server {
            pins = Pins::of(server);
        }
        let result = change(&mut pins);
        let text = pins.to_json();
        if text.len() as u64 > LARGEST {
            // It could never be read again.
            return Err(StoreError::TooLarge { path, limit: LARGEST });
        }
        if text != before {
            replace::replace(&lock, text.as_bytes())?;
        }
        Ok(result)
    }

    /// Forgets the pins of a connector.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Locked`].
    pub fn remove(&self, slug: &str) -> Result<(), StoreError> {
        let path = self.path(slug)?;
        if Stamp::of(&path)?.is_none() {
            return Ok(());
        }
        let lock = WriteLock::acquire(&path, LOCK_WAIT)?;
        match fs::remove_file(lock.target()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", path)(error));
            }
            _ => {}
        }
        // Connectors come and go for years; each would leave a file behind.
        lock.remove();
        Ok(())
    }

    /// Returns where the pins of a connector are. A slug out of a file that somebody edited leads nowhere else.
    fn path(&self, slug: &str) -> Result<PathBuf, StoreError> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        if slug.is_empty() || !slug.chars().all(fits) {
            let source = io::Error::other(format!("{slug:?} is no name of a file"));
            return Err(StoreError::Io { action: "use", path: self.folder.clone(), source });
        }
        Ok(self.folder.join(format!("{slug}.json")))
    }
}
