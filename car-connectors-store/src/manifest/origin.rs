//! Where a connector comes from, if a project's file describes it, and what only such connectors have.

use std::collections::BTreeMap;

use crate::StoreError;
use crate::members::{Members, Reader, Source, Writer};

/// What a project's file says of a connector beyond what any connector has.
///
/// The texts of such a connector are as the file has them: `${VARIABLE}` stands for itself, here and in the manifest, and
/// is expanded in memory only ([`Connector::expanded`](crate::Connector::expanded)).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ProjectOrigin {
    /// The file, by its canonical path.
    pub file: String,
    /// The project's folder, which relative paths start from.
    pub folder: String,
    /// Headers that every request carries. What is secret of a value is a `${VARIABLE}`.
    pub headers: BTreeMap<String, String>,
    /// Tools that are not enabled when all are.
    pub disabled_tools: Vec<String>,
    /// How long connecting may take, in seconds.
    pub startup_timeout_sec: Option<f64>,
    /// How long a call may take without progress, in seconds.
    pub tool_timeout_sec: Option<f64>,
    members: Members,
}

impl ProjectOrigin {
    /// Names a file and the project's folder.
    #[must_use]
    pub fn new(file: impl Into<String>, folder: impl Into<String>) -> Self {
        Self { file: file.into(), folder: folder.into(), ..Self::default() }
    }

    pub(super) fn read<'a>(source: Source<'a>, part: &'a str) -> Result<Self, StoreError> {
        let object = Reader::new(source, part)?;
        Ok(Self {
            file: object.required("file")?,
            folder: object.required("folder")?,
            headers: object.optional("headers")?.unwrap_or_default(),
            disabled_tools: object.optional("disabled_tools")?.unwrap_or_default(),
            startup_timeout_sec: object.optional("startup_timeout_sec")?,
            tool_timeout_sec: object.optional("tool_timeout_sec")?,
            members: object.into_members(),
        })
    }

    pub(super) fn writer(&self) -> Writer {
        let mut object = self.members.writer();
        object.set("file", &self.file);
        object.set("folder", &self.folder);
        object.set_unless_empty("headers", &self.headers);
        object.set_unless_empty("disabled_tools", &self.disabled_tools);
        object.set_unless_empty("startup_timeout_sec", &self.startup_timeout_sec);
        object.set_unless_empty("tool_timeout_sec", &self.tool_timeout_sec);
        object
    }
}
