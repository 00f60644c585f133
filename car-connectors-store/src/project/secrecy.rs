//! Secrets do not belong into a file that is shared: what looks like one has to be a variable.

use super::expand::{Piece, pieces};

/// What the name of a secret contains, in lower case.
const SECRET_WORDS: [&str; 6] = ["authorization", "token", "key", "secret", "password", "cookie"];

/// The longest word that may stand beside a variable, such as `Bearer`.
const LONGEST_SCHEME: usize = 16;

/// Tells whether a header, variable or parameter of this name holds a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// Tells whether a value that is secret is written down, rather than taken from a variable.
///
/// Beside the variable there may be the name of a scheme, as in `Bearer ${TOKEN}`. A default would be a secret too.
pub(super) fn is_inline(value: &str) -> bool {
    // What cannot be taken apart is told of elsewhere.
    let Ok(pieces) = pieces(value) else { return false };
    let has_default = pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Variable { default: Some(default), .. } if !default.is_empty()));
    let has_variable = pieces.iter().any(|piece| matches!(piece, Piece::Variable { .. }));
    let literals: String = pieces
        .iter()
        .filter_map(|piece| if let Piece::Literal(text) = piece { Some(*text) } else { None })
        .collect();
    let literals = literals.trim();
    let is_scheme = literals.len() <= LONGEST_SCHEME && literals.chars().all(|one| one.is_ascii_alphabetic());
    match has_variable {
        true => has_default || !is_scheme,
        false => !literals.is_empty(),
    }
}

/// Returns what is wrong with a URL: a name or password before the host, or a secret parameter that is written down.
pub(super) fn url_problem(url: &str) -> Option<String> {
    // As URL parsers do: any number of slashes of either kind, also none.
    let rest = url.split_once(':').map_or(url, |(_, rest)| rest).trim_start_matches(['/', '\\']);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some("a URL with a user name or password is not used; take them out of this file".to_owned());
    }
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut secret = pairs.filter(|(name, value)| is_secret(name) && is_inline(value));
    secret.next().map(|(name, _)| inline(&format!("the parameter {name:?}")))
}

/// Says that a secret is written down. The value is not repeated.
pub(super) fn inline(what: &str) -> String {
    format!("{what} looks like a secret that is written down; write ${{VARIABLE}} in its place")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_variable_with_a_scheme_and_refuses_what_is_written_down() {
        for value in ["", "${T}", "Bearer ${T}", "token ${T}", "${A}${B}", "${T:-}"] {
            assert!(!is_inline(value), "{value}");
        }
        for value in ["Bearer abc", "abc", "${T:-abc}", "Bearer sk-1 ${T}", "${T}123"] {
            assert!(is_inline(value), "{value}");
        }
    }

    #[test]
    fn knows_secrets_by_their_names() {
        for name in ["Authorization", "X-API-KEY", "GITHUB_TOKEN", "proxy-authorization"] {
            assert!(is_secret(name), "{name}");
        }
        assert!(!is_secret("X-Team") && !is_secret("HOME"));
    }

    #[test]
    fn refuses_urls_that_hold_secrets() {
        for url in [
            "https://me:pw@x.example/",
            "https://me@x.example",
            "https://${U}@x.example/mcp",
            "https:\\\\a:b@x.example",
            "https:a:b@x",
        ] {
            assert!(url_problem(url).is_some(), "{url}");
        }
        assert!(url_problem("https://x.example/mcp?api_key=123#a").unwrap().contains("api_key"));
        for url in [
            "https://x.example/@me",
            "https://x.example/?api_key=${K}&q=a@b",
            "${BASE}/mcp",
            "${BASE:-https://x.example}/mcp",
        ] {
            assert_eq!(url_problem(url), None, "{url}");
        }
    }
}
