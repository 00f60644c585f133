//! What it means when a source could not be asked, and what to do about it: in one place.

use std::error::Error as StdError;

use car_agentdns::registry::{PlanError, ReferenceError};
use car_agentdns::{Error as SourceError, NameError, NeedError};

use super::find::LeftOut;
use super::setting::Setting;
use crate::error::{Error, ErrorKind};

/// Says why a source was left out.
pub(crate) fn left_out(setting: &Setting, error: &SourceError) -> LeftOut {
    LeftOut {
        source: setting.name.clone(),
        kind: setting.kind,
        reason: with_causes(error),
        hint: Some(hint(setting, error)),
    }
}

/// Says why a source was left out that was not even asked.
pub(crate) fn not_asked(setting: &Setting, reason: impl Into<String>, hint: &str) -> LeftOut {
    LeftOut {
        source: setting.name.clone(),
        kind: setting.kind,
        reason: reason.into(),
        hint: Some(hint.to_owned()),
    }
}

/// Says that there is no source of a name.
pub(crate) fn no_source(name: &str, known: &[Setting]) -> Error {
    let hint = match known {
        [] => "there are no sources: `car sources add` adds one".to_owned(),
        known => {
            let names: Vec<_> = known.iter().map(|setting| setting.name.as_str()).collect();
            format!("the sources are: {}", names.join(", "))
        }
    };
    Error::new(ErrorKind::NotFound, format!("there is no source {name:?}")).hinted(hint)
}

/// Says that there is nothing to search, as no source could be.
pub(crate) fn nobody_asked(first: &LeftOut) -> Error {
    let text = format!("no source could be searched: {}: {}", first.source, first.reason);
    let error = Error::new(ErrorKind::Unreachable, text);
    match &first.hint {
        Some(hint) => error.hinted(hint.clone()),
        None => error,
    }
}

/// Says that the ranking failed, which is our own fault or the machine's.
pub(crate) fn ranking_failed(error: impl StdError + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Storage, "what was found could not be ranked")
        .because(error)
        .hinted("try again; if it stays so, the log says more")
}

/// Says what to do about it.
fn hint(setting: &Setting, error: &SourceError) -> String {
    let name = &setting.name;
    match error {
        SourceError::InvalidBase { .. } => {
            format!("mend the URL of the source {name} (`car sources` lists them)")
        }
        SourceError::Settings { .. } => "mend the proxy settings".to_owned(),
        SourceError::Unreachable { .. } => "check its URL and your network, then try again".to_owned(),
        SourceError::TimedOut { .. } => "try again, or allow more time with `--timeout`".to_owned(),
        SourceError::Redirected { .. } => {
            format!("if you trust that place, make it the URL of the source {name}")
        }
        SourceError::Unauthorized { .. } => format!("give it a token with `car sources login {name}`"),
        SourceError::RateLimited { retry_after: Some(after), .. } => {
            format!("try again in {} seconds", after.as_secs().max(1))
        }
        SourceError::RateLimited { .. } => "wait, then try again".to_owned(),
        SourceError::NotFound { .. } => "check its URL, or the name".to_owned(),
        SourceError::Refused { status: 500.., .. } => "try again later; its operator can tell why".to_owned(),
        SourceError::Refused { .. } => "check its URL; its own words say why".to_owned(),
        _ => format!(
            "check its URL; if that is right, its operator should know, and `car sources remove {name}` leaves it out"
        ),
    }
}

/// Writes an error with its causes on one line.
pub(crate) fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

impl From<NeedError> for Error {
    fn from(error: NeedError) -> Self {
        Self::new(ErrorKind::InvalidInput, error.to_string()).hinted("say in a few words what is needed")
    }
}

/// Says that a reference cannot be read as a name.
pub(crate) fn bad_name(error: &NameError) -> Error {
    Error::new(ErrorKind::InvalidInput, error.to_string())
        .hinted("a name looks like agentdns://organization/category/name")
}

/// Says that a reference cannot be read as a registry's.
pub(crate) fn bad_reference(error: &ReferenceError) -> Error {
    Error::new(ErrorKind::InvalidInput, error.to_string())
        .hinted("a reference looks like io.github.owner/server, io.github.owner/server@1.0.0 or agentdns://owner/server")
}

/// Says what is missing or wrong of what a person gave.
pub(crate) fn bad_answers(error: &PlanError) -> Error {
    let hint = match error {
        PlanError::Obstacle { .. } => "take another way with `--way`, if there is one".to_owned(),
        PlanError::Missing { key } => {
            format!("give it with `--set {key}=VALUE`, or where it is secret `--set-from {key}=VARIABLE`")
        }
        _ => "`--show` lists what can be given".to_owned(),
    };
    Error::new(ErrorKind::InvalidInput, error.to_string()).hinted(hint)
}
