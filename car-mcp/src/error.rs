//! What can go wrong between a client and a server, sorted by whose fault it is.

use std::time::Duration;

use car_mcp_proto::ErrorObject;
use car_mcp_proto::mrtr::RoundError;
use car_mcp_proto::negotiate::NegotiationError;
use car_mcp_proto::page::PageError;
use car_mcp_proto::param_header::ParamHeaderError;

use crate::handler::Refusal;
use crate::transport::TransportError;

/// Says why a session could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // The server's doing.
    /// The server answered with an error.
    #[error("the server answered {method} with an error: {error}")]
    Refused {
        /// The request.
        method: String,
        /// What the server said.
        error: ErrorObject,
    },
    /// The server's answer is not what the protocol says.
    #[error("the server's answer to {method} is malformed: {reason}")]
    Malformed {
        /// The request.
        method: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The two peers cannot agree on a revision.
    #[error("no revision of the protocol could be agreed on")]
    Negotiation(#[source] NegotiationError),
    /// A list cannot be read to its end.
    #[error("the server's list cannot be read to its end")]
    Pages(#[source] PageError),
    /// A multi-round-trip request does not come to an end.
    #[error("the server's questions cannot be answered")]
    Rounds(#[source] RoundError),
    /// The server asked for input that this client does not give.
    #[error("the server asked for input that this client does not give: {refusal}")]
    InputRefused {
        /// What was asked, and why there is no answer.
        refusal: Refusal,
    },

    // The caller's doing.
    /// An argument cannot be repeated in the header that the tool wants.
    #[error("an argument does not fit the header that the tool wants")]
    Argument(#[source] ParamHeaderError),
    /// Something that was to be sent is not JSON.
    #[error("the parameters of {method} cannot be written as JSON: {reason}")]
    Parameters {
        /// The request.
        method: String,
        /// What is wrong with them.
        reason: String,
    },
    /// The server does not offer what is asked for.
    #[error("the server does not offer {what}")]
    Unsupported {
        /// What is asked for.
        what: &'static str,
    },

    // Neither's.
    /// The wire failed.
    #[error("the connection to the server failed")]
    Transport(#[source] TransportError),
    /// The answer did not come in time.
    #[error("{method} was not answered within {after:?}{}", if *.ceiling { " in all" } else { " without progress" })]
    TimedOut {
        /// The request.
        method: String,
        /// The limit that was reached.
        after: Duration,
        /// Whether it is the limit of the whole call, which progress does not extend.
        ceiling: bool,
    },
}

impl Error {
    /// Returns whether the server wants a sign-in.
    pub const fn is_auth_required(&self) -> bool {
        matches!(
            self,
            Self::Transport(
                TransportError::Unauthorized { .. } | TransportError::Credentials { sign_in: true, .. }
            )
        )
    }

    /// Returns whether the same request may succeed if it is made again later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_transient(),
            Self::TimedOut { .. } => true,
            _ => false,
        }
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}
