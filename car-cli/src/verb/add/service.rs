//! A service that a registry, a root or a catalog describes: looked up, shown, agreed to, added.

use car_connectors::discovery::{Answers, LookUpOptions, Proposal, Way};
use car_connectors::{ConnectorManager, ConnectorStatus, ErrorKind};
use serde::Serialize;

use super::shown::{self, kind};
use super::{answers, next, signed_in_or_added, told};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sign_in::{can_ask, one_line};

/// What can be said with a service.
#[derive(clap::Args)]
#[group(skip)]
#[command(next_help_heading = "With a service")]
pub(super) struct Options {
    /// Add it without being asked; what has changed since you agreed to it is refused
    #[arg(long, short)]
    yes: bool,
    /// Agree to what has changed, too
    #[arg(long)]
    accept_changes: bool,
    /// Only show what would be added
    #[arg(long, conflicts_with = "yes")]
    show: bool,
    /// Take this of the ways to have it: its number, or remote, npm, pypi, oci and so on
    #[arg(long, value_name = "WAY")]
    way: Option<String>,
    /// Ask only this source, by its name; may be repeated
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Ask nobody: take what is known here already
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    answers: answers::Options,
}

/// What was agreed to and how it stands, as a program gets it.
#[derive(Serialize)]
struct Added<'a> {
    connector: &'a ConnectorStatus,
    proposal: &'a Proposal,
}

/// What would be added, as a program gets it.
#[derive(Serialize)]
struct Shown<'a> {
    proposal: &'a Proposal,
    /// The way that would be taken, counted from zero.
    way: Option<usize>,
}

/// What a person agreed to.
struct Agreed {
    proposal: Proposal,
    answers: Answers,
    /// What is shown of it with the result: nothing where it was read with the question.
    text: Option<String>,
}

impl Options {
    /// Refuses what only a service can be given.
    pub(super) fn refuse(&self) -> Result<(), Failure> {
        let given = [
            (self.yes, "--yes"),
            (self.show, "--show"),
            (self.way.is_some(), "--way"),
            (!self.source.is_empty(), "--source"),
            (self.offline, "--offline"),
            (!self.answers.is_empty(), "--set"),
        ];
        match given.iter().find(|(is_given, _)| *is_given) {
            None => Ok(()),
            Some((_, name)) => {
                Err(Failure::usage(format!("{name} is for a service from a registry, a root or a catalog"))
                    .hinted("name it as `car find` shows it: io.github.owner/server or agentdns://…"))
            }
        }
    }

    /// Finds the way that is meant.
    fn chosen(&self, proposal: &Proposal) -> Result<Option<usize>, Failure> {
        let Some(meant) = &self.way else { return Ok(proposal.best) };
        let count = proposal.ways.len();
        if let Ok(number) = meant.parse::<usize>() {
            return match number {
                1.. if number <= count => Ok(Some(number - 1)),
                _ => Err(Failure::usage(format!("expected --way from 1 to {count}, found {number}"))),
            };
        }
        let all = || proposal.ways.iter().enumerate().filter(|(_, way)| kind(&way.offer) == meant.as_str());
        let free = all().find(|(_, way)| way.obstacle.is_none());
        free.or_else(|| all().next()).map(|(place, _)| Some(place)).ok_or_else(|| {
            let kinds: Vec<_> = proposal.ways.iter().map(|way| kind(&way.offer)).collect();
            Failure::usage(format!("expected --way with one of: {}; found {meant:?}", kinds.join(", ")))
        })
    }
}

/// Looks a service up, shows it, and adds it if the person agrees.
pub(super) async fn run(
    context: &Context,
    options: &Options,
    no_login: bool,
    reference: &str,
    name: Option<&str>,
) -> Result<Exit, Failure> {
    let asks = !context.screen.is_json() && can_ask();
    if !(asks || options.show || options.yes) {
        return Err(Failure::usage(format!("nobody is here to agree to adding {reference}"))
            .hinted("look at it with --show, then agree with --yes"));
    }
    let manager = context.manager().await?;
    let agreed = match agreed(context, &manager, options, reference, name).await {
        Ok(Some(agreed)) => agreed,
        other => {
            context.finish(&manager).await;
            return other.map(|_| Exit::Done);
        }
    };
    let Agreed { proposal, answers, text } = agreed;
    let name = name.unwrap_or(&proposal.suggested_name);
    let wait = context.screen.wait(format!("contacting {name}"));
    let added = wait.on(manager.add_proposed(&proposal, answers)).await;
    let added = signed_in_or_added(context, &manager, added, name, no_login).await?;
    Ok(added.map_or(Exit::Done, |status| {
        context.screen.result(&Added { connector: &status, proposal: &proposal }, || {
            let text = text.map(|text| format!("{text}\n\n")).unwrap_or_default();
            text + &told(&status)
        });
        next(context, &status)
    }))
}

/// Shows what would be added, and returns it with the person's answers; nothing where it was only to be shown.
async fn agreed(
    context: &Context,
    manager: &ConnectorManager,
    options: &Options,
    reference: &str,
    name: Option<&str>,
) -> Result<Option<Agreed>, Failure> {
    let look_up = LookUpOptions::new().with_offline(options.offline).with_sources(options.source.clone());
    let wait = context.screen.wait(format!("looking {reference} up"));
    let looked_up = wait.on(manager.look_up(reference, &look_up)).await;
    let proposal = looked_up.map_err(|error| unknown(reference, error))?;
    let chosen = options.chosen(&proposal)?;
    let text = shown::text(&proposal, chosen);
    if options.show {
        context.screen.result(&Shown { proposal: &proposal, way: chosen }, || text);
        return Ok(None);
    }
    let way = takable(&proposal, chosen)?;
    let mut answers = Answers::new();
    if let Some(place) = chosen {
        answers = answers.with_way(place);
    }
    if let Some(name) = name {
        answers = answers.with_name(name);
    }
    if !proposal.changes.is_empty() {
        if options.yes && !options.accept_changes {
            return Err(refused(&proposal));
        }
        answers = answers.accepting_changes();
    }
    let text = match options.yes {
        true => Some(text),
        false => {
            ask(context, &proposal, &text).await?;
            None
        }
    };
    let asks = !context.screen.is_json() && can_ask();
    let answers = options.answers.gather(context, way, answers, asks).await?;
    Ok(Some(Agreed { proposal, answers, text }))
}

/// Says of a name that nobody knows that it may have been meant as a URL: `example.com/mcp` has the form of both.
fn unknown(reference: &str, error: car_connectors::Error) -> Failure {
    let is_unknown = error.kind() == ErrorKind::NotFound && !reference.contains("://");
    let mut failure = Failure::from(error);
    if let Some(hint) = failure.hint.as_mut().filter(|_| is_unknown) {
        hint.push_str("; a URL begins with https://");
    }
    failure
}

/// Returns the way, if it can be taken.
fn takable(proposal: &Proposal, chosen: Option<usize>) -> Result<&Way, Failure> {
    let cannot = |why: String, hint: &str| {
        Err(Failure::new("unsupported", format!("{} cannot be added: {why}", proposal.reference))
            .hinted(hint))
    };
    let way = chosen.and_then(|place| proposal.ways.get(place));
    match way.map(|way| (way, way.obstacle.as_deref())) {
        Some((way, None)) => Ok(way),
        Some((_, Some(obstacle))) => cannot(shown::line(obstacle), "`--show` lists the other ways"),
        None => cannot("there is no way to have it here".to_owned(), "`--show` says what stands in the way"),
    }
}

fn refused(proposal: &Proposal) -> Failure {
    let message = format!("{} is not what you agreed to any more", proposal.reference);
    let mut failure = Failure::new("changed", message)
        .hinted("look at it with --show, then agree with --yes --accept-changes");
    failure.causes = proposal.changes.iter().map(shown::changed).collect();
    failure
}

async fn ask(context: &Context, proposal: &Proposal, text: &str) -> Result<(), Failure> {
    let question = match proposal.changes.is_empty() {
        true => "Add this?",
        false => "Add this, although it has changed?",
    };
    context.screen.ask(&format!("{text}\n\n{question} [y/N] "));
    let answer = one_line().await.unwrap_or_default();
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new("untrusted", format!("{} was not added", proposal.reference))
            .hinted("nothing of it was contacted or started")),
    }
}
