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
    /// The connectors cannot be read.
    #[error("the connectors cannot be loaded")]
    Connectors {
        /// Why.
        source: Box<car_connectors::Error>,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// Other machines could reach the daemon, and none of them would be let in.
    #[error("expected a name under which other machines reach {address}, found none")]
    Exposed {
        /// The address.
        address: String,
    },
    /// An option says something that cannot be used.
    #[error("the {name} {value:?} cannot be used: expected {expected}")]
    Setting {
        /// Which option.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it could say.
        expected: &'static str,
    },
}

impl Error {
    /// Returns what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::State { source: StoreError::Locked { .. } } => {
                "a daemon runs for this state folder already; stop it, or use another folder".to_owned()
            }
            Self::State { .. } => "check that the state folder is yours and can be written".to_owned(),
            Self::Connectors { source } => source.hint().unwrap_or("`car doctor` looks at the state folder").to_owned(),
            Self::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                "another program has that port; choose another one, or port 0 for any that is free".to_owned()
            }
            Self::Listen { .. } => "choose an address of this machine, such as 127.0.0.1:0".to_owned(),
            Self::Exposed { .. } => {
                "say `--public-url https://NAME` or `--allow-host NAME`, and let a proxy with TLS stand in front: \
                 tokens must not cross a network in the clear"
                    .to_owned()
            }
            Self::Setting { .. } => "mend it and start again".to_owned(),
        }
    }
}
