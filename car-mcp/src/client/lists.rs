//! Lists: all pages in order, one bad entry set aside instead of losing the rest, kept while the server says so.

use std::collections::HashMap;
use std::sync::Arc;

use car_mcp_proto::RawJson;
use car_mcp_proto::cache::{CacheScope, may_share, time_to_live};
use car_mcp_proto::method::{ListPrompts, ListResourceTemplates, ListResources, ListTools, Method};
use car_mcp_proto::page::Pages;
use car_mcp_proto::param_header::ParamHeaders;
use car_mcp_proto::prompt::Prompt;
use car_mcp_proto::resource::{Resource, ResourceTemplate};
use car_mcp_proto::result::Outcome;
use car_mcp_proto::salvage::Salvaged;
use car_mcp_proto::tool::Tool;
use serde::de::DeserializeOwned;
use serde_json::Number;
use tokio::time::Instant;

use super::cache::{Fresh, ListCache, Slot};
use super::encode::Param;
use super::exchange::Request;
use super::options::CallOptions;
use super::session::{Agreed, Session};
use crate::error::Error;
use crate::transport::TransportError;

/// Holds a whole list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Listing<T> {
    /// The entries, in the server's order.
    pub items: Vec<T>,
    /// Entries that cannot be used, and why.
    pub set_aside: Vec<SetAside>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { items: Vec::new(), set_aside: Vec::new() }
    }
}

/// An entry of a list that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAside {
    /// Its name, if that much can be read.
    pub name: Option<String>,
    /// Why it cannot be used.
    pub reason: String,
}

impl From<car_mcp_proto::salvage::SetAside> for SetAside {
    fn from(entry: car_mcp_proto::salvage::SetAside) -> Self {
        Self { name: entry.name, reason: entry.reason }
    }
}

/// What a list is read from.
type ResultOf<T> = <<T as Listed>::Method as Method>::Result;

/// One page of a list, whatever it lists.
struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
    ttl_ms: Option<Number>,
    cache_scope: Option<CacheScope>,
}

/// An entry that can be listed.
trait Listed: DeserializeOwned + Clone + Send + Sync + 'static {
    type Method: Method;
    fn page(result: <Self::Method as Method>::Result) -> Page<Self>;
    fn slot(cache: &ListCache) -> &Slot<Self>;
}

macro_rules! listed {
    ($($item:ty, $method:ty, $member:ident, $slot:ident;)*) => {$(
        impl Listed for $item {
            type Method = $method;

            fn page(result: <$method as Method>::Result) -> Page<Self> {
                Page {
                    items: result.$member,
                    next_cursor: result.next_cursor,
                    ttl_ms: result.ttl_ms,
                    cache_scope: result.cache_scope,
                }
            }

            fn slot(cache: &ListCache) -> &Slot<Self> {
                &cache.$slot
            }
        }
    )*};
}

listed! {
    Tool, ListTools, tools, tools;
    Prompt, ListPrompts, prompts, prompts;
    Resource, ListResources, resources, resources;
    ResourceTemplate, ListResourceTemplates, resource_templates, templates;
}

impl Session {
    /// Lists all tools. Tools that cannot be called (no schema, invalid header marks) are set aside with the reason.
    ///
    /// A list that the server lets be kept is served from memory until it is out of date or the server says that it
    /// changed.
    ///
    /// # Errors
    /// Says how the server or the wire failed, or why the list does not come to an end.
    pub async fn list_tools(&self) -> Result<Arc<Listing<Tool>>, Error> {
        let agreed = self.agreed();
        self.offered(agreed.server.capabilities.tools.is_some(), "tools")?;
        self.list(|listing| self.check_tools(&agreed, listing)).await
    }

    /// Lists all prompts. Otherwise like [`Session::list_tools`].
    ///
    /// # Errors
    /// As [`Session::list_tools`].
    pub async fn list_prompts(&self) -> Result<Arc<Listing<Prompt>>, Error> {
        self.offered(self.agreed().server.capabilities.prompts.is_some(), "prompts")?;
        self.list(|_| ()).await
    }

    /// Lists all resources. Otherwise like [`Session::list_tools`].
    ///
    /// # Errors
    /// As [`Session::list_tools`].
    pub async fn list_resources(&self) -> Result<Arc<Listing<Resource>>, Error> {
        self.offered(self.agreed().server.capabilities.resources.is_some(), "resources")?;
        self.list(|_| ()).await
    }

    /// Lists all resource templates. Otherwise like [`Session::list_tools`].
    ///
    /// # Errors
    /// As [`Session::list_tools`].
    pub async fn list_resource_templates(&self) -> Result<Arc<Listing<ResourceTemplate>>, Error> {
        self.offered(self.agreed().server.capabilities.resources.is_some(), "resources")?;
        self.list(|_| ()).await
    }

    /// Only what the server declared may be asked for.
    fn offered(&self, offered: bool, what: &'static str) -> Result<(), Error> {
        match offered {
            true => Ok(()),
            false => Err(Error::Unsupported { what }),
        }
    }

    async fn list<T>(&self, check: impl FnOnce(&mut Listing<T>)) -> Result<Arc<Listing<T>>, Error>
    where
        T: Listed,
        Outcome<ResultOf<T>>: DeserializeOwned,
        Outcome<Salvaged<ResultOf<T>>>: DeserializeOwned,
    {
        let authorization = self.inner.transport.authorization();
        let changes = self.inner.lists.changes();
        let slot = T::slot(&self.inner.lists);
        if let Some(kept) = slot.lock().expect("nothing panics while it holds a list").as_ref() {
            let same = kept.authorization == authorization;
            if Instant::now() < kept.until && may_share(kept.scope.as_ref(), same) {
                return Ok(Arc::clone(&kept.listing));
            }
        }
        let (mut listing, until, scope) = self.read_pages::<T>().await?;
        check(&mut listing);
        let listing = Arc::new(listing);
        let fresh = until.filter(|until| *until > Instant::now());
        let mut kept = slot.lock().expect("nothing panics while it holds a list");
        // What changed while the pages were read may be missing from them: such a list serves this caller only.
        let unchanged =
            self.inner.lists.changes() == changes && self.inner.transport.authorization() == authorization;
        *kept = fresh.filter(|_| unchanged).map(|until| Fresh {
            listing: Arc::clone(&listing),
            until,
            scope,
            authorization,
        });
        drop(kept);
        Ok(listing)
    }

    /// Reads all pages. The list stays fresh as long as its first page to go stale.
    async fn read_pages<T>(&self) -> Result<(Listing<T>, Option<Instant>, Option<CacheScope>), Error>
    where
        T: Listed,
        Outcome<ResultOf<T>>: DeserializeOwned,
        Outcome<Salvaged<ResultOf<T>>>: DeserializeOwned,
    {
        let mut listing = Listing::default();
        let mut pages = Pages::new(self.inner.limits.max_pages);
        let mut cursor: Option<String> = None;
        let mut until: Option<Instant> = None;
        // One page that is not public makes the list private.
        let mut shared = true;
        loop {
            let page = self.read_page::<T>(cursor.as_deref(), &mut listing.set_aside).await?;
            let page_until = Instant::now() + time_to_live(page.ttl_ms.as_ref());
            until = Some(until.map_or(page_until, |until| until.min(page_until)));
            shared &= page.cache_scope == Some(CacheScope::PUBLIC);
            match listing.items.is_empty() {
                true => listing.items = page.items,
                false => listing.items.extend(page.items),
            }
            cursor = pages.handle_page(page.next_cursor).map_err(Error::Pages)?;
            if cursor.is_none() {
                return Ok((listing, until, shared.then_some(CacheScope::PUBLIC)));
            }
        }
    }

    async fn read_page<T>(
        &self,
        cursor: Option<&str>,
        set_aside: &mut Vec<SetAside>,
    ) -> Result<Page<T>, Error>
    where
        T: Listed,
        Outcome<ResultOf<T>>: DeserializeOwned,
        Outcome<Salvaged<ResultOf<T>>>: DeserializeOwned,
    {
        let own;
        let params: &[_] = match cursor {
            Some(cursor) => {
                own = [("cursor", Param::Text(cursor))];
                &own
            }
            None => &[],
        };
        let request = Request::new(<T::Method as Method>::NAME, params);
        let options = CallOptions::new().with_timeout(self.inner.limits.discovery_timeout);
        match self.request_again::<Outcome<ResultOf<T>>>(&request, &options).await {
            Ok(Outcome::Complete(result)) => Ok(T::page(result)),
            Ok(other) => Err(incomplete(request.method, &other)),
            // One bad entry must not take the others with it. It is rare, so the list is simply read once more.
            Err(Error::Malformed { .. }) => {
                let again = self.request_again::<Outcome<Salvaged<ResultOf<T>>>>(&request, &options);
                match Box::pin(again).await? {
                    Outcome::Complete(page) => {
                        set_aside.extend(page.set_aside.into_iter().map(SetAside::from));
                        Ok(T::page(page.result))
                    }
                    other => Err(incomplete(request.method, &other)),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Lists change nothing, so one that was lost on the wire is asked for once more.
    async fn request_again<T: DeserializeOwned>(
        &self,
        request: &Request<'_>,
        options: &CallOptions,
    ) -> Result<T, Error> {
        match self.request(request, options).await {
            Err(Error::Transport(TransportError::Closed { .. })) => self.request(request, options).await,
            outcome => outcome,
        }
    }

    /// Sets aside tools that cannot be called, and remembers the headers of those that want some.
    fn check_tools(&self, agreed: &Agreed, listing: &mut Listing<Tool>) {
        let wants_headers = !agreed.is_legacy() && self.inner.transport.has_headers();
        let mut headers: HashMap<Box<str>, Arc<ParamHeaders>> = HashMap::new();
        let Listing { items, set_aside } = listing;
        items.retain(|tool| match check_tool(tool, wants_headers) {
            Ok(found) => {
                if let Some(found) = found {
                    headers.insert(tool.name.as_str().into(), Arc::new(found));
                }
                true
            }
            Err(reason) => {
                tracing::warn!(peer = %self.inner.transport.peer(), tool = %tool.name, %reason, "a tool is set aside");
                set_aside.push(SetAside { name: Some(tool.name.clone()), reason });
                false
            }
        });
        *self.inner.param_headers.write().expect("nothing panics while it holds the headers") = headers;
    }
}

fn check_tool(tool: &Tool, wants_headers: bool) -> Result<Option<ParamHeaders>, String> {
    if tool.name.is_empty() {
        return Err("expected a name, found an empty string".to_owned());
    }
    if !tool.input_schema.is_object() {
        return Err(format!(
            "expected a JSON Schema object as inputSchema, found {}",
            shown(&tool.input_schema)
        ));
    }
    if !wants_headers {
        return Ok(None);
    }
    let headers = ParamHeaders::from_schema(&tool.input_schema)
        .map_err(|error| format!("its x-mcp-header marks cannot be followed: {error}"))?;
    Ok((!headers.is_empty()).then_some(headers))
}

fn incomplete<T>(method: &str, outcome: &Outcome<T>) -> Error {
    let found = match outcome {
        Outcome::Unrecognized(kind) => format!("one of kind {kind}"),
        _ => "a round of questions".to_owned(),
    };
    Error::Malformed {
        method: method.to_owned(),
        reason: format!("expected a complete result, found {found}"),
    }
}

/// Shows the beginning of a value.
fn shown(value: &RawJson) -> String {
    const SHOWN: usize = 60;
    value.as_str().chars().take(SHOWN).collect()
}
