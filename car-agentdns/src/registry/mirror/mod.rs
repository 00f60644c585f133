//! What is known of a registry's list: the newest version of each name, and how far the reading has come. Pure.

mod stored;
#[cfg(feature = "http")]
mod taking;
#[cfg(feature = "http")]
mod time;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entry::{Entry, Status};
use super::reference::RegistryName;
use crate::error::SetAside;
use crate::service::{Provenance, Service, SourceKind};

/// How long a copy may be taken for true, in seconds. Registries ask to be read about hourly.
const TTL: u64 = 3_600;

/// A copy of what a registry lists, as far as it has been read.
///
/// A registry only searches by name, so a need is matched here, against a copy. The copy is a value: whoever holds it
/// stores it, and gives it to [`RegistryClient::sync`](super::RegistryClient::sync) to be brought up to date.
///
/// It has one version of each name, as aggregators are told to choose it: the one that its registry calls the newest; where
/// several or none are, the highest by semantic versioning, then the one published last.
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    base: String,
    entries: BTreeMap<RegistryName, Entry>,
    state: State,
}

/// How far the reading has come.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct State {
    /// When the copy was last in step with the registry.
    synced_at: Option<u64>,
    /// A reading that has not come to its end.
    reading: Option<Reading>,
    /// The last reading, where it was one page with an `ETag`: asking for the same again may learn that nothing has
    /// changed.
    repeat: Option<Repeat>,
    /// Whether the next reading is of the whole list, as changes could not be read.
    reads_whole: bool,
    /// Entries that could not be used, in the last reading of the whole list and since.
    set_aside: Vec<SetAside>,
    /// How many there were.
    set_aside_count: usize,
}

/// A reading that can be done again.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Repeat {
    updated_since: Option<String>,
    etag: String,
}

/// A reading that goes from page to page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reading {
    /// When it began.
    pub(super) began_at: u64,
    /// From when on changes are read (RFC 3339); the whole list where there is nothing.
    pub(super) updated_since: Option<String>,
    /// The `ETag` that the first page had before.
    pub(super) etag: Option<String>,
    /// Where the next page begins.
    pub(super) cursor: Option<String>,
    /// Which pages it has come to: for how long is a bound over all its parts.
    pub(super) pages: usize,
}

impl Mirror {
    /// The most names that a copy has: several times what the largest registry lists. It bounds memory and disk.
    pub const MAX_ENTRIES: usize = 200_000;

    /// Begins an empty copy of the registry at a base URL.
    #[must_use]
    pub fn new(base: &str) -> Self {
        Self { base: normal(base), ..Self::default() }
    }

    /// Returns the base URL of the registry, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Returns whether the whole list has been read at least once.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.state.synced_at.is_some()
    }

    /// Returns when it was last in step with the registry, in seconds since 1970; nothing before it is complete.
    #[must_use]
    pub fn synced_at(&self) -> Option<u64> {
        self.state.synced_at
    }

    /// Returns how many names there are, deleted ones left out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.values().filter(|entry| entry.status != Status::Deleted).count()
    }

    /// Returns whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the newest version of a name. It may be deleted: then it says so.
    #[must_use]
    pub fn entry(&self, name: &RegistryName) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Returns the newest version of every name, in the order of names. Deleted ones say so.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Returns the entries that could not be used: the first thousand of them.
    #[must_use]
    pub fn set_aside(&self) -> &[SetAside] {
        &self.state.set_aside
    }

    /// Returns how many entries could not be used.
    #[must_use]
    pub fn set_aside_count(&self) -> usize {
        self.state.set_aside_count
    }

    /// Returns all services, without those that were deleted. `source` is what the user calls the registry; `verified`
    /// says whether it is known to check its namespaces.
    #[must_use]
    pub fn services(&self, source: &str, verified: bool) -> Vec<Service> {
        let provenance =
            Provenance::new(SourceKind::Registry, source, self.state.synced_at.unwrap_or_default(), TTL);
        self.entries.values().filter_map(|entry| entry.service(&provenance, verified)).collect()
    }
}

/// Takes slashes from the end of a base URL.
fn normal(base: &str) -> String {
    base.trim().trim_end_matches('/').to_owned()
}

#[cfg(test)]
#[cfg(feature = "http")]
mod tests {
    use super::*;

    fn entry(version: &str, status: &str, is_latest: Option<bool>, published_at: &str) -> Entry {
        let latest = is_latest.map(|is_latest| format!(r#","isLatest":{is_latest}"#)).unwrap_or_default();
        let text = format!(
            r#"{{"server":{{"name":"a.b/c","version":"{version}","description":"d"}},"_meta":{{
            "{}":{{"status":"{status}","publishedAt":"{published_at}"{latest}}}}}}}"#,
            "io.modelcontextprotocol.registry/official"
        );
        Entry::from_json(&text).unwrap()
    }

    /// A version, its status, whether it is marked as the newest, and when it was published.
    type Described = (&'static str, &'static str, Option<bool>, &'static str);

    fn held(entries: impl IntoIterator<Item = Entry>) -> Mirror {
        let mut mirror = Mirror::new("https://registry.example/");
        for entry in entries {
            mirror.take(entry);
        }
        mirror
    }

    #[test]
    fn keeps_the_newest_version_in_whatever_order_they_come() {
        let table: [(&[Described], &str); 7] = [
            (&[("1.9.0", "active", Some(false), ""), ("1.10.0", "active", Some(true), "")], "1.10.0"),
            // The registry's mark counts for more than the number.
            (&[("2.0.0-rc.1", "active", Some(false), ""), ("1.0.0", "active", Some(true), "")], "1.0.0"),
            // Several marks, as of mirrors that know none.
            (&[("1.9.0", "active", None, ""), ("1.10.0", "active", None, "")], "1.10.0"),
            (&[("1.0.0", "active", None, ""), ("2025.06.18-x", "active", None, "")], "1.0.0"),
            (
                &[("build-7", "active", None, "2026-01-02"), ("build-8", "active", None, "2026-01-01")],
                "build-7",
            ),
            (&[("2.0.0", "deleted", Some(true), ""), ("1.0.0", "active", Some(false), "")], "1.0.0"),
            (&[("2.0.0", "deleted", Some(true), ""), ("1.0.0", "deleted", Some(false), "")], "2.0.0"),
        ];
        for (versions, expected) in table {
            let made =
                || versions.iter().map(|(version, status, latest, at)| entry(version, status, *latest, at));
            for mirror in [held(made()), held(made().rev())] {
                assert_eq!(
                    mirror.entry(&"a.b/c".parse().unwrap()).unwrap().version,
                    expected,
                    "{versions:?}"
                );
            }
        }
    }

    #[test]
    fn hides_what_was_deleted_and_says_what_has_changed() {
        let mut mirror = held([entry("1.0.0", "active", Some(true), "")]);
        assert_eq!((mirror.len(), mirror.services("official", true).len()), (1, 1));
        assert!(!mirror.take(entry("1.0.0", "active", Some(true), "")), "the same again");
        assert!(!mirror.take(entry("0.9.0", "active", Some(false), "")), "an old version");
        assert!(mirror.take(entry("1.0.0", "deleted", Some(true), "")));
        assert_eq!((mirror.len(), mirror.is_empty(), mirror.services("official", true).len()), (0, true, 0));
        assert!(mirror.entry(&"a.b/c".parse().unwrap()).is_some(), "it is known that it was deleted");
    }

    #[test]
    fn is_stored_and_read_back() {
        let mut mirror = held([entry("1.0.0", "deprecated", Some(true), "2026-01-05T08:00:00Z")]);
        let reading = mirror.begin(1_000_000);
        mirror.finish(&reading, None);
        mirror.put_aside(SetAside::new(Some("x"), "no name"));
        let cut = Reading { cursor: Some("a.b/c:1.0.0".to_owned()), ..mirror.begin(2_000_000) };
        mirror.turn(&cut);
        let mut back = Mirror::from_json_of("https://registry.example", &mirror.to_json()).unwrap();
        assert_eq!(back.base(), "https://registry.example");
        assert_eq!(back.to_json(), mirror.to_json());
        assert_eq!((back.synced_at(), back.set_aside_count()), (Some(1_000_000), 1));
        assert_eq!(back.begin(2_000_100), cut);
        let services = back.services("mine", false);
        assert_eq!(
            (services[0].provenance.fetched_at, services[0].provenance.source.as_str()),
            (1_000_000, "mine")
        );
    }

    #[test]
    fn refuses_a_copy_of_another_release_or_registry() {
        let text = Mirror::new("https://a.example/").to_json();
        let error = Mirror::from_json_of("https://b.example", &text).unwrap_err();
        assert_eq!(error, "expected a copy of https://b.example, found one of https://a.example");
        assert_eq!(
            Mirror::from_json(br#"{"format":2}"#).unwrap_err(),
            "expected a copy of format 1, found 2"
        );
        for text in [&b""[..], b"{}", b"\xff", b"[]", br#"{"format":1}"#] {
            Mirror::from_json(text).unwrap_err();
        }
    }

    #[test]
    fn remembers_a_thousand_of_what_it_sets_aside_and_counts_the_rest() {
        let mut mirror = Mirror::new("https://a.example");
        for number in 0..1_200 {
            mirror.put_aside(SetAside::new(Some(&number.to_string()), "no version"));
        }
        mirror.put_aside(SetAside::new(Some("7"), "no version"));
        assert_eq!((mirror.set_aside().len(), mirror.set_aside_count()), (1_000, 1_200));
    }
}
