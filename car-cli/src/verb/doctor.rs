//! `car doctor`: looks at everything that a call depends on, and says what to do about what is wrong.
//!
//! Each part is looked at by itself, so that a broken manifest does not hide a broken policy.

use std::path::Path;
use std::sync::Arc;

use car_connectors::engine::{EventLog, EventLogOptions, PolicyFile, SystemClock};
use car_connectors::store::{EntryName, Home, ManifestStore, SecretMode, SecretStore, visible};
use serde::Serialize;

use super::list::masked;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// The variables that say how to get out of the network, in the spellings that are in use.
const PROXIES: [&str; 7] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"];

/// Look at everything that a call depends on
#[derive(clap::Args)]
pub(crate) struct Doctor {
    /// Contact every connector too
    #[arg(long)]
    connect: bool,
}

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Finding {
    Ok,
    Warning,
    Failed,
}

impl Finding {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// One check.
#[derive(Serialize)]
struct Check {
    name: String,
    finding: Finding,
    detail: String,
    next: Option<String>,
}

impl Check {
    fn new(name: &str, finding: Finding, detail: impl Into<String>) -> Self {
        Self { name: name.to_owned(), finding, detail: detail.into(), next: None }
    }

    fn failed(name: &str, failure: impl Into<Failure>, next: &str) -> Self {
        let failure = failure.into();
        let mut detail = failure.message;
        for cause in failure.causes {
            detail.push_str(&format!("; because {cause}"));
        }
        let next = failure.hint.unwrap_or_else(|| next.to_owned());
        Self { next: Some(next), ..Self::new(name, Finding::Failed, detail) }
    }

    fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

/// Makes all checks, and shows what they found.
pub(crate) async fn run(context: &Context, arguments: Doctor) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Answer {
        healthy: bool,
        checks: Vec<Check>,
    }
    let home = &context.home;
    let mut checks = vec![
        folder(home),
        manifest(home),
        secrets(home, context.secrets),
        policy(home),
        event_log(home),
        sources(context).await,
        proxies(|name| std::env::var(name).ok()),
        certificates(std::env::var_os("SSL_CERT_FILE").as_deref().map(Path::new)),
    ];
    if arguments.connect {
        checks.extend(connectors(context).await);
    }
    let healthy = checks.iter().all(|check| check.finding != Finding::Failed);
    let answer = Answer { healthy, checks };
    context.screen.result(&answer, || {
        let mut table = context.screen.table(["CHECK", "FOUND", "DETAIL"]);
        for check in &answer.checks {
            table.row([&check.name, check.finding.as_str(), &check.detail]);
        }
        let next = answer
            .checks
            .iter()
            .filter_map(|check| check.next.as_ref().map(|next| format!("\nnext for {}: {next}", check.name)));
        table.text() + &next.collect::<String>()
    });
    Ok(if healthy { Exit::Done } else { Exit::Failed })
}

fn folder(home: &Home) -> Check {
    const NAME: &str = "state folder";
    let path = home.path();
    if !path.exists() {
        return Check::new(NAME, Finding::Ok, format!("{} will be made when it is needed", path.display()));
    }
    // A file without a name: it is gone with its handle, whatever happens.
    match tempfile::tempfile_in(path) {
        Ok(_) => Check::new(NAME, Finding::Ok, format!("{} can be written", path.display())),
        Err(error) => Check::failed(
            NAME,
            Failure::io(format!("{} cannot be written", path.display()), &error),
            "give yourself the right to write there, free space, or choose another with `--home DIR`",
        ),
    }
}

fn manifest(home: &Home) -> Check {
    const NAME: &str = "manifest";
    match ManifestStore::new(home).read() {
        Ok(manifest) => Check::new(NAME, Finding::Ok, format!("{} connectors", manifest.connectors().len())),
        Err(error) => {
            Check::failed(NAME, error, "mend the file at that place, or move it away; it is left as it is")
        }
    }
}

fn secrets(home: &Home, mode: SecretMode) -> Check {
    const NAME: &str = "secrets";
    if mode == SecretMode::File {
        return Check::new(NAME, Finding::Ok, format!("in {}, as asked for", home.secrets_path().display()));
    }
    let store = SecretStore::new(home, mode);
    // Any entry will do: the question is whether something answers.
    if let Err(error) = store.get(&EntryName::header("doctor", "probe")) {
        return Check::failed(
            NAME,
            error,
            "unlock the keychain, or keep secrets in a file with CAR_SECRETS=file",
        );
    }
    match store.fallback() {
        None => Check::new(NAME, Finding::Ok, "in the system keychain"),
        Some(fallback) => {
            let detail = format!("in {}: {}", home.secrets_path().display(), fallback.reason);
            Check::new(NAME, Finding::Warning, detail)
                .next("start a keychain, or say that the file is wanted with CAR_SECRETS=file")
        }
    }
}

fn policy(home: &Home) -> Check {
    const NAME: &str = "policy";
    let policy = PolicyFile::new(home.policy_path()).current();
    match policy.problem() {
        Some(problem) => Check::new(NAME, Finding::Failed, format!("every call is denied: {problem}"))
            .next("mend the file, or move it away to allow every enabled tool"),
        None => match policy.rules().len() {
            0 => Check::new(NAME, Finding::Ok, "no rules: every enabled tool may be called"),
            count => Check::new(NAME, Finding::Ok, format!("{count} rules")),
        },
    }
}

fn event_log(home: &Home) -> Check {
    const NAME: &str = "event log";
    let log = EventLog::new(home.events_path(), EventLogOptions::default(), Arc::new(SystemClock::new()));
    match log.verify() {
        Ok(found) => match found.problem {
            None => Check::new(NAME, Finding::Ok, format!("{} records, intact", found.records)),
            Some(problem) => Check::new(NAME, Finding::Failed, format!("not intact: {problem}"))
                .next("find out who changed it; to begin a new log, move the folder away"),
        },
        Err(error) => Check::failed(NAME, error, "give yourself the right to read it"),
    }
}

/// Looks at who would be asked for services. Nobody is asked.
async fn sources(context: &Context) -> Check {
    const NAME: &str = "sources";
    let listed = async {
        let manager = context.plain_manager().await?;
        Ok::<_, Failure>(manager.sources().await?)
    };
    let all = match listed.await {
        Ok(all) => all,
        Err(failure) => return Check::failed(NAME, failure, "mend the file or the variable that it names"),
    };
    let told = all.iter().map(|one| match one.services {
        Some(count) => format!("{} ({}, {count} services)", visible(&one.name), one.kind.as_str()),
        None => format!("{} ({})", visible(&one.name), one.kind.as_str()),
    });
    match all.is_empty() {
        true => Check::new(NAME, Finding::Ok, "none: `car find` searches what is connected"),
        false => Check::new(NAME, Finding::Ok, told.collect::<Vec<_>>().join(", ")),
    }
}

fn proxies(lookup: impl Fn(&str) -> Option<String>) -> Check {
    const NAME: &str = "proxies";
    let set: Vec<String> = PROXIES
        .iter()
        .filter_map(|name| Some((name, lookup(name).filter(|value| !value.is_empty())?)))
        .map(|(name, value)| format!("{name}={}", masked(&value)))
        .collect();
    match set.is_empty() {
        true => Check::new(NAME, Finding::Ok, "none set"),
        false => Check::new(NAME, Finding::Ok, set.join(" ")),
    }
}

fn certificates(extra: Option<&Path>) -> Check {
    const NAME: &str = "certificates";
    let Some(path) = extra else {
        return Check::new(NAME, Finding::Ok, "those that the system trusts");
    };
    match std::fs::read(path) {
        Ok(bytes) => {
            let count = String::from_utf8_lossy(&bytes).matches("-----BEGIN CERTIFICATE-----").count();
            let detail = format!("{count} in SSL_CERT_FILE={}", path.display());
            match count {
                0 => Check::new(NAME, Finding::Failed, detail)
                    .next("point SSL_CERT_FILE at a file of PEM certificates"),
                _ => Check::new(NAME, Finding::Ok, detail),
            }
        }
        Err(error) => Check::failed(
            NAME,
            Failure::io(format!("SSL_CERT_FILE={} cannot be read", path.display()), &error),
            "unset SSL_CERT_FILE, or point it at a file of PEM certificates",
        ),
    }
}

/// Contacts every connector, one after the other: a person reads who hangs.
async fn connectors(context: &Context) -> Vec<Check> {
    const NAME: &str = "connectors";
    let listed = async {
        let manager = context.manager().await?;
        let all = manager.list().await?;
        Ok::<_, Failure>((manager, all))
    };
    let (manager, all) = match listed.await {
        Ok(found) => found,
        Err(failure) => return vec![Check::failed(NAME, failure, "see the checks above")],
    };
    let mut checks = Vec::new();
    for connector in all {
        let slug = connector.slug;
        let wait = context.screen.wait(format!("contacting {slug}"));
        let name = format!("connector {slug}");
        checks.push(match wait.on(manager.refresh(&slug)).await {
            Ok(status) => {
                let detail = format!(
                    "{}, {} tools, {} enabled",
                    status.state.as_str(),
                    status.tool_count.unwrap_or_default(),
                    status.enabled_count
                );
                Check::new(&name, Finding::Ok, detail)
            }
            Err(error) => Check::failed(&name, error, "see `car status`"),
        });
    }
    checks
}
