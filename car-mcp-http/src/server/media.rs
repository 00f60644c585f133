//! What a request's body is, and which answers its client takes.
//!
//! ```text
//!  Content-Type: application/json; charset=utf-8   ─▶ served         anything else, or nothing  ─▶ 415
//!  Accept: text/event-stream, application/json     ─▶ both           neither of the two         ─▶ 406
//! ```
//!
//! Source: RFC 9110, sections 8.3 "Content-Type" and 12.5.1 "Accept".

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

/// What the specification's own clients write, letter by letter: told without being taken apart.
const USUAL: &str = "application/json, text/event-stream";

/// The forms of an answer that a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepts {
    /// One JSON body.
    pub json: bool,
    /// An event stream.
    pub events: bool,
}

impl Accepts {
    const ANYTHING: Self = Self { json: true, events: true };

    /// Reads `Accept`; where there is none, anything goes.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(ACCEPT).iter();
        let Some(first) = values.next() else { return Self::ANYTHING };
        let second = values.next();
        if second.is_none() && first == USUAL {
            return Self::ANYTHING;
        }
        let (mut json, mut events) = (Weight::ABSENT, Weight::ABSENT);
        for value in std::iter::once(first).chain(second).chain(values) {
            // A value that is no text allows nothing.
            for range in value.to_str().unwrap_or_default().split(',') {
                let mut parts = range.split(';').map(str::trim);
                let name = parts.next().unwrap_or_default();
                let is_wanted = parts.all(|parameter| !is_weight_zero(parameter));
                json.see(specificity(name, "application", "json"), is_wanted);
                events.see(specificity(name, "text", "event-stream"), is_wanted);
            }
        }
        Self { json: json.is_wanted, events: events.is_wanted }
    }

    /// Returns whether the client takes neither form.
    pub(super) const fn is_nothing(self) -> bool {
        !self.json && !self.events
    }
}

/// What the most specific range so far says of one type.
struct Weight {
    specificity: u8,
    is_wanted: bool,
}

impl Weight {
    const ABSENT: Self = Self { specificity: 0, is_wanted: false };

    fn see(&mut self, specificity: u8, is_wanted: bool) {
        if specificity > self.specificity {
            *self = Self { specificity, is_wanted };
        }
    }
}

/// Returns how specifically a range names a type: 0 where it does not.
fn specificity(range: &str, kind: &str, subtype: &str) -> u8 {
    match range.split_once('/') {
        Some(("*", "*")) => 1,
        Some((k, "*")) if k.eq_ignore_ascii_case(kind) => 2,
        Some((k, s)) if k.eq_ignore_ascii_case(kind) && s.eq_ignore_ascii_case(subtype) => 3,
        // Some clients of old libraries write a bare star.
        None if range == "*" => 1,
        _ => 0,
    }
}

fn is_weight_zero(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    name.trim().eq_ignore_ascii_case("q") && value.trim().parse() == Ok(0.0_f32)
}

/// Returns whether a request says that its body is JSON. Parameters are ignored: JSON is UTF-8 whatever they say.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let name = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    name.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: http::HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn accept_is_read_as_clients_write_it() {
        let both = Accepts::ANYTHING;
        let json = Accepts { json: true, events: false };
        let events = Accepts { json: false, events: true };
        let nothing = Accepts { json: false, events: false };
        for (values, expected) in [
            (&[][..], both),
            (&["application/json, text/event-stream"], both),
            (&["text/event-stream,application/json"], both),
            (&["text/event-stream", "application/json"], both),
            (&["Application/JSON;charset=utf-8 , TEXT/event-stream;q=0.1"], both),
            (&["*/*"], both),
            (&["*"], both),
            (&["text/html, */*;q=0.8"], both),
            (&["application/json"], json),
            (&["application/*"], json),
            (&["text/event-stream"], events),
            (&["text/*"], events),
            (&["*/*, text/event-stream;q=0"], json),
            (&["text/event-stream; q=0.0, */*"], json),
            (&["application/json;q=0, */*"], events),
            (&["text/html"], nothing),
            (&["application/jsonp"], nothing),
            (&["*/*;q=0"], nothing),
            (&[""], nothing),
        ] {
            let found = Accepts::read(&headers(ACCEPT, values));
            assert_eq!(found, expected, "{values:?}");
            assert_eq!(found.is_nothing(), expected == nothing);
        }
    }

    #[test]
    fn only_json_is_a_body() {
        for (values, expected) in [
            (&[][..], false),
            (&["application/json"], true),
            (&["Application/Json ; charset=UTF-8"], true),
            (&["application/json;"], true),
            (&["text/plain"], false),
            (&["application/json-rpc"], false),
            (&["application/x-www-form-urlencoded"], false),
            (&["text/plain; application/json"], false),
            (&["text/plain, application/json"], false),
            (&["application/json", "text/plain"], false),
        ] {
            assert_eq!(is_json(&headers(CONTENT_TYPE, values)), expected, "{values:?}");
        }
    }
}
