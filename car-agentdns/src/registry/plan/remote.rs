//! A server elsewhere: its URL and headers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use url::Url;

use super::draft::{Asking, Draft, is_secret_name};
use super::fill::{Known, Values};
use super::template::{Piece, Template};
use super::{Plan, PlanError, Recipe, Shape};
use crate::reach::is_private_name;
use crate::registry::server_json::{Field, Named, Remote as Described};
use crate::service::{Offer, Transport};

/// Headers that belong to the connection or the protocol, and are set by whoever speaks it.
const RESERVED: [&str; 14] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Where a server is, and what it is sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Remote {
    pub(super) url: Template,
    pub(super) headers: Vec<(String, Template)>,
}

/// Where in a URL a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// It is the beginning of the URL, with scheme and host.
    Base,
    /// It is the host or a part of it, or the port.
    Host,
    /// It is a part of the path or the query.
    Rest,
    /// It is a part of the scheme, which nothing may be.
    Scheme,
}

/// Plans a server that is described.
pub(super) fn plan(described: &Described, offer: Offer) -> Plan {
    let mut draft = Draft::default();
    for fault in &described.faults {
        draft.warn(format!("left out: {fault}"));
    }
    let url = url_template(&mut draft, &described.url, &described.variables);
    let mut headers: Vec<(String, Template)> = Vec::new();
    for Named { name, field } in &described.headers {
        if !is_header_name(name) || RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
            draft.warn(format!("the header {name:?} is left out: it is none, or not the publisher's to set"));
        } else if headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            draft.warn(format!("the header {name} is described twice; the first time counts"));
        } else {
            let is_secret = field.is_secret || is_secret_name(name);
            let value =
                draft.template(field, Asking { name, is_secret, asks_undeclared: true, ..Asking::default() });
            headers.push((name.clone(), value));
        }
    }
    let Draft { inputs, warnings, obstacle } = draft;
    Plan { offer, inputs, warnings, obstacle, shape: Shape::Remote(Remote { url, headers }) }
}

/// Plans a server of which only the endpoint is known.
pub(super) fn endpoint(transport: Transport, url: &str) -> Plan {
    let described = Described {
        transport: Some(transport),
        url: url.to_owned(),
        headers: Vec::new(),
        variables: Vec::new(),
        faults: Vec::new(),
    };
    plan(&described, Offer::Remote { transport, url: url.to_owned() })
}

fn url_template(draft: &mut Draft, url: &str, variables: &[(String, Field)]) -> Template {
    let field = Field {
        value: Some(url.to_owned()),
        // A URL with a gap leads nowhere.
        is_required: true,
        variables: variables.to_vec(),
        ..Field::default()
    };
    let template = draft.template(&field, Asking { asks_undeclared: true, ..Asking::default() });
    if template.is_secret() {
        draft.block("its URL would hold a secret, and URLs are stored and logged as they are");
    }
    match sample(&template).and_then(|url| checked(&url)) {
        Ok(url) => {
            let is_private = is_private_name(&url);
            if is_private {
                draft.warn("it is on this machine or in a private network");
            }
            if url.scheme() == "http" && !is_private {
                draft.warn("what is sent there is not encrypted, secrets included");
            }
        }
        Err(reason) => draft.block(format!("its URL cannot be used: {reason}")),
    }
    template
}

/// Puts made-up values in, to see whether the rest makes a URL.
fn sample(template: &Template) -> Result<String, String> {
    let mut url = String::new();
    for piece in template.pieces() {
        match piece {
            Piece::Text(text) => url.push_str(text),
            Piece::Input { key, .. } => match position(&url) {
                Position::Base => url.push_str("https://example.com"),
                // A digit may stand in hosts and in ports.
                Position::Host => url.push('8'),
                Position::Rest => url.push('x'),
                Position::Scheme => return Err(format!("{{{key}}} is no part of a scheme")),
            },
        }
    }
    Ok(url)
}

fn position(so_far: &str) -> Position {
    match so_far.split_once("://") {
        _ if so_far.is_empty() => Position::Base,
        None => Position::Scheme,
        Some((_, rest)) if rest.contains(['/', '?', '#']) => Position::Rest,
        Some(_) => Position::Host,
    }
}

fn checked(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("expected http or https".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or a password".to_owned());
    }
    // The parser mends these; whoever reads the text may see another URL.
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    if !scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(url.scheme())) || text.contains('\\') {
        return Err("expected `//` after its scheme, and no backslashes".to_owned());
    }
    // The parser takes these out; whoever reads the text would see another URL.
    if text.chars().any(|one| one.is_whitespace() || one.is_control()) {
        return Err("it holds blanks".to_owned());
    }
    Ok(url)
}

/// A name as HTTP has them (RFC 9110, section 5.6.2).
fn is_header_name(name: &str) -> bool {
    let is_allowed = |one: char| one.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(one);
    !name.is_empty() && name.len() <= 256 && name.chars().all(is_allowed)
}

impl Remote {
    pub(super) fn recipe(&self, values: &Values) -> Result<Recipe, PlanError> {
        let url = self.fill_url(values)?;
        let mut headers = BTreeMap::new();
        for (name, template) in &self.headers {
            let Some(value) = template.fill(values, 0) else { continue };
            let is_broken =
                |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(char::is_control));
            if value.pieces().iter().any(is_broken) {
                return Err(PlanError::Unfit { key: name.clone(), expected: "one line".to_owned() });
            }
            headers.insert(name.clone(), value);
        }
        Ok(Recipe::Remote { url, headers })
    }

    fn fill_url(&self, values: &Values) -> Result<String, PlanError> {
        let mut url = String::new();
        for piece in self.url.pieces() {
            match piece {
                Piece::Text(text) => url.push_str(text),
                Piece::Input { key, .. } => {
                    let Some(Known::Plain(several)) = values.get(key) else {
                        return Err(PlanError::Missing { key: key.clone() });
                    };
                    let value = several.first().map(String::as_str).unwrap_or_default();
                    let part = part(value, position(&url));
                    let unfit = |expected: String| PlanError::Unfit { key: key.clone(), expected };
                    url.push_str(&part.map_err(unfit)?);
                }
            }
        }
        // The values fit where they go, but the whole may still be none, such as with a port that is too high.
        let keys: Vec<&str> = self.url.keys().collect();
        let unfit =
            |reason: String| PlanError::Unfit { key: keys.join(", "), expected: format!("a URL ({reason})") };
        checked(&url).map_err(unfit)?;
        Ok(url)
    }
}

/// Writes a value so that it stays in its part of the URL.
fn part(value: &str, position: Position) -> Result<String, String> {
    match position {
        Position::Base => {
            let url = checked(value)?;
            if url.query().is_some() || url.fragment().is_some() {
                return Err("a URL without query and fragment".to_owned());
            }
            Ok(value.trim_end_matches('/').to_owned())
        }
        Position::Host => {
            let is_allowed = |one: char| one.is_ascii_alphanumeric() || matches!(one, '.' | '-' | ':');
            match !value.is_empty() && value.chars().all(is_allowed) {
                true => Ok(value.to_owned()),
                false => Err("a host name, with letters, digits, dots and dashes".to_owned()),
            }
        }
        Position::Rest if matches!(value, "" | "." | "..") => Err("a word".to_owned()),
        Position::Rest => Ok(encoded(value)),
        Position::Scheme => Err("nothing here".to_owned()),
    }
}

/// Percent-encodes everything but unreserved characters (RFC 3986, section 2.3).
pub(in crate::registry) fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("a String takes all that is written");
        }
    }
    text
}
