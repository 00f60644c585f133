//! Who makes a request to the daemon, once that is known, and what they may do.

use std::sync::Arc;

use car_connectors::store::{AccessToken, Scope};

/// Who makes a request. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// Who it is, for policy and event log: `owner` (the daemon's own token), `page` (a browser that `car ui` let in), or
    /// `token:NAME`.
    pub(crate) name: Arc<str>,
    pub(crate) scope: Scope,
    /// The only connectors that there are for them; all where there is no list.
    connectors: Option<Arc<[String]>>,
    /// The id of the token in the access file that let them in, so that it can be looked at again.
    pub(crate) token: Option<Arc<str>>,
    /// The number of the page's session that let them in.
    pub(crate) session: Option<u64>,
}

impl Visitor {
    /// Returns who may do everything, with all connectors.
    pub(crate) fn manager(name: &str) -> Self {
        Self { name: name.into(), scope: Scope::Manage, connectors: None, token: None, session: None }
    }

    /// Returns who has the daemon's own token.
    pub(crate) fn owner() -> Self {
        Self::manager("owner")
    }

    /// Returns who has the page open.
    pub(crate) fn page(session: u64) -> Self {
        Self { session: Some(session), ..Self::manager("page") }
    }

    /// Returns who shows a token of the access file.
    pub(crate) fn with_token(token: &AccessToken) -> Self {
        Self {
            name: format!("token:{}", token.name).into(),
            scope: token.scope,
            connectors: token.connectors.as_ref().map(|slugs| slugs.clone().into()),
            token: Some(token.id.as_str().into()),
            session: None,
        }
    }

    /// Tells whether they have the daemon's own token.
    pub(crate) fn is_owner(&self) -> bool {
        self.token.is_none() && self.session.is_none()
    }

    /// Tells whether they may do what needs this.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.scope >= scope
    }

    /// Tells whether a connector is there for them.
    pub(crate) fn sees(&self, slug: &str) -> bool {
        self.connectors.as_ref().is_none_or(|slugs| slugs.iter().any(|known| known == slug))
    }

    /// Returns the only connectors that there are for them; nothing where all are.
    pub(crate) fn connectors(&self) -> Option<&[String]> {
        self.connectors.as_deref()
    }

    /// Tells whether every connector is there for them.
    pub(crate) const fn sees_all(&self) -> bool {
        self.connectors.is_none()
    }
}
