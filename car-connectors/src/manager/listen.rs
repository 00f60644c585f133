//! Hearing what a connected server changes: one stream and one task for a session, and they end with it.
//!
//! ```text
//!  stream ─▶ tools changed ───────────────┐
//!            prompts, resources changed ──┼─▶ asked again, at most once a second ─▶ settle.rs, events
//!            missed something ────────────┘
//!         └▶ a watched resource changed ─────▶ event
//! ```

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use car_mcp::client::{Event, EventStream};
use car_mcp_proto::subscription::SubscriptionFilter;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Inner;
use crate::connector::{Connected, Use};
use crate::events::ConnectorEvent;

/// A server that changes its lists all the time is asked for them this often, and no more.
const PAUSE: Duration = Duration::from_secs(1);

/// How many resources of one server are watched: more than people look at, and each may be a request when listening
/// begins.
const MOST_WATCHED: usize = 256;

/// What of a server is to be listed again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stale {
    tools: bool,
    shared: bool,
}

/// Listens to one session.
struct Listening {
    manager: Weak<Inner>,
    slug: String,
    of: Use,
    gone: watch::Receiver<()>,
    watched: watch::Receiver<Arc<BTreeSet<String>>>,
}

impl Inner {
    /// Begins to listen to a session, if the program wants that and the server has anything to tell.
    pub(super) fn listen(&self, slug: &str, connected: &Connected) {
        let capabilities = connected.session.server().capabilities;
        let tells = capabilities.tools.is_some_and(|tools| tools.list_changed == Some(true))
            || capabilities.prompts.is_some()
            || capabilities.resources.is_some();
        if !self.listens || !tells {
            return;
        }
        let listening = Listening {
            manager: self.own.clone(),
            slug: slug.to_owned(),
            of: connected.as_use(),
            gone: connected.gone(),
            watched: self.watched.subscribe(),
        };
        #[expect(clippy::disallowed_methods, reason = "one long stream, and it ends with the session")]
        drop(tokio::spawn(listening.run()));
    }

    /// Returns the session that somebody listens to, as long as it is the one in use.
    fn listened(&self, slug: &str, of: &Use) -> Option<Connected> {
        self.connected_before(slug).filter(|connected| of.is_of(connected))
    }

    /// Names the watched resources that are asked of a connector: those that no other has more surely, or as surely and
    /// was added before.
    fn watched_of(&self, slug: &str, watched: &BTreeSet<String>) -> BTreeSet<String> {
        let Some(seen) = self.seen.read().unwrap_or_else(PoisonError::into_inner).clone() else {
            return BTreeSet::new();
        };
        let sharing = seen.connectors().iter().filter(|connector| connector.shares_resources);
        let sharing: Vec<_> = sharing
            .filter_map(|connector| Some((&connector.slug, self.known_live(&connector.slug)?.state().shared)))
            .collect();
        let is_its = |uri: &&String| {
            // The first of several that are as sure is the one that stays.
            let surest = sharing
                .iter()
                .map(|(slug, shared)| (shared.has(uri), slug))
                .reduce(|best, next| if next.0 > best.0 { next } else { best });
            surest.is_some_and(|(has, surest)| has.is_any() && **surest == slug)
        };
        watched.iter().filter(is_its).take(MOST_WATCHED).cloned().collect()
    }
}

impl Listening {
    async fn run(mut self) {
        let mut stale = Stale { tools: false, shared: true };
        let mut ask_at = Instant::now();
        let Some((mut mine, mut stream)) = self.open(None).await else { return };
        let (mut is_refused, mut gone) = (false, self.gone.clone());
        loop {
            tokio::select! {
                biased;
                _ = gone.changed() => return,
                changed = self.watched.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    match self.open(Some((mine, stream))).await {
                        Some((now, new)) => (mine, stream, is_refused) = (now, new, false),
                        None => return,
                    }
                }
                () = sleep_until(ask_at), if stale != Stale::default() => {
                    let what = std::mem::take(&mut stale);
                    tokio::select! {
                        _ = gone.changed() => return,
                        () = self.ask(what) => {}
                    }
                    ask_at = Instant::now() + PAUSE;
                }
                event = stream.next(), if !is_refused => match event {
                    Ok(event) => self.heard(event, &mut stale),
                    Err(error) => {
                        // Without a stream, what the server changes is seen at the next look.
                        tracing::debug!(connector = self.slug, %error, "the server has no stream of events for us");
                        is_refused = true;
                    }
                },
            }
        }
    }

    fn heard(&self, event: Event, stale: &mut Stale) {
        match event {
            Event::ToolsChanged => stale.tools = true,
            Event::PromptsChanged | Event::ResourcesChanged => stale.shared = true,
            Event::ResourceUpdated { uri } => {
                if let Some(inner) = self.manager.upgrade() {
                    inner.hub.publish(ConnectorEvent::ResourceUpdated { slug: self.slug.clone(), uri });
                }
            }
            // Anything may have happened.
            _ => *stale = Stale { tools: true, shared: true },
        }
    }

    /// Opens the stream for what is watched now, unless the one that there is does. Nothing if the session is gone.
    async fn open(
        &self,
        before: Option<(BTreeSet<String>, EventStream)>,
    ) -> Option<(BTreeSet<String>, EventStream)> {
        let inner = self.manager.upgrade()?;
        let mine = inner.watched_of(&self.slug, &self.watched.borrow());
        let before = match before {
            Some((known, stream)) if known == mine => return Some((mine, stream)),
            before => before,
        };
        if let Some((_, stream)) = before
            && let Err(error) = stream.close().await
        {
            tracing::debug!(connector = self.slug, %error, "the server was not told that a resource is not watched");
        }
        let connected = inner.listened(&self.slug, &self.of)?;
        let mut filter = SubscriptionFilter::new();
        let capabilities = connected.session.server().capabilities;
        filter.tools_list_changed = Some(capabilities.tools.is_some());
        filter.prompts_list_changed = Some(capabilities.prompts.is_some());
        filter.resources_list_changed = Some(capabilities.resources.is_some());
        filter.resource_subscriptions = (!mine.is_empty()).then(|| mine.iter().cloned().collect());
        let stream = connected.session.events(filter);
        connected.end().await;
        Some((mine, stream))
    }

    /// Lists again what is stale. What goes wrong is in the connector's status.
    async fn ask(&self, what: Stale) {
        let Some(inner) = self.manager.upgrade() else { return };
        let Some(connected) = inner.listened(&self.slug, &self.of) else { return };
        let mut connected = connected;
        if what.tools {
            match inner.with_tools(&self.slug, connected.clone()).await {
                Ok(now) => connected = now,
                Err(error) => tracing::info!(connector = self.slug, %error, "its tools could not be listed"),
            }
        }
        if what.shared
            && let Err(error) = inner.list_shared(&self.slug, &connected, true).await
        {
            tracing::info!(connector = self.slug, %error, "what it shares could not be listed");
        }
        connected.end().await;
    }
}
