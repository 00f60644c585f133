//! What is passed on beside tools: prompts, resources and completion of connectors that share them.

use std::collections::BTreeSet;

use car_mcp_proto::completion::{CompleteParams, CompleteResult};
use car_mcp_proto::{Members, RawJson};

use super::ConnectorManager;
use crate::error::Error;
use crate::offered::Offering;
use crate::options::CallOptions;
use crate::status::ConnectorStatus;

impl ConnectorManager {
    /// Returns everything that is passed on at the moment, as last seen: enabled tools from what the person agreed to,
    /// also of connectors that have not been dialed yet; prompts and resources of those that have been. No server is
    /// contacted.
    ///
    /// # Errors
    /// Says why the state cannot be read.
    pub async fn offering(&self) -> Result<Offering, Error> {
        todo!("part C2")
    }

    /// Sets whether a connector's prompts and resources are passed on; what is `None` stays as it is.
    ///
    /// # Errors
    /// Says that there is no such connector, or why the manifest cannot be changed.
    pub async fn share(
        &self,
        slug: &str,
        prompts: Option<bool>,
        resources: Option<bool>,
    ) -> Result<ConnectorStatus, Error> {
        let _ = (slug, prompts, resources);
        todo!("part C2")
    }

    /// Gets a prompt of a connector that shares its prompts, through policy and event log. The result is as the server
    /// sent it.
    ///
    /// # Errors
    /// As [`ConnectorManager::call_tool`].
    ///
    /// # Cancel safety
    /// As [`ConnectorManager::call_tool`].
    pub async fn get_prompt(
        &self,
        slug: &str,
        prompt: &str,
        arguments: &Members,
        options: &CallOptions,
    ) -> Result<RawJson, Error> {
        let _ = (slug, prompt, arguments, options);
        todo!("part C2")
    }

    /// Reads a resource of a connector that shares its resources, through policy and event log. The result is as the
    /// server sent it.
    ///
    /// # Errors
    /// As [`ConnectorManager::call_tool`].
    ///
    /// # Cancel safety
    /// As [`ConnectorManager::call_tool`].
    pub async fn read_resource(
        &self,
        slug: &str,
        uri: &str,
        options: &CallOptions,
    ) -> Result<RawJson, Error> {
        let _ = (slug, uri, options);
        todo!("part C2")
    }

    /// Asks a connector what a person may want to type next in an argument of a shared prompt (by the server's name for
    /// it) or a variable of a shared template.
    ///
    /// # Errors
    /// As [`ConnectorManager::call_tool`].
    pub async fn complete(
        &self,
        slug: &str,
        params: &CompleteParams,
        options: &CallOptions,
    ) -> Result<CompleteResult, Error> {
        let _ = (slug, params, options);
        todo!("part C2")
    }

    /// Sets which resources somebody watches, in place of those before: their servers are asked to tell when they change.
    /// Does nothing unless the manager listens ([`ManagerOptions::with_listening`](crate::ManagerOptions::with_listening)).
    pub fn watch_resources(&self, uris: BTreeSet<String>) {
        let _ = uris;
        todo!("part C2")
    }

    /// Looks at the state folder now, and follows what other processes changed there: for whoever is told that files
    /// changed. Events say what came of it.
    ///
    /// # Errors
    /// Says what cannot be read; everything stays as it was then.
    pub async fn reload(&self) -> Result<(), Error> {
        todo!("part C2")
    }
}
