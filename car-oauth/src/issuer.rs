//! Who issues tokens, by its exact name (RFC 8414 §2, §3).

use std::fmt;

use url::Url;

use crate::Error;
use crate::endpoint::Endpoint;
use crate::lookup::shown;

/// Where RFC 8414 §3 puts the metadata.
const OAUTH: &str = "/.well-known/oauth-authorization-server";
/// Where OpenID Connect Discovery 1.0 §4 puts it.
const OPENID: &str = "/.well-known/openid-configuration";

/// An issuer identifier, as it was written: it is compared, never normalised.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer(String);

impl Issuer {
    /// Checks an issuer identifier (RFC 8414 §2: https, without query and fragment; also http on this machine).
    ///
    /// # Errors
    /// [`Error::InsecureEndpoint`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let endpoint = Endpoint::parse("issuer", text)?;
        if endpoint.url().query().is_some() {
            let reason = "an issuer has no query";
            return Err(Error::InsecureEndpoint { what: "issuer", url: shown(text), reason });
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the identifier as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the URL that the identifier is; to be called, not to be compared.
    pub(crate) fn url(&self) -> Url {
        Url::parse(&self.0).expect("checked when it was made")
    }

    /// Returns where its metadata may be, in the order of the MCP specification. For an issuer with a path the root
    /// is not among them: there another issuer speaks.
    #[must_use]
    pub fn metadata_urls(&self) -> Vec<Url> {
        let url = self.url();
        // RFC 8414 §3.1: a slash at the end is taken off first.
        let path = url.path().strip_suffix('/').unwrap_or_else(|| url.path());
        let mut paths = vec![format!("{OAUTH}{path}"), format!("{OPENID}{path}")];
        if !path.is_empty() {
            paths.push(format!("{path}{OPENID}"));
        }
        let at = |path: &String| {
            let mut place = url.clone();
            place.set_path(path);
            place
        };
        paths.iter().map(at).collect()
    }
}

impl TryFrom<String> for Issuer {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(issuer: &str) -> Vec<String> {
        Issuer::parse(issuer).unwrap().metadata_urls().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn looks_for_metadata_in_the_order_of_the_specification() {
        for issuer in ["https://as.example", "https://as.example/"] {
            assert_eq!(
                places(issuer),
                [
                    "https://as.example/.well-known/oauth-authorization-server",
                    "https://as.example/.well-known/openid-configuration",
                ]
            );
        }
        for issuer in ["https://as.example:8443/t/1", "https://as.example:8443/t/1/"] {
            assert_eq!(
                places(issuer),
                [
                    "https://as.example:8443/.well-known/oauth-authorization-server/t/1",
                    "https://as.example:8443/.well-known/openid-configuration/t/1",
                    "https://as.example:8443/t/1/.well-known/openid-configuration",
                ]
            );
        }
    }

    #[test]
    fn never_asks_the_root_for_an_issuer_with_a_path() {
        let urls = places("https://as.example/tenant%20one");
        assert!(urls.iter().all(|url| url.contains("tenant%20one")), "{urls:?}");
    }

    #[test]
    fn keeps_the_text_and_compares_nothing_else() {
        let issuer = Issuer::parse("https://AS.example:443/%7Eada").unwrap();
        assert_eq!(issuer.as_str(), "https://AS.example:443/%7Eada");
        for other in
            ["https://as.example/~ada", "https://as.example:443/%7eada", "https://AS.example:443/%7Eada/"]
        {
            assert_ne!(issuer, Issuer::parse(other).unwrap());
        }
    }

    #[test]
    fn refuses_what_is_no_issuer() {
        for text in ["https://as.example?x", "https://as.example/#x", "http://as.example", "as.example", ""] {
            assert!(Issuer::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn is_checked_again_when_it_is_read_from_a_file() {
        let issuer: Issuer = serde_json::from_str("\"https://as.example/\"").unwrap();
        assert_eq!(serde_json::to_string(&issuer).unwrap(), "\"https://as.example/\"");
        assert!(serde_json::from_str::<Issuer>("\"http://as.example/\"").is_err());
    }
}
