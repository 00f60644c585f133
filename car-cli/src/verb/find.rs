//! `car find NEED`: finds services by what they are needed for. Nothing that is found is contacted.

use std::time::Duration;

use car_connectors::agentdns::rank::Reason;
use car_connectors::agentdns::{Lifecycle, Limit, Need};
use car_connectors::discovery::{FindOptions, Found, FoundService, LeftOut};
use car_connectors::store::visible;

use super::call::seconds;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Screen;
use crate::publisher::published;

/// How much of a description is shown: a line of a table, not a page.
const SHOWN: usize = 100;

/// Find services by what you need, as in: car find open an issue in my tracker
///
/// Searched are the connectors that you have, and the sources that `car sources` lists. Nothing that is found is
/// contacted, and nothing is added: `car add` shows it first.
#[derive(clap::Args)]
pub(crate) struct Find {
    /// What you need, in your own words
    #[arg(required = true, value_name = "NEED")]
    need: Vec<String>,
    /// How many services to show at most, from 1 to 100
    #[arg(long, value_name = "N", value_parser = limit, default_value = "10")]
    limit: Limit,
    /// How long to wait for the sources in all, in seconds [default: 5]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Search only this source, by its name, beside what is connected; may be repeated
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Ask nobody: search what is known here already
    #[arg(long)]
    offline: bool,
}

fn limit(text: &str) -> Result<Limit, String> {
    let expected = || format!("expected a number from 1 to {}", Limit::MAX);
    let number = text.parse().map_err(|_| expected())?;
    Limit::new(number).map_err(|_| expected())
}

/// Finds services, and shows them best first.
pub(crate) async fn run(context: &Context, arguments: Find) -> Result<Exit, Failure> {
    let need = arguments.need.join(" ");
    Need::new(&need).map_err(|error| {
        Failure::usage(format!("the need: {error}")).hinted("say it in words: car find open an issue")
    })?;
    let mut options = FindOptions::new()
        .with_limit(arguments.limit)
        .with_offline(arguments.offline)
        .with_sources(arguments.source);
    if let Some(timeout) = arguments.timeout {
        options = options.with_deadline(timeout);
    }
    let manager = context.manager().await?;
    let found = context.screen.wait("searching").on(manager.find(&need, &options)).await;
    context.finish(&manager).await;
    show(&context.screen, &found?, context.is_verbose);
    Ok(Exit::Done)
}

fn show(screen: &Screen, found: &Found, is_verbose: bool) {
    screen.result(found, || {
        if found.services.is_empty() {
            return String::new();
        }
        let mut table = screen.table(["SCORE", "NAME", "FROM", "VERSION", "WHAT", "ADD WITH"]);
        for one in &found.services {
            table.row([
                &format!("{:.2}", one.score),
                &visible(&one.service.name),
                &visible(&one.service.provenance.source),
                &visible(one.service.version.as_deref().unwrap_or("-")),
                &what(one),
                &add_with(one),
            ]);
        }
        table.keep_last();
        let reasons = found.services.iter().filter(|_| is_verbose).map(reasons);
        table.text() + &reasons.collect::<String>()
    });
    for note in &found.notes {
        screen.note(visible(note));
    }
    for left_out in &found.left_out {
        screen.note(told(left_out));
    }
    if found.services.is_empty() {
        screen.note("nothing fits; say it in other words, or see `car sources` for where is searched");
    } else if found.services.iter().any(|one| one.service.reference.is_some() && one.connected_as.is_none()) {
        screen.note(
            "next: `car add NAME` with what stands under ADD WITH; it is shown first, and you are asked",
        );
    }
}

/// Says what a service does, after what a person should know of it first.
fn what(one: &FoundService) -> String {
    let mut marks = Vec::new();
    if let Some(slug) = &one.connected_as {
        marks.push(format!("connected as {slug}"));
    }
    if matches!(one.service.lifecycle, Lifecycle::Deprecated { .. }) {
        marks.push("deprecated".to_owned());
    }
    if !one.changed.is_empty() {
        marks.push("changed since you added it".to_owned());
    }
    let marks = if marks.is_empty() { String::new() } else { format!("[{}] ", marks.join(", ")) };
    let words = one.service.description.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut short: String = words.chars().take(SHOWN).collect();
    if short.len() < words.len() {
        short.push('…');
    }
    format!("{marks}{}", visible(&short))
}

fn add_with(one: &FoundService) -> String {
    match &one.service.reference {
        Some(reference) => visible(reference).into_owned(),
        None => "-".to_owned(),
    }
}

/// Says why a service is among those found, and whose it is.
fn reasons(one: &FoundService) -> String {
    let service = &one.service;
    let mut lines = vec![format!("\n\n{}: {}", visible(&service.name), service.identifier)];
    let why: Vec<_> = one.reasons.iter().map(reason).collect();
    let meaning = one.meaning.map(|meaning| format!(", meaning {meaning:.2}")).unwrap_or_default();
    lines.push(format!("  {:.2} of words {:.2}{meaning}: {}", one.score, one.words, why.join(", ")));
    lines.push(format!("  {}", published(service)));
    for change in &one.changed {
        let (before, now) = (visible(&change.before), visible(&change.now));
        lines.push(format!("  {} was {before}, is {now}", change.what.as_str()));
    }
    if let Lifecycle::Deprecated { message: Some(message) } = &service.lifecycle {
        lines.push(format!("  deprecated: {}", visible(message)));
    }
    if !one.also_in.is_empty() {
        lines.push(format!("  also in {}", visible(&one.also_in.join(", "))));
    }
    lines.join("\n")
}

fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Word { word, found_in } => format!("{:?} in {}", visible(word), visible(found_in)),
        Reason::Meaning { cosine } => format!("alike in meaning ({cosine:.2})"),
        other => format!("{other:?}"),
    }
}

fn told(left_out: &LeftOut) -> String {
    let next = left_out.hint.as_ref().map(|hint| format!("; next: {}", visible(hint))).unwrap_or_default();
    format!("not searched: {}: {}{next}", visible(&left_out.source), visible(&left_out.reason))
}
