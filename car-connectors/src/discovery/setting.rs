//! Which sources are asked: the file's, those of variables in their place, or where nobody says anything the official
//! registry.
//!
//! ```text
//!  sources.toml ─── says nothing ──▶ the official registry
//!       │                                   │
//!       ▼                                   ▼
//!  CAR_MCP_REGISTRY, CAR_AGENTDNS_ROOT: in place of all of their kind ──▶ registries, catalogs, roots
//! ```

use car_agentdns::{SourceKind, is_private_name, registry};
use car_connectors_store as store;
use url::Url;

use super::sources::SourceFrom;
use crate::error::{Error, ErrorKind};

/// Base URLs of registries, with blanks between them; `none` asks none.
const REGISTRY_VARIABLE: &str = "CAR_MCP_REGISTRY";

/// Base URLs of roots, with blanks between them; `none` asks none.
const ROOT_VARIABLE: &str = "CAR_AGENTDNS_ROOT";

/// What a variable says that wants no source.
const NONE: &str = "none";

/// What the official registry is called.
pub(crate) const OFFICIAL_NAME: &str = "official";

/// A source as it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: String,
    pub(crate) kind: SourceKind,
    pub(crate) url: String,
    pub(crate) from: SourceFrom,
    pub(crate) is_enabled: bool,
    allow_private: bool,
}

impl Setting {
    /// Describes the registry that is asked where nobody says anything.
    pub(crate) fn official() -> Self {
        Self {
            name: OFFICIAL_NAME.to_owned(),
            kind: SourceKind::Registry,
            url: registry::OFFICIAL.to_owned(),
            from: SourceFrom::Default,
            is_enabled: true,
            allow_private: false,
        }
    }

    /// Takes a source as the file has it.
    pub(crate) fn of_file(source: &store::Source) -> Self {
        Self {
            name: source.name.clone(),
            kind: match source.kind {
                store::SourceKind::Root => SourceKind::Root,
                store::SourceKind::Catalog => SourceKind::Catalog,
                _ => SourceKind::Registry,
            },
            url: source.url.clone(),
            from: SourceFrom::File,
            is_enabled: source.enabled,
            allow_private: source.allow_private,
        }
    }

    /// Returns whether its publishers are known to hold their namespaces.
    pub(crate) fn is_verified(&self) -> bool {
        self.kind == SourceKind::Registry && registry::is_official(&self.url)
    }

    /// Returns whether what it names may be on this machine or in private networks: then it is there itself, or the user
    /// said so.
    pub(crate) fn may_name_private(&self) -> bool {
        self.allow_private || whole_url(&self.url).is_ok_and(|url| is_private_name(&url))
    }

    /// Returns whether a token may be sent to it. The official registry is read without one, so nobody's keychain is opened
    /// for it, and catalogs are public.
    pub(crate) fn takes_token(&self) -> bool {
        match self.kind {
            SourceKind::Registry => !registry::is_official(&self.url),
            SourceKind::Root => true,
            _ => false,
        }
    }
}

/// Returns the sources in the order in which they count: registries, catalogs, roots, and each of these in the order in
/// which they were named.
pub(crate) fn settings(
    file: &store::Sources,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Setting>, Error> {
    let mut all: Vec<Setting> = match file.is_default {
        true => vec![Setting::official()],
        false => file.sources.iter().map(Setting::of_file).collect(),
    };
    for (variable, kind) in [(REGISTRY_VARIABLE, SourceKind::Registry), (ROOT_VARIABLE, SourceKind::Root)] {
        let Some(text) = lookup(variable).filter(|text| !text.trim().is_empty()) else { continue };
        all.retain(|setting| setting.kind != kind);
        for (place, url) in of_variable(variable, &text)?.into_iter().enumerate() {
            if let Some(setting) = named(url, kind, &all) {
                all.push(setting);
            } else {
                tracing::debug!(variable, place, "a source is named twice");
            }
        }
    }
    all.sort_by_key(|setting| setting.kind);
    Ok(all)
}

/// Makes a source of a variable's URL; nothing for one that is there already.
fn named(url: Url, kind: SourceKind, known: &[Setting]) -> Option<Setting> {
    let url = url.as_str().trim_end_matches('/').to_owned();
    if known.iter().any(|setting| setting.kind == kind && setting.url == url) {
        return None;
    }
    let name = free_name(&host_name(&url), known);
    Some(Setting { name, kind, url, from: SourceFrom::Variable, is_enabled: true, allow_private: false })
}

/// Returns the base URLs that a variable names. What cannot be used is not repeated: it may hold a secret.
fn of_variable(variable: &str, text: &str) -> Result<Vec<Url>, Error> {
    if text.trim() == NONE {
        return Ok(Vec::new());
    }
    let read = |(place, word): (usize, &str)| {
        base_url(word).map_err(|reason| {
            let number = place + 1;
            let text = format!("the variable {variable} cannot be used: URL number {number}: {reason}");
            let hint =
                format!("write base URLs with blanks between them into {variable}, or `{NONE}`, or unset it");
            Error::new(ErrorKind::InvalidInput, text).hinted(hint)
        })
    };
    text.split_whitespace().enumerate().map(read).collect()
}

/// Reads a base URL: http or https, without password, query and fragment.
fn base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("expected an http or https URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("expected an http or https URL, found another scheme".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("expected a URL without user name and password, found one with them".to_owned());
    }
    match url.query().is_some() || url.fragment().is_some() {
        true => Err("expected a base URL, found one with a query or a fragment".to_owned()),
        false => Ok(url),
    }
}

/// Reads the URL of a source, of which a catalog's may be a domain alone.
pub(crate) fn whole_url(text: &str) -> Result<Url, url::ParseError> {
    match text.contains("://") {
        true => Url::parse(text),
        false => Url::parse(&format!("https://{text}")),
    }
}

/// Returns what a source is called that nobody gave a name: its host, with the port if there is one.
pub(crate) fn host_name(url: &str) -> String {
    let url = whole_url(url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or("source").trim_matches(['[', ']']);
    let allowed =
        |one: char| if one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.') { one } else { '-' };
    let host: String = host.chars().map(allowed).collect();
    match url.as_ref().and_then(Url::port) {
        // The names of sources have no colons.
        Some(port) => format!("{host}-{port}"),
        None => host,
    }
}

/// Returns the name, or the first of `name-2`, `name-3` … that no source has.
pub(crate) fn free_name(name: &str, known: &[Setting]) -> String {
    let is_taken = |name: &str| known.iter().any(|setting| setting.name == name);
    let numbered = (2_u64..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !is_taken(name)).expect("numbers do not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(sources: &[store::Source]) -> store::Sources {
        let folder = tempfile::tempdir().unwrap();
        let home = store::Home::resolve(Some(folder.path()), |_| None).unwrap();
        let file = store::SourcesFile::new(&home);
        for source in sources {
            file.add(source, None).unwrap();
        }
        file.read().unwrap()
    }

    fn names(file: &store::Sources, registry: Option<&str>, root: Option<&str>) -> Vec<String> {
        let lookup = |name: &str| match name {
            REGISTRY_VARIABLE => registry.map(str::to_owned),
            ROOT_VARIABLE => root.map(str::to_owned),
            _ => None,
        };
        let settings = settings(file, &lookup).unwrap();
        settings.into_iter().map(|setting| format!("{} {}", setting.kind.as_str(), setting.name)).collect()
    }

    #[test]
    fn asks_the_official_registry_where_nobody_says_anything() {
        let nothing = file(&[]);
        assert_eq!(names(&nothing, None, None), ["registry official"]);
        assert_eq!(names(&nothing, Some(" "), None), ["registry official"]);
        assert_eq!(names(&nothing, Some("none"), None), Vec::<String>::new());
        let expected = ["registry official", "root root.example"];
        assert_eq!(names(&nothing, None, Some("https://root.example/")), expected);
    }

    #[test]
    fn puts_variables_in_place_of_their_kind_and_orders_by_kind() {
        let three = file(&[
            store::Source::new("root", store::SourceKind::Root, "https://root.example"),
            store::Source::new("acme", store::SourceKind::Catalog, "acme.example"),
            store::Source::new("work", store::SourceKind::Registry, "https://work.example"),
        ]);
        assert_eq!(names(&three, None, None), ["registry work", "catalog acme", "root root"]);
        let local = "http://127.0.0.1:8080 http://127.0.0.1:8080/ https://a.example/x https://a.example/y";
        let expected = [
            "registry 127.0.0.1-8080",
            "registry a.example",
            "registry a.example-2",
            "catalog acme",
            "root root",
        ];
        assert_eq!(names(&three, Some(local), None), expected);
        assert_eq!(names(&three, None, Some("none")), ["registry work", "catalog acme"]);
    }

    #[test]
    fn names_the_variable_that_cannot_be_used_and_repeats_no_secret() {
        for (text, reason) in [
            (
                "registry.example.com",
                "URL number 1: expected an http or https URL: relative URL without a base",
            ),
            (
                "https://a.example ftp://s3cret",
                "URL number 2: expected an http or https URL, found another scheme",
            ),
            ("https://ada:s3cret@a.example", "URL number 1: expected a URL without user name and password"),
            ("https://a.example/?token=s3cret", "a query or a fragment"),
            ("none https://a.example", "URL number 1"),
        ] {
            let lookup = |name: &str| (name == REGISTRY_VARIABLE).then(|| text.to_owned());
            let error = settings(&file(&[]), &lookup).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let told = error.to_string();
            assert!(told.contains(REGISTRY_VARIABLE) && told.contains(reason), "{told}");
            assert!(!told.contains("s3cret"), "{told}");
        }
    }

    #[test]
    fn lets_private_places_be_named_by_private_sources_only() {
        let source = |url: &str| store::Source::new("s", store::SourceKind::Catalog, url);
        let mut allowed = source("acme.example");
        allowed.allow_private = true;
        for (source, expected) in [
            (source("acme.example.com"), false),
            (source("localhost:8080"), true),
            (source("http://10.0.0.1/catalog.json"), true),
            (allowed, true),
        ] {
            assert_eq!(Setting::of_file(&source).may_name_private(), expected, "{}", source.url);
        }
        assert!(Setting::official().is_verified() && !Setting::official().takes_token());
    }
}
