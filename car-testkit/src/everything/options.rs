//! What can be chosen about the everything-server.

use std::path::PathBuf;

use car_mcp::proto::ProtocolVersion;
use car_mcp_http::server::options::LegacyMode;

use crate::double::Era;

/// The server's settings. Start from [`Options::default`] and change fields.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Which eras are spoken.
    pub era: Era,
    /// How legacy clients are served.
    pub legacy: LegacyMode,
    /// Whether ordinary requests are answered with event streams too.
    pub always_stream: bool,
    /// How many entries one page of a list holds; `None` puts all on one page.
    pub page_size: Option<usize>,
    /// Serves https with this certificate and key (PEM files).
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Demands tokens of an authorization server, which is started too.
    pub oauth: bool,
}

impl Options {
    /// Returns the revisions of the chosen eras.
    pub(super) fn versions(&self) -> Vec<ProtocolVersion> {
        let wanted = |version: &ProtocolVersion| match self.era {
            Era::Both => true,
            Era::Modern => version.era() == car_mcp::proto::Era::Modern,
            Era::Legacy => version.era() == car_mcp::proto::Era::Legacy,
        };
        ProtocolVersion::ALL.iter().copied().filter(wanted).collect()
    }
}
