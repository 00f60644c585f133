//! Who makes a request, as far as the transport has proved it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// The one in whose name a request is made: what a session, a sealed state and a task are bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// Names them among all that the server knows; two requests with the same text come from the same one.
    pub id: Box<str>,
    /// What they may do, as the authorization server granted it.
    pub scopes: Vec<Box<str>>,
}

impl Principal {
    /// Returns a principal who has been granted nothing in particular.
    pub fn new(id: impl Into<Box<str>>) -> Self {
        Self { id: id.into(), scopes: Vec::new() }
    }

    /// Returns whether a scope was granted.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| **granted == *scope)
    }
}

/// What the transport knows of whoever makes a request. Cheap to clone.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Caller {
    /// Who it is; nothing where the transport does not ask.
    pub principal: Option<Arc<Principal>>,
    /// What else the transport hands on to handlers, such as the head of the HTTP request.
    pub detail: Option<Arc<dyn Any + Send + Sync>>,
}

impl Caller {
    /// Returns a caller of whom nothing is known.
    pub const fn anonymous() -> Self {
        Self { principal: None, detail: None }
    }

    /// Returns the principal's id, or nothing.
    pub fn id(&self) -> Option<&str> {
        self.principal.as_deref().map(|principal| &*principal.id)
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Caller").field("principal", &self.principal).finish_non_exhaustive()
    }
}
