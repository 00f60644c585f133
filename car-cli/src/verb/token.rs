//! `car token`: who may use the daemon beside its owner, and what they may do there.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use car_connectors::engine::format_timestamp;
use car_connectors::store::{AccessFile, AccessToken, DaemonAddress, NewAccessToken, Scope, StoreError};
use clap::{Subcommand, ValueEnum};
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::suggestion;

/// Make and revoke the tokens with which MCP clients and front ends use the daemon
///
/// Each has a name, which policy and event log call its holder by. Only its hash is kept: it is shown once.
#[derive(clap::Args)]
pub(crate) struct Token {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Add(Add),
    /// List the tokens, also those that have ended
    List,
    /// Take a token back; whoever uses it is refused from now on
    Revoke(Revoke),
}

/// Make a token; it is written to standard output, once
#[derive(clap::Args)]
struct Add {
    /// What you call it: letters, digits, `-`, `_` and `.`
    name: String,
    /// What its holder may do
    #[arg(long, value_enum, default_value = "call")]
    scope: ScopeWord,
    /// Only this connector is there for its holder; can be given several times
    #[arg(long = "connector", value_name = "SLUG")]
    connectors: Vec<String>,
    /// When it ends: after 90s, 30m, 12h, 30d or 8w; never where nothing is said
    #[arg(long, value_name = "AFTER", value_parser = span)]
    expires: Option<Duration>,
}

#[derive(clap::Args)]
struct Revoke {
    /// Its name or its id
    name: String,
}

/// A scope as it is typed.
#[derive(Clone, Copy, ValueEnum)]
enum ScopeWord {
    /// Look at connectors, tools, policy and log
    Read,
    /// And call enabled tools
    Call,
    /// And everything else
    Manage,
}

impl From<ScopeWord> for Scope {
    fn from(word: ScopeWord) -> Self {
        match word {
            ScopeWord::Read => Self::Read,
            ScopeWord::Call => Self::Call,
            ScopeWord::Manage => Self::Manage,
        }
    }
}

/// A token, as a program gets it: nothing of it is secret.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    scope: &'static str,
    connectors: Option<&'a [String]>,
    created_at: u64,
    expires_at: Option<u64>,
    ended: bool,
}

impl<'a> Shown<'a> {
    fn new(token: &'a AccessToken, now: u64) -> Self {
        Self {
            id: &token.id,
            name: &token.name,
            scope: token.scope.as_str(),
            connectors: token.connectors.as_deref(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            ended: token.has_ended(now),
        }
    }

    fn connectors(&self) -> String {
        self.connectors.map_or_else(|| "all".to_owned(), |slugs| slugs.join(", "))
    }

    fn end(&self) -> String {
        match self.expires_at {
            None => "never".to_owned(),
            Some(end) if self.ended => format!("ended {}", date(end)),
            Some(end) => date(end),
        }
    }
}

/// Does what is asked.
pub(crate) async fn run(context: &Context, arguments: Token) -> Result<Exit, Failure> {
    let file = AccessFile::new(&context.home);
    match arguments.what {
        What::Add(arguments) => add(context, &file, arguments).await,
        What::List => list(context, &file),
        What::Revoke(arguments) => revoke(context, &file, &arguments.name),
    }
}

async fn add(context: &Context, file: &AccessFile, arguments: Add) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Answer<'a> {
        token: Shown<'a>,
        secret: &'a str,
        mcp_url: Option<&'a str>,
    }
    let now = now();
    let mut new = NewAccessToken::new(arguments.name, arguments.scope.into());
    new.expires_at = arguments.expires.map(|after| now.saturating_add(after.as_secs()));
    if !arguments.connectors.is_empty() {
        let manager = context.manager().await?;
        let mut slugs = Vec::new();
        for given in &arguments.connectors {
            let slug = context.connector(&manager, given).await?.slug;
            if !slugs.contains(&slug) {
                slugs.push(slug);
            }
        }
        new.connectors = Some(slugs);
    }
    let (token, secret) = file.add(new, now).map_err(refused)?;
    let daemon = DaemonAddress::read(&context.home)?.and_then(|address| address.url);
    let mcp_url = daemon.map(|url| format!("{url}/mcp"));
    let shown = Shown::new(&token, now);
    let holder = format!(
        "{} ({}; connectors: {}; ends: {})",
        shown.name,
        shown.scope,
        shown.connectors(),
        shown.end()
    );
    let answer = Answer { token: shown, secret: secret.expose(), mcp_url: mcp_url.as_deref() };
    let screen = &context.screen;
    screen.note(format_args!("added the token {holder}; it is shown this once:"));
    screen.result(&answer, || secret.expose().to_owned());
    let url = match &mcp_url {
        Some(url) => format!("url     {url}"),
        None => {
            "url     the daemon's address and /mcp; no daemon runs, start one with `car serve`".to_owned()
        }
    };
    screen.note(format_args!("an MCP client uses it so:\n  {url}\n  header  Authorization: Bearer TOKEN"));
    Ok(Exit::Done)
}

fn list(context: &Context, file: &AccessFile) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Answer<'a> {
        tokens: Vec<Shown<'a>>,
    }
    let (tokens, now) = (file.tokens().map_err(refused)?, now());
    let answer = Answer { tokens: tokens.all().iter().map(|token| Shown::new(token, now)).collect() };
    let screen = &context.screen;
    screen.result(&answer, || {
        if answer.tokens.is_empty() {
            return String::new();
        }
        let mut table = screen.table(["NAME", "ID", "MAY", "CONNECTORS", "MADE", "ENDS"]);
        for token in &answer.tokens {
            let (connectors, end) = (token.connectors(), token.end());
            table.row([token.name, token.id, token.scope, &connectors, &date(token.created_at), &end]);
        }
        table.text()
    });
    if answer.tokens.is_empty() {
        screen.note("no tokens yet: only you can use the daemon; next: `car token add NAME`");
    }
    Ok(Exit::Done)
}

fn revoke(context: &Context, file: &AccessFile, name: &str) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Answer<'a> {
        revoked: Shown<'a>,
    }
    let Some(token) = file.revoke(name).map_err(refused)? else {
        let tokens = file.tokens()?;
        let hint = match tokens.all() {
            [] => "there are no tokens".to_owned(),
            all => suggestion::hint("tokens", name, all.iter().map(|token| token.name.as_str())),
        };
        return Err(Failure::new("not_found", format!("there is no token {name:?}")).hinted(hint));
    };
    context.screen.result(&Answer { revoked: Shown::new(&token, now()) }, || {
        format!("revoked the token {}", token.name)
    });
    Ok(Exit::Done)
}

/// Says what a refusal means, and what to do.
fn refused(error: StoreError) -> Failure {
    let (kind, exit, hint) = match &error {
        StoreError::UnfitToken { .. } => ("usage", Exit::Usage, "`car help token add` says what it takes"),
        StoreError::Duplicate { .. } => {
            ("duplicate", Exit::Failed, "choose another name, or take that one back with `car token revoke`")
        }
        StoreError::Malformed { .. } => {
            ("storage", Exit::Failed, "mend the file at that place, or move it away; it has not been changed")
        }
        _ => ("storage", Exit::Failed, "`car doctor` looks at the state folder"),
    };
    Failure { kind, exit, ..Failure::from(error) }.hinted(hint)
}

/// Reads a span of time: a whole number and its unit.
fn span(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a number and s, m, h, d or w, such as 30d; found {text:?}");
    let unit = text.chars().next_back().ok_or_else(expected)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        'w' => 7 * 24 * 60 * 60,
        _ => return Err(expected()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| expected())?;
    let span = number.checked_mul(seconds).filter(|span| *span > 0).ok_or_else(expected)?;
    Ok(Duration::from_secs(span))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs())
}

/// Shows a day, as a person reads it; the time of day matters to nobody.
fn date(seconds: u64) -> String {
    let Some(time) = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)) else {
        return "far away".to_owned();
    };
    let text = format_timestamp(time);
    text.split_once('T').map_or_else(|| text.clone(), |(day, _)| day.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_spans_of_time() {
        for (text, seconds) in
            [("90s", 90), ("30m", 1_800), ("12h", 43_200), ("30d", 2_592_000), ("8w", 4_838_400)]
        {
            assert_eq!(span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "d",
            "30",
            "0d",
            "-1d",
            "1.5h",
            "30 d",
            "5y",
            "99999999999999999999w",
            "9999999999999999999w",
            "3é",
        ] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shows_days_and_survives_an_end_beyond_all_calendars() {
        assert_eq!(date(1_800_000_000), "2027-01-15");
        assert!(!date(u64::MAX).is_empty());
    }
}
