//! One endpoint: an MCP server behind HTTP, that offers what connectors offer.

use std::fmt;
use std::sync::{Arc, RwLock};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use car_connectors::Offering;
use car_connectors::mcp::proto::capability::Implementation;
use car_connectors::mcp::server::{Caller, Offered, Server};
use car_mcp_http::server::McpService;

use super::forward::Forward;
use super::guest::Guest;
use super::offers::{self, Names, Owners};
use super::parked::LIFETIME;
use crate::visitor::Visitor;

const OF_ALL: &str = "The enabled tools of all connectors, each named mcp_CONNECTOR_TOOL. A tool that is denied says by \
     which rule; whoever runs this daemon can change that.";

/// One endpoint.
pub(super) struct Endpoint {
    server: Server,
    service: McpService,
    names: Names,
    owners: Arc<RwLock<Owners>>,
}

impl Endpoint {
    /// Returns an endpoint that offers nothing yet.
    pub(super) fn new(names: Names) -> Self {
        let owners = Arc::new(RwLock::new(Owners::default()));
        let mut info = Implementation::new("car");
        info.title = Some("CAR Connectors".to_owned());
        env!("CARGO_PKG_VERSION").clone_into(&mut info.version);
        let mut builder = Server::builder(info).logging().lists_may_grow().state_lifetime(LIFETIME);
        if names == Names::Canonical {
            let owners = Arc::clone(&owners);
            builder =
                builder.instructions(OF_ALL).visible(move |caller, offered| sees(&owners, caller, offered));
        }
        let server = builder.build().expect("a server without definitions has none that is wrong");
        let service = McpService::builder(server.clone()).any_path().build();
        Self { server, service, names, owners }
    }

    /// Offers this, in place of what was offered before.
    pub(super) fn show(&self, offering: &Offering, forward: &Forward) {
        let owners = Owners::new(offering, self.names);
        let offer = offers::offer(offering, self.names, &owners, forward);
        // First whose it is: what nobody owns is seen by nobody.
        *self.owners.write().expect("nothing panics while it holds them") = owners;
        for refused in self.server.replace(offer) {
            tracing::warn!(reason = %refused, "something that a connector offers is not passed on");
        }
    }

    /// Answers a request.
    pub(super) async fn handle(&self, request: Request<Body>, visitor: Visitor) -> Response {
        let caller = Guest::new(visitor, request.headers()).into_caller();
        self.service.handle_for(request, caller).await.map(Body::new)
    }

    /// Returns the connector that something is of.
    pub(super) fn owner(&self, offered: Offered<'_>) -> Option<String> {
        let owners = self.owners.read().expect("nothing panics while it holds them");
        owners.of(offered).map(str::to_owned)
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    pub(super) fn service(&self) -> &McpService {
        &self.service
    }
}

/// Tells whether a caller sees what is offered: what belongs to a connector that is there for them.
fn sees(owners: &RwLock<Owners>, caller: &Caller, offered: Offered<'_>) -> bool {
    let Some(guest) = Guest::of(caller) else { return false };
    let owners = owners.read().expect("nothing panics while it holds them");
    owners.of(offered).is_some_and(|connector| guest.visitor.sees(connector))
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Endpoint").field("names", &self.names).finish_non_exhaustive()
    }
}
