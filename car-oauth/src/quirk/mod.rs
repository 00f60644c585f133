//! What known servers need beyond the standards, as data.
//!
//! The shipped table is `quirks.toml`; a person's own has the same form. Code never asks for a host by name.

mod entry;
mod parse;
mod pattern;

use url::Url;

use crate::client_auth::AuthMethod;
use crate::issuer::Issuer;
use crate::scope::Scopes;

use entry::Entry;

/// The table that comes with the library.
const SHIPPED: &str = include_str!("quirks.toml");

/// A table of quirks.
#[derive(Clone, Debug, Default)]
pub struct Quirks(Vec<Entry>);

/// Why a table of quirks cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
#[non_exhaustive]
pub struct QuirksError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
}

impl Quirks {
    /// Returns the table that comes with the library.
    #[must_use]
    pub fn shipped() -> Self {
        Self::parse(SHIPPED).expect("a test reads the shipped table")
    }

    /// Reads a table: `[[quirk]]` with a `name`, `servers` (host names, `*.` for all below one) or `issuers` (URLs, `/*`
    /// for all below one), a `source` that says why, and effects by the names of [`Quirk`]'s fields.
    ///
    /// # Errors
    /// [`QuirksError`] says what is not understood, and where. A key that nobody knows is an error: a quirk that is
    /// misspelt must not silently do nothing.
    pub fn parse(toml: &str) -> Result<Self, QuirksError> {
        parse::table(toml).map(Self)
    }

    /// Adds a person's table: an entry replaces that of the same name, and wins over all others.
    #[must_use]
    pub fn overridden_by(self, user: Self) -> Self {
        let is_replaced = |shipped: &Entry| user.0.iter().any(|own| own.name == shipped.name);
        let mut entries = self.0;
        entries.retain(|shipped| !is_replaced(shipped));
        entries.extend(user.0);
        Self(entries)
    }

    /// Sums up the entries that are about a server or its issuer. Where two say different things, the later one counts;
    /// scopes and parameters add up.
    #[must_use]
    pub fn for_server(&self, server: &Url, issuer: Option<&Issuer>) -> Quirk {
        let mut sum = Quirk::default();
        for entry in self.0.iter().filter(|entry| entry.is_about(server, issuer)) {
            entry.add_to(&mut sum);
        }
        sum
    }
}

/// What one server needs. The default needs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quirk {
    /// Leave out the `resource` parameter (RFC 8707), which the server refuses.
    pub omit_resource: bool,
    /// The host of the redirect address: `127.0.0.1`, `localhost` or `[::1]`.
    pub redirect_host: Option<String>,
    /// The port of the redirect address.
    pub redirect_port: Option<u16>,
    /// The path of the redirect address.
    pub redirect_path: Option<String>,
    /// The name to register under.
    pub client_name: Option<String>,
    /// Parameters to add to the authorization request.
    pub authorize_parameters: Vec<(String, String)>,
    /// Scopes to ask for besides the others.
    pub scopes: Option<Scopes>,
    /// The method of client authentication to ask for and to use.
    pub token_auth_method: Option<AuthMethod>,
    /// The server registers nobody, or not us, whatever its metadata says.
    pub no_registration: bool,
    /// The server takes S256, though its metadata lists no methods at all. One that lists others is still refused.
    pub s256_unlisted: bool,
    /// What a person has to do.
    pub hint: Option<String>,
    /// Which entries say so, and why: "name: source".
    pub sources: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effects(table: &Quirks, server: &str, issuer: &str) -> Quirk {
        let issuer = (!issuer.is_empty()).then(|| Issuer::parse(issuer).unwrap());
        table.for_server(&Url::parse(server).unwrap(), issuer.as_ref())
    }

    #[test]
    fn ships_a_table_that_can_be_read_and_says_why() {
        let shipped = Quirks::shipped();
        assert!(!shipped.0.is_empty());
        for entry in &shipped.0 {
            assert!(entry.source.len() > 10, "{}", entry.name);
        }
    }

    #[test]
    fn knows_the_servers_of_the_shipped_table() {
        let shipped = Quirks::shipped();
        let entra =
            effects(&shipped, "https://mcp.example/", "https://login.microsoftonline.com/tenant/v2.0");
        assert!(entra.omit_resource && entra.no_registration && entra.hint.is_some());
        let google = effects(&shipped, "https://mcp.example/", "https://accounts.google.com");
        let offline = ("access_type".to_owned(), "offline".to_owned());
        assert!(google.authorize_parameters.contains(&offline));
        let slack = effects(&shipped, "https://mcp.slack.com/mcp", "");
        assert_eq!((slack.redirect_port, slack.redirect_host.as_deref()), (Some(3118), Some("localhost")));
        let figma = effects(&shipped, "https://mcp.figma.com/mcp", "");
        assert_eq!(figma.token_auth_method, Some(AuthMethod::ClientSecretPost));
        assert!(effects(&shipped, "https://api.githubcopilot.com/mcp/", "").no_registration);
        let unknown = effects(&shipped, "https://mcp.example/", "https://as.example");
        assert_eq!(unknown, Quirk::default());
    }

    #[test]
    fn is_not_fooled_by_a_name_that_looks_alike() {
        let shipped = Quirks::shipped();
        for server in [
            "https://mcp.slack.com.evil.example/",
            "https://evil.example/mcp.slack.com",
            "https://xmcp.slack.com/",
        ] {
            assert_eq!(effects(&shipped, server, ""), Quirk::default(), "{server}");
        }
        for issuer in [
            "https://login.microsoftonline.com.evil.example/x",
            "https://evil.example/login.microsoftonline.com/",
        ] {
            assert_eq!(effects(&shipped, "https://mcp.example/", issuer), Quirk::default(), "{issuer}");
        }
    }

    const SHIPPED_HERE: &str = r#"
        [[quirk]]
        name = "wide"
        servers = ["*.corp.example"]
        source = "seen"
        omit_resource = true
        scopes = ["a"]
        authorize_parameters = { prompt = "consent", x = "1" }
        redirect_port = 1000

        [[quirk]]
        name = "narrow"
        issuers = ["https://as.corp.example"]
        source = "seen too"
        scopes = ["b"]
        redirect_port = 2000
    "#;

    #[test]
    fn sums_up_what_is_said_about_a_server() {
        let table = Quirks::parse(SHIPPED_HERE).unwrap();
        let sum = effects(&table, "https://mcp.corp.example/", "https://as.corp.example");
        assert_eq!(sum.sources, ["wide: seen", "narrow: seen too"]);
        assert_eq!(sum.redirect_port, Some(2000));
        assert_eq!(sum.scopes.unwrap().to_string(), "a b");
        let one = effects(&table, "https://mcp.corp.example/", "https://as.example");
        assert_eq!((one.redirect_port, one.omit_resource), (Some(1000), true));
    }

    #[test]
    fn lets_a_person_replace_an_entry_and_have_the_last_word() {
        let user = Quirks::parse(
            r#"
            [[quirk]]
            name = "narrow"
            servers = ["mcp.corp.example"]
            source = "ours"
            omit_resource = false
            authorize_parameters = { x = "2", y = "3" }
        "#,
        );
        let table = Quirks::parse(SHIPPED_HERE).unwrap().overridden_by(user.unwrap());
        let sum = effects(&table, "https://mcp.corp.example/", "https://as.corp.example");
        assert_eq!(sum.sources, ["wide: seen", "narrow: ours"]);
        assert!(!sum.omit_resource);
        assert_eq!(sum.redirect_port, Some(1000));
        let parameters: Vec<_> =
            sum.authorize_parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(parameters, ["prompt=consent", "x=2", "y=3"]);
    }
}
