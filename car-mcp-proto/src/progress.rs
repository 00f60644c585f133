//! Progress of a request and its cancellation.

use serde_json::Number;

use crate::json::Members;
use crate::rpc::RequestId;

/// Names the request whose progress is told; unique over the requests that are active.
pub type ProgressToken = RequestId;

open_object! {
    /// Parameters of `notifications/progress`.
    pub struct ProgressParams {
        /// The request whose progress this is.
        req progress_token: ProgressToken = "progressToken",
        /// How far it has come; grows with every notification.
        req progress: Number = "progress",
        /// How far there is to go, if that is known.
        opt total: Number = "total",
        /// What is being done.
        opt message: String = "message",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Parameters of `notifications/cancelled`.
    pub struct CancelledParams {
        /// The request that is no longer wanted.
        opt request_id: RequestId = "requestId",
        /// Why.
        opt reason: String = "reason",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}
