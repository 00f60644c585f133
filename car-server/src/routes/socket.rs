//! `/ws`: front ends.

use std::sync::Arc;

use axum::extract::{FromRequestParts as _, Request, State, WebSocketUpgrade};
use axum::response::{IntoResponse as _, Response};

use super::{Shared, refuse};
use crate::access::SUBPROTOCOL;
use crate::connection;

/// The largest message of a front end, in bytes: the arguments of a call with a picture in them.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Takes a front end in.
pub(super) async fn socket(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (mut head, _) = request.into_parts();
    let visitor = match shared.access.check_socket(&head) {
        Ok(visitor) => visitor,
        Err(refusal) => return refuse(&refusal, &head),
    };
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut head, &shared).await {
        Ok(upgrade) => upgrade.protocols([SUBPROTOCOL]),
        Err(rejection) => return rejection.into_response(),
    };
    let upgrade = upgrade.max_message_size(MAX_MESSAGE_BYTES).max_frame_size(MAX_MESSAGE_BYTES);
    let stopping = shared.stopping.subscribe();
    upgrade.on_upgrade(async move |socket| {
        let _counted = shared.metrics.front_end();
        tracing::debug!(who = &*visitor.name, "a front end connected");
        let revoked = shared.access.ended(&visitor);
        connection::serve(socket, shared.desk.clone(), visitor.clone(), revoked, stopping).await;
    })
}
