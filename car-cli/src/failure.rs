//! The command's one error: what happened, with which connector, why, and what to do next.

use std::error::Error as StdError;
use std::io;

use car_connectors::ErrorKind;
use car_connectors::engine::EngineError;
use car_connectors::store::StoreError;
use serde::Serialize;

use crate::exit::Exit;

/// Everything that is told about a failure, to a person or to a program.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    /// The kind, one word: that of the facade, or `usage`, `interrupted`, `storage`.
    pub(crate) kind: &'static str,
    /// The connector that it is about.
    pub(crate) connector: Option<String>,
    /// What happened.
    pub(crate) message: String,
    /// Why, outermost cause first.
    pub(crate) causes: Vec<String>,
    /// What to do next.
    pub(crate) hint: Option<String>,
    #[serde(skip)]
    pub(crate) exit: Exit,
}

impl Failure {
    /// Describes a failure that is none of the special ones.
    pub(crate) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            connector: None,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
            exit: Exit::Failed,
        }
    }

    /// Describes something that was typed wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::new("usage", message) }
    }

    /// Describes a command that the person stopped.
    pub(crate) fn interrupted() -> Self {
        Self { exit: Exit::Interrupted, ..Self::new("interrupted", "stopped") }
    }

    /// Describes a failed use of the operating system.
    pub(crate) fn io(message: impl Into<String>, error: &io::Error) -> Self {
        Self { causes: vec![error.to_string()], ..Self::new("storage", message) }
    }

    /// Names the connector.
    pub(crate) fn of(mut self, connector: &str) -> Self {
        self.connector = Some(connector.to_owned());
        self
    }

    /// Says what to do next.
    pub(crate) fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Lists the causes of an error. A level that only repeats its cause's words is left out.
pub(crate) fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if all.last().is_none_or(|last| !last.contains(&text)) {
            all.push(text);
        }
        next = cause.source();
    }
    all
}

impl From<car_connectors::Error> for Failure {
    fn from(error: car_connectors::Error) -> Self {
        let exit = match error.kind() {
            ErrorKind::AuthRequired => Exit::SignIn,
            ErrorKind::Denied => Exit::Denied,
            _ => Exit::Failed,
        };
        Self {
            kind: error.kind().as_str(),
            connector: error.connector().map(str::to_owned),
            message: error.to_string(),
            causes: causes(&error),
            hint: error.hint().map(str::to_owned),
            exit,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self { causes: causes(&error), ..Self::new("storage", error.to_string()) }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self { causes: causes(&error), ..Self::new("storage", error.to_string()) }
            .hinted("`car doctor` looks at the event log")
    }
}
