//! One version of one server, as a registry lists it. Pure.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::reference::{RegistryName, RegistryReference};
use super::server_json::{Package, Remote, ServerJson, member, one_line, raw};
use crate::service::{Lifecycle, Offer, Provenance, Publisher, Service, Transport, Verification};

/// Where a registry's own members are, beside the server or, until September 2025, in it.
const OFFICIAL_META: &str = "io.modelcontextprotocol.registry/official";

/// The longest message about a status that is kept, in characters; as long as registries allow.
const MAX_MESSAGE: usize = 500;

/// One version of one server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The name.
    pub name: RegistryName,
    /// The version, exactly.
    pub version: String,
    /// Whether it should still be taken.
    pub status: Status,
    /// What its registry says of the status.
    pub status_message: Option<String>,
    /// Whether its registry calls it the newest.
    pub is_latest: bool,
    /// When it was published (RFC 3339), as the registry writes it.
    pub published_at: Option<String>,
    /// When the registry changed it last (RFC 3339), as the registry writes it.
    pub updated_at: Option<String>,
    /// The `server.json`, byte for byte.
    pub server: Box<RawValue>,
}

/// Whether a version should still be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// It is kept up.
    #[default]
    Active,
    /// Its publisher or the registry advises against it. So is a word that is not known here taken: it is shown.
    Deprecated,
    /// It was taken back: not to be shown, and not to be added.
    Deleted,
}

/// An entry as it is sent: a server with what its registry says of it beside it.
#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    server: Option<&'a RawValue>,
    #[serde(rename = "_meta")]
    meta: Option<Value>,
}

impl Entry {
    /// The largest entry that is read, in bytes: several times the largest that is published. It bounds what one entry of
    /// a copy costs.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Reads one entry of a list, in any of the shapes that registries send: `{server, _meta}`, or the server alone with
    /// what its registry says in it (until September 2025); in camelCase or snake_case (until July 2025). Where nothing is
    /// said of it, it is active and the newest.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        if text.len() > Self::MAX_BYTES {
            return Err(format!("expected at most {} bytes, found {}", Self::MAX_BYTES, text.len()));
        }
        let wrapped: Wrapped<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let server = match wrapped.server {
            Some(server) => server.to_owned(),
            None => serde_json::from_str(text).map_err(|error| error.to_string())?,
        };
        let document: Value = serde_json::from_str(server.get()).map_err(|error| error.to_string())?;
        let Some(object) = document.as_object() else {
            return Err("expected a server, found something that is no object".to_owned());
        };
        let detail = member(object, "versionDetail").and_then(Value::as_object);
        let name = raw(object, "name").ok_or("expected a name, found none")?;
        let name = name.parse::<RegistryName>().map_err(|error| error.to_string())?;
        let version = raw(object, "version").or_else(|| raw(detail?, "version"));
        let version = version.ok_or("expected a version, found none")?;
        let is_printable = version.chars().all(|one| one.is_ascii_graphic());
        if version.len() > RegistryReference::MAX_VERSION || !is_printable {
            return Err(
                "expected a version of at most 255 visible ASCII characters, found another one".to_owned()
            );
        }
        let beside = if wrapped.server.is_some() { wrapped.meta } else { None };
        let said = Said::new(beside.as_ref(), object, detail);
        let (status, status_message) = said.status();
        Ok(Self {
            name,
            version,
            status,
            status_message,
            is_latest: said.is_latest(),
            published_at: said.text(&["publishedAt", "releaseDate"]),
            updated_at: said.text(&["updatedAt"]),
            server,
        })
    }

    /// Returns the record, or nothing for one that was deleted. `verified` says whether this registry is known to check its
    /// namespaces: then the publisher is the namespace's holder at the time of publishing, and not more.
    #[must_use]
    pub fn service(&self, provenance: &Provenance, verified: bool) -> Option<Service> {
        let lifecycle = match self.status {
            Status::Deleted => return None,
            Status::Deprecated => Lifecycle::Deprecated { message: self.status_message.clone() },
            Status::Active => Lifecycle::Active,
        };
        let server = self.read();
        let name = server.title.clone().unwrap_or_else(|| self.name.to_string());
        let mut service = Service::new(self.name.identifier(), name, provenance.clone());
        service.offers = offers(&server);
        service.description = server.description;
        service.tags = server.tags;
        service.version = Some(self.version.clone());
        service.lifecycle = lifecycle;
        let verification = if verified { Verification::RegistryNamespace } else { Verification::None };
        service.publisher = Publisher::new(self.name.namespace(), verification);
        service.reference = Some(self.name.to_string());
        Some(service)
    }

    /// Reads the `server.json`.
    pub(super) fn read(&self) -> ServerJson {
        // It was read when the entry was made, so it is JSON.
        serde_json::from_str(self.server.get())
            .map(|document| ServerJson::read(&document))
            .unwrap_or_default()
    }
}

/// What is said of a server by its registry, wherever it says it.
struct Said<'a>(Vec<&'a Map<String, Value>>);

impl<'a> Said<'a> {
    /// Looks beside the server, then in it.
    fn new(
        beside: Option<&'a Value>,
        server: &'a Map<String, Value>,
        detail: Option<&'a Map<String, Value>>,
    ) -> Self {
        let official = |meta: Option<&'a Value>| meta?.get(OFFICIAL_META)?.as_object();
        let places = [official(beside), beside.and_then(Value::as_object), official(server.get("_meta"))];
        Self(places.into_iter().flatten().chain(detail).chain(std::iter::once(server)).collect())
    }

    fn find(&self, name: &str) -> Option<&'a Value> {
        self.0.iter().find_map(|place| member(place, name).filter(|value| !value.is_null()))
    }

    fn text(&self, names: &[&str]) -> Option<String> {
        let text = names.iter().find_map(|name| self.find(name)?.as_str())?;
        (!text.is_empty()).then(|| one_line(text, MAX_MESSAGE))
    }

    fn is_latest(&self) -> bool {
        self.find("isLatest").and_then(Value::as_bool).unwrap_or(true)
    }

    fn status(&self) -> (Status, Option<String>) {
        let message = self.text(&["statusMessage"]);
        let Some(word) = self.text(&["status"]) else { return (Status::Active, message) };
        match word.to_ascii_lowercase().as_str() {
            "active" => (Status::Active, message),
            "deprecated" => (Status::Deprecated, message),
            "deleted" => (Status::Deleted, message),
            _ => (Status::Deprecated, message.or_else(|| Some(format!("its registry calls it {word:?}")))),
        }
    }
}

/// One way to have a server.
#[derive(Clone, Copy)]
pub(super) enum Way<'a> {
    Remote(&'a Remote),
    Package(&'a Package),
}

/// Returns the ways to have a server, best first: what runs elsewhere needs nothing here, and streamable HTTP replaces the
/// pair of an event stream and posts; then what can be run here, in the publisher's order.
pub(super) fn ways(server: &ServerJson) -> Vec<Way<'_>> {
    let remotes = server.remotes.iter().map(Way::Remote);
    let mut all: Vec<Way<'_>> = remotes.chain(server.packages.iter().map(Way::Package)).collect();
    all.sort_by_key(|way| match way {
        Way::Remote(Remote { transport: Some(Transport::StreamableHttp), .. }) => 0,
        Way::Remote(Remote { transport: Some(Transport::Sse), .. }) => 1,
        Way::Package(package)
            if matches!(package.registry_type.as_str(), "npm" | "pypi" | "oci" | "nuget") =>
        {
            2
        }
        Way::Package(_) => 3,
        Way::Remote(_) => 4,
    });
    all
}

fn offers(server: &ServerJson) -> Vec<Offer> {
    ways(server).into_iter().filter_map(Way::offer).collect()
}

impl Way<'_> {
    /// Returns the offer; nothing where the transport of a remote server is not spoken here.
    pub(super) fn offer(self) -> Option<Offer> {
        match self {
            Self::Remote(remote) => {
                Some(Offer::Remote { transport: remote.transport?, url: one_line(&remote.url, usize::MAX) })
            }
            Self::Package(package) => Some(Offer::Package {
                registry_type: package.registry_type.clone(),
                identifier: package.identifier.clone(),
                version: package.version.clone(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::SourceKind;

    fn provenance() -> Provenance {
        Provenance::new(SourceKind::Registry, "official", 1_000, 3_600)
    }

    #[test]
    fn reads_every_shape_that_registries_send() {
        let wrapped = r#"{"server":{"name":"a.b/c","description":"Does it","version":"1.0.0","packages":[{"registryType":"npm",
            "identifier":"@a/c","version":"1.0.0","transport":{"type":"stdio"}}]},"_meta":{
            "io.modelcontextprotocol.registry/official":{"status":"active","isLatest":true}}}"#;
        let flat = r#"{"name":"a.b/c","description":"Does it","version":"1.0.0","packages":[{"registry_type":"npm",
            "identifier":"@a/c","version":"1.0.0"}],"status":"active","_meta":{
            "io.modelcontextprotocol.registry/official":{"id":"7","is_latest":true,"published_at":"2025-07-01T00:00:00Z"}}}"#;
        let seed = r#"{"id":"7","name":"a.b/c","description":"Does it","repository":{},"version_detail":{"version":"1.0.0",
            "release_date":"2025-05-16T19:16:40Z","is_latest":true},"packages":[{"registry_name":"npm","name":"@a/c",
            "version":"1.0.0"}]}"#;
        let bare = r#"{"server":{"name":"a.b/c","description":"Does it","version":"1.0.0","packages":[{"registryType":"npm",
            "identifier":"@a/c","version":"1.0.0"}]},"_meta":{}}"#;
        for text in [wrapped, flat, seed, bare] {
            let entry = Entry::from_json(text).unwrap();
            assert_eq!(
                (entry.version.as_str(), entry.status, entry.is_latest),
                ("1.0.0", Status::Active, true)
            );
            let service = entry.service(&provenance(), false).unwrap();
            assert_eq!(service.identifier.to_string(), "agentdns://a.b/c", "{text}");
            assert_eq!(service.description, "Does it");
            assert_eq!(service.reference.as_deref(), Some("a.b/c"));
            let offer = Offer::Package {
                registry_type: "npm".to_owned(),
                identifier: "@a/c".to_owned(),
                version: Some("1.0.0".to_owned()),
            };
            assert_eq!(service.offers, [offer], "{text}");
        }
    }

    #[test]
    fn takes_what_is_said_beside_the_server_before_what_is_said_in_it() {
        let text = r#"{"server":{"name":"a.b/c","version":"1","status":"active","_meta":{
            "io.modelcontextprotocol.registry/official":{"status":"active","isLatest":true}}},"_meta":{
            "io.modelcontextprotocol.registry/official":{"status":"deprecated","statusMessage":"use\u001b a.b/d",
            "isLatest":false,"publishedAt":"2026-01-05T08:00:00.5Z","updatedAt":"2026-03-02T09:00:00Z"}}}"#;
        let entry = Entry::from_json(text).unwrap();
        assert_eq!((entry.status, entry.is_latest), (Status::Deprecated, false));
        assert_eq!(entry.published_at.as_deref(), Some("2026-01-05T08:00:00.5Z"));
        assert_eq!(entry.updated_at.as_deref(), Some("2026-03-02T09:00:00Z"));
        let service = entry.service(&provenance(), true).unwrap();
        assert_eq!(service.lifecycle, Lifecycle::Deprecated { message: Some("use  a.b/d".to_owned()) });
        assert_eq!(service.publisher, Publisher::new("a.b", Verification::RegistryNamespace));
    }

    #[test]
    fn reads_the_status_wherever_it_stands_and_whatever_the_word() {
        for (meta, expected) in [
            (r#"{"status":"deleted"}"#, Status::Deleted),
            (r#"{"io.modelcontextprotocol.registry/official":{"status":"Deleted"}}"#, Status::Deleted),
            (r#"{"io.modelcontextprotocol.registry/official":{"status":"quarantined"}}"#, Status::Deprecated),
            (r#"{"io.modelcontextprotocol.registry/official":{"status":7}}"#, Status::Active),
            (r#"{"com.example/x":{"status":"deleted"}}"#, Status::Active),
            ("[]", Status::Active),
            ("null", Status::Active),
        ] {
            let text = format!(r#"{{"server":{{"name":"a.b/c","version":"1"}},"_meta":{meta}}}"#);
            let entry = Entry::from_json(&text).unwrap();
            assert_eq!(entry.status, expected, "{meta}");
            assert_eq!(entry.service(&provenance(), false).is_none(), expected == Status::Deleted);
        }
    }

    #[test]
    fn says_what_is_wrong_with_an_entry() {
        for (text, expected) in [
            ("", "EOF"),
            ("[]", "invalid"),
            ("7", "invalid type"),
            ("{}", "expected a name, found none"),
            (r#"{"server":[]}"#, "no object"),
            (r#"{"server":{}}"#, "expected a name, found none"),
            (r#"{"server":{"name":7,"version":"1"}}"#, "expected a name such as"),
            (r#"{"server":{"name":"a.b/c"}}"#, "expected a version, found none"),
            (r#"{"server":{"name":"a.b/c","version":"1 \n2"}}"#, "visible ASCII"),
            (r#"{"server":{"name":"no slash","version":"1"}}"#, "expected a name such as"),
            (r#"{"server":{"name":"local/c","version":"1"}}"#, "stands for this machine"),
        ] {
            let error = Entry::from_json(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let large = format!(r#"{{"name":"a.b/c","version":"1","x":"{}"}}"#, "x".repeat(Entry::MAX_BYTES));
        assert!(Entry::from_json(&large).unwrap_err().starts_with("expected at most 262144 bytes"));
    }

    #[test]
    fn sorts_what_runs_elsewhere_before_what_runs_here() {
        let text = r#"{"name":"a.b/c","version":"1","packages":[{"registryType":"mcpb","identifier":"https://x/y.mcpb"},
            {"registryType":"oci","identifier":"ghcr.io/a/c:1"},{"identifier":"untyped"},{"registryType":"npm"}],
            "remotes":[{"type":"sse","url":"https://c/sse"},{"type":"websocket","url":"wss://c"},
            {"type":"streamable-http","url":"https://c/mcp"},"nonsense"],"keywords":["mail"," ",7],"title":"C\u0007"}"#;
        let entry = Entry::from_json(text).unwrap();
        let service = entry.service(&provenance(), false).unwrap();
        let words: Vec<String> = service
            .offers
            .iter()
            .map(|offer| match offer {
                Offer::Remote { transport, url } => format!("{} {url}", transport.as_str()),
                Offer::Package { registry_type, identifier, .. } => format!("{registry_type} {identifier}"),
                Offer::Connected { slug } => slug.clone(),
            })
            .collect();
        let expected = [
            "streamable-http https://c/mcp",
            "sse https://c/sse",
            "oci ghcr.io/a/c:1",
            "mcpb https://x/y.mcpb",
            " untyped",
        ];
        assert_eq!(words, expected);
        assert_eq!(service.tags, ["mail"]);
        assert_eq!(service.name, "C");
        assert_eq!(entry.read().faults.len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_reading_fail_in_another_way(text in "\\PC{0,60}|[{}\\[\\]\":,a-z0-9/._]{0,60}") {
            if let Ok(entry) = Entry::from_json(&text) {
                assert!(entry.service(&provenance(), true).is_some());
            }
        }
    }
}
