//! Why a daemon cannot run.

use std::io;

use car_connectors::store::StoreError;

/// Why a daemon cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The state folder has its daemon already, or cannot be used.
    #[error("the state folder cannot be used")]
    State {
        /// Why.
        source: StoreError,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The port broke while it was served.
    #[error("the port cannot be served any longer")]
    Serve {
        /// Why.
        source: io::Error,
    },
}

impl Error {
    /// Returns what to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::State { source: StoreError::Locked { .. } } => {
                "a daemon runs for this state folder already; stop it, or use another folder"
            }
            Self::State { .. } => "check that the state folder is yours and can be written",
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                "another program has that port; choose another one, or port 0 for any that is free"
            }
            Self::Listen { .. } => "choose an address of this machine, such as 127.0.0.1:0",
            Self::Serve { .. } => "start it again",
        }
    }
}
