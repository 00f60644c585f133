//! All that a server offers, put in place in one step: for a server whose tools, prompts and resources are others'.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use tokio::sync::watch;

use super::builder::DefinitionError;
use super::changes;
use super::completion::ServerCompletion;
use super::principal::Caller;
use super::prompt::{PromptEntry, ServerPrompt};
use super::registry::{Difference, Entry, List, Registry};
use super::resource::{ResourceEntry, ServerResource, ServerTemplate, TemplateEntry};
use super::service::Server;
use super::tool::{ServerTool, ToolEntry};

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

/// Keeps the first entry of each name, and says what else there was.
fn distinct<T: Entry>(
    kind: &'static str,
    entries: impl Iterator<Item = Result<T, DefinitionError>>,
    refused: &mut Vec<DefinitionError>,
) -> Vec<T> {
    let mut names: HashSet<Box<str>> = HashSet::new();
    let mut kept = Vec::with_capacity(entries.size_hint().0);
    for entry in entries {
        match entry {
            Ok(entry) if names.insert(entry.key().into()) => kept.push(entry),
            Ok(entry) => refused.push(DefinitionError::Repeated { kind, name: entry.key().to_owned() }),
            Err(error) => refused.push(error),
        }
    }
    kept
}

impl Server {
    /// Replaces all that is offered, in one step. Whoever listens is told of those lists whose definitions differ from
    /// before, and of no other. Requests that are under way go on with what they found.
    ///
    /// Returns what cannot be served and was left out, each with its reason; the rest is served all the same.
    pub fn replace(&self, offer: Offer) -> Vec<DefinitionError> {
        let mut refused = Vec::new();
        // Prepared before anybody is held up.
        let before = self.registry();
        let tools = offer.tools.into_iter().map(|tool| {
            let old = before.tools.find(tool.name());
            ToolEntry::prepare_like(tool, old.map(|old| &**old))
        });
        let tools = distinct("tool", tools, &mut refused);
        let prompts = offer.prompts.into_iter().map(|prompt| Ok(PromptEntry::prepare(prompt)));
        let prompts = distinct("prompt", prompts, &mut refused);
        let resources = offer.resources.into_iter().map(|resource| Ok(ResourceEntry::prepare(resource)));
        let resources = distinct("resource", resources, &mut refused);
        let templates = offer.templates.into_iter().map(TemplateEntry::prepare);
        let templates = distinct("resource template", templates, &mut refused);

        let mut place = self.inner.registry.write().expect("nothing panics while it changes the registry");
        let before = Arc::clone(&place);
        let mut registry = Registry {
            tools: before.tools.replaced(tools),
            prompts: before.prompts.replaced(prompts),
            resources: before.resources.replaced(resources),
            templates: before.templates.replaced(templates),
            ..Registry::default()
        };
        let completed = offer.completions.into_iter().map(|completion| registry.complete(completion));
        refused.extend(completed.filter_map(Result::err));
        let tools = registry.tools.difference(&before.tools);
        let prompts = registry.prompts.difference(&before.prompts);
        let resources = registry.resources.difference(&before.resources);
        let templates = registry.templates.difference(&before.templates);
        registry.keep_pages(&before, |list| match list {
            List::Tools => tools.is_nothing(),
            List::Prompts => prompts.is_nothing(),
            List::Resources => resources.is_nothing(),
            List::Templates => templates.is_nothing(),
        });
        *place = Arc::new(registry);
        drop(place);
        let told = &self.inner.changes;
        told.list_changed_for(changes::List::Tools, |caller| self.concerns(&tools, caller));
        told.list_changed_for(changes::List::Prompts, |caller| self.concerns(&prompts, caller));
        told.list_changed_for(changes::List::Resources, |caller| {
            self.concerns(&resources, caller) || self.concerns(&templates, caller)
        });
        refused
    }

    fn concerns<T: Entry>(&self, difference: &Difference<T>, caller: &Caller) -> bool {
        match difference {
            Difference::Nothing => false,
            Difference::Entries(entries) => entries.iter().any(|entry| self.shows(caller, entry.offered())),
            Difference::List => true,
        }
    }

    /// Returns the URIs of the resources that somebody wants to hear of, as they change: what a server that passes on
    /// has to subscribe to itself.
    pub fn watched_resources(&self) -> watch::Receiver<BTreeSet<String>> {
        self.inner.changes.watched()
    }
}
