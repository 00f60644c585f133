//! `subscriptions/listen`: one answer that lasts, and tells the changes that a modern client asked to hear of.
//!
//! ```text
//!  listen ─▶ acknowledged {what of it is told} ─▶ change, change, … ─▶ result, when the server closes
//! ```
//!
//! Source: specification 2026-07-28, "Subscriptions".

use car_mcp_proto::method::{Listen, Method, SubscriptionsAcknowledged};
use car_mcp_proto::subscription::{AcknowledgedParams, ListenParams, SubscriptionFilter};
use car_mcp_proto::{Era, ErrorObject, RawJson, RequestId};

use super::changes::{List, Listener, Lists, MAX_FOLLOWED};
use super::encode::{Kind, Outcome};
use super::exchange::Exchange;
use super::inbound::{Request, RequestMeta, invalid};
use super::notice;
use super::offer::Offered;
use super::outlet::Outlet;
use super::principal::Caller;
use super::registry::Entry;
use super::resource::TemplateEntry;
use super::service::Server;
use super::tasks;

/// The member that names the tasks to hear of (extension `io.modelcontextprotocol/tasks`).
const TASK_IDS: &str = "taskIds";

impl Server {
    /// Begins to tell changes. What is not offered here is left out of what is agreed on.
    pub(crate) fn listen(
        &self,
        request: &Request,
        client: &RequestMeta,
        caller: &Caller,
    ) -> Result<Exchange, ErrorObject> {
        let asked = request.parse_params::<<Listen as Method>::Params>()?;
        let (listener, agreed) = self.agree(&asked, client, caller)?;
        let (outlet, server, id) = (Outlet::new(), self.clone(), request.id().clone());
        let told = outlet.clone();
        let telling = async move {
            server.tell(&listener, agreed, &id, &told).await;
            let meta = notice::subscription(&id);
            let result = car_mcp_proto::method::EmptyResult::new();
            let outcome =
                Outcome { kind: Kind::Complete, result: &result, meta: Some(&meta), is_cacheable: false };
            Some(server.inner.texts.answer(Era::Modern, &id, &outcome))
        };
        Ok(Exchange::new(Box::pin(telling), outlet))
    }

    /// Tells that listening has begun, then the changes, until the server closes.
    async fn tell(&self, listener: &Listener, agreed: SubscriptionFilter, id: &RequestId, outlet: &Outlet) {
        let subscription = notice::subscription(id);
        let mut params = AcknowledgedParams::new(agreed);
        params.meta = Some(subscription.clone());
        outlet.send(notice::notification(SubscriptionsAcknowledged::NAME, Some(params))).await;
        while let Some(change) = listener.change().await {
            outlet.send(notice::of_subscription(&change, &subscription)).await;
        }
    }

    fn agree(
        &self,
        asked: &ListenParams,
        client: &RequestMeta,
        caller: &Caller,
    ) -> Result<(Listener, SubscriptionFilter), ErrorObject> {
        let asked = &asked.notifications;
        let offered = self.capabilities(Era::Modern);
        let mut agreed = SubscriptionFilter::new();
        let mut lists = Lists::default();
        let mut agree = |list, asked, offered: &Option<car_mcp_proto::capability::ListCapability>| {
            let is_told = offered.as_ref().is_some_and(|offered| offered.list_changed == Some(true));
            (asked == Some(true) && is_told).then(|| {
                lists = lists.with(list);
                true
            })
        };
        agreed.tools_list_changed = agree(List::Tools, asked.tools_list_changed, &offered.tools);
        agreed.prompts_list_changed = agree(List::Prompts, asked.prompts_list_changed, &offered.prompts);
        agreed.resources_list_changed =
            agree(List::Resources, asked.resources_list_changed, &offered.resources);

        let listener = self.inner.changes.listen(lists);
        self.remember(&listener, caller);
        let may_subscribe = offered.resources.is_some_and(|offered| offered.subscribe == Some(true));
        if let Some(uris) = asked.resource_subscriptions.as_ref().filter(|_| may_subscribe) {
            check_count(uris.len())?;
            let known =
                uris.iter().filter(|uri| self.has_resource(uri, caller) && listener.follow_resource(uri));
            agreed.resource_subscriptions = Some(known.cloned().collect());
        }
        if let Some(ids) = asked.unknown.member(TASK_IDS) {
            tasks::check_client(client)?;
            let ids: Vec<String> =
                ids.parse().map_err(|cause| invalid(format!("{TASK_IDS:?} does not fit: {cause}")))?;
            check_count(ids.len())?;
            if let Some(known) = self.follow_tasks(&listener, ids, caller) {
                agreed.unknown.set(TASK_IDS, known);
            }
        }
        Ok((listener, agreed))
    }

    /// Notes who listens, where that decides what they are told.
    pub(crate) fn remember(&self, listener: &Listener, caller: &Caller) {
        if self.inner.settings.visible.is_some() {
            listener.set_caller(caller);
        }
    }

    /// Returns whether a caller is shown a resource at a URI, or a template that fits it.
    pub(crate) fn has_resource(&self, uri: &str, caller: &Caller) -> bool {
        let registry = self.registry();
        let is_shown = |template: &TemplateEntry| self.shows(caller, template.offered());
        (registry.resources.find(uri).is_some() && self.shows(caller, Offered::Resource(uri)))
            || registry.match_template(uri, is_shown).is_some()
    }

    /// Follows those of the tasks that are this caller's, and returns them; nothing where there are no tasks here.
    fn follow_tasks(&self, listener: &Listener, mut ids: Vec<String>, caller: &Caller) -> Option<RawJson> {
        let tasks = self.inner.tasks.as_ref()?;
        ids.retain(|id| {
            let task = tasks.find(id, caller.id());
            task.is_ok_and(|task| listener.follow_task(id, || task.snapshot()))
        });
        Some(RawJson::from_value(&ids).expect("text can be written"))
    }
}

fn check_count(count: usize) -> Result<(), ErrorObject> {
    match count <= MAX_FOLLOWED {
        true => Ok(()),
        false => Err(invalid(format!("expected at most {MAX_FOLLOWED} names to follow, found {count}"))),
    }
}
