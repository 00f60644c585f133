//! Every route, and everybody who is not let in.

use car_connectors::mcp::proto::version::ProtocolVersion;
use car_connectors::store::{AccessFile, DaemonAddress, NewAccessToken, Scope};
use car_server::{DaemonOptions, Error};
use car_testkit::double::{Config, Double};
use serde_json::json;

use crate::support::{Running, home, start};

/// Whom a request says that it is from, and where it goes.
struct Case {
    name: &'static str,
    token: Option<String>,
    host: Option<String>,
    origin: Option<String>,
}

/// A route, and the status for each of the cases, in their order.
type Row = (&'static str, &'static str, [u16; CASES]);

const CASES: usize = 17;

/// In the order of [`cases`]: owner, then a token that manages, calls, reads, reads one connector only; nobody, a wrong, an
/// expired, a revoked token, the token in the query; the page, the page's token from nowhere, from another port, from
/// elsewhere; the owner from another origin, to another host, to no host.
const TABLE: &[Row] = &[
    ("GET", "/ws", [101, 101, 101, 101, 101, 401, 401, 401, 401, 401, 101, 403, 403, 403, 403, 403, 400]),
    ("POST", "/mcp", [200, 200, 200, 200, 200, 401, 401, 401, 401, 401, 200, 403, 403, 403, 403, 403, 400]),
    (
        "POST",
        "/connectors/one/mcp",
        [200, 200, 200, 200, 200, 401, 401, 401, 401, 401, 200, 403, 403, 403, 403, 403, 400],
    ),
    (
        "POST",
        "/connectors/two/mcp",
        [200, 200, 200, 200, 404, 401, 401, 401, 401, 401, 200, 403, 403, 403, 403, 403, 400],
    ),
    (
        "GET",
        "/metrics",
        [200, 200, 200, 200, 403, 401, 401, 401, 401, 401, 200, 403, 403, 403, 403, 403, 400],
    ),
    (
        "POST",
        "/ui-code",
        [200, 403, 403, 403, 403, 401, 401, 401, 401, 401, 403, 403, 403, 403, 403, 403, 400],
    ),
    ("GET", "/other", [404, 404, 404, 404, 404, 401, 401, 401, 401, 401, 404, 403, 403, 403, 403, 403, 400]),
    // The code is what lets a page in, and there is none in this body.
    (
        "POST",
        "/session",
        [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 401, 403, 403, 403, 403, 403, 400],
    ),
    // The state of a sign-in is what lets its answer in, and none waits.
    (
        "GET",
        "/oauth/callback?state=s",
        [400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400, 403, 403, 403, 400],
    ),
    ("GET", "/health", [200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403, 403, 400]),
    (
        "GET",
        "/mcp/health",
        [200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403, 403, 400],
    ),
    ("GET", "/", [200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403, 403, 400]),
    (
        "GET",
        "/style.css",
        [200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 403, 403, 400],
    ),
    ("PUT", "/health", [405, 405, 405, 405, 405, 405, 405, 405, 405, 405, 405, 405, 405, 403, 403, 403, 400]),
];

/// Lays out everybody who may come.
async fn cases(daemon: &Running) -> Vec<Case> {
    let file = AccessFile::new(&home(&daemon.folder));
    let made = |name: &str, scope, connectors: Option<&str>, expires_at| {
        let mut new = NewAccessToken::new(name, scope);
        new.connectors = connectors.map(|slug| vec![slug.to_owned()]);
        new.expires_at = expires_at;
        file.add(new, 1).unwrap().1.expose().to_owned()
    };
    let (manage, call) = (made("manage", Scope::Manage, None, None), made("call", Scope::Call, None, None));
    let (read, some) = (made("read", Scope::Read, None, None), made("some", Scope::Read, Some("one"), None));
    let expired = made("expired", Scope::Manage, None, Some(2));
    let revoked = made("revoked", Scope::Manage, None, None);
    file.revoke("revoked").unwrap().unwrap();
    let page = daemon.page_token().await;
    let owner = daemon.token.clone();
    let (own, page_origin) = (daemon.address().to_string(), daemon.url.clone());
    let case = |name, token: Option<&str>| Case {
        name,
        token: token.map(str::to_owned),
        host: Some(own.clone()),
        origin: None,
    };
    let from =
        |name, token: &str, origin: &str| Case { origin: Some(origin.to_owned()), ..case(name, Some(token)) };
    vec![
        case("owner", Some(&owner)),
        case("manage", Some(&manage)),
        case("call", Some(&call)),
        case("read", Some(&read)),
        case("one connector", Some(&some)),
        case("nobody", None),
        case("wrong", Some(&format!("{owner}x"))),
        case("expired", Some(&expired)),
        case("revoked", Some(&revoked)),
        case("in the query", None),
        from("page", &page, &page_origin),
        case("page's token, no origin", Some(&page)),
        from("page's token, another port", &page, "http://127.0.0.1:1"),
        from("page's token, elsewhere", &page, "https://evil.example"),
        from("owner, another origin", &owner, "https://evil.example"),
        Case {
            host: Some(format!("evil.example:{}", daemon.address().port())),
            ..case("rebound", Some(&owner))
        },
        Case { host: None, ..case("no host", Some(&owner)) },
    ]
}

async fn status(daemon: &Running, method: &str, path: &str, case: &Case) -> u16 {
    let bearer = case.token.as_ref().map(|token| format!("Bearer {token}"));
    let mut headers =
        vec![("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    headers.extend(case.host.as_deref().map(|host| ("host", host)));
    headers.extend(case.origin.as_deref().map(|origin| ("origin", origin)));
    if path == "/ws" {
        headers.extend([
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
        ]);
        headers.push(("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="));
    }
    let body = match path {
        "/session" => json!({"code": "none"}).to_string(),
        "/ui-code" => String::new(),
        _ if method == "POST" => {
            let client = json!({"name": "test", "version": "1"});
            let version = ProtocolVersion::LEGACY[0].as_str();
            let params = json!({"protocolVersion": version, "capabilities": {}, "clientInfo": client});
            json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).to_string()
        }
        _ => String::new(),
    };
    let query = if case.name == "in the query" { format!("?token={}", daemon.token) } else { String::new() };
    daemon.send(method, &format!("{path}{query}"), &headers, &body).await.status
}

#[tokio::test]
async fn lets_in_who_may_come_and_nobody_else_on_any_route() {
    let server = Double::start(Config::default()).await.unwrap();
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    for name in ["one", "two"] {
        front.get("connectors.add", json!({"name": name, "url": server.url()})).await;
    }
    let cases = cases(&daemon).await;
    assert_eq!(cases.len(), CASES);
    let mut wrong = Vec::new();
    for (method, path, expected) in TABLE {
        for (case, expected) in cases.iter().zip(expected) {
            let found = status(&daemon, method, path, case).await;
            if found != *expected {
                wrong.push(format!("{method} {path} as {}: expected {expected}, found {found}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn says_how_to_come_in_and_what_is_missing() {
    let daemon = Running::start().await;
    let nobody = daemon.fetch("GET", "/metrics", None, "").await;
    assert!(nobody.head.contains("www-authenticate: Bearer\r\n"), "{nobody:?}");
    assert!(nobody.head.contains("content-type: application/problem+json"), "{nobody:?}");
    assert!(nobody.json()["detail"].as_str().unwrap().contains("car token add"), "{nobody:?}");
    let wrong = daemon.fetch("GET", "/metrics", Some("guess"), "").await;
    assert!(wrong.head.contains("www-authenticate: Bearer error=\"invalid_token\""), "{wrong:?}");
    assert!(!wrong.body.contains("guess"), "{wrong:?}");
    for answer in [nobody, wrong, daemon.fetch("GET", "/health", None, "").await] {
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{answer:?}");
        assert!(answer.head.contains("cross-origin-resource-policy: same-origin"), "{answer:?}");
    }
}

#[tokio::test]
async fn health_tells_no_more_than_that_it_is_there() {
    let daemon = Running::start().await;
    let expected = json!({"status": "ok", "protocol_version": ProtocolVersion::MODERN[0].as_str(), "server_name": "car"});
    for path in ["/health", "/mcp/health"] {
        let answer = daemon.fetch("GET", path, None, "").await;
        assert_eq!((answer.status, answer.json()), (200, expected.clone()), "{path}");
    }
}

#[tokio::test]
async fn a_narrow_token_sees_and_does_what_it_says_and_no_more() {
    let server = Double::start(Config::default()).await.unwrap();
    let daemon = Running::start().await;
    let mut owner = daemon.connect().await;
    for name in ["one", "two"] {
        owner.get("connectors.add", json!({"name": name, "url": server.url()})).await;
    }
    let mut new = NewAccessToken::new("some", Scope::Read);
    new.connectors = Some(vec!["one".to_owned()]);
    let (_, secret) = AccessFile::new(&home(&daemon.folder)).add(new, 1).unwrap();
    let bearer = format!("Bearer {}", secret.expose());
    let mut some = daemon.open(&[("authorization", &bearer)]).await.unwrap();
    let listed = some.get("connectors.list", json!({})).await;
    assert_eq!(listed["connectors"].as_array().unwrap().len(), 1, "{listed}");
    let missing = some.ask("connectors.status", json!({"slug": "two"})).await;
    let unknown = some.ask("connectors.status", json!({"slug": "none"})).await;
    assert_eq!(missing["error"]["code"], unknown["error"]["code"], "{missing}");
    let refused = some.ask("connectors.remove", json!({"slug": "one"})).await;
    assert_eq!(refused["error"]["code"], -32001, "{refused}");
    assert_eq!(owner.get("connectors.list", json!({})).await["connectors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn others_are_let_in_only_where_it_is_said_by_which_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = DaemonOptions::new();
    options.listen = "0.0.0.0:0".to_owned();
    let error = start(&home(&folder), options.clone()).await.unwrap_err();
    assert!(matches!(&error, Error::Exposed { .. }) && error.hint().contains("--public-url"), "{error}");
    assert!(DaemonAddress::read(&home(&folder)).unwrap().is_none(), "nothing was begun");
    options.public_url = Some("https://car.example".to_owned());
    let daemon = Running::start_with(folder, options).await;
    assert!(daemon.url.starts_with("http://127.0.0.1:"), "{}", daemon.url);
    let asked = |host: &'static str, origin: &'static str| {
        let daemon = &daemon;
        async move { daemon.send("GET", "/health", &[("host", host), ("origin", origin)], "").await.status }
    };
    assert_eq!(asked("car.example", "https://car.example").await, 200);
    assert_eq!(asked("car.example", "http://car.example").await, 403);
    assert_eq!(asked("other.example", "https://car.example").await, 403);
    let about = daemon.connect().await.get("connectors.daemon", json!({})).await;
    assert_eq!(about["mcp_url"], "https://car.example/mcp", "{about}");
    assert!(about["warnings"].to_string().contains("speaks no TLS"), "{about}");
}

#[tokio::test]
async fn is_the_only_one_of_its_folder_and_keeps_its_token() {
    let daemon = Running::start().await;
    let token = daemon.token.clone();
    let place = home(&daemon.folder);
    let second = start(&place, DaemonOptions::new()).await.unwrap_err();
    assert!(
        matches!(&second, Error::State { .. })
            && second.hint().contains("runs for this state folder already"),
        "{second}"
    );
    let folder = daemon.stop().await;
    let left = DaemonAddress::read(&home(&folder)).unwrap().unwrap();
    assert_eq!(left.url, None, "nobody is sent to a daemon that is gone");
    let again = Running::start_in(folder).await;
    assert_eq!(again.token, token);
}

#[tokio::test]
async fn says_that_a_port_is_taken() {
    let daemon = Running::start().await;
    let folder = tempfile::tempdir().unwrap();
    let place = home(&folder);
    let mut options = DaemonOptions::new();
    options.listen = daemon.address().to_string();
    let error = start(&place, options).await.unwrap_err();
    assert!(
        matches!(&error, Error::Listen { .. }) && error.hint().contains("another program has that port"),
        "{error}"
    );
}
