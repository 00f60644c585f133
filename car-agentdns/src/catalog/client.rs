//! The client of catalogs and cards: few requests, in little time, and nothing that leads into a private network.

use std::time::Duration;

use car_http::{AddressPolicy, Client, ClientBuilder, HeaderMap, header};
use futures_util::StreamExt as _;
use tokio::time::Instant;
use url::Url;

use super::card;
use super::listed::{Listed, ListedService};
use super::place::{self, OLDER_CARDS};
use super::remote::Around;
use super::walk::{Place, Walk, self_described};
use crate::error::{Error, SetAside};
use crate::reach::is_private_name;
use crate::web::{Bounds, Web};

/// How long a catalog may take with everything in it. A person is waiting, and others are asked beside it.
const TOTAL: Duration = Duration::from_secs(4);

/// How long one document may take that a catalog names, so that a slow one leaves time for the others.
const EACH: Duration = Duration::from_secs(2);

/// How many documents are fetched for one catalog: nested catalogs may branch.
const MAX_FETCHES: usize = 32;

/// How many of them at once.
const AT_ONCE: usize = 4;

/// The largest document that is read, in bytes: a thousand entries.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How many redirects are followed for one document, all within its origin.
const MAX_REDIRECTS: usize = 3;

/// The longest time that a document is taken for true, in seconds: a day.
const MAX_TTL: u64 = 86_400;

/// What is asked for. Most hosts know no other type than the last one.
const ACCEPT: &str = "application/ai-catalog+json, application/mcp-server-card+json, application/json;q=0.9";

/// Asks domains for their catalogs, and servers for their cards.
///
/// What a catalog names is only fetched over https and from public addresses, unless the catalog itself is in a private
/// network by its looks, or [`allow_private`](Self::allow_private) was called.
#[derive(Clone, Debug)]
pub struct CatalogClient {
    http: ClientBuilder,
    allow_private: bool,
}

/// A document as it was fetched.
struct Fetched {
    text: String,
    /// How long it may be taken for true, in seconds; nothing where it does not say.
    ttl: Option<u64>,
}

impl CatalogClient {
    /// Makes a client.
    #[must_use]
    pub fn new(http: &ClientBuilder) -> Self {
        Self { http: http.clone(), allow_private: false }
    }

    /// Says whether catalogs and cards may name places in private networks, wherever they are themselves; and whether such a
    /// place may be asked without TLS.
    #[must_use]
    pub const fn allow_private(mut self, allow: bool) -> Self {
        self.allow_private = allow;
        self
    }

    /// Reads the catalog of a domain (`example.com`) or at a URL, with the catalogs that it names, and the cards of servers
    /// that nothing else is said of, for as long as there is time. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// Says why there is no catalog. What is wrong further down is set aside.
    ///
    /// # Cancel safety
    /// Dropping the future drops the requests.
    pub async fn list(&self, place: &str, now: u64) -> Result<Listed, Error> {
        let url = place::catalog(place, self.allow_private)?;
        let deadline = Instant::now() + TOTAL;
        let mut walk = Walk::new(&url, now, self.allow_private);
        let mut first = walk.next().expect("a walk begins with one place");
        let fetched = fetch(self.client(AddressPolicy::Any)?, url, deadline).await?;
        first.expires(fetched.ttl);
        walk.document(&first, &fetched.text)
            .map_err(|what| Error::Malformed { place: place::shown(&first.url), what })?;

        let client = self.client(self.policy(is_private_name(&first.url)))?;
        let mut left = MAX_FETCHES - 1;
        while left > 0 && Instant::now() < deadline {
            let batch: Vec<Place> = std::iter::from_fn(|| walk.next()).take(left).collect();
            if batch.is_empty() {
                break;
            }
            left -= batch.len();
            let urls = batch.iter().map(|place| place.url.clone()).collect();
            for (mut place, fetched) in batch.into_iter().zip(fetch_all(&client, urls, deadline).await) {
                let read = match fetched {
                    Ok(fetched) => {
                        place.expires(fetched.ttl);
                        walk.document(&place, &fetched.text)
                    }
                    Err(error) => Err(error.to_string()),
                };
                if let Err(reason) = read {
                    walk.set_aside(SetAside::new(Some(&place::shown(&place.url)), reason));
                }
            }
        }
        describe(&mut walk, &client, left, deadline).await;
        Ok(walk.finish("it was not read: there was no more time, or there were too many of them"))
    }

    /// Fetches the card of a service that a catalog lists, so that it can be added. One whose card is known is returned as it
    /// is. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// Says why there is no card, or what is wrong with it.
    pub async fn complete(&self, listed: &ListedService, now: u64) -> Result<ListedService, Error> {
        let mut listed = listed.clone();
        let (None, Some(text)) = (&listed.card, &listed.card_url) else { return Ok(listed) };
        let url = place::parse(text, listed.is_private)?;
        let client = self.client(self.policy(listed.is_private))?;
        let fetched = fetch(client, url.clone(), Instant::now() + TOTAL).await?;
        let malformed = |what| Error::Malformed { place: place::shown(&url), what };
        let around = Around { url: &url, is_private: listed.is_private, endpoint: None };
        let card = card::server(&fetched.text, around).map_err(malformed)?;
        if let (true, Some(fault)) = (card.offers.is_empty(), card.faults.first()) {
            return Err(malformed(fault.clone()));
        }
        listed.take(card);
        listed.service.provenance.fetched_at = now;
        Ok(listed)
    }

    /// Reads what a server says of itself, if it says anything: `{url}/server-card`, then the older places on its origin.
    /// `now` is in seconds since 1970.
    ///
    /// # Errors
    /// Says why it cannot be asked; a server without a card is no error.
    pub async fn card(&self, url: &str, now: u64) -> Result<Option<ListedService>, Error> {
        let endpoint = place::parse(url, self.allow_private)?;
        let is_private = self.allow_private || is_private_name(&endpoint);
        let client = self.client(AddressPolicy::Any)?;
        let deadline = Instant::now() + TOTAL;
        for path in card_paths(&endpoint) {
            let mut url = endpoint.clone();
            url.set_query(None);
            url.set_path(&path);
            let fetched = match fetch(client.clone(), url.clone(), deadline).await {
                Ok(fetched) => fetched,
                Err(
                    error @ (Error::Unreachable { .. } | Error::TimedOut { .. } | Error::RateLimited { .. }),
                ) => {
                    return Err(error);
                }
                // Most servers have no such place, and say so in as many ways.
                Err(_) => continue,
            };
            let around = Around { url: &url, is_private, endpoint: Some(endpoint.as_str()) };
            if let Ok(listed) = self_described(&fetched.text, around, now, capped(fetched.ttl)) {
                return Ok(Some(listed));
            }
        }
        Ok(None)
    }

    fn policy(&self, is_private: bool) -> AddressPolicy {
        if is_private || self.allow_private { AddressPolicy::Any } else { AddressPolicy::PublicOnly }
    }

    fn client(&self, policy: AddressPolicy) -> Result<Client, Error> {
        let client = self.http.clone().address_policy(policy).max_redirects(MAX_REDIRECTS).build();
        client.map_err(|source| Error::Settings { source: Box::new(source) })
    }
}

impl Place {
    /// A document is taken for true no longer than the one that named it.
    fn expires(&mut self, ttl: Option<u64>) {
        self.ttl =
            ttl.map_or(self.ttl, |ttl| if self.is_first() { ttl } else { ttl.min(self.ttl) }).min(MAX_TTL);
    }
}

/// Fetches the cards of services that nothing is said of.
async fn describe(walk: &mut Walk, client: &Client, left: usize, deadline: Instant) {
    let mut wanted = Vec::new();
    for place in walk.undescribed().into_iter().take(left) {
        let listed = walk.listed(place);
        let url = listed.card_url.as_deref().and_then(|url| Url::parse(url).ok());
        wanted.extend(url.map(|url| (place, url, listed.is_private, listed.service.kind.clone())));
    }
    let urls = wanted.iter().map(|(_, url, ..)| url.clone()).collect();
    let fetched = fetch_all(client, urls, deadline).await;
    for ((place, url, is_private, kind), fetched) in wanted.into_iter().zip(fetched) {
        let around = Around { url: &url, is_private, endpoint: None };
        let read = fetched.map_err(|error| error.to_string()).and_then(|fetched| match kind {
            crate::ServiceKind::Agent => card::agent(&fetched.text),
            _ => card::server(&fetched.text, around),
        });
        walk.complete(place, read);
    }
}

/// Fetches documents, some at once, and returns them in the order of their URLs.
async fn fetch_all(client: &Client, urls: Vec<Url>, deadline: Instant) -> Vec<Result<Fetched, Error>> {
    let fetches = urls.into_iter().map(|url| async move {
        let deadline = deadline.min(Instant::now() + EACH);
        fetch(client.clone(), url, deadline).await
    });
    futures_util::stream::iter(fetches).buffered(AT_ONCE).collect().await
}

async fn fetch(client: Client, url: Url, deadline: Instant) -> Result<Fetched, Error> {
    let web = Web::document(client, &url, ACCEPT);
    let total = deadline.saturating_duration_since(Instant::now());
    if total.is_zero() {
        return Err(Error::TimedOut { place: web.place().to_owned(), after: TOTAL });
    }
    let answer = web.get("", None, Bounds { total, body: MAX_BODY_BYTES }).await;
    let answer = answer.map_err(|error| match error {
        Error::NotFound { place, .. } => Error::NotFound { place, what: "of a catalog or card".to_owned() },
        other => other,
    })?;
    let text = String::from_utf8(answer.body.into());
    let text = text.map_err(|_| web.malformed("expected UTF-8, found other bytes"))?;
    Ok(Fetched { text, ttl: ttl(&answer.headers) })
}

/// Reads how long a document may be taken for true (RFC 9111, section 5.2.2).
fn ttl(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut found = None;
    for directive in values.flat_map(|value| value.split(',')) {
        let directive = directive.trim().to_ascii_lowercase();
        match directive.split_once('=') {
            None if matches!(directive.as_str(), "no-store" | "no-cache") => return Some(0),
            Some(("max-age", seconds)) => found = seconds.trim_matches('"').parse().ok().or(found),
            _ => {}
        }
    }
    found
}

fn capped(ttl: Option<u64>) -> u64 {
    ttl.unwrap_or(super::walk::DEFAULT_TTL).min(MAX_TTL)
}

/// Returns where a server's card can be, newest place first.
fn card_paths(endpoint: &Url) -> Vec<String> {
    let own = format!("{}/server-card", endpoint.path().trim_end_matches('/'));
    std::iter::once(own).chain(OLDER_CARDS.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_how_long_a_document_is_good() {
        for (value, expected) in [
            ("max-age=60", Some(60)),
            ("public, MAX-AGE=\"60\"", Some(60)),
            ("max-age=60, no-cache", Some(0)),
            ("no-store", Some(0)),
            ("max-age=-1", None),
            ("public", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CACHE_CONTROL, value.parse().unwrap());
            assert_eq!(ttl(&headers), expected, "{value}");
        }
        assert_eq!(ttl(&HeaderMap::new()), None);
    }
}
