//! Who may use the daemon beside whoever can read its own token: named tokens with scopes, kept as hashes.

use std::path::PathBuf;
use std::sync::Arc;

use crate::{Home, Secret, StoreError};

/// What a token lets its holder do. Each contains those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// SHA-256 of the token, in hexadecimal.
    hash: String,
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
}

/// All tokens, as the file has them at one moment.
#[derive(Clone, Debug, Default)]
pub struct AccessTokens {
    tokens: Arc<Vec<AccessToken>>,
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
        let _ = shown;
        todo!("part C1")
    }
}

impl AccessToken {
    /// Tells whether it has ended by then, in seconds since 1970.
    #[must_use]
    pub fn has_ended(&self, now: u64) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

impl AccessFile {
    /// Names the file of a state folder; nothing is read or made yet.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self { path: home.access_path() }
    }

    /// Returns the tokens as they are now. Asks for the file's metadata only, unless it changed.
    ///
    /// # Errors
    /// [`StoreError::Malformed`], [`StoreError::NewerVersion`], [`StoreError::TooLarge`], [`StoreError::Io`].
    pub fn tokens(&self) -> Result<AccessTokens, StoreError> {
        let _ = &self.path;
        todo!("part C1")
    }

    /// Makes a token. It is returned once and can never be shown again. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] where a token has this name; those of [`AccessFile::tokens`]; [`StoreError::Locked`].
    pub fn add(&self, new: NewAccessToken, now: u64) -> Result<(AccessToken, Secret), StoreError> {
        let _ = (new, now);
        todo!("part C1")
    }

    /// Takes a token back, by its id or its name, and returns it; nothing where there is none.
    ///
    /// # Errors
    /// As [`AccessFile::add`].
    pub fn revoke(&self, id_or_name: &str) -> Result<Option<AccessToken>, StoreError> {
        let _ = id_or_name;
        todo!("part C1")
    }
}
