//! Names: slugs for connectors, and for each tool the one name by which a model knows it.
//!
//! ```text
//!  "My Docs!" ─▶ my_docs                       slugify; a second one gets my_docs_2
//!  my_docs + search ─▶ mcp_my_docs_search      plain, where that is allowed and means this tool alone
//!                   └▶ mcp_my_docs_sea_h3f0…   an alias: a readable part, then a hash of slug and tool
//! ```
//!
//! `mcp_a_b_c` could be the tool `b_c` of `a` or the tool `c` of `a_b`. The connector with the longest slug keeps the
//! plain name; whether another tool is enabled at the moment plays no part, so names stay what they are. No plain name
//! looks like an alias. Routing goes by a table and never reads a name.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// The longest name that model providers accept.
pub const MAX_NAME_CHARS: usize = 64;

/// What every name begins with.
const PREFIX: &str = "mcp_";

/// What stands before the hash of an alias.
const ALIAS_MARK: &str = "_h";

/// Hex digits of an alias: 48 bits, so that among a million tools a clash has odds of one in five hundred, and a clash
/// is refused, never merged.
const ALIAS_DIGITS: usize = 12;

/// Makes a slug from a name that a person gave: lower-case ASCII letters and digits, every other run one `_`.
pub fn slugify(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('_') {
            slug.push('_');
        }
    }
    let slug = slug.trim_end_matches('_');
    match slug {
        "" => "connector".to_owned(),
        slug => slug.to_owned(),
    }
}

/// Returns the slug, or the first of `slug_2`, `slug_3` … that is not taken.
pub(crate) fn free_slug(slug: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(slug) {
        return slug.to_owned();
    }
    let mut number = 2_u64;
    loop {
        let numbered = format!("{slug}_{number}");
        if !is_taken(&numbered) {
            return numbered;
        }
        number += 1;
    }
}

/// Returns the names of a connector's tools as a model knows them, by the server's own names.
///
/// `slugs` are those of all connectors, whose names must not be confused with these.
pub fn canonical_names<'a>(
    slug: &str,
    tools: impl IntoIterator<Item = &'a str>,
    slugs: &[String],
) -> BTreeMap<&'a str, String> {
    tools.into_iter().map(|tool| (tool, canonical_name(slug, tool, slugs))).collect()
}

/// Returns the name of one tool as a model knows it.
pub(crate) fn canonical_name(slug: &str, tool: &str, slugs: &[String]) -> String {
    let plain = [PREFIX, slug, "_", tool].concat();
    let allowed = plain.len() <= MAX_NAME_CHARS && plain.bytes().all(is_name_byte);
    match allowed && !is_alias_like(&plain) && !could_be_another(slug, tool, slugs) {
        true => plain,
        false => alias(slug, tool),
    }
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Tells whether the plain name could mean the tool of a connector with a longer slug.
fn could_be_another(slug: &str, tool: &str, slugs: &[String]) -> bool {
    slugs.iter().any(|other| {
        let rest = other.strip_prefix(slug).and_then(|rest| rest.strip_prefix('_'));
        rest.and_then(|rest| tool.strip_prefix(rest)).is_some_and(|end| end.starts_with('_'))
    })
}

fn is_alias_like(name: &str) -> bool {
    let Some(at) = name.len().checked_sub(ALIAS_MARK.len() + ALIAS_DIGITS) else { return false };
    let Some((_, end)) = name.split_at_checked(at) else { return false };
    end.strip_prefix(ALIAS_MARK)
        .is_some_and(|digits| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

fn alias(slug: &str, tool: &str) -> String {
    // A byte that neither part can contain keeps ("a", "b_c") and ("a_b", "c") apart.
    let hash = Sha256::new().chain_update(slug).chain_update([0]).chain_update(tool).finalize();
    let digits: String = hash.iter().take(ALIAS_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    let readable: String = format!("{PREFIX}{slug}_{tool}")
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() || character == '-' { character } else { '_' })
        .take(MAX_NAME_CHARS - ALIAS_MARK.len() - ALIAS_DIGITS)
        .collect();
    format!("{readable}{ALIAS_MARK}{digits}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn slugs_are_plain() {
        for (name, slug) in [
            ("Docs", "docs"),
            ("My  Docs!", "my_docs"),
            ("  GitHub (work) ", "github_work"),
            ("ärger", "rger"),
            ("日本", "connector"),
            ("", "connector"),
            ("a__b--c", "a_b_c"),
        ] {
            assert_eq!(slugify(name), slug, "{name:?}");
        }
    }

    #[test]
    fn a_taken_slug_gets_a_number() {
        let taken = ["docs", "docs_2"];
        assert_eq!(free_slug("docs", |slug| taken.contains(&slug)), "docs_3");
        assert_eq!(free_slug("new", |slug| taken.contains(&slug)), "new");
    }

    fn name(slug: &str, tool: &str, slugs: &[&str]) -> String {
        canonical_name(slug, tool, &slugs.iter().map(|slug| (*slug).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn most_names_are_plain() {
        assert_eq!(name("docs", "search", &["docs", "other"]), "mcp_docs_search");
        assert_eq!(name("docs", "get-Page", &["docs"]), "mcp_docs_get-Page");
    }

    #[test]
    fn long_and_odd_names_get_an_alias_that_stays_readable() {
        let long = name("docs", &"x".repeat(80), &["docs"]);
        assert_eq!(long.len(), MAX_NAME_CHARS);
        assert!(long.starts_with("mcp_docs_xxxx") && long.bytes().all(is_name_byte), "{long}");
        let odd = name("docs", "files/read.all", &["docs"]);
        assert!(odd.starts_with("mcp_docs_files_read_all_h"), "{odd}");
        assert_ne!(odd, name("docs", "files.read/all", &["docs"]));
    }

    #[test]
    fn the_longer_slug_keeps_a_name_that_could_mean_two_tools() {
        let slugs = ["a", "a_b", "a_b_c"];
        assert_eq!(name("a_b", "c", &slugs), "mcp_a_b_c");
        assert_ne!(name("a", "b_c", &slugs), "mcp_a_b_c");
        assert_eq!(name("a", "b", &slugs), "mcp_a_b");
        assert_eq!(name("a_b_c", "d", &slugs), "mcp_a_b_c_d");
        assert_ne!(name("a_b", "c_d", &slugs), "mcp_a_b_c_d");
        assert_ne!(name("a", "b_c_d", &slugs), "mcp_a_b_c_d");
    }

    proptest! {
        #[test]
        fn no_two_tools_share_a_name(
            slugs in prop::collection::btree_set("[ab](_[ab]){0,3}", 1..6),
            tools in prop::collection::btree_set("[ab](_[ab./]){0,3}|x{55,70}|[ab]_h[0-9a-f]{12}", 1..12),
        ) {
            let slugs: Vec<String> = slugs.into_iter().collect();
            let mut seen = HashMap::new();
            for slug in &slugs {
                for (tool, name) in canonical_names(slug, tools.iter().map(String::as_str), &slugs) {
                    prop_assert!(name.len() <= MAX_NAME_CHARS && name.bytes().all(is_name_byte));
                    let other = seen.insert(name.clone(), (slug.clone(), tool.to_owned()));
                    prop_assert_eq!(other, None, "{}", name);
                }
            }
        }
    }
}
