//! The servers of `peers/node/protected.mjs`, and what a test asks of them.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::{PATIENCE, wait_for};
use crate::server::START_TIME;
use crate::shell::{Background, Failure};
use crate::{place, setup};

/// The running servers; they end when this is dropped.
pub(crate) struct Servers {
    _running: Background,
    urls: Value,
}

/// What the servers were asked so far.
pub(super) struct Ledger(Value);

impl Servers {
    pub(crate) fn start() -> Result<Self, Failure> {
        let mut command = setup::node::command()?;
        command.arg(place::root().join("peers/node/protected.mjs")).args(["--ttl", "600"]);
        let (running, urls) = Background::start(&mut command, START_TIME, |line| {
            serde_json::from_str::<Value>(line).ok().filter(|urls| urls["mcp"].is_string())
        })?;
        Ok(Self { _running: running, urls })
    }

    /// Returns the URL that a person adds.
    pub(crate) fn mcp(&self) -> &str {
        self.urls["mcp"].as_str().expect("checked when the servers started")
    }

    pub(crate) fn shown(&self) -> String {
        format!("MCP server {}, authorization server {}", self.urls["mcp"], self.urls["issuer"])
    }

    pub(super) fn ledger(&self) -> Result<Ledger, Failure> {
        Ok(Ledger(self.ask("ledger", &json!({}))?))
    }

    /// Withdraws every grant, as an administrator would.
    pub(super) fn revoke_all(&self) -> Result<(), Failure> {
        println!("(the server withdraws every grant: {})", self.ask("revoke-all", &json!({}))?);
        Ok(())
    }

    /// Makes the server forget every access token before its time; the refresh tokens stay.
    pub(super) fn drop_access_tokens(&self) -> Result<(), Failure> {
        println!("(the server forgets the access tokens: {})", self.ask("drop-access-tokens", &json!({}))?);
        Ok(())
    }

    /// Returns every code and token that the server has issued.
    pub(super) fn issued_secrets(&self) -> Result<Vec<String>, Failure> {
        let issued = self.ask("issued-secrets", &json!({}))?;
        let secrets = issued["secrets"].as_array().into_iter().flatten();
        Ok(secrets.filter_map(|secret| secret.as_str().map(ToOwned::to_owned)).collect())
    }

    /// Sets how long access tokens live that are issued from now on.
    pub(super) fn set_lifetime(&self, seconds: u32) -> Result<(), Failure> {
        println!("(access tokens live {seconds} s from now on)");
        self.ask("access-token-ttl", &json!({ "seconds": seconds })).map(drop)
    }

    /// Waits until every access token has expired.
    pub(super) fn wait_for_expiry(&self) -> Result<(), Failure> {
        println!("(waiting until the access token has expired)");
        wait_for("the access token to expire", || {
            let live = self.ask("live-access-tokens", &json!({}))?;
            Ok((live["tokens"] == 0).then_some(()))
        })
    }

    /// Asks the administration: HTTP/1.0, so that the answer is plain and ends with the connection.
    fn ask(&self, what: &str, body: &Value) -> Result<Value, Failure> {
        let origin = self.urls["admin"].as_str().unwrap_or_default();
        let address = origin.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let body = body.to_string();
        write!(
            stream,
            "POST /test/{what} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("the administration answered nothing")?;
        if head.contains(" 200 ") {
            return Ok(serde_json::from_str(body)?);
        }
        Err(format!("the administration refused {what}: {body}").into())
    }
}

impl Ledger {
    /// Returns a count by its path, such as `token.refresh_token.granted`; what never happened counts 0.
    pub(super) fn count(&self, path: &str) -> u64 {
        let found = path.split('.').try_fold(&self.0, |at, name| at.get(name));
        found.and_then(Value::as_u64).unwrap_or(0)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_path_and_what_never_happened_as_nothing() {
        let ledger = Ledger(json!({ "token": { "refresh_token": { "granted": 2 } } }));
        assert_eq!(ledger.count("token.refresh_token.granted"), 2);
        assert_eq!(ledger.count("token.refresh_token.refused"), 0);
        assert_eq!(ledger.count("registration.granted"), 0);
    }
}
