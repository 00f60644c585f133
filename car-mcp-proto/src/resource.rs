//! Resources: things a server lets a client read by URI.

use serde_json::Number;

use crate::cache::CacheScope;
use crate::content::{Annotations, Icon};
use crate::json::Members;
use crate::result::ResultType;
use crate::salvage::ListResult;

open_object! {
    /// A resource that can be read.
    pub struct Resource {
        /// Its URI.
        req uri: String = "uri",
        /// Its name in code.
        req name: String = "name",
        /// Its name for people.
        opt title: String = "title",
        /// What it is.
        opt description: String = "description",
        /// Its media type.
        opt mime_type: String = "mimeType",
        /// Hints for the client.
        opt annotations: Annotations = "annotations",
        /// Its size in bytes, before any encoding.
        opt size: Number = "size",
        /// Pictures for it.
        opt icons: Vec<Icon> = "icons",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// A family of resources whose URIs follow a template (RFC 6570).
    pub struct ResourceTemplate {
        /// The template.
        req uri_template: String = "uriTemplate",
        /// Its name in code.
        req name: String = "name",
        /// Its name for people.
        opt title: String = "title",
        /// What it is.
        opt description: String = "description",
        /// The media type, where all of the family share it.
        opt mime_type: String = "mimeType",
        /// Hints for the client.
        opt annotations: Annotations = "annotations",
        /// Pictures for it.
        opt icons: Vec<Icon> = "icons",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// What was read: `text` or `blob`, never both.
    pub struct ResourceContents {
        /// The URI that was read.
        req uri: String = "uri",
        /// The media type.
        opt mime_type: String = "mimeType",
        /// The contents, where they are text.
        opt text: String = "text",
        /// The contents in Base64, where they are not text.
        opt blob: String = "blob",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Result of `resources/list`.
    pub struct ListResourcesResult {
        /// One page of resources.
        lst resources: Vec<Resource> = "resources",
        /// Where the next page begins; absent on the last one.
        opt next_cursor: String = "nextCursor",
        /// How long the page stays fresh, in milliseconds.
        opt ttl_ms: Number = "ttlMs",
        /// Who may share it.
        opt cache_scope: CacheScope = "cacheScope",
        /// The kind of result; absent means complete.
        opt result_type: ResultType = "resultType",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Result of `resources/templates/list`.
    pub struct ListResourceTemplatesResult {
        /// One page of templates.
        lst resource_templates: Vec<ResourceTemplate> = "resourceTemplates",
        /// Where the next page begins; absent on the last one.
        opt next_cursor: String = "nextCursor",
        /// How long the page stays fresh, in milliseconds.
        opt ttl_ms: Number = "ttlMs",
        /// Who may share it.
        opt cache_scope: CacheScope = "cacheScope",
        /// The kind of result; absent means complete.
        opt result_type: ResultType = "resultType",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Parameters of `resources/read`.
    pub struct ReadResourceParams {
        /// What to read.
        req uri: String = "uri",
        /// Answers to an earlier round, by key.
        opt input_responses: Members = "inputResponses",
        /// The state that an earlier round asked to have back, byte for byte.
        opt request_state: String = "requestState",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Result of `resources/read`.
    pub struct ReadResourceResult {
        /// The contents: one resource, or several where the URI names a group.
        lst contents: Vec<ResourceContents> = "contents",
        /// How long they stay fresh, in milliseconds.
        opt ttl_ms: Number = "ttlMs",
        /// Who may share them.
        opt cache_scope: CacheScope = "cacheScope",
        /// The kind of result; absent means complete.
        opt result_type: ResultType = "resultType",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

open_object! {
    /// Parameters of `notifications/resources/updated`.
    pub struct ResourceUpdatedParams {
        /// The resource that changed, or a part of the one subscribed to.
        req uri: String = "uri",
        /// Metadata; in the modern era it names the subscription.
        opt meta: Members = "_meta",
    }
}

impl ListResult for ListResourcesResult {
    const LIST: &'static str = "resources";
    const DECORATION: &'static [&'static str] = &["title", "icons", "annotations", "size", "_meta"];
    type Entry = Resource;

    fn check(_: &Resource) -> Result<(), String> {
        Ok(())
    }
}

impl ListResult for ListResourceTemplatesResult {
    const LIST: &'static str = "resourceTemplates";
    const DECORATION: &'static [&'static str] = &["title", "icons", "annotations", "_meta"];
    type Entry = ResourceTemplate;

    fn check(_: &ResourceTemplate) -> Result<(), String> {
        Ok(())
    }
}
