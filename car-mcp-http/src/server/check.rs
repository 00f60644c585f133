//! The checks that a modern request passes before it is answered, in the order that the specification's tests expect.
//!
//! ```text
//!  MCP-Protocol-Version there ─▶ `_meta` complete ─▶ both the same ─▶ spoken here ─▶ Mcp-Method, Mcp-Name the same as
//!  in the body ─▶ method exists ─▶ Mcp-Param-* the same as the arguments
//! ```
//!
//! Headers repeat the body so that whoever stands between can go by them; they are compared so that nobody can be shown
//! one request and have another one run.
//!
//! Source: specification 2026-07-28, "Streamable HTTP", sections "Protocol version header" and "Server validation".

use car_mcp::proto::header::{self, METHOD, NAME, PROTOCOL_VERSION};
use car_mcp::proto::rpc::HEADER_MISMATCH;
use car_mcp::proto::{ErrorObject, ProtocolVersion};
use car_mcp::server::{Caller, Request, Server};
use http::{HeaderMap, HeaderName};

use super::refusal::error;

// Names that are read once: reading one costs more than looking it up.
const VERSION_HEADER: HeaderName = HeaderName::from_static(PROTOCOL_VERSION);
const METHOD_HEADER: HeaderName = HeaderName::from_static(METHOD);
const NAME_HEADER: HeaderName = HeaderName::from_static(NAME);

/// The only method whose parameters are repeated.
const CALL_TOOL: &str = "tools/call";

/// Checks a modern request, and returns the name that it is about.
///
/// # Errors
/// Says which check it did not pass.
pub(super) fn check<'r>(
    server: &Server,
    headers: &HeaderMap,
    request: &'r Request,
    caller: &Caller,
) -> Result<Option<&'r str>, ErrorObject> {
    let version = required(headers, &VERSION_HEADER)?;
    let meta = request.meta()?;
    if version != &*meta.version {
        return Err(mismatch(PROTOCOL_VERSION, "repeat the version in `_meta`"));
    }
    server.check_version(version)?;
    if required(headers, &METHOD_HEADER)? != request.method() {
        return Err(mismatch(METHOD, "repeat `method`"));
    }
    let name = check_name(headers, request)?;
    server.check_method(request.method())?;
    if request.method() == CALL_TOOL {
        check_params(server, headers, request, (name.unwrap_or_default(), caller))?;
    }
    Ok(name)
}

/// Checks the head of a modern notification, and returns its revision. There is nothing in it that could be repeated.
pub(super) fn check_notification(
    server: &Server,
    headers: &HeaderMap,
) -> Result<ProtocolVersion, ErrorObject> {
    server.check_version(required(headers, &VERSION_HEADER)?)
}

fn check_name<'r>(headers: &HeaderMap, request: &'r Request) -> Result<Option<&'r str>, ErrorObject> {
    let found = single(headers, &NAME_HEADER)?;
    // Whether the header is there comes before whether the body is right, as in the specification's tests.
    let expected = match request.header_name() {
        Err(_) if found.is_none() => return Err(missing(NAME)),
        expected => expected?,
    };
    let (Some(expected), Some(found)) = (expected, found) else {
        return match (expected, found) {
            (Some(_), None) => Err(missing(NAME)),
            // A name beside a method that has none repeats nothing, and routes nothing either.
            _ => Ok(None),
        };
    };
    let found = header::decode(found).map_err(|_| mismatch(NAME, "be readable"))?;
    match found == expected {
        true => Ok(Some(expected)),
        false => Err(mismatch(NAME, "repeat the name in the parameters")),
    }
}

fn check_params(
    server: &Server,
    headers: &HeaderMap,
    request: &Request,
    (tool, caller): (&str, &Caller),
) -> Result<(), ErrorObject> {
    let Some(params) = server.param_headers(tool, caller).filter(|params| !params.is_empty()) else {
        return Ok(());
    };
    for name in params.names() {
        // One that is no name of a header is in no request.
        if let Ok(name) = name.parse() {
            single(headers, &name)?;
        }
    }
    let arguments = request.arguments();
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    params
        .verify(arguments.as_ref().map(car_mcp::server::JsonSlice::as_str), value)
        .map_err(|cause| error(HEADER_MISMATCH, cause.to_string()))
}

/// Returns the value of a header that must be there.
fn required<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h str, ErrorObject> {
    single(headers, name)?.ok_or_else(|| missing(name.as_str()))
}

/// Returns the value of a header, without white space around it.
///
/// # Errors
/// Says that it is there twice, which two readers could take in two ways, or is no visible ASCII.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ErrorObject> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(mismatch(name.as_str(), "stand there once"));
    }
    let text = value.to_str().map_err(|_| mismatch(name.as_str(), "be visible ASCII"))?;
    Ok(Some(text.trim_matches([' ', '\t'])))
}

fn missing(name: &str) -> ErrorObject {
    error(HEADER_MISMATCH, format!("expected the header {name}, found none"))
}

fn mismatch(name: &str, rule: &str) -> ErrorObject {
    error(HEADER_MISMATCH, format!("expected the header {name} to {rule}"))
}
