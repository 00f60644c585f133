//! Who makes a request to the daemon, once that is known, and what they may do.

use std::sync::Arc;

use car_connectors::engine::EventRecord;
use car_connectors::store::Scope;

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
}

impl Visitor {
    /// Returns who may do everything, with all connectors.
    pub(crate) fn manager(name: &str) -> Self {
        Self { name: name.into(), scope: Scope::Manage, connectors: None, token: None }
    }

    /// Returns who shows a token of the access file.
    pub(crate) fn with_token(token: &car_connectors::store::AccessToken) -> Self {
        Self {
            name: format!("token:{}", token.name).into(),
            scope: token.scope,
            connectors: token.connectors.as_ref().map(|slugs| slugs.clone().into()),
            token: Some(token.id.as_str().into()),
        }
    }

    /// Tells whether they may do what needs this.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.scope >= scope
    }

    /// Returns the only connectors that there are for them; nothing where all are.
    pub(crate) fn connectors(&self) -> Option<&[String]> {
        self.connectors.as_deref()
    }

    /// Tells whether all connectors are there for them, also those that are added later.
    pub(crate) fn sees_all(&self) -> bool {
        self.connectors.is_none()
    }

    /// Tells whether a record of the event log is there for them: those of no connector are about the log as a whole.
    pub(crate) fn sees_record(&self, record: &EventRecord) -> bool {
        self.sees_all() || record.connector.as_ref().is_some_and(|slug| self.sees(slug))
    }

    /// Tells whether a connector is there for them.
    pub(crate) fn sees(&self, slug: &str) -> bool {
        self.connectors.as_ref().is_none_or(|slugs| slugs.iter().any(|known| known == slug))
    }
}
