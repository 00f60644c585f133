//! `server/discover`: what a modern server speaks and offers.

use serde_json::Number;

use crate::cache::CacheScope;
use crate::capability::ServerCapabilities;
use crate::json::Members;
use crate::result::ResultType;

open_object! {
    /// Result of `server/discover`.
    pub struct DiscoverResult {
        /// The revisions that the server speaks, newest not necessarily first.
        lst supported_versions: Vec<String> = "supportedVersions",
        /// What it offers.
        req capabilities: ServerCapabilities = "capabilities",
        /// How to use it, for the model.
        opt instructions: String = "instructions",
        /// How long this stays fresh, in milliseconds.
        opt ttl_ms: Number = "ttlMs",
        /// Who may share it.
        opt cache_scope: CacheScope = "cacheScope",
        /// The kind of result; absent means complete.
        opt result_type: ResultType = "resultType",
        /// Metadata; names the server.
        opt meta: Members = "_meta",
    }
}
