//! Who the two peers are and what they can do.

use crate::content::Icon;
use crate::json::{Members, RawJson};

open_object! {
    /// Names a program that speaks MCP. For display only: it proves nothing.
    pub struct Implementation {
        /// Its name in code.
        req name: String = "name",
        /// Its name for people.
        opt title: String = "title",
        /// Its version.
        dft version: String = "version",
        /// What it is.
        opt description: String = "description",
        /// Where to read about it.
        opt website_url: String = "websiteUrl",
        /// Pictures for it.
        opt icons: Vec<Icon> = "icons",
    }
}

open_object! {
    /// What the client offers a server. Presence means support; the values say more.
    pub struct ClientCapabilities {
        /// Things outside the specification.
        opt experimental: Members = "experimental",
        /// The client tells its roots.
        opt roots: RawJson = "roots",
        /// The client's model answers.
        opt sampling: Members = "sampling",
        /// The client asks its user; an empty object means forms only.
        opt elicitation: Members = "elicitation",
        /// Extensions by identifier.
        opt extensions: Members = "extensions",
    }
}

open_object! {
    /// What a server says of its lists.
    pub struct ListCapability {
        /// It tells when the list changes.
        opt list_changed: bool = "listChanged",
        /// It tells when a resource changes (resources only).
        opt subscribe: bool = "subscribe",
    }
}

open_object! {
    /// What a server offers. Presence means support; the values say more.
    pub struct ServerCapabilities {
        /// Things outside the specification.
        opt experimental: Members = "experimental",
        /// It sends log messages.
        opt logging: RawJson = "logging",
        /// It completes arguments.
        opt completions: RawJson = "completions",
        /// It has prompts.
        opt prompts: ListCapability = "prompts",
        /// It has resources.
        opt resources: ListCapability = "resources",
        /// It has tools.
        opt tools: ListCapability = "tools",
        /// Extensions by identifier.
        opt extensions: Members = "extensions",
    }
}
