//! The running root, as a test holds it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use car_agentdns::ServiceIdentifier;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::check::{self, Question};
use super::problem::Problem;
use super::records::{Records, made_up};
use super::search::Search;
use crate::ledger::{Ledger, Seen};
use crate::loopback::Loopback;
use crate::reply::{self, Reply};

/// How a root is run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RootConfig {
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// What it tells of.
    pub records: Records,
    /// The token that it wants; without one, anybody may ask.
    pub token: Option<String>,
    /// For how many seconds its records may be taken for true.
    pub max_age: u64,
}

impl Default for RootConfig {
    fn default() -> Self {
        Self { port: 0, records: made_up(), token: None, max_age: 300 }
    }
}

/// A root on the loopback address. Dropping it stops it.
#[derive(Debug)]
pub struct ReferenceRoot {
    running: Loopback,
    ledger: Arc<Ledger>,
}

struct Root {
    config: RootConfig,
    search: Search,
    ledger: Arc<Ledger>,
}

impl ReferenceRoot {
    /// Starts a root and returns once it accepts connections.
    ///
    /// # Errors
    /// When the port cannot be bound, or the records cannot be searched.
    pub async fn start(config: RootConfig) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, config.port));
        let ledger = Arc::<Ledger>::default();
        let search = Search::new(&config.records).map_err(io::Error::other)?;
        let root = Arc::new(Root { config, search, ledger: Arc::clone(&ledger) });
        let running = Loopback::serve_http(address, None, Arc::clone(&ledger), move |request| {
            let root = Arc::clone(&root);
            async move { root.answer(request).await.unwrap_or_else(Problem::reply) }
        })
        .await?;
        Ok(Self { running, ledger })
    }

    /// Returns the base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// Returns what reached it. Bodies are not kept: a need is somebody's own words.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

impl Root {
    async fn answer(&self, request: Request<Incoming>) -> Result<Reply, Problem> {
        let (head, body) = request.into_parts();
        self.ledger.note_request(Seen {
            http_method: head.method.clone(),
            path: head.uri.path().to_owned(),
            rpc_method: None,
            headers: head.headers.clone(),
            body: String::new(),
        });
        if let Err(problem) = check::head(&head, self.config.token.as_deref()) {
            // A body that is not read would close the connection under the answer; a question is small.
            drop(http_body_util::Limited::new(body, check::MAX_QUESTION_BYTES).collect().await);
            return Err(problem);
        }
        let question = check::body(body).await?;
        let services = self.find(&question)?;
        let mut reply = reply::json(StatusCode::OK, &json!({ "services": services }));
        let age = HeaderValue::from_str(&format!("private, max-age={}", self.config.max_age));
        reply.headers_mut().insert(header::CACHE_CONTROL, age.expect("a number is ASCII"));
        Ok(reply)
    }

    /// Who asks for a service by its name gets that one, and never one that is like it.
    fn find(&self, question: &Question) -> Result<Vec<&Value>, Problem> {
        let records = &self.config.records;
        if let Ok(identifier) = question.need.parse::<ServiceIdentifier>() {
            return Ok(records.named(&identifier).into_iter().collect());
        }
        let found = self.search.find(&question.need, question.limit).map_err(|error| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the search failed: {error}"))
        })?;
        Ok(found.into_iter().map(|place| records.at(place)).collect())
    }
}
