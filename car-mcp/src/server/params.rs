//! The parameters of a request: the members which the server itself reads are found in the same pass as the envelope.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use car_mcp_proto::capability::{ClientCapabilities, Implementation};
use car_mcp_proto::logging::LoggingLevel;
use car_mcp_proto::progress::ProgressToken;
use car_mcp_proto::{ErrorObject, meta};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::inbound::{RequestMeta, invalid};
use super::last_meta;
use super::scan::{Scan, Scanner, plain};

/// Where a member's value stands in the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// Finds a part, which must lie in the text.
    fn of(part: &str, text: &str) -> Self {
        let start = part.as_ptr().addr() - text.as_ptr().addr();
        Self { start, end: start + part.len() }
    }

    pub(crate) const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// What the parameters hold, as far as the server reads them before it knows the method's own type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    /// Why they cannot be used at all.
    fault: Option<Box<ErrorObject>>,
    /// Whether `_meta` names a revision.
    pub(crate) names_version: bool,
    /// Whether `_meta` has members beside those that the server reads.
    pub(crate) has_other_meta: bool,
    /// What a modern request says of itself; nothing where `_meta` names no revision.
    pub(crate) meta: Option<Result<Arc<RequestMeta>, Box<ErrorObject>>>,
    /// Asks for progress.
    pub(crate) progress_token: Option<ProgressToken>,
    name: Option<Box<str>>,
    uri: Option<Box<str>>,
    task_id: Option<Box<str>>,
    pub(crate) arguments: Option<Span>,
    pub(crate) input_responses: Option<Span>,
    pub(crate) request_state: Option<Span>,
    pub(crate) cursor: Option<Span>,
}

/// A value that should be an object.
#[derive(Debug, Default, PartialEq)]
pub(super) enum Part<T> {
    Object(T),
    #[default]
    Null,
    /// Anything else. It is passed over, so that the rest of the message can be read.
    Other,
}

impl<T> Part<T> {
    /// Returns the object; nothing where there is none.
    ///
    /// # Errors
    /// Says that it is something else (-32602).
    fn object(self, member: &str) -> Result<Option<T>, ErrorObject> {
        match self {
            Self::Object(object) => Ok(Some(object)),
            Self::Null => Ok(None),
            Self::Other => Err(invalid(format!("expected an object as `{member}`, found something else"))),
        }
    }
}

/// Is built from the members of an object.
pub(super) trait FromMap<'de>: Sized {
    fn from_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

/// Is the value of a member. A scanner finds it too.
pub(super) trait FromMember<'de>: Scan<'de> {
    fn from_member<A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error>;
}

/// The value as it stands there.
impl<'de> FromMember<'de> for &'de str {
    fn from_member<A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error> {
        map.next_value::<&RawValue>().map(RawValue::get)
    }
}

impl<'de, T: FromMap<'de> + Scan<'de>> FromMember<'de> for Part<T> {
    fn from_member<A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error> {
        map.next_value()
    }
}

impl<'de, T: Scan<'de>> Scan<'de> for Part<T> {
    /// What is no object is rare, and left to serde_json.
    fn scan(scanner: &mut Scanner<'de>) -> Option<Self> {
        T::scan(scanner).map(Self::Object)
    }
}

impl<'de, T: FromMap<'de>> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PartVisitor(PhantomData))
    }
}

struct PartVisitor<T>(PhantomData<T>);

impl<'de, T: FromMap<'de>> Visitor<'de> for PartVisitor<T> {
    type Value = Part<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Part<T>, A::Error> {
        T::from_map(map).map(Part::Object)
    }

    fn visit_unit<E>(self) -> Result<Part<T>, E> {
        Ok(Part::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Part<T>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Part::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Part<T>, E> {
        Ok(Part::Other)
    }
}

/// Declares an object of which known members are found, each at most once, and the rest is passed over.
macro_rules! raw_object {
    ($(#[$attribute:meta])* $object:ident { $($member:ident: $type:ty = $wire:literal,)* }) => {
        $(#[$attribute])*
        #[derive(Debug, Default, PartialEq)]
        pub(super) struct $object<'a> {
            $( pub(super) $member: Option<$type>, )*
            pub(super) repeated: Option<&'static str>,
            /// Whether there are members beside the known ones.
            pub(super) has_others: bool,
        }

        impl<'a> Scan<'a> for $object<'a> {
            fn scan(scanner: &mut Scanner<'a>) -> Option<Self> {
                let mut object = Self::default();
                scanner.object(|scanner, name| {
                    match name {
                        $( $wire => {
                            if object.$member.replace(Scan::scan(scanner)?).is_some() {
                                object.repeated = Some($wire);
                            }
                        } )*
                        _ => {
                            <&str>::scan(scanner)?;
                            object.has_others = true;
                        }
                    }
                    Some(())
                })?;
                Some(object)
            }
        }

        impl<'a> FromMap<'a> for $object<'a> {
            fn from_map<A: MapAccess<'a>>(mut map: A) -> Result<Self, A::Error> {
                #[derive(Deserialize)]
                #[expect(non_camel_case_types, reason = "the names of the members")]
                enum Key {
                    $( #[serde(rename = $wire)] $member, )*
                    #[serde(other)]
                    other,
                }
                let mut object = Self::default();
                while let Some(key) = map.next_key::<Key>()? {
                    match key {
                        $( Key::$member => {
                            if object.$member.replace(FromMember::from_member(&mut map)?).is_some() {
                                object.repeated = Some($wire);
                            }
                        } )*
                        Key::other => {
                            map.next_value::<IgnoredAny>()?;
                            object.has_others = true;
                        }
                    }
                }
                Ok(object)
            }
        }
    };
}

pub(super) use raw_object;

raw_object! {
    /// The parameters, found in the one pass over the message.
    RawParams {
        meta: Part<RawMeta<'a>> = "_meta",
        name: &'a str = "name",
        uri: &'a str = "uri",
        task_id: &'a str = "taskId",
        arguments: &'a str = "arguments",
        input_responses: &'a str = "inputResponses",
        request_state: &'a str = "requestState",
        cursor: &'a str = "cursor",
    }
}

raw_object! {
    /// What stands in `_meta`.
    RawMeta {
        version: &'a str = "io.modelcontextprotocol/protocolVersion",
        capabilities: &'a str = "io.modelcontextprotocol/clientCapabilities",
        client_info: &'a str = "io.modelcontextprotocol/clientInfo",
        log_level: &'a str = "io.modelcontextprotocol/logLevel",
        progress_token: &'a str = "progressToken",
    }
}

impl Params {
    /// Judges the parameters of a message. What is wrong with them is kept and told by whoever needs them.
    pub(super) fn read(raw: Part<RawParams<'_>>, message: &str) -> Self {
        let mut params = Self::default();
        if let Err(error) = params.fill(raw, message) {
            params.fault = Some(Box::new(error));
        }
        params
    }

    /// Returns an error if the parameters cannot be used at all.
    pub(crate) fn check(&self) -> Result<(), ErrorObject> {
        self.fault.as_deref().map_or(Ok(()), |fault| Err(fault.clone()))
    }

    /// Returns what a method is about, where it is about something by name.
    pub(crate) fn subject(&self, method: &str) -> Result<Option<&str>, ErrorObject> {
        let (member, value) = match method {
            "tools/call" | "prompts/get" => ("name", &self.name),
            "resources/read" => ("uri", &self.uri),
            "tasks/get" | "tasks/update" | "tasks/cancel" => ("taskId", &self.task_id),
            _ => return Ok(None),
        };
        match value {
            Some(value) => Ok(Some(value)),
            None => Err(invalid(format!("expected a string as `{member}`, found none"))),
        }
    }

    fn fill(&mut self, raw: Part<RawParams<'_>>, message: &str) -> Result<(), ErrorObject> {
        let Some(raw) = raw.object("params")? else { return Ok(()) };
        if let Some(meta) = raw.meta.unwrap_or_default().object("_meta")? {
            self.fill_meta(&meta)?;
        }
        if let Some(member) = raw.repeated {
            return Err(repeated(member));
        }
        let span =
            |part: Option<&str>| part.filter(|part| *part != "null").map(|part| Span::of(part, message));
        self.arguments = span(raw.arguments);
        if raw.arguments.is_some_and(|raw| self.arguments.is_some() && !raw.starts_with('{')) {
            return Err(invalid("expected an object as `arguments`, found something else".to_owned()));
        }
        self.input_responses = span(raw.input_responses);
        self.request_state = span(raw.request_state);
        self.cursor = span(raw.cursor);
        self.name = text(raw.name, "name")?;
        self.uri = text(raw.uri, "uri")?;
        self.task_id = text(raw.task_id, "taskId")?;
        Ok(())
    }

    fn fill_meta(&mut self, raw: &RawMeta<'_>) -> Result<(), ErrorObject> {
        self.names_version = raw.version.is_some();
        self.has_other_meta = raw.has_others;
        if let Some(member) = raw.repeated {
            return Err(repeated(member));
        }
        self.progress_token = optional(raw.progress_token, meta::PROGRESS_TOKEN)?;
        if self.names_version {
            self.meta = Some(self.request_meta(raw).map_err(Box::new));
        }
        Ok(())
    }

    fn request_meta(&self, raw: &RawMeta<'_>) -> Result<Arc<RequestMeta>, ErrorObject> {
        let members = [raw.version, raw.capabilities, raw.client_info, raw.log_level];
        let mut meta = last_meta::read(members, || request_meta(raw))?;
        if let Some(token) = &self.progress_token {
            // It is this request's own.
            Arc::make_mut(&mut meta).progress_token = Some(token.clone());
        }
        Ok(meta)
    }
}

/// Reads what a request says of the client. Whatever is looked at here is among the members that are compared.
fn request_meta(raw: &RawMeta<'_>) -> Result<RequestMeta, ErrorObject> {
    let version: Box<str> = required(raw.version, meta::PROTOCOL_VERSION)?;
    let client_capabilities: ClientCapabilities = required(raw.capabilities, meta::CLIENT_CAPABILITIES)?;
    let client_info: Option<Implementation> = optional(raw.client_info, meta::CLIENT_INFO)?;
    let log_level: Option<LoggingLevel> = optional(raw.log_level, meta::LOG_LEVEL)?;
    if let Some(level) = log_level.as_ref().filter(|level| !level.is_known()) {
        return Err(invalid(format!("expected a log level in {:?}, found {level:?}", meta::LOG_LEVEL)));
    }
    Ok(RequestMeta { version, client_capabilities, client_info, log_level, progress_token: None })
}

fn repeated(member: &str) -> ErrorObject {
    invalid(format!("expected the member {member:?} once, found it twice"))
}

/// Reads a member that is a text.
fn text(raw: Option<&str>, member: &str) -> Result<Option<Box<str>>, ErrorObject> {
    match raw.and_then(plain) {
        Some(text) => Ok(Some(text.into())),
        None => optional(raw, member),
    }
}

fn required<T: DeserializeOwned>(raw: Option<&str>, member: &str) -> Result<T, ErrorObject> {
    optional(raw, member)?.ok_or_else(|| invalid(format!("expected {member:?} in `_meta`, found none")))
}

/// Reads a member; `null` is as good as absent.
fn optional<T: DeserializeOwned>(raw: Option<&str>, member: &str) -> Result<Option<T>, ErrorObject> {
    let Some(raw) = raw else { return Ok(None) };
    serde_json::from_str(raw).map_err(|error| invalid(format!("{member:?} does not fit: {error}")))
}
