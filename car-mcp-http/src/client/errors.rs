//! From the errors of `car-http` to those of the transport, in one place.

use std::error::Error as _;

use car_http::{Error, Stage};
use car_mcp::transport::TransportError;

use super::transport::BODY_SETTING;

/// Says what an HTTP failure means for a message.
pub(crate) fn transport_error(error: Error) -> TransportError {
    match error {
        Error::BodyTooLarge { cap, .. } => TransportError::TooLarge { cap, setting: BODY_SETTING },
        Error::Timeout { phase, after, .. } if !error.is_connect() => {
            TransportError::TimedOut { phase: phase.to_string(), after }
        }
        Error::Redirect { to, why, .. } => TransportError::Redirected { to, why: why.to_string() },
        Error::ConnectionClosed { stage, .. } if stage != Stage::BeforeRequest => {
            TransportError::Closed { source: Some(error.into()) }
        }
        Error::InvalidUrl { .. } | Error::InvalidConfiguration { .. } | Error::AddressRefused { .. } => {
            TransportError::Misconfigured { source: error.into() }
        }
        Error::TooManyRedirects { .. } | Error::HeadersTooLarge { .. } | Error::Protocol { .. } => {
            TransportError::Unexpected { expected: "an HTTP answer", found: chain(&error) }
        }
        other => TransportError::Unreachable { source: other.into() },
    }
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
