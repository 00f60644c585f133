//! `car logout SLUG`: gives a connector's tokens back and forgets them.

use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Sign out of a connector's server; the connector and its enabled tools stay
#[derive(clap::Args)]
pub(crate) struct Logout {
    /// The connector
    slug: String,
}

/// How it went, as a program gets it.
#[derive(Serialize)]
struct Answer<'a> {
    signed_out: &'a str,
    was_signed_in: bool,
    revoked: bool,
    refusal: Option<String>,
}

/// Signs out.
pub(crate) async fn run(context: &Context, arguments: Logout) -> Result<Exit, Failure> {
    let manager = context.manager().await?;
    let slug = context.connector(&manager, &arguments.slug).await?.slug;
    let signed_out = manager.sign_out(&slug).await;
    context.finish(&manager).await;
    let signed_out = signed_out?;
    let refusal = signed_out.refusal.as_ref().map(ToString::to_string);
    let answer = Answer {
        signed_out: &slug,
        was_signed_in: signed_out.was_signed_in,
        revoked: signed_out.revoked,
        refusal: refusal.clone(),
    };
    context.screen.result(&answer, || match (signed_out.was_signed_in, signed_out.revoked) {
        (false, _) => format!("nobody was signed in to {slug}"),
        (true, true) => format!("signed out of {slug}; the server took the tokens back"),
        (true, false) => format!("signed out of {slug} here"),
    });
    if let Some(refusal) = refusal {
        context.screen.warning(&format!("the server did not take the tokens back: {refusal}"));
    }
    Ok(Exit::Done)
}
