//! From a root's answer to services: record by record, within bounds, and with the reason where one is set aside. Pure.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use super::wire::{ServiceRecord, WireCapability, WirePricing};
use crate::ask::Limit;
use crate::error::SetAside;
use crate::name::ServiceIdentifier;
use crate::reach::is_private_name;
use crate::service::{
    Capability, Offer, Pricing, Protocol, Provenance, Publisher, Service, ServiceKind, Transport,
    Verification,
};

/// How many records are set aside one by one. A root most of whose records are useless is not read to its end.
const MAX_SET_ASIDE: usize = 100;
/// The longest name, in characters: a line.
const MAX_NAME_CHARS: usize = 200;
/// The longest description, in characters: a page. The rest tells nobody more, and everything of it is indexed.
const MAX_DESCRIPTION_CHARS: usize = 4_000;
/// The longest word for a kind, a protocol or a way of charging.
const MAX_WORD_CHARS: usize = 64;
/// The longest version: as in MCP Registries.
const MAX_VERSION_CHARS: usize = 255;
/// The longest URL: what every proxy on the way takes.
const MAX_URL_BYTES: usize = 2_048;
/// How many tags are kept. More file a service under everything.
const MAX_TAGS: usize = 50;
/// The longest tag, in characters.
const MAX_TAG_CHARS: usize = 100;
/// How many capabilities are kept: more than the largest servers have tools.
const MAX_CAPABILITIES: usize = 200;
/// The longest description of a capability, in characters.
const MAX_CAPABILITY_CHARS: usize = 1_000;
/// How much is said of why a record is set aside, in characters: the parser repeats what it found.
const MAX_REASON_CHARS: usize = 300;

/// What a root answered.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Resolved {
    /// The services, in the root's own order, which is its advice; no more than were asked for.
    pub services: Vec<Service>,
    /// Records that cannot be used, at most a hundred.
    pub set_aside: Vec<SetAside>,
    /// How many records were not looked at, because there were enough good or bad ones before them.
    pub left_out: usize,
}

/// Why a document is no answer of a root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an object with a list `services`, found {found}")]
#[non_exhaustive]
pub struct AnswerError {
    /// What was found, as far as it can be said.
    pub found: String,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    services: Vec<&'a RawValue>,
}

impl Resolved {
    /// Reads a root's answer. `root` is the root's base URL: only a root that is itself private may tell of private
    /// places. `provenance` is written into every service.
    ///
    /// # Errors
    /// [`AnswerError`] where it is no answer at all. One bad record costs that record only.
    pub fn from_json(
        body: &[u8],
        limit: Limit,
        root: &Url,
        provenance: &Provenance,
    ) -> Result<Self, AnswerError> {
        let found = |what: &str| AnswerError { found: line(what, MAX_REASON_CHARS) };
        // A list would be read as an object whose members have their places in it.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(found("something else"));
        }
        let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| found(&error.to_string()))?;
        let mut resolved = Self::default();
        let mut known = HashSet::new();
        for record in &answer.services {
            if resolved.services.len() == limit.get() || resolved.set_aside.len() == MAX_SET_ASIDE {
                resolved.left_out += 1;
                continue;
            }
            match read(record, root, provenance) {
                Ok(service) if known.insert(service.identifier.clone()) => resolved.services.push(service),
                Ok(service) => {
                    let name = service.identifier.to_string();
                    resolved
                        .set_aside
                        .push(SetAside::new(Some(&name), "it is there twice; the first one counts"));
                }
                Err(set_aside) => resolved.set_aside.push(set_aside),
            }
        }
        Ok(resolved)
    }
}

fn read(record: &RawValue, root: &Url, provenance: &Provenance) -> Result<Service, SetAside> {
    if !record.get().starts_with('{') {
        return Err(SetAside::new(None, "expected a record, found something else"));
    }
    let record: ServiceRecord = serde_json::from_str(record.get()).map_err(|error| {
        let name = name_of(record);
        SetAside::new(name.as_deref(), line(&error.to_string(), MAX_REASON_CHARS))
    })?;
    let aside = |reason: String| {
        SetAside::new(Some(&line(&record.identifier, MAX_NAME_CHARS)), line(&reason, MAX_REASON_CHARS))
    };
    let identifier: ServiceIdentifier =
        record.identifier.parse().map_err(|error: crate::NameError| aside(error.to_string()))?;
    if identifier.is_local() {
        return Err(aside("it names something on this machine, of which no root can tell".to_owned()));
    }
    let endpoint = record.endpoint.as_deref().map(|text| endpoint(text, root)).transpose().map_err(aside)?;
    Ok(service(record, identifier, endpoint, provenance))
}

/// Makes the service of a record that was checked.
fn service(
    record: ServiceRecord,
    identifier: ServiceIdentifier,
    endpoint: Option<Url>,
    provenance: &Provenance,
) -> Service {
    let named = line(&record.name, MAX_NAME_CHARS);
    let named = if named.is_empty() { identifier.name().to_owned() } else { named };
    let mut service = Service::new(identifier, named, provenance.clone());
    service.description = text(&record.description, MAX_DESCRIPTION_CHARS);
    service.kind = kind(&line(&record.kind, MAX_WORD_CHARS));
    service.protocol = protocol(&line(&record.protocol, MAX_WORD_CHARS));
    service.capabilities = record.capabilities.iter().take(MAX_CAPABILITIES).map(capability).collect();
    let tags = record.tags.iter().take(MAX_TAGS).map(|tag| line(tag, MAX_TAG_CHARS));
    service.tags = tags.filter(|tag| !tag.is_empty()).collect();
    service.version = written(record.version.as_deref(), MAX_VERSION_CHARS);
    service.pricing = record.pricing.as_ref().and_then(pricing);
    let publisher = written(record.publisher.as_deref(), MAX_NAME_CHARS);
    let publisher = publisher.unwrap_or_else(|| service.identifier.organization().to_owned());
    service.publisher = Publisher::new(publisher, Verification::Root);
    if let (Protocol::Mcp, Some(endpoint)) = (&service.protocol, endpoint) {
        service.offers.push(Offer::Remote { transport: Transport::StreamableHttp, url: endpoint.into() });
        service.reference = Some(service.identifier.to_string());
    }
    service
}

/// Reads where a service is, and refuses what would make this machine call itself or its neighbours.
fn endpoint(text: &str, root: &Url) -> Result<Url, String> {
    if text.len() > MAX_URL_BYTES {
        return Err(format!("expected an endpoint of at most {MAX_URL_BYTES} bytes, found {}", text.len()));
    }
    let url = Url::parse(text).map_err(|error| format!("its endpoint is no URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its endpoint holds a user name or a password".to_owned());
    }
    let is_private = is_private_name(root);
    match url.scheme() {
        "https" => {}
        "http" if is_private => {}
        "http" => return Err("its endpoint is not encrypted: expected https, found http".to_owned()),
        other => return Err(format!("expected an https endpoint, found {other}")),
    }
    if url.fragment().is_some() {
        return Err("its endpoint has a fragment".to_owned());
    }
    if !is_private && is_private_name(&url) {
        let host = url.host_str().unwrap_or_default();
        return Err(format!(
            "its endpoint leads to {host}, which is in a private network, and the root is not"
        ));
    }
    Ok(url)
}

fn kind(word: &str) -> ServiceKind {
    match word.to_ascii_lowercase().as_str() {
        "" | "server" => ServiceKind::Server,
        "tool" => ServiceKind::Tool,
        "agent" => ServiceKind::Agent,
        other => ServiceKind::Other(other.to_owned()),
    }
}

/// Nothing said is no protocol: only what says `mcp` can be added.
fn protocol(word: &str) -> Protocol {
    if word.is_empty() { Protocol::Other("unknown".to_owned()) } else { Protocol::from_word(word) }
}

fn capability(wire: &WireCapability) -> Capability {
    Capability::new(line(&wire.name, MAX_NAME_CHARS), text(&wire.description, MAX_CAPABILITY_CHARS))
}

/// A price below nothing is no price.
fn pricing(wire: &WirePricing) -> Option<Pricing> {
    let model = line(&wire.model, MAX_WORD_CHARS);
    let price = wire.price.filter(|price| *price >= 0.0);
    let currency = written(wire.currency.as_deref(), MAX_WORD_CHARS);
    (!model.is_empty()).then_some(Pricing { model, price, currency })
}

/// What a record calls itself that cannot be read as a whole.
fn name_of(record: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        identifier: Option<serde_json::Value>,
    }
    let named: Named = serde_json::from_str(record.get()).ok()?;
    named.identifier?.as_str().map(|name| line(name, MAX_NAME_CHARS))
}

fn written(text: Option<&str>, most: usize) -> Option<String> {
    text.map(|text| line(text, most)).filter(|text| !text.is_empty())
}

/// Returns text on one line: control characters become blanks, and what is too long is cut.
fn line(text: &str, most: usize) -> String {
    let plain = text.trim().chars().map(|one| if one.is_control() { ' ' } else { one });
    plain.take(most).collect()
}

/// As [`line`], with its line breaks.
fn text(text: &str, most: usize) -> String {
    let plain = text.trim().chars().map(|one| if one.is_control() && one != '\n' { ' ' } else { one });
    plain.take(most).collect()
}
