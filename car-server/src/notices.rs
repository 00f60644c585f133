//! What the daemon tells its front ends beside what happens to connectors.

use car_connectors::ConnectorState;
use car_connectors::store::Scope;
use serde::Serialize;
use tokio::sync::broadcast;

use crate::approvals::Pending;
use crate::visitor::Visitor;

/// How many notices wait for a slow front end before it is told only that it missed some.
const WAITING: usize = 256;

/// One notice. Its name on the wire is `connectors.` and what [`Notice::method`] says.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub(crate) enum Notice {
    /// A call waits for a person.
    ApprovalRequested(Box<Pending>),
    /// A call does not wait for a person any more.
    ApprovalSettled {
        /// The call.
        id: String,
        /// `granted`, `refused`, `expired` or `withdrawn`.
        outcome: &'static str,
    },
    /// A sign-in ended: somebody came back to the daemon's own address, or a front end completed it.
    SignInCompleted {
        /// The connector.
        slug: String,
        /// How it stands now.
        state: Option<ConnectorState>,
        /// Why the sign-in failed.
        error: Option<String>,
    },
    /// There are new records in the event log. Told at most a few times a second.
    EventsAppended {},
    /// The policy's file changed.
    PolicyChanged {},
    /// The tokens of the access file, or the standing approvals, changed.
    AccessChanged {},
}

impl Notice {
    /// The names of all notices on the wire, in the order of the variants.
    #[cfg(feature = "schema")]
    pub(crate) const METHODS: [&str; 6] = [
        "connectors.approval_requested",
        "connectors.approval_settled",
        "connectors.sign_in_completed",
        "connectors.events_appended",
        "connectors.policy_changed",
        "connectors.access_changed",
    ];

    pub(crate) const fn method(&self) -> &'static str {
        match self {
            Self::ApprovalRequested(_) => "connectors.approval_requested",
            Self::ApprovalSettled { .. } => "connectors.approval_settled",
            Self::SignInCompleted { .. } => "connectors.sign_in_completed",
            Self::EventsAppended {} => "connectors.events_appended",
            Self::PolicyChanged {} => "connectors.policy_changed",
            Self::AccessChanged {} => "connectors.access_changed",
        }
    }
}

impl Notice {
    /// Tells whether it is for somebody: what waits for an answer is for those who may answer, and everything about a
    /// connector is for those to whom it is there.
    pub(crate) fn is_for(&self, visitor: &Visitor) -> bool {
        match self {
            Self::ApprovalRequested(_) | Self::ApprovalSettled { .. } | Self::AccessChanged {} => {
                visitor.may(Scope::Manage) && visitor.sees_all()
            }
            Self::SignInCompleted { slug, .. } => visitor.sees(slug),
            Self::EventsAppended {} | Self::PolicyChanged {} => true,
        }
    }
}

/// Where notices are told. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Notices(broadcast::Sender<Notice>);

impl Notices {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(WAITING).0)
    }

    pub(crate) fn tell(&self, notice: Notice) {
        // An error says that nobody listens at the moment, which is no fault.
        drop(self.0.send(notice));
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.0.subscribe()
    }
}
