//! Changes to what a server offers while it serves. Requests that are under way go on with what they found.

use std::sync::Arc;

use super::builder::DefinitionError;
use super::completion::ServerCompletion;
use super::prompt::{PromptEntry, ServerPrompt};
use super::registry::Registry;
use super::resource::{ResourceEntry, ServerResource, ServerTemplate, TemplateEntry};
use super::service::Server;
use super::tool::{ServerTool, ToolEntry};

impl Server {
    /// Adds a tool, or puts it in the place of the one of its name. Whoever listens is told.
    ///
    /// # Errors
    /// Says why it cannot be served.
    pub fn add_tool(&self, tool: ServerTool) -> Result<(), DefinitionError> {
        let tool = ToolEntry::prepare(tool)?;
        self.change(|registry| registry.tools.put(tool));
        self.tools_changed();
        Ok(())
    }

    /// Takes a tool out, and returns whether there was one.
    pub fn remove_tool(&self, name: &str) -> bool {
        let was_there = self.change(|registry| registry.tools.remove(name));
        if was_there {
            self.tools_changed();
        }
        was_there
    }

    /// Adds a prompt, or puts it in the place of the one of its name. Whoever listens is told.
    pub fn add_prompt(&self, prompt: ServerPrompt) {
        let prompt = PromptEntry::prepare(prompt);
        self.change(|registry| registry.prompts.put(prompt));
        self.prompts_changed();
    }

    /// Takes a prompt out, and returns whether there was one.
    pub fn remove_prompt(&self, name: &str) -> bool {
        let was_there = self.change(|registry| registry.prompts.remove(name));
        if was_there {
            self.prompts_changed();
        }
        was_there
    }

    /// Adds a resource, or puts it in the place of the one of its URI. Whoever listens is told.
    pub fn add_resource(&self, resource: ServerResource) {
        let resource = ResourceEntry::prepare(resource);
        self.change(|registry| registry.resources.put(resource));
        self.resources_changed();
    }

    /// Takes a resource out, and returns whether there was one.
    pub fn remove_resource(&self, uri: &str) -> bool {
        let was_there = self.change(|registry| registry.resources.remove(uri));
        if was_there {
            self.resources_changed();
        }
        was_there
    }

    /// Adds a resource template, or puts it in the place of the same one. Whoever listens is told.
    ///
    /// # Errors
    /// Says why it cannot be served.
    pub fn add_template(&self, template: ServerTemplate) -> Result<(), DefinitionError> {
        let template = TemplateEntry::prepare(template)?;
        self.change(|registry| registry.templates.put(template));
        self.resources_changed();
        Ok(())
    }

    /// Takes a resource template out, and returns whether there was one.
    pub fn remove_template(&self, uri_template: &str) -> bool {
        let was_there = self.change(|registry| registry.templates.remove(uri_template));
        if was_there {
            self.resources_changed();
        }
        was_there
    }

    /// Adds completion for an argument that has none yet.
    ///
    /// # Errors
    /// Says that there is no such argument, or that it has completion already.
    pub fn add_completion(&self, completion: ServerCompletion) -> Result<(), DefinitionError> {
        self.change(|registry| registry.complete(completion))
    }

    /// Makes a new registry of the present one. Readers are held up for as long as it takes to copy the tables.
    fn change<T>(&self, change: impl FnOnce(&mut Registry) -> T) -> T {
        let mut place = self.inner.registry.write().expect("nothing panics while it changes the registry");
        let registry = Arc::make_mut(&mut place);
        registry.forget_pages();
        change(registry)
    }
}
