//! What a source may be called and where it may be. What is refused is never repeated: it may hold a secret.

use url::Url;

use super::SourceKind;
use crate::project::secrecy::is_secret;

/// The longest name of a source: one that fits a column of a table.
const LONGEST_NAME: usize = 64;

/// The longest URL, in bytes: what browsers and servers take.
const LONGEST_URL: usize = 2_048;

/// The longest name of a model, in bytes.
const LONGEST_MODEL: usize = 256;

pub(super) fn name(name: &str) -> Result<(), String> {
    let is_allowed = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.');
    match !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_allowed) {
        true => Ok(()),
        false => Err(format!("expected a name of 1 to {LONGEST_NAME} letters, digits, '-', '_' and '.'")),
    }
}

pub(super) fn model(name: &str) -> Result<(), String> {
    match !name.trim().is_empty() && name.len() <= LONGEST_MODEL && !name.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(format!("expected the name of a model, of at most {LONGEST_MODEL} bytes")),
    }
}

/// Checks the URL of a source, or of the embedding model for no kind.
pub(super) fn url(text: &str, kind: Option<SourceKind>) -> Result<(), String> {
    let may_be_domain = kind == Some(SourceKind::Catalog);
    let expected = if may_be_domain { "a domain or an http or https URL" } else { "an http or https URL" };
    if text.len() > LONGEST_URL {
        return Err(format!("expected {expected} of at most {LONGEST_URL} bytes, found {}", text.len()));
    }
    let whole = match may_be_domain && !text.contains("://") {
        true => format!("https://{text}"),
        false => text.to_owned(),
    };
    let url = Url::parse(&whole).map_err(|error| format!("expected {expected}: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("expected {expected}, found another scheme"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("expected a URL without user name and password, found one with them".to_owned());
    }
    if url.fragment().is_some() {
        return Err("expected a URL without a fragment, found one".to_owned());
    }
    match kind {
        Some(SourceKind::Registry | SourceKind::Root) if url.query().is_some() => {
            Err("expected a base URL without a query, found one".to_owned())
        }
        _ => match url.query_pairs().find(|(name, _)| is_secret(name)) {
            Some((name, _)) => {
                let name: String = name.chars().filter(|one| !one.is_control()).take(LONGEST_NAME).collect();
                Err(format!("expected no secret, found the parameter {name:?}; give a token in its place"))
            }
            None => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_urls_and_for_catalogs_domains() {
        for (text, kind) in [
            ("https://registry.example.com/", Some(SourceKind::Registry)),
            ("http://127.0.0.1:8080/base", Some(SourceKind::Root)),
            ("example.com", Some(SourceKind::Catalog)),
            ("localhost:8080", Some(SourceKind::Catalog)),
            ("https://example.com/catalog.json?page=1", Some(SourceKind::Catalog)),
            ("https://models.example.com/v1?api-version=3", None),
        ] {
            assert_eq!(url(text, kind), Ok(()), "{text}");
        }
    }

    #[test]
    fn refuses_what_cannot_be_asked_and_repeats_no_secret() {
        let long = format!("https://example.com/{}", "s3cret".repeat(400));
        for (text, kind, expected) in [
            ("example.com", Some(SourceKind::Registry), "an http or https URL: relative URL without a base"),
            ("ftp://s3cret.example.com", Some(SourceKind::Root), "another scheme"),
            ("https://", Some(SourceKind::Root), "empty host"),
            ("https://ada:s3cret@example.com", Some(SourceKind::Registry), "without user name and password"),
            ("s3cret@example.com", Some(SourceKind::Catalog), "without user name and password"),
            ("https://example.com/?q=s3cret", Some(SourceKind::Root), "without a query"),
            ("https://example.com/#s3cret", Some(SourceKind::Catalog), "without a fragment"),
            ("https://example.com/?api_key=s3cret", None, "the parameter \"api_key\""),
            (&long, Some(SourceKind::Catalog), "of at most 2048 bytes"),
        ] {
            let told = url(text, kind).unwrap_err();
            assert!(told.contains(expected) && !told.contains("s3cret"), "{text}: {told}");
        }
    }
}
