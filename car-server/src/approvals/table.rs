//! The calls that wait, and how many may.

use car_connectors::engine::Approval;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::pending::Pending;

/// How many calls wait at most: more than a person would ever read.
const MAX_WAITING: usize = 256;

/// How many of them are of one caller, so that a client that runs wild leaves room for others.
const MAX_OF_CALLER: usize = 32;

/// How large the arguments of a call are that a person is asked about, in bytes: nobody reads more.
const MAX_ARGUMENTS: usize = 256 * 1024;

/// How large all arguments together are that wait, in bytes. They are kept, and sent to each front end.
const MAX_ARGUMENTS_IN_ALL: usize = 16 * 1024 * 1024;

/// A call that waits, and where its answer goes.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) pending: Pending,
    /// When it is given up.
    pub(super) deadline: Instant,
    pub(super) answer: oneshot::Sender<Approval>,
}

/// The calls that wait, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<Waiting>);

/// Why a call is not put before anybody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Full {
    #[error("as many calls as can be kept wait for a person already; nobody was asked about this one")]
    All,
    #[error("{MAX_OF_CALLER} calls of {0} wait for a person already; nobody was asked about this one")]
    OfCaller(String),
    #[error(
        "expected arguments of at most {MAX_ARGUMENTS} bytes, which a person can look at, found {0}; nobody was asked"
    )]
    Arguments(usize),
}

impl Table {
    pub(super) fn pending(&self) -> Vec<Pending> {
        self.0.iter().map(|waiting| waiting.pending.clone()).collect()
    }

    pub(super) fn add(&mut self, waiting: Waiting) -> Result<(), Full> {
        let Pending { caller, arguments, .. } = &waiting.pending;
        let of_caller = self.0.iter().filter(|other| other.pending.caller == *caller).count();
        let size = arguments.get().len();
        if size > MAX_ARGUMENTS {
            return Err(Full::Arguments(size));
        }
        let in_all: usize = self.0.iter().map(|other| other.pending.arguments.get().len()).sum();
        if self.0.len() >= MAX_WAITING || in_all + size > MAX_ARGUMENTS_IN_ALL {
            return Err(Full::All);
        }
        if of_caller >= MAX_OF_CALLER {
            return Err(Full::OfCaller(caller.clone()));
        }
        self.0.push(waiting);
        Ok(())
    }

    /// Takes a call out, for whoever settles it.
    pub(super) fn take(&mut self, id: &str) -> Option<Waiting> {
        let place = self.0.iter().position(|waiting| waiting.pending.id == id)?;
        Some(self.0.remove(place))
    }

    pub(super) fn take_all(&mut self, is_meant: impl Fn(&Pending) -> bool) -> Vec<Waiting> {
        self.0.extract_if(.., |waiting| is_meant(&waiting.pending)).collect()
    }

    /// Puts a call back that could not be settled, where it was.
    pub(super) fn put_back(&mut self, waiting: Waiting) {
        let place = self.0.partition_point(|other| other.deadline <= waiting.deadline);
        self.0.insert(place, waiting);
    }
}
