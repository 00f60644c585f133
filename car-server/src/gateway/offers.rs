//! What the endpoint offers, made from what the connectors offer, and whose each thing is.

use std::collections::HashMap;
use std::sync::Arc;

use car_connectors::mcp::proto::completion::{
    CompletionArgument, CompletionReference, PromptReference, ResourceTemplateReference,
};
use car_connectors::mcp::proto::prompt::Prompt;
use car_connectors::mcp::proto::resource::{Resource, ResourceTemplate};
use car_connectors::mcp::proto::tool::Tool;
use car_connectors::mcp::server::{
    Offer, Offered as Seen, ServerCompletion, ServerPrompt, ServerResource, ServerTemplate, ServerTool,
    template_variables,
};
use car_connectors::{Offered, Offering};

use super::forward::{Forward, Target};

/// Under which names things are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// Under those that no two connectors share.
    Canonical,
    /// Under the server's own: there is only one connector.
    Own,
}

/// Whose each thing is that is offered: connectors' slugs by kind and name.
#[derive(Debug, Default)]
pub(super) struct Owners {
    tools: HashMap<String, String>,
    prompts: HashMap<String, String>,
    resources: HashMap<String, String>,
    templates: HashMap<String, String>,
}

impl Owners {
    /// Notes whose each thing is.
    pub(super) fn new(offering: &Offering, names: Names) -> Self {
        Self {
            tools: owners(&offering.tools, names),
            prompts: owners(&offering.prompts, names),
            resources: owners(&offering.resources, names),
            templates: owners(&offering.templates, names),
        }
    }

    /// Returns the connector that a thing is of.
    pub(super) fn of(&self, seen: Seen<'_>) -> Option<&str> {
        let owner = match seen {
            Seen::Tool(name) => self.tools.get(name),
            Seen::Prompt(name) => self.prompts.get(name),
            Seen::Resource(uri) => self.resources.get(uri),
            Seen::Template(template) => self.templates.get(template),
            _ => None,
        };
        owner.map(String::as_str)
    }
}

fn owners<T>(offered: &[Offered<T>], names: Names) -> HashMap<String, String> {
    let mut owners = HashMap::with_capacity(offered.len());
    for offered in offered {
        // As the server does: of two with one name the first is there.
        owners.entry(name(offered, names).to_owned()).or_insert_with(|| offered.connector.clone());
    }
    owners
}

fn name<T>(offered: &Offered<T>, names: Names) -> &str {
    match names {
        Names::Canonical => &offered.canonical,
        Names::Own => &offered.name,
    }
}

/// Returns what is offered, each with a function that passes requests on. Where two connectors have one URI, it is that of its
/// owner.
pub(super) fn offer(offering: &Offering, names: Names, owners: &Owners, forward: &Forward) -> Offer {
    let mut offer = Offer::new();
    offer.tools = offering.tools.iter().map(|offered| tool(offered, names, forward)).collect();
    offer.prompts = offering.prompts.iter().map(|offered| prompt(offered, names, forward)).collect();
    let resources =
        offering.resources.iter().filter(|it| owners.of(Seen::Resource(&it.name)) == Some(&it.connector));
    offer.resources = resources.map(|offered| resource(offered, forward)).collect();
    let templates =
        offering.templates.iter().filter(|it| owners.of(Seen::Template(&it.name)) == Some(&it.connector));
    offer.templates = templates.clone().map(|offered| template(offered, forward)).collect();
    let prompts = offering.prompts.iter().filter(|offered| offered.completes);
    offer.completions = prompts
        .flat_map(|offered| of_prompt(offered, names, forward))
        .chain(
            templates.filter(|offered| offered.completes).flat_map(|offered| of_template(offered, forward)),
        )
        .collect();
    offer
}

fn target<T>(offered: &Offered<T>) -> Arc<Target> {
    Arc::new(Target { connector: offered.connector.clone(), name: offered.name.clone() })
}

fn tool(offered: &Offered<Tool>, names: Names, forward: &Forward) -> ServerTool {
    let mut definition = offered.definition.clone();
    name(offered, names).clone_into(&mut definition.name);
    let (target, forward) = (target(offered), forward.clone());
    ServerTool::forwarded(definition, move |arguments, context| {
        forward.clone().tool(Arc::clone(&target), arguments, context)
    })
}

fn prompt(offered: &Offered<Prompt>, names: Names, forward: &Forward) -> ServerPrompt {
    let mut definition = offered.definition.clone();
    name(offered, names).clone_into(&mut definition.name);
    let (target, forward) = (target(offered), forward.clone());
    ServerPrompt::forwarded(definition, move |arguments, context| {
        forward.clone().prompt(Arc::clone(&target), arguments, context)
    })
}

fn resource(offered: &Offered<Resource>, forward: &Forward) -> ServerResource {
    let (target, forward) = (target(offered), forward.clone());
    ServerResource::forwarded(offered.definition.clone(), move |context| {
        forward.clone().resource(Arc::clone(&target), target.name.clone(), context)
    })
}

fn template(offered: &Offered<ResourceTemplate>, forward: &Forward) -> ServerTemplate {
    let (target, forward) = (target(offered), forward.clone());
    ServerTemplate::forwarded(offered.definition.clone(), move |uri, context| {
        forward.clone().resource(Arc::clone(&target), uri, context)
    })
}

/// Returns the completion of each argument of a prompt.
fn of_prompt(offered: &Offered<Prompt>, names: Names, forward: &Forward) -> Vec<ServerCompletion> {
    let complete = |argument: &str| {
        let (target, forward, argument) = (target(offered), forward.clone(), argument.to_owned());
        let shown = name(offered, names).to_owned();
        ServerCompletion::of_prompt(shown, argument.clone(), move |typed, settled, context| {
            let reference = CompletionReference::Prompt(PromptReference::new(target.name.clone()));
            let argument = CompletionArgument::new(argument.clone(), typed);
            forward.clone().completion(Arc::clone(&target), reference, argument, settled, context)
        })
    };
    let arguments = offered.definition.arguments.iter().flatten();
    arguments.map(|argument| complete(&argument.name)).collect()
}

/// Returns the completion of each variable of a template.
fn of_template(offered: &Offered<ResourceTemplate>, forward: &Forward) -> Vec<ServerCompletion> {
    let complete = |variable: String| {
        let (target, forward) = (target(offered), forward.clone());
        ServerCompletion::of_template(
            offered.name.clone(),
            variable.clone(),
            move |typed, settled, context| {
                let reference = ResourceTemplateReference::new(target.name.clone());
                let argument = CompletionArgument::new(variable.clone(), typed);
                forward.clone().completion(Arc::clone(&target), reference.into(), argument, settled, context)
            },
        )
    };
    // One that cannot be read is not served either.
    template_variables(&offered.name).unwrap_or_default().into_iter().map(complete).collect()
}
