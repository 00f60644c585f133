//! What a server offers beside tools, and which connector a resource is asked of.

use std::sync::Arc;

use car_mcp::Listing;
use car_mcp_proto::prompt::Prompt;
use car_mcp_proto::resource::{Resource, ResourceTemplate};

/// What a server offers beside tools, as far as it was listed: only what the user shares is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shared {
    pub(crate) prompts: Option<Arc<Listing<Prompt>>>,
    pub(crate) resources: Option<Arc<Listing<Resource>>>,
    pub(crate) templates: Option<Arc<Listing<ResourceTemplate>>>,
    /// Whether it completes what a person types.
    pub(crate) completes: bool,
    /// Why a list could not be read; the one before stays then.
    pub(crate) trouble: Option<String>,
}

impl Shared {
    /// Tells how surely a resource is among these: by its own URI, by a template, or not at all.
    pub(crate) fn has(&self, uri: &str) -> Has {
        let mut resources = self.resources.iter().flat_map(|list| &list.items);
        let mut templates = self.templates.iter().flat_map(|list| &list.items);
        if resources.any(|resource| resource.uri == uri) {
            Has::Resource
        } else if templates.any(|template| matches(&template.uri_template, uri)) {
            Has::Template
        } else {
            Has::Nothing
        }
    }
}

/// How surely a connector has a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Has {
    Nothing,
    Template,
    Resource,
}

impl Has {
    pub(crate) const fn is_any(self) -> bool {
        !matches!(self, Self::Nothing)
    }
}

/// Tells whether a URI can come of a template: whatever stands in its braces, the rest is there and in order.
///
/// Which server is asked is all that hangs on it; the server itself says whether it has such a resource.
pub(crate) fn matches(template: &str, uri: &str) -> bool {
    let Some((begin, mut template)) = template.split_once('{') else { return template == uri };
    let Some(mut rest) = uri.strip_prefix(begin) else { return false };
    loop {
        let Some((_, after)) = template.split_once('}') else { return false };
        match after.split_once('{') {
            None => return rest.len() >= after.len() && rest.ends_with(after),
            Some((literal, next)) => {
                // The earliest place leaves most for what is still to come.
                let Some(at) = rest.find(literal) else { return false };
                rest = &rest[at + literal.len()..];
                template = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_of_the_templates_that_it_can_come_of() {
        for (template, uri, expected) in [
            ("file:///{path}", "file:///a/b.txt", true),
            ("file:///{+path}", "file:///", true),
            ("file:///{path}", "http:///a", false),
            ("db://{table}/rows/{id}", "db://users/rows/7", true),
            ("db://{table}/rows/{id}.json", "db://users/rows/7.json", true),
            ("db://{table}/rows/{id}.json", "db://users/rows/7.xml", false),
            ("db://{table}/rows/{id}", "db://users/columns/7", false),
            ("a{x}aa", "aaa", true),
            ("a{x}aa", "aa", false),
            ("plain://one", "plain://one", true),
            ("plain://one", "plain://two", false),
            ("broken://{one", "broken://x", false),
            ("search://q{?term,page}", "search://q?term=x", true),
        ] {
            assert_eq!(matches(template, uri), expected, "{template} {uri}");
        }
    }
}
