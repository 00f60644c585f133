//! Dialing a connector and listing what it offers.

use std::sync::Arc;

use car_connectors_store::Connector;
use car_engine::BoxFuture;

use super::Inner;
use crate::catalog::Catalog;
use crate::connector::{Connected, Idle, Live};
use crate::dial::{DialPlan, Reached, seconds, within};
use crate::error::{Error, session_error};
use crate::events::ConnectorEvent;

impl Inner {
    /// Returns the session of a connector, dialing it first where there is none. Callers that come together dial once. One
    /// that failed is left alone for a while.
    pub(crate) async fn connected(&self, slug: &str) -> Result<Connected, Error> {
        self.wait_no_longer(slug)?;
        match self.connected_before(slug) {
            Some(connected) => Ok(connected),
            None => self.connect(slug).await,
        }
    }

    /// Returns the session that there is.
    pub(crate) fn connected_before(&self, slug: &str) -> Option<Connected> {
        self.known_live(slug)?.state().connected
    }

    /// Fails where the connector failed just now, and is not tried again yet.
    fn wait_no_longer(&self, slug: &str) -> Result<(), Error> {
        match self.known_live(slug).and_then(|live| live.pause(slug)) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Dials. It is rare, and what it goes through is large: in a box, calls that need none of it do not carry its room.
    fn connect<'a>(&'a self, slug: &'a str) -> BoxFuture<'a, Result<Connected, Error>> {
        Box::pin(self.connect_in_turn(slug))
    }

    async fn connect_in_turn(&self, slug: &str) -> Result<Connected, Error> {
        // Only what is in the manifest gets a place among the living.
        let connector = self.connector(slug).await?;
        let live = self.live(slug);
        let _turn = live.turn.lock().await;
        // Whoever had the turn before may have found it out already.
        self.wait_no_longer(slug)?;
        if let Some(connected) = self.connected_before(slug) {
            return Ok(connected);
        }
        self.dial(&connector, &live).await
    }

    /// Dials a connector and takes the session into use. A session that it replaces is ended.
    pub(crate) async fn dial(&self, connector: &Connector, live: &Live) -> Result<Connected, Error> {
        let slug = connector.slug.as_str();
        let dialing = live.begin();
        self.announce(slug, live);
        let outcome = self.dial_and_adopt(connector).await;
        drop(dialing);
        if let Err(error) = &outcome {
            live.fail(error);
        }
        self.announce(slug, live);
        let (connected, before) = outcome?;
        if connector.stdio.is_some() {
            self.end_when_idle(slug, &connected);
        }
        self.listen(slug, &connected);
        if let Some(before) = before {
            before.end().await;
        }
        Ok(connected)
    }

    /// Ends a local server that nobody uses. The next call starts it again.
    pub(crate) fn end_when_idle(&self, slug: &str, connected: &Connected) {
        let (inner, of, slug) = (self.own.clone(), connected.as_use(), slug.to_owned());
        let after = self.dialer.local.idle;
        #[expect(
            clippy::disallowed_methods,
            reason = "it lives as long as the process that it ends, and no longer"
        )]
        drop(tokio::spawn(async move {
            let mut wait = after;
            loop {
                tokio::time::sleep(wait).await;
                let Some(inner) = inner.upgrade() else { return };
                let Some(live) = inner.known_live(&slug) else { return };
                match live.disconnect_idle(&of, after) {
                    Idle::Gone => return,
                    Idle::LookAgain(next) => wait = next,
                    Idle::Ended(connected) => {
                        tracing::info!(connector = slug, "a local server that nobody used was ended");
                        inner.announce(&slug, &live);
                        drop((inner, live));
                        connected.end().await;
                        return;
                    }
                }
            }
        }));
    }

    async fn dial_and_adopt(&self, connector: &Connector) -> Result<(Connected, Option<Connected>), Error> {
        let slug = connector.slug.as_str();
        let wanted = connector.clone();
        let plan = self
            .blocking(move |inner| DialPlan::resolve(&wanted, &inner.secrets, &inner.oauth.variables))
            .await;
        let mut plan = plan.map_err(|error| error.of(slug))?;
        if plan.takes_credentials() {
            let authorizer = self.authorizer(connector).await?;
            plan = plan.with_credentials(Arc::new(authorizer));
        }
        let startup = connector.project.as_ref().and_then(|project| seconds(project.startup_timeout_sec));
        let (reached, catalog) = within(startup, slug, self.look_behind(slug, plan)).await?;
        // Somebody may have signed in on the way.
        let connector = self.note_sign_in(connector).await?;
        let connected = Connected::new(&connector, reached, catalog);
        self.blocking(move |inner| Ok((connected.clone(), inner.adopt(&connector, connected)?))).await
    }

    /// Dials a server, lists its tools and looks through them.
    pub(crate) async fn look_behind(&self, slug: &str, plan: DialPlan) -> Result<(Reached, Catalog), Error> {
        let has_authorization = plan.has_authorization();
        let looked = self.look_without_hints(slug, plan).await;
        looked.map_err(|error| match has_authorization && error.is_auth_required() {
            true => error.hinted(
                "the server refuses the Authorization header that you gave: remove the connector and add it again \
                 with `--header-env 'Authorization=VARIABLE'`, or without a header to sign in",
            ),
            false => error,
        })
    }

    async fn look_without_hints(&self, slug: &str, plan: DialPlan) -> Result<(Reached, Catalog), Error> {
        let reached = plan.dial(slug, &self.dialer).await?;
        if reached.session.server().capabilities.tools.is_none() {
            return Ok((reached, Catalog::default()));
        }
        let list = reached.session.list_tools().await.map_err(|error| session_error(slug, error))?;
        let catalog = self.blocking(move |_| Ok(Catalog::new(list))).await?;
        Ok((reached, catalog))
    }

    /// Returns a session with its tools as they are now: a list that the server lets be kept is not asked for again.
    pub(crate) async fn current(&self, slug: &str) -> Result<Connected, Error> {
        self.wait_no_longer(slug)?;
        match self.connected_before(slug) {
            Some(connected) => self.with_tools(slug, connected).await,
            None => self.connect(slug).await,
        }
    }

    /// Returns a session with its tools as they are now.
    pub(super) async fn with_tools(&self, slug: &str, mut connected: Connected) -> Result<Connected, Error> {
        if connected.session.server().capabilities.tools.is_none() {
            return Ok(connected);
        }
        let listed = connected.session.list_tools().await.map_err(|error| session_error(slug, error));
        let list = listed.inspect_err(|error| self.note_failure(slug, error))?;
        self.note_call(slug, None);
        if connected.catalog.is_of(&list) {
            return Ok(connected);
        }
        let (slug, of) = (slug.to_owned(), connected.clone());
        connected.catalog = self
            .blocking(move |inner| {
                let catalog = Arc::new(Catalog::new(list));
                inner.relist(&slug, &of, Arc::clone(&catalog))?;
                Ok(catalog)
            })
            .await?;
        Ok(connected)
    }

    fn note_failure(&self, slug: &str, error: &Error) {
        if let Some(live) = self.known_live(slug) {
            live.note_failure(error);
            self.announce(slug, &live);
        }
    }

    /// Notes how the use of a session ended.
    pub(crate) fn note_call(&self, slug: &str, error: Option<&Error>) {
        if let Some(live) = self.known_live(slug) {
            live.note_call(error);
            self.announce(slug, &live);
        }
    }

    /// Tells how a connector stands, if it stands differently now.
    pub(crate) fn announce(&self, slug: &str, live: &Live) {
        if let Some(state) = live.news() {
            self.hub.publish(ConnectorEvent::StateChanged { slug: slug.to_owned(), state });
        }
    }
}
