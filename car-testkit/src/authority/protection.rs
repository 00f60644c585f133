//! A check of tokens in front of an MCP server: the handle that a test holds, and what it may choose.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::canned::Canned;
use super::rules::Dpop;
use super::server::Authority;
use super::state::State;

/// The settings of a check. The default demands a token for this very server, and says all that a client needs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProtectionConfig {
    /// Where the resource metadata (RFC 9728) stands.
    pub metadata_at: MetadataAt,
    /// An RFC 7396 merge patch over the resource metadata: `resource`, `authorization_servers` or any other member.
    pub metadata_patch: Value,
    /// Answers this instead of the resource metadata.
    pub metadata_canned: Option<Canned>,
    /// `scopes_supported` of the resource metadata; left out when empty.
    pub scopes: Vec<String>,
    /// The status of a request without a good token.
    pub status: u16,
    /// Whether that answer carries a challenge of ours at all.
    pub challenges: bool,
    /// Whether the challenge names the resource metadata.
    pub names_metadata: bool,
    /// `scope` of the challenge.
    pub challenge_scope: Option<String>,
    /// Other `WWW-Authenticate` values, each in a header of its own before ours.
    pub other_challenges: Vec<String>,
    /// The scopes that every request needs, space-separated.
    pub scope: String,
    /// The scopes that a JSON-RPC method needs besides.
    pub method_scopes: BTreeMap<String, String>,
    /// The scopes that a call of a tool needs besides.
    pub tool_scopes: BTreeMap<String, String>,
    /// JSON-RPC methods that need no token.
    pub open_methods: Vec<String>,
    /// Whether every token is refused, however good.
    pub refuses_all: bool,
    /// Whether the token must have been asked for with our `resource`. Not looked at without resource metadata.
    pub checks_resource: bool,
    /// Whether proofs of possession are looked at, and demanded.
    pub dpop: Dpop,
    /// Whether the authorization server's endpoints stand at the MCP server's own origin, as in 2025-03-26.
    pub hosts_authority: bool,
}

impl Default for ProtectionConfig {
    fn default() -> Self {
        Self {
            metadata_at: MetadataAt::PathInserted,
            metadata_patch: json!({}),
            metadata_canned: None,
            scopes: vec!["mcp:read".to_owned(), "mcp:write".to_owned()],
            status: 401,
            challenges: true,
            names_metadata: true,
            challenge_scope: None,
            other_challenges: Vec::new(),
            scope: String::new(),
            method_scopes: BTreeMap::new(),
            tool_scopes: BTreeMap::new(),
            open_methods: Vec::new(),
            refuses_all: false,
            checks_resource: true,
            dpop: Dpop::Supported,
            hosts_authority: false,
        }
    }
}

impl ProtectionConfig {
    /// A server of 2025-03-26: no resource metadata, and the authorization endpoints at its own origin.
    pub fn without_metadata() -> Self {
        Self {
            metadata_at: MetadataAt::Nowhere,
            names_metadata: false,
            hosts_authority: true,
            ..Self::default()
        }
    }
}

/// Where the resource metadata stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataAt {
    /// `/.well-known/oauth-protected-resource`, then the path of the endpoint.
    PathInserted,
    /// `/.well-known/oauth-protected-resource` alone.
    Root,
    /// This path, which only the challenge tells.
    Custom(String),
    /// Nowhere.
    Nowhere,
}

/// A check of tokens. Clones are one and the same check.
#[derive(Clone, Debug)]
pub struct Protection {
    config: Arc<Mutex<ProtectionConfig>>,
    authority: Arc<Mutex<Arc<State>>>,
}

impl Protection {
    pub(super) fn new(config: ProtectionConfig, authority: Arc<State>) -> Self {
        Self { config: Arc::new(Mutex::new(config)), authority: Arc::new(Mutex::new(authority)) }
    }

    /// Changes the settings; requests that arrive from now on meet the new ones.
    pub fn set(&self, change: impl FnOnce(&mut ProtectionConfig)) {
        change(&mut self.config.lock().expect("no panic under the lock"));
    }

    /// Moves to another authorization server: its name stands in the metadata, and only its tokens are good.
    pub fn move_to(&self, authority: &Authority) {
        *self.authority.lock().expect("no panic under the lock") = authority.state();
    }

    pub(super) fn config(&self) -> ProtectionConfig {
        self.config.lock().expect("no panic under the lock").clone()
    }

    pub(super) fn authority(&self) -> Arc<State> {
        Arc::clone(&self.authority.lock().expect("no panic under the lock"))
    }
}
