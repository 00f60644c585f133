//! Who may use the daemon beside whoever can read its own token: named tokens with scopes, kept as hashes.

use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::record::{self, Versioned};
use crate::stamp::Cached;
use crate::{Home, Secret, StoreError};

/// The largest file that is read, in bytes: [`MOST_TOKENS`] with a dozen connectors each.
const LARGEST: u64 = 2 * 1024 * 1024;

/// How many tokens there can be. Each is looked at for each request that shows one, and a person can still read the list.
const MOST_TOKENS: usize = 1000;

/// The longest name, in characters: it stands in every event of its holder.
const LONGEST_NAME: usize = 64;

/// How many random bytes a token has: as many as a key.
const TOKEN_BYTES: usize = 32;

/// What a token begins with, so that a scanner for leaked secrets knows one when it sees it.
const PREFIX: &str = "car_";

/// How many bytes a SHA-256 has.
const HASH_BYTES: usize = 32;

/// What a token lets its holder do. Each contains those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Scope {
    /// Look: connectors, tools, lists; nothing that is called or changed.
    Read,
    /// Call enabled tools, read resources, get prompts.
    Call,
    /// Everything: add, remove, enable, sign in, answer for approvals, policy, tokens.
    Manage,
}

/// A token, as it is remembered: not itself, but its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessToken {
    /// Names it where it is revoked: short, and no secret.
    pub id: String,
    /// What a person calls it. It is who asks, in policy and event log, as `token:NAME`; no two are the same.
    pub name: String,
    /// What its holder may do.
    pub scope: Scope,
    /// The only connectors that its holder sees and uses, by slug; all of them where there is no list.
    pub connectors: Option<Vec<String>>,
    /// When it was made, in seconds since 1970.
    pub created_at: u64,
    /// When it ends, in seconds since 1970; never where nothing is said.
    pub expires_at: Option<u64>,
    /// SHA-256 of the token.
    hash: [u8; HASH_BYTES],
}

/// A token that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewAccessToken {
    /// See [`AccessToken::name`].
    pub name: String,
    /// See [`AccessToken::scope`].
    pub scope: Scope,
    /// See [`AccessToken::connectors`].
    pub connectors: Option<Vec<String>>,
    /// See [`AccessToken::expires_at`].
    pub expires_at: Option<u64>,
}

/// The tokens of a state folder, `access.json`, for the owner only.
///
/// Cheap to clone. What was read is kept until the file changes, so that a token that another process revokes is refused
/// at the next request.
#[derive(Clone, Debug)]
pub struct AccessFile {
    path: PathBuf,
    kept: Cached<AccessTokens>,
}

/// All tokens, as the file has them at one moment.
#[derive(Clone, Debug, Default)]
pub struct AccessTokens {
    tokens: Arc<Vec<AccessToken>>,
}

/// The file as it is written.
#[derive(Default, Serialize, Deserialize)]
struct Record {
    version: u64,
    #[serde(default)]
    tokens: Vec<Written>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// A token as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    id: String,
    name: String,
    scope: Scope,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connectors: Option<Vec<String>>,
    created_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    #[serde(with = "hexadecimal")]
    sha256: [u8; HASH_BYTES],
    #[serde(flatten)]
    more: Map<String, Value>,
}

impl Versioned for Record {
    const VERSION: u64 = 1;

    fn version(&mut self) -> &mut u64 {
        &mut self.version
    }
}

impl Scope {
    /// All scopes, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Call, Self::Manage];

    /// Returns the scope as one word: `read`, `call` or `manage`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Call => "call",
            Self::Manage => "manage",
        }
    }
}

impl NewAccessToken {
    /// Describes a token for all connectors that does not end.
    #[must_use]
    pub fn new(name: impl Into<String>, scope: Scope) -> Self {
        Self { name: name.into(), scope, connectors: None, expires_at: None }
    }
}

impl AccessTokens {
    /// Returns all of them, the oldest first, also those that have ended.
    #[must_use]
    pub fn all(&self) -> &[AccessToken] {
        &self.tokens
    }

    /// Finds the token that somebody shows, whether it has ended or not. Takes as long for a wrong one as for a right one.
    #[must_use]
    pub fn find(&self, shown: &str) -> Option<&AccessToken> {
        let shown: [u8; HASH_BYTES] = Sha256::digest(shown).into();
        // All are looked at. What is compared are hashes, so that even its time says nothing of how much was right.
        self.tokens.iter().fold(None, |found, token| {
            let difference = token.hash.iter().zip(shown).fold(0, |sum, (left, right)| sum | (left ^ right));
            if difference == 0 { Some(token) } else { found }
        })
    }

    /// Returns the token of an id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&AccessToken> {
        self.tokens.iter().find(|token| token.id == id)
    }
}

impl AccessToken {
    /// Tells whether it has ended by then, in seconds since 1970.
    #[must_use]
    pub fn has_ended(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

impl From<&Written> for AccessToken {
    fn from(written: &Written) -> Self {
        Self {
            id: written.id.clone(),
            name: written.name.clone(),
            scope: written.scope,
            connectors: written.connectors.clone(),
            created_at: written.created_at,
            expires_at: written.expires_at,
            hash: written.sha256,
        }
    }
}

impl AccessFile {
    /// Names the file of a state folder; nothing is read or made yet.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self { path: home.access_path(), kept: Cached::default() }
    }

    /// Returns the tokens as they are now. Asks for the file's metadata only, unless it changed.
    ///
    /// # Errors
    /// [`StoreError::Malformed`], [`StoreError::NewerVersion`], [`StoreError::TooLarge`], [`StoreError::Io`].
    pub fn tokens(&self) -> Result<AccessTokens, StoreError> {
        let tokens = self.kept.get(&self.path, || {
            let record: Record = record::read(&self.path, LARGEST)?;
            Ok(AccessTokens { tokens: Arc::new(record.tokens.iter().map(AccessToken::from).collect()) })
        })?;
        Ok(AccessTokens::clone(&tokens))
    }

    /// Makes a token. It is returned once and can never be shown again. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] where a token has this name; [`StoreError::UnfitToken`] where it has a name that is none,
    /// an empty list of connectors, or an end that is over; those of [`AccessFile::tokens`]; [`StoreError::Locked`].
    pub fn add(&self, new: NewAccessToken, now: u64) -> Result<(AccessToken, Secret), StoreError> {
        check(&new, now)?;
        let secret =
            Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>())));
        let sha256 = Sha256::digest(secret.expose()).into();
        let NewAccessToken { name, scope, connectors, expires_at } = new;
        let added = record::try_update(&self.path, LARGEST, |record: &mut Record| {
            if record.tokens.iter().any(|known| known.name == name || known.id == name) {
                return Err(StoreError::Duplicate { what: "token", name });
            }
            if record.tokens.len() >= MOST_TOKENS {
                let message =
                    format!("there are {MOST_TOKENS} tokens already; revoke those that are not used");
                return Err(StoreError::UnfitToken { message });
            }
            let taken = |id: &str| record.tokens.iter().any(|known| known.id == id || known.name == id);
            let id = std::iter::repeat_with(|| format!("{:08x}", rand::random::<u32>()));
            let id = id.into_iter().find(|id| !taken(id)).expect("it never ends");
            let more = Map::new();
            let token = Written { id, name, scope, connectors, created_at: now, expires_at, sha256, more };
            let added = AccessToken::from(&token);
            record.tokens.push(token);
            Ok(added)
        })?;
        Ok((added, secret))
    }

    /// Takes a token back, by its id or its name, and returns it; nothing where there is none.
    ///
    /// # Errors
    /// As [`AccessFile::add`].
    pub fn revoke(&self, id_or_name: &str) -> Result<Option<AccessToken>, StoreError> {
        let is_meant = |id: &str, name: &str| id == id_or_name || name == id_or_name;
        if !self.tokens()?.all().iter().any(|token| is_meant(&token.id, &token.name)) {
            return Ok(None);
        }
        record::update(&self.path, LARGEST, |record: &mut Record| {
            let place = record.tokens.iter().position(|token| is_meant(&token.id, &token.name))?;
            Some(AccessToken::from(&record.tokens.remove(place)))
        })
    }
}

/// Checks what does not depend on the other tokens.
fn check(new: &NewAccessToken, now: u64) -> Result<(), StoreError> {
    let refuse = |message: String| Err(StoreError::UnfitToken { message });
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if new.name.is_empty() || new.name.len() > LONGEST_NAME || !new.name.chars().all(fits) {
        let name = &new.name;
        return refuse(format!(
            "expected a name of 1 to {LONGEST_NAME} ASCII letters, digits, `-`, `_` and `.`, found {name:?}"
        ));
    }
    if new.connectors.as_ref().is_some_and(Vec::is_empty) {
        return refuse("expected one connector or more, found an empty list".to_owned());
    }
    if let Some(end) = new.expires_at
        && end <= now
    {
        return refuse(format!("expected an end after {now}, found {end}"));
    }
    Ok(())
}

/// A hash as a text of hexadecimal digits.
mod hexadecimal {
    use std::fmt::Write as _;

    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::HASH_BYTES;

    pub(super) fn serialize<S: Serializer>(
        hash: &[u8; HASH_BYTES],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(2 * HASH_BYTES);
        for byte in hash {
            write!(text, "{byte:02x}").expect("a text takes everything");
        }
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; HASH_BYTES], D::Error> {
        let wrong = || D::Error::custom("expected 64 hexadecimal digits, found something else");
        let text = String::deserialize(deserializer)?;
        if text.len() != 2 * HASH_BYTES || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut hash = [0; HASH_BYTES];
        for (place, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).map_err(|_| wrong())?;
        }
        Ok(hash)
    }
}
