//! Where a card says that its server is, and whether that may be used.

use url::Url;

use super::members::Members;
use super::place;
use crate::service::Transport;

/// What stands in for `{variables}` while a URL is looked at: a host, or a port.
const STAND_INS: [&str; 2] = ["v.example", "1"];

/// Where a card was found.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    /// The document's own URL, which relative ones start from.
    pub(super) url: &'a Url,
    /// Whether it may name places in private networks.
    pub(super) is_private: bool,
    /// The endpoint that was asked for its card, if one was.
    pub(super) endpoint: Option<&'a str>,
}

/// Reads one of `remotes`.
pub(super) fn usable(raw: &str, around: Around<'_>, faults: &mut Vec<String>) -> Option<(Transport, String)> {
    let members = Members::read(raw).ok()?;
    let word = members.word(&["type", "transport_type", "transport"]).unwrap_or_default();
    one(&word, &members.url(&["url"])?, around, faults)
}

/// Returns a way to have the server, with its whole URL; nothing for what is not spoken here or may not be named.
pub(super) fn one(
    word: &str,
    url: &str,
    around: Around<'_>,
    faults: &mut Vec<String>,
) -> Option<(Transport, String)> {
    let transport = match word.to_ascii_lowercase().as_str() {
        "" | "http" | "streamable-http" | "streamable_http" | "streamablehttp" | "streamable" => {
            Transport::StreamableHttp
        }
        "sse" => Transport::Sse,
        _ => {
            faults.push(format!("the transport {word:?} is not known"));
            return None;
        }
    };
    match whole(url, around) {
        Ok(url) => Some((transport, url)),
        Err(fault) => {
            faults.push(fault);
            None
        }
    }
}

/// Returns a whole URL, with its variables; or why it is not used.
fn whole(text: &str, around: Around<'_>) -> Result<String, String> {
    if text.starts_with('{') {
        // Whoever adds it says where it is.
        return Ok(text.to_owned());
    }
    if text.contains('{') {
        let mut probes = STAND_INS.iter().filter_map(|stand_in| Url::parse(&filled(text, stand_in)).ok());
        let probe = probes.next().ok_or("it names no URL")?;
        return place::objection(&probe, around.is_private)
            .map_or_else(|| Ok(text.to_owned()), |why| Err(why.to_owned()));
    }
    let url = around.url.join(text).map_err(|error| format!("it names no URL: {error}"))?;
    match place::objection(&url, around.is_private) {
        None if text.contains("://") => Ok(text.to_owned()),
        None => Ok(url.into()),
        Some(why) => Err(why.to_owned()),
    }
}

/// Puts something in the place of every `{variable}`.
fn filled(text: &str, stand_in: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        filled.push_str(stand_in);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    filled + rest
}
