//! The methods that only the handshake era has.

use std::sync::Arc;

use car_mcp_proto::legacy::{InitializeParams, InitializeResult, ResourceSubscriptionParams, SetLevelParams};
use car_mcp_proto::rpc::INTERNAL_ERROR;
use car_mcp_proto::{Era, ErrorObject, ProtocolVersion};

use super::conversation::{Agreed, Conversation, refused};
use crate::server::changes::{List, Lists};
use crate::server::dispatch::no_such_method;
use crate::server::encode::not_found;
use crate::server::exchange::Answer;
use crate::server::failure::error;
use crate::server::inbound::{Request, RequestMeta, invalid};
use crate::server::principal::Caller;

impl Conversation {
    /// Agrees on a revision: the client's own if it is spoken here, else the newest.
    pub(super) fn initialize(&self, request: &Request, caller: &Caller) -> Result<Answer, ErrorObject> {
        let server = &self.shared.server;
        let params: InitializeParams = request.parse_params()?;
        let spoken = || server.versions().iter().filter(|version| version.era() == Era::Legacy);
        let wanted = spoken().find(|version| version.as_str() == params.protocol_version);
        let Some(version) = wanted.or_else(|| spoken().next()).copied() else {
            // A server of the modern era alone: the error names what it speaks.
            return Err(server.check_version(&params.protocol_version).err().unwrap_or_else(|| {
                refused("expected a modern request, which says its revision in `_meta`, found `initialize`")
            }));
        };
        let client = RequestMeta {
            version: version.as_str().into(),
            client_capabilities: params.capabilities,
            client_info: Some(params.client_info),
            log_level: None,
            progress_token: None,
        };
        if self.shared.agreed.set(Agreed { version, client: Arc::new(client) }).is_err() {
            return Err(refused("expected `initialize` once, found it again"));
        }
        if let Some(listener) = &self.shared.listener {
            self.shared.server.remember(listener, caller);
        }
        Ok(self.welcome(request, version))
    }

    fn welcome(&self, request: &Request, version: ProtocolVersion) -> Answer {
        let server = &self.shared.server;
        let offered = server.capabilities(Era::Legacy);
        let changing = [
            (List::Tools, &offered.tools),
            (List::Prompts, &offered.prompts),
            (List::Resources, &offered.resources),
        ];
        let lists = changing
            .into_iter()
            .filter(|(_, offered)| offered.as_ref().is_some_and(|list| list.list_changed == Some(true)))
            .fold(Lists::default(), |lists, (list, _)| lists.with(list));
        if let Some(listener) = &self.shared.listener {
            listener.want(lists);
        }
        let settings = &server.inner.settings;
        let mut result = InitializeResult::new(version.as_str(), offered, settings.info.clone());
        result.instructions.clone_from(&settings.instructions);
        self.answer(request.id(), &result)
    }

    /// Checks that a method of both eras is offered here.
    pub(super) fn check_method(&self, method: &str) -> Result<(), ErrorObject> {
        let is_modern =
            matches!(method, "server/discover" | "subscriptions/listen") || method.starts_with("tasks/");
        if is_modern { Err(no_such_method(method)) } else { self.shared.server.check_method(method) }
    }

    pub(super) fn set_level(&self, request: &Request) -> Result<(), ErrorObject> {
        if !self.shared.server.inner.settings.logging {
            return Err(no_such_method(request.method()));
        }
        let level = request.parse_params::<SetLevelParams>()?.level;
        if !level.is_known() {
            return Err(invalid(format!("expected a log level, found {level:?}")));
        }
        self.set_log_level(level);
        Ok(())
    }

    pub(super) fn subscribe(&self, request: &Request, caller: &Caller) -> Result<(), ErrorObject> {
        self.check_subscriptions(request)?;
        let uri = request.parse_params::<ResourceSubscriptionParams>()?.uri;
        if !self.shared.server.has_resource(&uri, caller) {
            return Err(not_found(Era::Legacy, &uri));
        }
        let listener = self.shared.listener.as_ref();
        match listener.is_none_or(|listener| listener.follow_resource(&uri)) {
            true => Ok(()),
            false => Err(error(
                INTERNAL_ERROR,
                "expected fewer subscriptions, found as many as are remembered".to_owned(),
            )),
        }
    }

    pub(super) fn unsubscribe(&self, request: &Request) -> Result<(), ErrorObject> {
        self.check_subscriptions(request)?;
        let uri = request.parse_params::<ResourceSubscriptionParams>()?.uri;
        if let Some(listener) = &self.shared.listener {
            listener.leave_resource(&uri);
        }
        Ok(())
    }

    fn check_subscriptions(&self, request: &Request) -> Result<(), ErrorObject> {
        let resources = self.shared.server.capabilities(Era::Legacy).resources;
        match resources.is_some_and(|resources| resources.subscribe == Some(true)) {
            true => Ok(()),
            false => Err(no_such_method(request.method())),
        }
    }
}
