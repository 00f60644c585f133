//! Reading a table of quirks.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::QuirksError;
use super::entry::Entry;
use super::pattern::{HostPattern, IssuerPattern};
use crate::client_auth::AuthMethod;
use crate::redirect_uri::{LOOPBACK_HOSTS, RedirectUri};
use crate::scope::Scopes;

/// The one key of a table.
const ENTRIES: &str = "quirk";
/// The keys of an entry.
const KEYS: [&str; 15] = [
    "name",
    "source",
    "servers",
    "issuers",
    "omit_resource",
    "redirect_host",
    "redirect_port",
    "redirect_path",
    "client_name",
    "authorize_parameters",
    "scopes",
    "token_auth_method",
    "no_registration",
    "s256_unlisted",
    "hint",
];
/// What the sign-in itself says in an authorization request; a table that could set it could switch a check off.
const OURS: [&str; 11] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "dpop_jkt",
    "nonce",
];
/// What has a key of its own.
const ELSEWHERE: [(&str, &str); 2] = [("scope", "scopes"), ("resource", "omit_resource")];

/// What is wrong, and where.
type Problem = (Range<usize>, String);
type Value<'a, 't> = &'a Spanned<DeValue<'t>>;

pub(super) fn table(text: &str) -> Result<Vec<Entry>, QuirksError> {
    let read = DeTable::parse(text)
        .map_err(|error| (error.span().unwrap_or(0..0), error.message().to_owned()))
        .and_then(|table| entries(table.get_ref()));
    read.map_err(|(span, what)| {
        let before = text.get(..span.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        QuirksError { line, column: before[line_start..].chars().count() + 1, what }
    })
}

fn entries(table: &DeTable<'_>) -> Result<Vec<Entry>, Problem> {
    let mut entries: Vec<Entry> = Vec::new();
    for (key, value) in table {
        if key.get_ref() != ENTRIES {
            return Err(unknown(key, &[ENTRIES]));
        }
        let DeValue::Array(items) = value.get_ref() else {
            return Err(unfit(value, "entries, each under [[quirk]]"));
        };
        for item in items.iter() {
            let DeValue::Table(members) = item.get_ref() else { return Err(unfit(item, "a table")) };
            let entry = entry(item.span(), members)?;
            if entries.iter().any(|other| other.name == entry.name) {
                return Err((item.span(), format!("there are two entries named {:?}", entry.name)));
            }
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn entry(span: Range<usize>, members: &DeTable<'_>) -> Result<Entry, Problem> {
    let mut entry = Entry::default();
    for (key, value) in members {
        match key.get_ref().as_ref() {
            "name" => entry.name = text(value)?,
            "source" => entry.source = text(value)?,
            "servers" => entry.servers = patterns(value, HostPattern::parse)?,
            "issuers" => entry.issuers = patterns(value, IssuerPattern::parse)?,
            "omit_resource" => entry.omit_resource = Some(flag(value)?),
            "redirect_host" => entry.redirect_host = Some(redirect_host(value)?),
            "redirect_port" => entry.redirect_port = Some(port(value)?),
            "redirect_path" => entry.redirect_path = Some(redirect_path(value)?),
            "client_name" => entry.client_name = Some(text(value)?),
            "authorize_parameters" => entry.authorize_parameters = parameters(value)?,
            "scopes" => entry.scopes = Some(scopes(value)?),
            "token_auth_method" => entry.token_auth_method = Some(method(value)?),
            "no_registration" => entry.no_registration = Some(flag(value)?),
            "s256_unlisted" => entry.s256_unlisted = Some(flag(value)?),
            "hint" => entry.hint = Some(text(value)?),
            _ => return Err(unknown(key, &KEYS)),
        }
    }
    for (is_missing, what) in [
        (entry.name.is_empty(), "the entry has no name"),
        (entry.source.is_empty(), "the entry has no source; say why it is there"),
        (
            entry.servers.is_empty() && entry.issuers.is_empty(),
            "the entry is about nothing; name servers or issuers",
        ),
    ] {
        if is_missing {
            return Err((span, what.to_owned()));
        }
    }
    Ok(entry)
}

fn unknown(key: &Spanned<std::borrow::Cow<'_, str>>, known: &[&str]) -> Problem {
    let name = key.get_ref();
    let distance = |known: &&&str| strsim::damerau_levenshtein(known, name);
    let nearest = known.iter().min_by_key(distance).expect("some keys are known");
    (key.span(), format!("unknown key {name:?}; the nearest known one is {nearest:?}"))
}

fn unfit(value: Value<'_, '_>, expected: &str) -> Problem {
    (value.span(), format!("expected {expected}, found {}", value.get_ref().type_str()))
}

fn text(value: Value<'_, '_>) -> Result<String, Problem> {
    match value.get_ref() {
        DeValue::String(text) if !text.trim().is_empty() => Ok(text.clone().into_owned()),
        DeValue::String(_) => Err((value.span(), "expected a string, found an empty one".to_owned())),
        _ => Err(unfit(value, "a string")),
    }
}

fn flag(value: Value<'_, '_>) -> Result<bool, Problem> {
    value.get_ref().as_bool().ok_or_else(|| unfit(value, "true or false"))
}

fn items<'a, 't>(value: Value<'a, 't>) -> Result<impl Iterator<Item = Value<'a, 't>>, Problem> {
    match value.get_ref() {
        DeValue::Array(items) => Ok(items.iter()),
        _ => Err(unfit(value, "a list of strings")),
    }
}

fn patterns<T>(value: Value<'_, '_>, parse: fn(&str) -> Result<T, &'static str>) -> Result<Vec<T>, Problem> {
    let pattern = |item| {
        let pattern = text(item)?;
        parse(&pattern).map_err(|what| (item.span(), format!("{pattern:?}: {what}")))
    };
    items(value)?.map(pattern).collect()
}

fn redirect_host(value: Value<'_, '_>) -> Result<String, Problem> {
    let host = text(value)?;
    if LOOPBACK_HOSTS.contains(&host.as_str()) {
        return Ok(host);
    }
    Err((value.span(), format!("expected 127.0.0.1, localhost or [::1], found {host:?}")))
}

fn redirect_path(value: Value<'_, '_>) -> Result<String, Problem> {
    let path = text(value)?;
    match RedirectUri::loopback(LOOPBACK_HOSTS[0], 1, &path) {
        Ok(_) => Ok(path),
        Err(_) => Err((value.span(), format!("expected a path such as \"/callback\", found {path:?}"))),
    }
}

fn port(value: Value<'_, '_>) -> Result<u16, Problem> {
    let number = value.get_ref().as_integer();
    let port = number.and_then(|number| u16::from_str_radix(number.as_str(), number.radix()).ok());
    port.filter(|port| *port > 0).ok_or_else(|| (value.span(), "expected a port from 1 to 65535".to_owned()))
}

fn scopes(value: Value<'_, '_>) -> Result<Scopes, Problem> {
    let scope = |item| {
        let scope = text(item)?;
        let is_one = Scopes::parse(&scope).iter().eq([scope.as_str()]);
        is_one.then_some(scope).ok_or_else(|| (item.span(), "expected one scope for each string".to_owned()))
    };
    items(value)?.map(scope).collect()
}

fn method(value: Value<'_, '_>) -> Result<AuthMethod, Problem> {
    match AuthMethod::from(text(value)?) {
        AuthMethod::Other(name) => Err((value.span(), format!("{name:?} is no method that is spoken here"))),
        known => Ok(known),
    }
}

fn parameters(value: Value<'_, '_>) -> Result<Vec<(String, String)>, Problem> {
    let DeValue::Table(members) = value.get_ref() else { return Err(unfit(value, "a table of strings")) };
    let parameter = |(key, value): (&Spanned<std::borrow::Cow<'_, str>>, Value<'_, '_>)| {
        let name = key.get_ref().as_ref();
        if OURS.contains(&name) {
            return Err((key.span(), format!("{name:?} is set by the sign-in itself")));
        }
        if let Some((_, own)) = ELSEWHERE.iter().find(|(parameter, _)| *parameter == name) {
            return Err((key.span(), format!("{name:?} has a key of its own, {own:?}")));
        }
        Ok((name.to_owned(), text(value)?))
    };
    members.iter().map(parameter).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads an entry with one more line, the fifth.
    fn with(line: &str) -> Result<Vec<Entry>, QuirksError> {
        table(&format!("[[quirk]]\nname = \"x\"\nservers = [\"a.example\"]\nsource = \"seen\"\n{line}\n"))
    }

    #[test]
    fn reads_every_effect() {
        let entries = with(
            "issuers = [\"https://as.example/*\"]\nomit_resource = true\nredirect_host = \"localhost\"\nredirect_port = 0x2000\n\
             redirect_path = \"/cb\"\nclient_name = \"CAR\"\nauthorize_parameters = { prompt = \"consent\" }\nscopes = [\"a\", \"b\"]\n\
             token_auth_method = \"none\"\nno_registration = true\ns256_unlisted = true\nhint = \"ask\"",
        )
        .unwrap();
        let mut sum = super::super::Quirk::default();
        entries[0].add_to(&mut sum);
        assert_eq!(
            sum,
            super::super::Quirk {
                omit_resource: true,
                redirect_host: Some("localhost".to_owned()),
                redirect_port: Some(8192),
                redirect_path: Some("/cb".to_owned()),
                client_name: Some("CAR".to_owned()),
                authorize_parameters: vec![("prompt".to_owned(), "consent".to_owned())],
                scopes: Some(Scopes::parse("a b")),
                token_auth_method: Some(AuthMethod::None),
                no_registration: true,
                s256_unlisted: true,
                hint: Some("ask".to_owned()),
                sources: vec!["x: seen".to_owned()],
            }
        );
    }

    #[test]
    fn says_what_it_does_not_understand_and_where() {
        for (line, column, what) in [
            (
                "ommit_resource = true",
                1,
                "unknown key \"ommit_resource\"; the nearest known one is \"omit_resource\"",
            ),
            ("omit_resource = \"yes\"", 17, "expected true or false, found string"),
            ("scopes = \"a b\"", 10, "expected a list of strings, found string"),
            ("scopes = [\"a b\"]", 11, "expected one scope for each string"),
            ("redirect_port = 0", 17, "expected a port from 1 to 65535"),
            ("redirect_port = 70000", 17, "expected a port from 1 to 65535"),
            ("redirect_port = -1", 17, "expected a port from 1 to 65535"),
            (
                "redirect_host = \"evil.example\"",
                17,
                "expected 127.0.0.1, localhost or [::1], found \"evil.example\"",
            ),
            ("redirect_path = \"cb\"", 17, "expected a path such as \"/callback\", found \"cb\""),
            ("token_auth_method = \"magic\"", 21, "\"magic\" is no method that is spoken here"),
            ("hint = \" \"", 8, "expected a string, found an empty one"),
            ("issuers = [\"as.example\"]", 12, "\"as.example\": expected a URL that begins with https://"),
        ] {
            let error = with(line).unwrap_err();
            assert_eq!((error.line, error.column, error.what.as_str()), (5, column, what), "{line}");
        }
        let error = with("hint = ").unwrap_err();
        assert_eq!(error.line, 5);
        assert!(error.to_string().starts_with("line 5, column "), "{error}");
    }

    #[test]
    fn lets_no_table_set_what_the_sign_in_checks() {
        for name in OURS.iter().chain(&["scope", "resource"]) {
            let error = with(&format!("authorize_parameters = {{ {name} = \"x\" }}")).unwrap_err();
            assert_eq!((error.line, error.column), (5, 26), "{error}");
        }
    }

    #[test]
    fn wants_a_name_a_reason_and_something_to_be_about() {
        for (text, what) in [
            ("[[quirk]]\nsource = \"s\"\nservers = [\"a.example\"]", "the entry has no name"),
            (
                "[[quirk]]\nname = \"n\"\nservers = [\"a.example\"]",
                "the entry has no source; say why it is there",
            ),
            (
                "[[quirk]]\nname = \"n\"\nsource = \"s\"",
                "the entry is about nothing; name servers or issuers",
            ),
            ("[quirk]\nname = \"n\"", "expected entries, each under [[quirk]], found table"),
            ("[[quirks]]", "unknown key \"quirks\"; the nearest known one is \"quirk\""),
            ("quirk = [1]", "expected a table, found integer"),
        ] {
            assert_eq!(table(text).unwrap_err().what, what);
        }
        let entry = "[[quirk]]\nname = \"n\"\nsource = \"s\"\nservers = [\"a.example\"]\n";
        let twice = table(&entry.repeat(2)).unwrap_err();
        assert_eq!((twice.line, twice.what.as_str()), (5, "there are two entries named \"n\""));
        assert!(table("").unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn reads_anything_without_falling_over(text in "[\\[\\]a-z_=\"{}é\\n .,0-9]{0,120}") {
            drop(table(&text));
            drop(with(&text));
        }
    }
}
