//! The tools that can be called, and where each call goes.
//!
//! A tool that is not enabled is not here, and has no route: it cannot be dispatched by any path.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{Route, SchemaError, SchemaLimits, SchemaValidator, ToolEntry, ToolSchema};

/// A tool with its route and its compiled schemas.
#[derive(Debug)]
pub struct RegisteredTool {
    entry: ToolEntry,
    route: Option<Route>,
    arguments: SchemaValidator,
    result: Option<SchemaValidator>,
}

impl RegisteredTool {
    /// Compiles the schemas of a tool. One without a route goes to the program's own executor.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] when a schema cannot be used; the tool is then set aside, and others are not affected.
    pub fn compile(
        entry: ToolEntry,
        route: Option<Route>,
        limits: &SchemaLimits,
    ) -> Result<Self, SchemaError> {
        let within = |which: &str, error: SchemaError| SchemaError { reason: format!("{which}: {error}") };
        let arguments = SchemaValidator::compile(entry.schema.parameters.get(), limits)
            .map_err(|error| within("input schema", error))?;
        let result = match &entry.schema.returns {
            Some(schema) => Some(
                SchemaValidator::compile(schema.get(), limits)
                    .map_err(|error| within("output schema", error))?,
            ),
            None => None,
        };
        Ok(Self { entry, route, arguments, result })
    }

    /// Returns the tool.
    #[must_use]
    pub fn entry(&self) -> &ToolEntry {
        &self.entry
    }

    /// Returns where calls go; none means the program's own executor.
    #[must_use]
    pub fn route(&self) -> Option<&Route> {
        self.route.as_ref()
    }

    /// Returns the check of the arguments.
    #[must_use]
    pub fn arguments(&self) -> &SchemaValidator {
        &self.arguments
    }

    /// Returns the check of the structured result.
    #[must_use]
    pub fn result(&self) -> Option<&SchemaValidator> {
        self.result.as_ref()
    }

    /// Says whether nothing differs that a person was shown, or that decides what a call does.
    pub(crate) fn is_same_definition(&self, other: &Self) -> bool {
        let (one, two) = (&self.entry.schema, &other.entry.schema);
        let returns = |schema: &ToolSchema| schema.returns.as_ref().map(|returns| returns.get().to_owned());
        self.route == other.route
            && self.entry.source == other.entry.source
            && one.description == two.description
            && one.parameters.get() == two.parameters.get()
            && returns(one) == returns(two)
    }

    fn is_of(&self, connector: &str) -> bool {
        self.route.as_ref().is_some_and(|route| route.connector == connector)
    }
}

/// All tools that can be called, in the order of their canonical names.
#[derive(Debug, Default)]
pub struct ToolRegistry {
    tools: RwLock<BTreeMap<String, Arc<RegisteredTool>>>,
}

impl ToolRegistry {
    /// Makes an empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a tool in place of the one with its name, which is returned.
    pub fn register(&self, tool: RegisteredTool) -> Option<Arc<RegisteredTool>> {
        self.write().insert(tool.entry.schema.name.clone(), Arc::new(tool))
    }

    /// Removes a tool. Calls of it that are under way come to their end.
    pub fn unregister(&self, name: &str) -> Option<Arc<RegisteredTool>> {
        self.write().remove(name)
    }

    /// Replaces all tools of a connector in one step; nobody sees it with some of them.
    pub fn replace_connector(&self, connector: &str, tools: impl IntoIterator<Item = RegisteredTool>) {
        let tools: Vec<_> =
            tools.into_iter().map(|tool| (tool.entry.schema.name.clone(), Arc::new(tool))).collect();
        let mut registered = self.write();
        registered.retain(|_, tool| !tool.is_of(connector));
        registered.extend(tools);
    }

    /// Returns the tool with this canonical name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<RegisteredTool>> {
        self.tools.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Returns all tools.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<RegisteredTool>> {
        self.tools.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, Arc<RegisteredTool>>> {
        // A panic elsewhere cannot leave the map half changed: each change is one call.
        self.tools.write().unwrap_or_else(PoisonError::into_inner)
    }
}
