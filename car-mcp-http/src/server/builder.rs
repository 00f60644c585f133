//! Describes a service before it serves.

use std::fmt;

use car_mcp::server::Server;

use super::guard::Guard;
use super::options::{Answers, LegacyMode, ServiceLimits, SessionOptions};
use super::protect::ProtectedResource;
use super::service::McpService;

/// Where a service is found, unless it is told otherwise.
const PATH: &str = "/mcp";

/// Describes a service.
pub struct McpServiceBuilder {
    pub(super) server: Server,
    /// Nothing: every path.
    pub(super) path: Option<String>,
    pub(super) health: Health,
    pub(super) guard: Guard,
    pub(super) legacy: LegacyMode,
    pub(super) sessions: SessionOptions,
    pub(super) limits: ServiceLimits,
    pub(super) answers: Answers,
    pub(super) protect: Option<ProtectedResource>,
    pub(super) hands_on_head: bool,
}

/// Where the service tells how it is.
pub(super) enum Health {
    BelowPath,
    At(Option<String>),
}

impl McpServiceBuilder {
    pub(super) fn new(server: Server) -> Self {
        Self {
            server,
            path: Some(PATH.to_owned()),
            health: Health::BelowPath,
            guard: Guard::default(),
            legacy: LegacyMode::default(),
            sessions: SessionOptions::default(),
            limits: ServiceLimits::default(),
            answers: Answers::default(),
            protect: None,
            hands_on_head: false,
        }
    }

    /// Sets the path of the endpoint. `/mcp`, without it.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Answers at every path, for a service that is mounted in a router: that one has looked at the path.
    #[must_use]
    pub fn any_path(mut self) -> Self {
        self.path = None;
        self
    }

    /// Sets the path at which `GET` tells that the server is there, its name and version and how many sessions it has;
    /// nothing turns it off. `health` below the path of the endpoint, without it, and off with
    /// [`any_path`](Self::any_path).
    #[must_use]
    pub fn health_path(mut self, path: Option<&str>) -> Self {
        self.health = Health::At(path.map(str::to_owned));
        self
    }

    /// Accepts requests for these hosts, beside loopback: `name` with any port, or `name:port`.
    ///
    /// A server that others than its own machine reach needs this: it answers to the names that it was told and to no
    /// other, so that no web page can reach it under a name of the page's own (DNS rebinding).
    #[must_use]
    pub fn allow_hosts<S: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = S>) -> Self {
        for host in hosts {
            if !self.guard.allow_host(host.as_ref()) {
                tracing::warn!(
                    host = host.as_ref(),
                    "expected a host as name or name:port; it is not allowed"
                );
            }
        }
        self
    }

    /// Accepts requests of these web pages, beside those of loopback: `scheme://name` or `scheme://name:port`.
    ///
    /// That is about what is let in. What a page may read is for its browser to say, by CORS: whoever serves pages of
    /// another origin puts a layer for that in front.
    #[must_use]
    pub fn allow_origins<S: AsRef<str>>(mut self, origins: impl IntoIterator<Item = S>) -> Self {
        for origin in origins {
            if !self.guard.allow_origin(origin.as_ref()) {
                let origin = origin.as_ref();
                tracing::warn!(
                    origin,
                    "expected an origin as scheme://name or scheme://name:port; it is not allowed"
                );
            }
        }
        self
    }

    /// Accepts requests for every host, because something in front of this server has looked at it.
    #[must_use]
    pub fn any_host_because_a_proxy_checks_it(mut self) -> Self {
        self.guard.allow_any_host();
        self
    }

    /// Accepts requests of every web page, because something in front of this server has looked at where they come
    /// from.
    #[must_use]
    pub fn any_origin_because_a_proxy_checks_it(mut self) -> Self {
        self.guard.allow_any_origin();
        self
    }

    /// Sets how legacy clients are served. With sessions, without it.
    #[must_use]
    pub const fn legacy(mut self, mode: LegacyMode) -> Self {
        self.legacy = mode;
        self
    }

    /// Sets the limits of legacy sessions.
    #[must_use]
    pub fn sessions(mut self, options: SessionOptions) -> Self {
        self.sessions = options;
        self
    }

    /// Sets the limits of the service.
    #[must_use]
    pub fn limits(mut self, limits: ServiceLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how modern requests are answered. By need, without it.
    #[must_use]
    pub const fn answers(mut self, answers: Answers) -> Self {
        self.answers = answers;
        self
    }

    /// Lets in only who proves who they are.
    #[must_use]
    pub fn protect(mut self, resource: ProtectedResource) -> Self {
        self.protect = Some(resource);
        self
    }

    /// Hands the head of each request on to handlers, as [`RequestHead`](super::RequestHead).
    #[must_use]
    pub const fn hand_on_head(mut self) -> Self {
        self.hands_on_head = true;
        self
    }

    /// Builds the service.
    pub fn build(self) -> McpService {
        McpService::from_builder(self)
    }
}

impl fmt::Debug for McpServiceBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("McpServiceBuilder")
            .field("path", &self.path)
            .field("guard", &self.guard)
            .field("legacy", &self.legacy)
            .field("limits", &self.limits)
            .field("protect", &self.protect)
            .finish_non_exhaustive()
    }
}
