//! Scopes, and which of them to ask for (RFC 6749 §3.3).

use std::fmt;

/// The most scopes that are kept: more do not fit into the URL of an authorization request.
const MOST_SCOPES: usize = 256;
/// The longest scope: the longest real ones are URLs.
const LONGEST_SCOPE: usize = 1024;
/// The scope that asks for a refresh token (OpenID Connect Core §11).
const OFFLINE_ACCESS: &str = "offline_access";

/// Scopes in the order in which they were named, each once, at most 256. Written to a file they are a list of strings.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Reads scopes separated by spaces; what is not a `scope-token` is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.split_ascii_whitespace().collect()
    }

    /// Returns the scopes.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Returns whether a scope is among them.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|own| own == scope)
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns these, then those of the others that are not among them.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        self.iter().chain(other.iter()).collect()
    }

    /// Returns whether all the others are among these.
    #[must_use]
    pub fn is_superset(&self, other: &Self) -> bool {
        other.iter().all(|scope| self.contains(scope))
    }
}

impl<S: AsRef<str>> FromIterator<S> for Scopes {
    /// Leaves out what is not a `scope-token`, what is there already, and what is too much.
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        let mut kept = Self::default();
        for scope in scopes {
            if kept.len() == MOST_SCOPES {
                break;
            }
            let scope = scope.as_ref();
            if is_scope_token(scope) && !kept.contains(scope) {
                kept.0.push(scope.to_owned());
            }
        }
        kept
    }
}

/// RFC 6749 §3.3: `1*( %x21 / %x23-5B / %x5D-7E )`.
fn is_scope_token(text: &str) -> bool {
    let fits = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    (1..=LONGEST_SCOPE).contains(&text.len()) && text.bytes().all(fits)
}

impl From<Vec<String>> for Scopes {
    fn from(scopes: Vec<String>) -> Self {
        scopes.into_iter().collect()
    }
}

impl From<Scopes> for Vec<String> {
    fn from(scopes: Scopes) -> Self {
        scopes.0
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join(" "))
    }
}

/// Everything that has a say in which scopes an authorization request asks for.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "the arguments of one decision, given by name")]
pub struct ScopeChoice<'a> {
    /// What the challenge of the server names.
    pub challenged: Option<&'a Scopes>,
    /// What the metadata of the server lists.
    pub resource: Option<&'a Scopes>,
    /// What the metadata of the authorization server lists.
    pub server: Option<&'a Scopes>,
    /// What was asked for the last time.
    pub before: Option<&'a Scopes>,
    /// What a person or a quirk adds.
    pub extra: Option<&'a Scopes>,
    /// Whether a refresh token is wanted.
    pub wants_refresh_token: bool,
}

impl ScopeChoice<'_> {
    /// Decides; `None` means that the parameter is left out and the authorization server decides.
    ///
    /// What a challenge names is authoritative; without one it is all that the server's metadata lists. Who was asked
    /// before is asked for the same again and what is challenged now, or a step up would be a step down elsewhere.
    /// `offline_access` is added only where the authorization server lists it, and never alone: with no other scope to
    /// name, naming this one would replace the server's default scopes by a grant for nothing but its own renewal.
    #[must_use]
    pub fn select(&self) -> Option<Scopes> {
        let some = |scopes: Option<&Scopes>| scopes.filter(|scopes| !scopes.is_empty()).cloned();
        let asked = match (some(self.before), some(self.challenged)) {
            (Some(before), Some(challenged)) => Some(before.union(&challenged)),
            (Some(only), None) | (None, Some(only)) => Some(only),
            (None, None) => some(self.resource),
        };
        let asked = match (asked, some(self.extra)) {
            (Some(asked), Some(extra)) => asked.union(&extra),
            (asked, extra) => asked.or(extra)?,
        };
        let offers_offline = self.server.is_some_and(|server| server.contains(OFFLINE_ACCESS));
        if self.wants_refresh_token && offers_offline {
            return Some(asked.union(&Scopes::parse(OFFLINE_ACCESS)));
        }
        Some(asked)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_scope_tokens_in_order_and_once() {
        for (text, wanted) in [
            ("b a b", "b a"),
            ("  a\t b\r\n", "a b"),
            ("a\"b c\\d e", "e"),
            ("é ok", "ok"),
            ("https://graph.example/.default api://x/y", "https://graph.example/.default api://x/y"),
            ("", ""),
        ] {
            assert_eq!(Scopes::parse(text).to_string(), wanted, "{text}");
        }
        let many: Scopes = (0..1_000).map(|index| index.to_string()).collect();
        assert_eq!(many.len(), MOST_SCOPES);
        assert!(Scopes::parse(&"a".repeat(LONGEST_SCOPE + 1)).is_empty());
    }

    #[test]
    fn compares_as_sets() {
        let wide = Scopes::parse("a b c");
        assert!(wide.is_superset(&Scopes::parse("c a")));
        assert!(wide.is_superset(&Scopes::default()));
        assert!(!wide.is_superset(&Scopes::parse("a d")));
        assert_eq!(Scopes::parse("a b").union(&Scopes::parse("b c")).to_string(), "a b c");
    }

    #[test]
    fn is_a_list_in_a_file_and_checked_when_read() {
        let scopes: Scopes = serde_json::from_str(r#"["a","b c","a"]"#).unwrap();
        assert_eq!(serde_json::to_string(&scopes).unwrap(), r#"["a"]"#);
    }

    /// Challenged, listed by the resource, listed by the server, before, extra: what is asked for.
    fn choose(said: [&str; 5], wants_refresh_token: bool) -> Option<String> {
        let said = said.map(|text| (text != "-").then(|| Scopes::parse(text)));
        let [challenged, resource, server, before, extra] = said.each_ref().map(Option::as_ref);
        ScopeChoice { challenged, resource, server, before, extra, wants_refresh_token }
            .select()
            .map(|scopes| scopes.to_string())
    }

    #[test]
    fn follows_the_challenge_then_the_resource_then_nothing() {
        for (said, wanted) in [
            (["mcp:basic", "other", "-", "-", "-"], Some("mcp:basic")),
            (["-", "mcp:basic mcp:read", "all of it", "-", "-"], Some("mcp:basic mcp:read")),
            (["", "listed", "-", "-", "-"], Some("listed")),
            (["-", "-", "a b c", "-", "-"], None),
            (["-", "", "-", "-", "-"], None),
            (["-", "-", "-", "-", "mine"], Some("mine")),
            (["a", "-", "-", "-", "mine"], Some("a mine")),
        ] {
            assert_eq!(choose(said, false).as_deref(), wanted, "{said:?}");
        }
    }

    #[test]
    fn steps_up_by_adding_to_what_was_asked_before() {
        assert_eq!(choose(["w", "profile", "-", "b", "-"], false).as_deref(), Some("b w"));
        assert_eq!(choose(["-", "profile", "-", "b", "-"], false).as_deref(), Some("b"));
    }

    #[test]
    fn asks_for_offline_access_only_where_it_is_listed_and_not_alone() {
        for (said, wants, wanted) in [
            (
                ["-", "mcp:basic", "mcp:basic offline_access", "-", "-"],
                true,
                Some("mcp:basic offline_access"),
            ),
            (["-", "mcp:basic", "mcp:basic offline_access", "-", "-"], false, Some("mcp:basic")),
            (["-", "mcp:basic", "mcp:basic", "-", "-"], true, Some("mcp:basic")),
            (["-", "mcp:basic", "-", "-", "-"], true, Some("mcp:basic")),
            (["-", "-", "offline_access", "-", "-"], true, None),
        ] {
            assert_eq!(choose(said, wants).as_deref(), wanted, "{said:?}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(text in "\\PC{0,200}") {
            let scopes = Scopes::parse(&text);
            prop_assert_eq!(Scopes::parse(&scopes.to_string()), scopes);
        }
    }
}
