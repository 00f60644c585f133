//! `car trust`: shows what the project's file would do, and notes that the person agrees to exactly that.

use car_connectors::ProjectReview;
use car_connectors::store::visible;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sign_in::{Input, can_ask};

/// Use the connectors of this project: show what they would contact or start, and ask
///
/// The file is the nearest .car/connectors.toml up to the root of the repository. Whenever it changes, nothing of the
/// change is used before this has been run again.
#[derive(clap::Args)]
pub(crate) struct Trust {
    /// Agree without being asked
    #[arg(long, short)]
    yes: bool,
    /// Only show what it would do
    #[arg(long, conflicts_with = "yes")]
    show: bool,
}

/// What was shown and whether it is trusted now, as a program gets it.
#[derive(Serialize)]
struct Answer<'a> {
    project: &'a ProjectReview,
    trusted: bool,
}

/// Shows the file, and trusts it if the person agrees.
pub(crate) async fn run(context: &Context, arguments: Trust) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let Some(review) = manager.project().await? else { return Err(none(context)) };
    let path = review.path.display().to_string();
    if arguments.show {
        let answer = Answer { project: &review, trusted: review.is_trusted };
        context.screen.result(&answer, || text(&review));
        return Ok(Exit::Done);
    }
    // What is trusted already needs no second question; what was removed of it comes back.
    let is_agreed = arguments.yes || review.is_trusted;
    if !is_agreed {
        ask(context, &review).await?;
    }
    manager.trust_project(&review).await?;
    context.screen.result(&Answer { project: &review, trusted: true }, || {
        let trusted = format!("trusted {}", visible(&path));
        // Whoever was asked has read it.
        if is_agreed { format!("{}\n\n{trusted}", text(&review)) } else { trusted }
    });
    Ok(Exit::Done)
}

fn none(context: &Context) -> Failure {
    let failure = Failure::new("not_found", "there is no project file here");
    match context.project {
        None => failure.hinted("leave `--no-project` out"),
        Some(_) => failure.hinted("a project's connectors are in .car/connectors.toml of its repository"),
    }
}

async fn ask(context: &Context, review: &ProjectReview) -> Result<(), Failure> {
    let path = review.path.display().to_string();
    let path = visible(&path);
    if context.screen.is_json() || !can_ask() {
        return Err(Failure::new("untrusted", format!("nobody is here to agree to what {path} would do"))
            .hinted("look at it with `car trust --show`, then agree with `car trust --yes`"));
    }
    context.screen.ask(&format!("{}\n\nTrust exactly this? [y/N] ", text(review)));
    let answer = Input::default().line().await.unwrap_or_default();
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new("untrusted", format!("{path} is not trusted")).hinted("nothing of it is used")),
    }
}

/// Describes what the file would do, whole.
fn text(review: &ProjectReview) -> String {
    let mut lines = vec![
        format!("file    {}", visible(&review.path.display().to_string())),
        format!("sha256  {}", review.sha256),
        format!("trusted {}", if review.is_trusted { "yes" } else { "no" }),
    ];
    for entry in &review.entries {
        lines.push(format!("\n{} (line {}): \"{}\"", entry.slug, entry.line, entry.name));
        lines.extend(entry.facts.iter().map(|fact| format!("  {fact}")));
        lines.extend(entry.problem.iter().map(|problem| format!("  is not used: {problem}")));
    }
    if review.entries.is_empty() {
        lines.push("\nno connectors".to_owned());
    }
    if let Some(difference) = &review.difference {
        lines.push("\nchanged since you agreed to it:".to_owned());
        lines.extend(difference.iter().cloned());
    }
    lines.join("\n")
}
