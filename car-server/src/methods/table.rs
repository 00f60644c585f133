//! The table of methods.

use std::pin::Pin;

use car_connectors::store::Scope;
use car_connectors::{ConnectorStatus, ToolListing, ToolOutcome};
use serde_json::value::RawValue;

use super::{
    About, Nothing, Params as _, SharedDesk, approving, calls, changing, daemon, discovery, events, listing,
    policy, sign_in, tokens, written,
};
use crate::rpc::{Request, RpcError};
use crate::visitor::Visitor;

/// A request that is being carried out. It ends with the connection that holds it.
type Running = Pin<Box<dyn Future<Output = Result<Box<RawValue>, RpcError>> + Send>>;

/// A method.
pub(crate) struct Method {
    /// Its name on the wire.
    pub(crate) name: &'static str,
    /// What it does, for people.
    #[cfg_attr(not(feature = "schema"), expect(dead_code, reason = "only the reference shows it"))]
    pub(crate) description: &'static str,
    /// What a visitor must be allowed at least.
    pub(crate) scope: Scope,
    /// Whether it concerns more than single connectors, so that only those may use it to whom all of them are there.
    pub(crate) is_for_all: bool,
    pub(super) run: fn(SharedDesk, Visitor, Request) -> Running,
    /// What it takes.
    #[cfg(feature = "schema")]
    pub(crate) params: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
    /// What it gives.
    #[cfg(feature = "schema")]
    pub(crate) result: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

/// Lists methods: what each does; who may use it, and in brackets whether all connectors must be there for them; its name
/// on the wire; the function that carries it out; what it takes and gives.
macro_rules! methods {
    ($($(#[doc = $description:literal])+ $scope:ident $(($for_all:ident))? $name:literal
        $function:path: $params:ty => $result:ty;)*) => {
        pub(crate) const METHODS: &[Method] = &[$(Method {
            name: $name,
            description: concat!($($description,)+),
            scope: Scope::$scope,
            is_for_all: is_for_all!($($for_all)?),
            run: |desk, visitor, request| Box::pin(async move {
                let params: $params = request.params()?;
                if let Some(slug) = params.slug().filter(|slug| !visitor.sees(slug)) {
                    return Err(desk.missing(&visitor, slug).await);
                }
                let result: $result = $function(&desk, &visitor, params).await?;
                written(&result)
            }),
            #[cfg(feature = "schema")]
            params: <$params as schemars::JsonSchema>::json_schema,
            #[cfg(feature = "schema")]
            result: <$result as schemars::JsonSchema>::json_schema,
        },)*];
    };
}

macro_rules! is_for_all {
    () => {
        false
    };
    (all) => {
        true
    };
}

methods! {
    /// Lists all connectors. No server is contacted.
    Read "connectors.list" listing::list: Nothing => listing::Connectors;
    /// Tells how one connector stands. No server is contacted.
    Read "connectors.status" listing::status: About => ConnectorStatus;
    /// Lists the tools of a connector, and those that cannot be used, with the reason. It is dialed where there is no session.
    Read "connectors.tools" listing::tools: About => ToolListing;
    /// Lists the enabled tools that are out of service because their definitions changed, with what differs.
    Read "connectors.changed_tools" listing::changed_tools: About => listing::ChangedTools;
    /// Returns what a local server wrote to its standard error, as far as it is kept.
    Manage "connectors.server_log" listing::server_log: About => listing::ServerLog;

    /// Adds a remote connector and contacts it. Header values go to the keychain.
    Manage (all) "connectors.add" changing::add: changing::Add => ConnectorStatus;
    /// Adds a local connector, which is started by a command. Values of variables go to the keychain.
    Manage (all) "connectors.add_stdio" changing::add_stdio: changing::AddStdio => ConnectorStatus;
    /// Enables tools, as they are defined now.
    Manage "connectors.enable_tools" changing::enable_tools: changing::Tools => changing::Changed;
    /// Disables tools.
    Manage "connectors.disable_tools" changing::disable_tools: changing::Tools => changing::Changed;
    /// Agrees to the changed definition of a tool, which is in service again then.
    Manage "connectors.approve_tool" changing::approve_tool: changing::ApproveTool => changing::Changed;
    /// Sets whether prompts and resources of a connector are passed on to MCP clients.
    Manage "connectors.share" changing::share: changing::Share => ConnectorStatus;
    /// Contacts a connector now and reads its lists again.
    Manage "connectors.refresh" changing::refresh: About => ConnectorStatus;
    /// Removes a connector, with its secrets and what was agreed to for it.
    Manage "connectors.remove" changing::remove: About => changing::Removed;

    /// Begins a sign-in. The connector is added where there is none of that name.
    Manage "connectors.authenticate" sign_in::authenticate: sign_in::Authenticate => sign_in::Begun;
    /// Ends a sign-in with what came to the front end's own address.
    Manage "connectors.complete_authentication" sign_in::complete_authentication: sign_in::Came => ConnectorStatus;
    /// Signs out: gives the tokens back, and forgets them in any case.
    Manage "connectors.sign_out" sign_in::sign_out: About => sign_in::Out;

    /// Calls an enabled tool, through policy and event log.
    Call "connectors.call_tool" calls::call_tool: calls::Call => ToolOutcome;

    /// Lists the calls that wait for a person, the oldest first.
    Manage (all) "connectors.approvals.list" approving::list: Nothing => approving::Waiting;
    /// Answers for a call that waits.
    Manage (all) "connectors.approvals.answer" approving::answer: approving::Said => approving::Settled;
    /// Lists what need not be asked about any more: for good, and until the daemon stops.
    Manage (all) "connectors.approvals.grants" approving::grants: Nothing => approving::Grants;
    /// Takes back what was agreed to, so that it is asked about again.
    Manage (all) "connectors.approvals.revoke" approving::revoke: approving::Which => approving::Revoked;

    /// Returns records of the event log: the last ones, those after a place, or those before a number.
    Read "connectors.events.tail" events::tail: events::Tail => events::Records;
    /// Checks the whole event log: that no record was changed, taken out or put in.
    Manage (all) "connectors.events.verify" events::verify: Nothing => events::Verified;

    /// Lists the rules of the policy, in the order in which they are looked at.
    Read (all) "connectors.policy.list" policy::list: Nothing => policy::Rules;
    /// Tells what the policy says to a call, and every rule that matters.
    Read "connectors.policy.explain" policy::explain: policy::Explain => policy::Explained;
    /// Adds a rule to the policy's file. One that is there already is not added again.
    Manage (all) "connectors.policy.add" policy::add: policy::Add => policy::Rules;
    /// Removes every rule of a kind about exactly this subject from the policy's file.
    Manage (all) "connectors.policy.remove" policy::remove: policy::Remove => policy::Rules;

    /// Finds services for a need, in the sources and among what is connected.
    Read "connectors.find" discovery::find: discovery::Find => car_connectors::discovery::Found;
    /// Shows what would be added for a service.
    Read (all) "connectors.look_up" discovery::look_up: discovery::LookUp => discovery::Shown;
    /// Adds a service as it was shown.
    Manage (all) "connectors.add_found" discovery::add_found: discovery::AddFound => ConnectorStatus;
    /// Lists the sources of services.
    Read "connectors.sources.list" discovery::sources_list: Nothing => discovery::Sources;
    /// Adds a source of services.
    Manage (all) "connectors.sources.add" discovery::sources_add: discovery::SourcesAdd
        => car_connectors::discovery::SourceStatus;
    /// Removes a source of services.
    Manage (all) "connectors.sources.remove" discovery::sources_remove: discovery::Named => changing::Removed;
    /// Sets the token with which a source is asked, or takes it away.
    Manage (all) "connectors.sources.set_token" discovery::sources_set_token: discovery::SetToken => discovery::Sources;
    /// Reads sources anew.
    Manage (all) "connectors.sources.sync" discovery::sources_sync: discovery::Sync => discovery::Sources;

    /// Lists the tokens of MCP clients and other programs. Not the tokens themselves: only their hashes are kept.
    Manage (all) "connectors.tokens.list" tokens::list: Nothing => tokens::Tokens;
    /// Makes a token. Its secret is in the answer, and can never be shown again.
    Manage (all) "connectors.tokens.add" tokens::add: tokens::Add => tokens::Made;
    /// Takes a token back. Whoever uses it is refused from now on.
    Manage (all) "connectors.tokens.revoke" tokens::revoke: tokens::Which => tokens::Revoked;

    /// Tells of the daemon, and as whom it knows the front end.
    Read "connectors.daemon" daemon::daemon: Nothing => daemon::About;
    /// Looks at the state folder now. Changes of other processes are seen without this as well, as a rule.
    Manage (all) "connectors.reload" daemon::reload: Nothing => daemon::Reloaded;
}
