//! Protected resource metadata: who authorizes for a server (RFC 9728).

use url::Url;

use crate::challenge::Demand;
use crate::endpoint::Endpoint;
use crate::issuer::Issuer;
use crate::lookup::{Document, Fetched, Lookup, Places, cleaned, shown};
use crate::resource::{canonical_resource, covers, has_origin_of};
use crate::scope::Scopes;
use crate::{Error, lookup::Tried};

/// Where RFC 9728 §3 puts the metadata.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
/// The most authorization servers that are read; real servers name one, some two.
const MOST_ISSUERS: usize = 16;
/// How much of a resource's name is shown.
const LONGEST_NAME: usize = 100;

/// What an MCP server says about itself, checked to be about that server. Only a [`ResourceLookup`] makes one.
#[derive(Clone, Debug)]
pub struct ProtectedResource {
    resource: String,
    issuers: Vec<Issuer>,
    scopes: Option<Scopes>,
    name: Option<String>,
    wants_dpop: bool,
    dpop_algorithms: Vec<String>,
}

impl ProtectedResource {
    /// Returns the resource identifier as it was written; it is what tokens are asked for (RFC 8707).
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Returns the authorization servers, at least one, in the order of the document.
    #[must_use]
    pub fn issuers(&self) -> &[Issuer] {
        &self.issuers
    }

    /// Returns the scopes that the server lists; nothing if it lists none.
    #[must_use]
    pub const fn scopes(&self) -> Option<&Scopes> {
        self.scopes.as_ref()
    }

    /// Returns the server's name for people, cleaned and cut.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns whether only tokens bound to a key are taken (`dpop_bound_access_tokens_required`).
    #[must_use]
    pub const fn wants_dpop(&self) -> bool {
        self.wants_dpop
    }

    /// Returns the algorithms that proofs may be signed with; none if it does not say.
    #[must_use]
    pub fn dpop_algorithms(&self) -> &[String] {
        &self.dpop_algorithms
    }
}

/// Looking for the metadata of a server: where the challenge says, otherwise where RFC 9728 §3.1 puts it for the
/// server's path, then for its origin.
#[derive(Clone, Debug)]
pub struct ResourceLookup {
    server: Url,
    places: Places,
    /// Whether the server named the place, so that what is there must be right.
    is_named: bool,
}

impl ResourceLookup {
    /// Begins to look.
    ///
    /// # Errors
    /// [`Error::InsecureEndpoint`] if the server, or the place that it names, may not be asked.
    pub fn new(server: &Url, demand: &Demand) -> Result<Self, Error> {
        let mut base = server.clone();
        base.set_fragment(None);
        // What stands before the host is for the MCP server itself. Both cannot fail for a URL with a host.
        let _ = (base.set_username(""), base.set_password(None));
        let base = Endpoint::parse("MCP server", base.as_str())?.url().clone();
        let (places, is_named) = match &demand.resource_metadata {
            Some(named) => {
                let place = Endpoint::parse("resource metadata URL", named)?;
                (Places::new(place.url().clone(), Vec::new()), true)
            }
            None => (guesses(&base), false),
        };
        Ok(Self { server: base, places, is_named })
    }

    /// Returns where to look now.
    #[must_use]
    pub const fn url(&self) -> &Url {
        self.places.current()
    }

    /// Takes what was there.
    ///
    /// At a place that was guessed, garbage is the same as nothing: many servers answer any path with their start page.
    ///
    /// # Errors
    /// [`Error::ResourceMismatch`] for the metadata of another origin, wherever it was found. [`Error::InvalidMetadata`]
    /// for metadata that cannot be used.
    ///
    /// # Security
    /// A server that shows the metadata of another one would be sent tokens for that one (RFC 9728 §7.3).
    pub fn answered(self, answer: Fetched<'_>) -> Result<Lookup<ProtectedResource, Self>, Error> {
        let body = match answer {
            Fetched::Absent { status } => return Ok(self.next(status.to_string())),
            Fetched::Document(body) => body,
        };
        let url = self.url().to_string();
        let document = match Document::read(&url, body) {
            Ok(document) => document,
            Err(what) if self.is_named => return Err(Error::InvalidMetadata { url: shown(&url), what }),
            Err(what) => return Ok(self.next(what)),
        };
        if !self.is_named && !document.has("resource") && !document.has("authorization_servers") {
            return Ok(self.next("no metadata of a resource"));
        }
        let resource = match document.text("resource")? {
            Some(resource) => resource.to_owned(),
            // Servers forget it. What lies on the server's own origin can be about nobody else's.
            None if self.url().origin() == self.server.origin() => canonical_resource(&self.server),
            None => return Err(document.invalid("expected a resource, found none")),
        };
        let resource = resource.as_str();
        if !covers(resource, &self.server) {
            if self.is_named || !has_origin_of(resource, &self.server) {
                let server = shown(self.server.as_str());
                return Err(Error::ResourceMismatch { server, found: shown(resource) });
            }
            let why = format!("for another resource: {}", shown(resource));
            return Ok(self.next(why));
        }
        read(&document, resource).map(Lookup::Found)
    }

    fn next(self, why: impl Into<String>) -> Lookup<ProtectedResource, Self> {
        let Self { server, places, is_named } = self;
        let going_on = |places| Lookup::Next(Self { server, places, is_named });
        places.leave(why).map_or_else(|tried: Tried| Lookup::Missing(tried), going_on)
    }
}

/// RFC 9728 §3.1. A slash at the end of the path belongs to the resource, yet most who write one do not mean it, so
/// both are tried.
fn guesses(server: &Url) -> Places {
    let mut root = server.clone();
    root.set_path(WELL_KNOWN);
    let with_path = |path: &str| {
        let mut place = root.clone();
        place.set_path(&format!("{WELL_KNOWN}{path}"));
        place
    };
    let path = server.path();
    let trimmed = path.trim_end_matches('/');
    let mut places = Vec::new();
    if !trimmed.is_empty() {
        places.push(with_path(path));
        if trimmed != path {
            places.push(with_path(trimmed));
        }
    } else if server.query().is_some() {
        places.push(root.clone());
    }
    root.set_query(None);
    places.push(root);
    let first = places.remove(0);
    Places::new(first, places)
}

fn read(document: &Document<'_>, resource: &str) -> Result<ProtectedResource, Error> {
    let scopes = document.optional_texts("scopes_supported");
    let name = document.text("resource_name").ok().flatten().map(|name| cleaned(name, LONGEST_NAME));
    Ok(ProtectedResource {
        resource: resource.to_owned(),
        issuers: issuers(document)?,
        scopes: scopes.map(Scopes::from).filter(|scopes| !scopes.is_empty()),
        name: name.filter(|name| !name.is_empty()),
        wants_dpop: document.flag("dpop_bound_access_tokens_required")?,
        dpop_algorithms: document.optional_texts("dpop_signing_alg_values_supported").unwrap_or_default(),
    })
}

/// Reads the issuers that may be asked; the error is about the first if none may.
fn issuers(document: &Document<'_>) -> Result<Vec<Issuer>, Error> {
    let named = document.texts("authorization_servers")?.unwrap_or_default();
    let mut issuers: Vec<Issuer> = Vec::new();
    let mut problem = None;
    for text in named.iter().take(MOST_ISSUERS) {
        match Issuer::parse(text) {
            Ok(issuer) if issuers.contains(&issuer) => {}
            Ok(issuer) => issuers.push(issuer),
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    match problem {
        _ if !issuers.is_empty() => Ok(issuers),
        Some(error) => Err(error),
        None => Err(document.invalid("expected at least one of authorization_servers, found none")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn begin(server: &str, named: Option<&str>) -> ResourceLookup {
        let demand = Demand { resource_metadata: named.map(str::to_owned), ..Demand::default() };
        ResourceLookup::new(&Url::parse(server).unwrap(), &demand).unwrap()
    }

    fn answer(
        lookup: ResourceLookup,
        body: &str,
    ) -> Result<Lookup<ProtectedResource, ResourceLookup>, Error> {
        lookup.answered(Fetched::Document(body.as_bytes()))
    }

    fn found(lookup: ResourceLookup, body: &str) -> ProtectedResource {
        match answer(lookup, body).unwrap() {
            Lookup::Found(resource) => resource,
            other => panic!("expected metadata, found {other:?}"),
        }
    }

    /// Every place that is looked in when nothing is there, and the sum.
    fn walk(mut lookup: ResourceLookup) -> (Vec<String>, String) {
        let mut places = Vec::new();
        loop {
            places.push(lookup.url().to_string());
            match lookup.answered(Fetched::Absent { status: 404 }).unwrap() {
                Lookup::Next(next) => lookup = next,
                Lookup::Missing(tried) => return (places, tried.to_string()),
                Lookup::Found(_) => panic!("nothing is there"),
            }
        }
    }

    const BODY: &str =
        r#"{"resource":"https://h.example/mcp","authorization_servers":["https://as.example"]}"#;

    #[test]
    fn looks_where_the_path_says_then_at_the_root() {
        for (server, wanted) in [
            ("https://h.example/mcp", &["/mcp", ""][..]),
            ("https://h.example/a/b/", &["/a/b/", "/a/b", ""]),
            ("https://h.example", &[""]),
            ("https://h.example/mcp?t=1#x", &["/mcp?t=1", ""]),
            ("https://h.example/?t=1", &["?t=1", ""]),
            ("https://ada:pw@h.example/", &[""]),
        ] {
            let (places, tried) = walk(begin(server, None));
            let wanted: Vec<_> =
                wanted.iter().map(|path| format!("https://h.example{WELL_KNOWN}{path}")).collect();
            assert_eq!(places, wanted, "{server}");
            assert!(tried.ends_with("/.well-known/oauth-protected-resource (404)"), "{tried}");
        }
    }

    #[test]
    fn looks_only_where_the_server_says() {
        let (places, _) = walk(begin("https://h.example/mcp", Some("https://meta.example/custom.json")));
        assert_eq!(places, ["https://meta.example/custom.json"]);
    }

    #[test]
    fn refuses_a_place_that_may_not_be_asked() {
        let server = Url::parse("https://h.example/mcp").unwrap();
        for place in ["http://h.example/m", "file:///m", "/m", "javascript:x", ""] {
            let demand = Demand { resource_metadata: Some(place.to_owned()), ..Demand::default() };
            let error = ResourceLookup::new(&server, &demand).unwrap_err();
            assert!(matches!(error, Error::InsecureEndpoint { .. }), "{error}");
        }
        let server = Url::parse("http://h.example/mcp").unwrap();
        assert!(ResourceLookup::new(&server, &Demand::default()).is_err());
    }

    #[test]
    fn reads_what_the_server_says_about_itself() {
        let body = r#"{"resource":"https://h.example","authorization_servers":["https://as.example/t","http://evil.example","https://as.example/t","https://as2.example"],
            "scopes_supported":["a","b"],"resource_name":"Docs\u001b","dpop_bound_access_tokens_required":true,
            "dpop_signing_alg_values_supported":["ES256"],"new":{"x":1}}"#;
        let resource = found(begin("https://h.example/mcp", None), body);
        assert_eq!(resource.resource(), "https://h.example");
        let issuers: Vec<_> = resource.issuers().iter().map(Issuer::as_str).collect();
        assert_eq!(issuers, ["https://as.example/t", "https://as2.example"]);
        assert_eq!(resource.scopes().unwrap().to_string(), "a b");
        assert_eq!(resource.name(), Some("Docs"));
        assert!(resource.wants_dpop());
        assert_eq!(resource.dpop_algorithms(), ["ES256"]);
    }

    #[test]
    fn ignores_wrong_types_of_what_it_does_not_need() {
        let body = r#"{"resource":"https://h.example/mcp","authorization_servers":["https://as.example"],"scopes_supported":"a b","resource_name":7}"#;
        let resource = found(begin("https://h.example/mcp", None), body);
        assert_eq!((resource.scopes(), resource.name()), (None, None));
    }

    #[test]
    fn refuses_the_metadata_of_another_origin_wherever_it_was_found() {
        for named in [None, Some("https://h.example/meta")] {
            for other in
                ["https://good.example/mcp", "http://h.example/mcp", "https://h.example:1/mcp", "nonsense"]
            {
                let body = BODY.replace("https://h.example/mcp", other);
                let error = answer(begin("https://h.example/mcp", named), &body).unwrap_err();
                assert!(matches!(error, Error::ResourceMismatch { .. }), "{error}");
            }
        }
    }

    #[test]
    fn passes_over_a_neighbour_at_a_guessed_place_and_refuses_it_at_a_named_one() {
        let body = BODY.replace("/mcp", "/other");
        let next = answer(begin("https://h.example/mcp", None), &body).unwrap();
        assert!(matches!(next, Lookup::Next(_)), "{next:?}");
        let error = answer(begin("https://h.example/mcp", Some("https://h.example/m")), &body).unwrap_err();
        assert!(matches!(error, Error::ResourceMismatch { .. }), "{error}");
    }

    #[test]
    fn passes_over_garbage_at_a_guessed_place_and_refuses_it_at_a_named_one() {
        for (body, why) in [
            ("<!doctype html><title>App</title>", "not JSON: HTML page"),
            ("", "an empty body"),
            ("[]", "expected an object, found a list"),
        ] {
            let Ok(Lookup::Missing(tried)) = answer(begin("https://h.example", None), body) else {
                panic!("{body}")
            };
            assert_eq!(tried.to_string(), format!("https://h.example{WELL_KNOWN} ({why})"));
            let error = answer(begin("https://h.example", Some("https://h.example/m")), body).unwrap_err();
            assert!(error.to_string().ends_with(why), "{error}");
        }
        let other = answer(begin("https://h.example/mcp", None), r#"{"error":"not found"}"#).unwrap();
        assert!(matches!(other, Lookup::Next(_)), "{other:?}");
    }

    #[test]
    fn says_which_member_is_wrong() {
        for (body, what) in [
            (r#"{"resource":7,"authorization_servers":[]}"#, "expected resource to be a string, found 7"),
            (
                r#"{"resource":"https://h.example/mcp"}"#,
                "expected at least one of authorization_servers, found none",
            ),
            (
                r#"{"resource":"https://h.example/mcp","authorization_servers":"https://as.example"}"#,
                "expected authorization_servers to be a list of strings, found the string \"https://as.example\"",
            ),
        ] {
            let error = answer(begin("https://h.example/mcp", None), body).unwrap_err();
            assert!(error.to_string().ends_with(what), "{error}");
        }
        let body = BODY.replace("https://as.example", "http://as.example");
        let error = answer(begin("https://h.example/mcp", None), &body).unwrap_err();
        assert!(matches!(error, Error::InsecureEndpoint { what: "issuer", .. }), "{error}");
    }

    #[test]
    fn a_resource_that_is_not_named_is_the_server_itself_on_its_own_origin_only() {
        let body = r#"{"authorization_servers":["https://as.example"]}"#;
        let own = begin("https://h.example/mcp", Some("https://h.example/elsewhere"));
        assert_eq!(found(own, body).resource(), "https://h.example/mcp");
        let foreign = begin("https://h.example/mcp", Some("https://other.example/metadata"));
        let error = answer(foreign, body).unwrap_err();
        assert!(error.to_string().ends_with("expected a resource, found none"), "{error}");
    }

    proptest! {
        #[test]
        fn reads_anything_without_falling_over(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(begin("https://h.example/mcp", None).answered(Fetched::Document(&body)));
        }

        #[test]
        fn finds_only_what_covers_the_server(resource in "https://[a-z.:/@#?]{0,20}") {
            let body = format!(r#"{{"resource":{resource:?},"authorization_servers":["https://as.example"]}}"#);
            let server = Url::parse("https://h.example/mcp").unwrap();
            if let Ok(Lookup::Found(resource)) = answer(begin(server.as_str(), None), &body) {
                prop_assert!(covers(resource.resource(), &server));
            }
        }
    }
}
