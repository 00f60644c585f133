//! The token of a source, bound to the place that it is for.

use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::{Zeroize as _, Zeroizing};

use super::{name::EntryName, store::SecretStore, value::Secret};
use crate::{KeychainError, StoreError};

/// A token for one origin: scheme, host and port. `Debug` hides it.
///
/// The URL of a source stands in a file that people edit, its token in the keychain. Bound together, a changed URL gets
/// no token until one is given for it.
#[derive(Clone, Debug)]
pub struct SourceToken {
    origin: String,
    token: Secret,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    origin: String,
    token: String,
}

impl Drop for Stored {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

impl SourceToken {
    /// Binds a token to the origin of a URL; nothing for what is no URL with a host, such as `mailto:`.
    #[must_use]
    pub fn new(url: &str, token: Secret) -> Option<Self> {
        Some(Self { origin: origin(url)?, token })
    }

    /// Returns the origin, such as `https://example.com`.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the token, if the URL is of the origin that it is for.
    #[must_use]
    pub fn for_url(&self, url: &str) -> Option<&Secret> {
        (origin(url)? == self.origin).then_some(&self.token)
    }

    /// Reads a token from the store; nothing where none is stored.
    ///
    /// # Errors
    /// Those of [`SecretStore::get`], and [`StoreError::Keychain`] where something else is stored.
    pub fn load(store: &SecretStore, name: &EntryName) -> Result<Option<Self>, StoreError> {
        let Some(secret) = store.get(name)? else { return Ok(None) };
        // The library's words may quote the secret.
        let damaged = |_| StoreError::Keychain {
            action: "read",
            entry: name.to_string(),
            source: KeychainError::Damaged { reason: "expected a token with its origin".to_owned() },
        };
        let mut stored: Stored = serde_json::from_str(secret.expose()).map_err(damaged)?;
        let (origin, token) = (std::mem::take(&mut stored.origin), std::mem::take(&mut stored.token));
        Ok(Some(Self { origin, token: Secret::new(token) }))
    }

    /// Puts the token into the store, in place of what was there.
    ///
    /// # Errors
    /// Those of [`SecretStore::set`].
    pub fn save(&self, store: &SecretStore, name: &EntryName) -> Result<(), StoreError> {
        let stored = Stored { origin: self.origin.clone(), token: self.token.expose().to_owned() };
        let text = Zeroizing::new(serde_json::to_string(&stored).expect("texts are always JSON"));
        store.set(name, &Secret::new(text.as_str()))
    }
}

fn origin(url: &str) -> Option<String> {
    let origin = Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_token_to_its_own_origin_only() {
        let token = SourceToken::new("https://registry.example.com/v1", Secret::new("s3cret")).unwrap();
        assert_eq!(token.origin(), "https://registry.example.com");
        for (url, given) in [
            ("https://registry.example.com/", true),
            ("https://REGISTRY.example.com:443/other", true),
            ("http://registry.example.com/", false),
            ("https://registry.example.com:8443/", false),
            ("https://registry.example.com.evil.example/", false),
            ("https://registry.example.com@evil.example/", false),
            ("registry.example.com", false),
            ("", false),
        ] {
            assert_eq!(token.for_url(url).is_some(), given, "{url}");
        }
        assert!(!format!("{token:?}").contains("s3cret"));
        assert!(SourceToken::new("mailto:ada@example.com", Secret::new("x")).is_none());
    }
}
