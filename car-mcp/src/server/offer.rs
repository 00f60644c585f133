//! All that a server offers, put in place in one step: for a server whose tools, prompts and resources are others'.

use std::collections::BTreeSet;

use tokio::sync::watch;

use super::builder::DefinitionError;
use super::completion::ServerCompletion;
use super::principal::Caller;
use super::prompt::ServerPrompt;
use super::resource::{ServerResource, ServerTemplate};
use super::service::Server;
use super::tool::ServerTool;

/// Everything that a server offers.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Offer {
    /// The tools, in the order in which they are listed.
    pub tools: Vec<ServerTool>,
    /// The prompts.
    pub prompts: Vec<ServerPrompt>,
    /// The resources.
    pub resources: Vec<ServerResource>,
    /// The resource templates; tried in this order, after all resources.
    pub templates: Vec<ServerTemplate>,
    /// Completion for arguments of the prompts and variables of the templates above.
    pub completions: Vec<ServerCompletion>,
}

/// One thing that is offered, by what it is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Offered<'a> {
    /// A tool, by its name.
    Tool(&'a str),
    /// A prompt, by its name.
    Prompt(&'a str),
    /// A resource, by its URI.
    Resource(&'a str),
    /// A resource template, by its template.
    Template(&'a str),
}

/// Says what a caller may see and use.
pub type Visible = dyn Fn(&Caller, Offered<'_>) -> bool + Send + Sync;

impl Offer {
    /// Returns an offer of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Server {
    /// Replaces all that is offered, in one step. Whoever listens is told of those lists whose definitions differ from
    /// before, and of no other. Requests that are under way go on with what they found.
    ///
    /// Returns what cannot be served and was left out, each with its reason; the rest is served all the same.
    pub fn replace(&self, offer: Offer) -> Vec<DefinitionError> {
        let _ = offer;
        todo!("part A")
    }

    /// Returns the URIs of the resources that somebody wants to hear of, as they change: what a server that passes on
    /// has to subscribe to itself.
    pub fn watched_resources(&self) -> watch::Receiver<BTreeSet<String>> {
        todo!("part A")
    }
}
