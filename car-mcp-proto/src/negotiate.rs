//! Agreeing on a revision with a server of either era.
//!
//! ```text
//!             ┌──────────── -32022 with a revision we share, once ───────────┐
//!             ▼                                                              │
//! Negotiation::start ─▶ Probing ──DiscoverResult, -32022──▶ Modern(version)  │
//!       │                  │ ─────────────────────────────────────────────────┘
//!       │                  │ another result, error or page that no modern server sends
//!       │                  ▼
//!       └─legacy──▶ Initializing ──InitializeResult──▶ Legacy(version)
//! ```
//!
//! Each step consumes the state and returns the next one, so that a probe cannot be repeated by mistake. What is no
//! evidence of an era (connection errors, timeouts over HTTP, 5xx, 401, 403) never gets here: the caller deals with
//! it and may send the same probe again.
//!
//! Source: specification 2026-07-28, "Versioning", section "Backward compatibility"; "Streamable HTTP" and "stdio",
//! sections of the same name.

use serde::Deserialize;

use crate::discover::DiscoverResult;
use crate::json::RawJson;
use crate::rpc::{ErrorObject, HEADER_MISMATCH, MISSING_CLIENT_CAPABILITY, UNSUPPORTED_PROTOCOL_VERSION};
use crate::version::{Era, ProtocolVersion, era_of};

/// Says which eras a client is willing to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EraPreference {
    /// Modern where the server speaks it, else legacy.
    #[default]
    Auto,
    /// Modern only.
    Modern,
    /// Legacy only, without a probe.
    Legacy,
}

/// What the next message to the server is, or that none is needed.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a caller must deal with each step")]
pub enum Step {
    /// Send `server/discover` in this state's revision.
    Probe(Probing),
    /// Send `initialize`.
    Initialize(Initializing),
    /// The server is modern and speaks this revision.
    Modern(ProtocolVersion),
}

/// What a server answered to a probe.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a caller must sort what came into one of these")]
pub enum ProbeReply<'a> {
    /// A result that names revisions and capabilities.
    Discovered(&'a DiscoverResult),
    /// A result of another shape: some legacy servers answer `{}` to whatever they do not know.
    OtherResult,
    /// A JSON-RPC error, whatever the HTTP status.
    Error(&'a ErrorObject),
    /// A 4xx without a JSON-RPC body; over stdio, silence or the end of the process.
    NotModern,
}

/// Begins a negotiation.
pub fn start(preference: EraPreference) -> Step {
    match preference {
        EraPreference::Legacy => Step::Initialize(Initializing { preference, may_probe: false }),
        EraPreference::Auto | EraPreference::Modern => {
            Step::Probe(Probing { preference, version: ProtocolVersion::MODERN[0], corrected: false })
        }
    }
}

/// Waits for the answer to `server/discover`.
#[derive(Debug)]
pub struct Probing {
    preference: EraPreference,
    version: ProtocolVersion,
    corrected: bool,
}

impl Probing {
    /// Returns the revision in which to probe.
    pub const fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Takes the server's answer.
    ///
    /// # Errors
    /// Says why the two peers cannot agree, or that a modern server found the probe itself wrong.
    pub fn handle_reply(self, reply: ProbeReply<'_>) -> Result<Step, NegotiationError> {
        match reply {
            ProbeReply::Discovered(result) => match modern_of(&result.supported_versions) {
                Some(version) => Ok(Step::Modern(version)),
                None => self.nothing_in_common(&result.supported_versions),
            },
            ProbeReply::Error(error) => self.handle_error(error),
            ProbeReply::OtherResult | ProbeReply::NotModern => self.fall_back(Vec::new()),
        }
    }

    fn handle_error(self, error: &ErrorObject) -> Result<Step, NegotiationError> {
        match error.code {
            UNSUPPORTED_PROTOCOL_VERSION => match supported_of(error) {
                Some(supported) => self.handle_supported(&supported),
                None => self.fall_back(Vec::new()),
            },
            // The specification counts these two as modern: our own request is at fault, and `initialize` would
            // only hide it.
            HEADER_MISMATCH | MISSING_CLIENT_CAPABILITY => {
                Err(NegotiationError::ProbeRefused { error: error.clone() })
            }
            _ => self.fall_back(Vec::new()),
        }
    }

    fn handle_supported(self, supported: &[String]) -> Result<Step, NegotiationError> {
        match modern_of(supported) {
            // The revision may be the very one that was refused; servers that start up do that.
            Some(version) if !self.corrected => {
                Ok(Step::Probe(Self { preference: self.preference, version, corrected: true }))
            }
            Some(_) => Err(NegotiationError::NoCommonVersion { supported: supported.to_vec() }),
            None => self.nothing_in_common(supported),
        }
    }

    /// A server that names modern revisions only is never sent `initialize`.
    fn nothing_in_common(self, supported: &[String]) -> Result<Step, NegotiationError> {
        match supported.iter().any(|version| era_of(version) == Some(Era::Legacy)) {
            true => self.fall_back(supported.to_vec()),
            false => Err(NegotiationError::NoCommonVersion { supported: supported.to_vec() }),
        }
    }

    fn fall_back(self, supported: Vec<String>) -> Result<Step, NegotiationError> {
        match self.preference {
            EraPreference::Modern => Err(NegotiationError::NotModern { supported }),
            _ => {
                Ok(Step::Initialize(Initializing { preference: self.preference, may_probe: !self.corrected }))
            }
        }
    }
}

/// Waits for the answer to `initialize`.
#[derive(Debug)]
pub struct Initializing {
    preference: EraPreference,
    may_probe: bool,
}

impl Initializing {
    /// Returns the revision to ask for: the newest legacy one.
    pub const fn version(&self) -> ProtocolVersion {
        ProtocolVersion::LEGACY[0]
    }

    /// Takes the revision that the server chose.
    ///
    /// # Errors
    /// Says that this client does not speak it; the connection is to be closed.
    pub fn handle_result(self, version: &str) -> Result<ProtocolVersion, NegotiationError> {
        ProtocolVersion::from_wire(version)
            .filter(|version| version.era() == Era::Legacy)
            .ok_or_else(|| NegotiationError::NoCommonVersion { supported: vec![version.to_owned()] })
    }

    /// Takes an error. One that names modern revisions comes from a modern server that answered the probe too early;
    /// it is probed once more.
    ///
    /// # Errors
    /// Gives the server's error back where it means what it says.
    pub fn handle_error(self, error: &ErrorObject) -> Result<Step, NegotiationError> {
        let modern = (error.code == UNSUPPORTED_PROTOCOL_VERSION)
            .then(|| supported_of(error))
            .flatten()
            .and_then(|supported| modern_of(&supported));
        match modern {
            Some(version) if self.may_probe => {
                Ok(Step::Probe(Probing { preference: self.preference, version, corrected: true }))
            }
            _ => Err(NegotiationError::InitializeRefused { error: error.clone() }),
        }
    }
}

/// Returns the revision to speak with a server that lists these.
fn modern_of(supported: &[String]) -> Option<ProtocolVersion> {
    ProtocolVersion::MODERN.into_iter().find(|version| supported.iter().any(|text| text == version.as_str()))
}

/// Reads `data.supported` of an "unsupported protocol version" error; nothing if it is not a list of strings.
pub fn supported_of(error: &ErrorObject) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Data {
        supported: Vec<String>,
    }
    let data = error.data.as_ref().map(RawJson::parse::<Data>)?.ok()?;
    (!data.supported.is_empty()).then_some(data.supported)
}

/// Tells whether an error is one that only a modern server sends.
pub fn is_modern_error(error: &ErrorObject) -> bool {
    match error.code {
        HEADER_MISMATCH | MISSING_CLIENT_CAPABILITY => true,
        UNSUPPORTED_PROTOCOL_VERSION => supported_of(error).is_some(),
        _ => false,
    }
}

/// Says why client and server cannot speak with each other.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NegotiationError {
    /// They share no revision.
    #[error("expected a server that speaks one of {}, found {}", ours(), listed(.supported))]
    NoCommonVersion {
        /// What the server named.
        supported: Vec<String>,
    },
    /// The client wants a modern server only.
    #[error("expected a server that speaks {}, found one of an earlier era", ProtocolVersion::MODERN[0])]
    NotModern {
        /// What the server named, if anything.
        supported: Vec<String>,
    },
    /// A modern server found the probe wrong.
    #[error("the server refused `server/discover`: {error}")]
    ProbeRefused {
        /// What it said.
        error: ErrorObject,
    },
    /// A legacy server did not let the client in.
    #[error("the server refused `initialize`: {error}")]
    InitializeRefused {
        /// What it said.
        error: ErrorObject,
    },
}

fn ours() -> String {
    ProtocolVersion::ALL.map(ProtocolVersion::as_str).join(", ")
}

fn listed(supported: &[String]) -> String {
    match supported {
        [] => "none of them".to_owned(),
        supported => supported.join(", "),
    }
}

#[cfg(test)]
#[path = "negotiate_tests.rs"]
mod tests;
