//! What a secret is called in the keychain.

use std::fmt;

/// The name for tokens.
const TOKENS: &str = "tokens";

/// The name for the client secret.
const CLIENT_SECRET: &str = "client_secret";

/// The name of one secret: `connector:{slug}:{what}` for those of a connector, `source:{name}` for the token of a source,
/// `embeddings` for that of the embedding model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryName(String);

impl EntryName {
    /// Names the value of a header.
    #[must_use]
    pub fn header(slug: &str, header: &str) -> Self {
        // A header may be called like one of our own entries. A header's name holds no colon, so this cannot clash.
        let prefix = if [TOKENS, CLIENT_SECRET].contains(&header) { "header:" } else { "" };
        Self(format!("connector:{slug}:{prefix}{header}"))
    }

    /// Names the value of a variable for a local server.
    #[must_use]
    pub fn variable(slug: &str, variable: &str) -> Self {
        Self(format!("connector:{slug}:env:{variable}"))
    }

    /// Names the tokens of a sign-in.
    #[must_use]
    pub fn tokens(slug: &str) -> Self {
        Self(format!("connector:{slug}:{TOKENS}"))
    }

    /// Names the client secret of a sign-in.
    #[must_use]
    pub fn client_secret(slug: &str) -> Self {
        Self(format!("connector:{slug}:{CLIENT_SECRET}"))
    }

    /// Names the token of a source of services ([`SourceToken`](crate::SourceToken)).
    #[must_use]
    pub fn source(name: &str) -> Self {
        Self(format!("source:{name}"))
    }

    /// Names the token of the embedding model ([`SourceToken`](crate::SourceToken)).
    #[must_use]
    pub fn embeddings() -> Self {
        Self("embeddings".to_owned())
    }

    /// Returns the name as the keychain knows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_clash() {
        assert_eq!(EntryName::header("x", "Authorization").as_str(), "connector:x:Authorization");
        assert_eq!(EntryName::tokens("x").as_str(), "connector:x:tokens");
        assert_ne!(EntryName::header("x", "tokens"), EntryName::tokens("x"));
        assert_ne!(EntryName::header("x", "client_secret"), EntryName::client_secret("x"));
        assert_eq!(EntryName::source("work").as_str(), "source:work");
        assert_ne!(EntryName::source("embeddings"), EntryName::embeddings());
    }
}
