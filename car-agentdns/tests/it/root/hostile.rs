//! Roots that misbehave: each costs its caller an error that says what it was, and no more than four seconds.

use std::time::{Duration, Instant};

use car_agentdns::root::{RemoteRoot, Resolved};
use car_agentdns::{Error, Limit};
use tokio::net::TcpListener;

use super::scripted::{Scripted, Step, head, say};
use super::{NOW, need, root};

const GOOD: &str = r#"{"services":[{"identifier":"agentdns://a.example/b","name":"B","kind":"server","protocol":"mcp","description":"d"}]}"#;

async fn ask(root: &RemoteRoot) -> Result<Resolved, Error> {
    root.resolve(&need("anything"), Limit::DEFAULT, NOW).await
}

/// Asks a server that follows a script; returns what came of it, and how often it was asked.
async fn ask_scripted(steps: Vec<Step>) -> (Result<Resolved, Error>, usize) {
    let server = Scripted::start(steps).await;
    let answer = ask(&root(server.url(), Some("s3cret"))).await;
    (answer, server.requests())
}

#[tokio::test]
async fn says_what_is_wrong_with_an_answer() {
    let html = "Content-Type: text/html\n";
    let problem = r#"{"title":"Unprocessable Content","status":422,"detail":"the limit\nis odd"}"#;
    let table = [
        (say("200 OK", html, "<html>hello</html>"), "makes no sense: expected an object with a list"),
        (say("200 OK", "", ""), "makes no sense"),
        (say("204 No Content", "", ""), "makes no sense"),
        (say("200 OK", "", r#"{"services":"none"}"#), "makes no sense"),
        (say("200 OK", "Content-Encoding: gzip\n", [0x1f, 0x8b, 8, 0]), "found an encoded body"),
        (Step::Say(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()), "it is not HTTP"),
        (say("400 Bad Request", "", "no"), "failed with status 400"),
        (
            say("401 Unauthorized", "WWW-Authenticate: Bearer\n", ""),
            "wants a token, or another one (status 401)",
        ),
        (say("403 Forbidden", "", ""), "wants a token, or another one (status 403)"),
        (say("404 Not Found", html, "<html>"), "does not know the path; check the base URL"),
        (say("422 Unprocessable Content", "", problem), "failed with status 422: \"the limit is odd\""),
        (say("500 Internal Server Error", "Retry-After: 0\n", ""), "failed with status 500"),
        (say("503 Service Unavailable", "", ""), "failed with status 503"),
        (
            say("503 Service Unavailable", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\n", ""),
            "failed with status 503",
        ),
        (say("503 Service Unavailable", "Retry-After: 18446744073709551615\n", ""), "failed with status 503"),
        (say("429 Too Many Requests", "Retry-After: 3600\n", ""), "was asked too often"),
        (
            Step::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n".to_vec()),
            "is larger than 1048576 bytes",
        ),
    ];
    for (step, expected) in table {
        let (answer, requests) = ask_scripted(vec![step.clone()]).await;
        let error = answer.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(requests, 1, "{error}");
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn reads_no_more_than_a_megabyte() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let record = r#"{"identifier":"agentdns://a/b"},"#.repeat(64);
    let chunk = format!("{:x}\r\n{record}\r\n", record.len()).into_bytes();
    let mut first = chunked.clone();
    first.extend_from_slice(b"d\r\n{\"services\":[\r\n");
    let blanks = format!("3e8\r\n{}\r\n", " ".repeat(1_000)).into_bytes();
    for step in [Step::Flood(first, chunk), Step::Flood(chunked, blanks)] {
        let (answer, _) = ask_scripted(vec![step]).await;
        assert!(matches!(answer, Err(Error::TooLarge { cap: 1_048_576, .. })), "{answer:?}");
    }
    let headers = Step::Flood(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-More: and more\r\n".repeat(1_000));
    assert!(ask_scripted(vec![headers]).await.0.is_err());
}

#[tokio::test]
async fn follows_no_redirect_and_tells_the_other_origin_nothing() {
    let elsewhere = Scripted::start(vec![say("200 OK", "", GOOD)]).await;
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let to = format!("Location: {}/agentdns/resolve\n", elsewhere.url());
        let (answer, requests) = ask_scripted(vec![say(status, &to, "")]).await;
        let Err(Error::Redirected { to, .. }) = answer else { panic!("{status}: {answer:?}") };
        assert_eq!(to, elsewhere.url());
        assert_eq!(requests, 1);
    }
    assert_eq!(elsewhere.requests(), 0);
    // Not within its own origin either: a redirect is no answer.
    let (answer, requests) =
        ask_scripted(vec![say("308 Permanent", "Location: /other\n", ""), say("200 OK", "", GOOD)]).await;
    assert!(matches!(answer, Err(Error::Redirected { .. })), "{answer:?}");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn asks_once_more_where_that_is_safe_and_soon() {
    let later = |status: &str, seconds: &str| say(status, &format!("Retry-After: {seconds}\n"), "");
    let good = say("200 OK", "Cache-Control: max-age=9\n", GOOD);
    for first in [Step::Close, later("503 Busy", "0"), later("429 Too Many", "0"), later("503 Busy", "1")] {
        let (answer, requests) = ask_scripted(vec![first.clone(), good.clone()]).await;
        assert_eq!(answer.unwrap().services[0].provenance.ttl_seconds, 9, "{first:?}");
        assert_eq!(requests, 2, "{first:?}");
    }
    let (answer, requests) = ask_scripted(vec![Step::Close]).await;
    assert!(matches!(answer, Err(Error::Unreachable { .. })), "{answer:?}");
    assert_eq!(requests, 2, "once more, and no more");
    let (answer, requests) = ask_scripted(vec![later("503 Busy", "0")]).await;
    assert!(matches!(answer, Err(Error::Refused { status: 503, .. })), "{answer:?}");
    assert_eq!(requests, 2, "once more, and no more");
    // What was begun is not repeated: the root may have been in the middle of its answer.
    let cut = Step::Say(head("200 OK", "", 100));
    let (answer, requests) = ask_scripted(vec![cut, good]).await;
    assert!(answer.is_err(), "{answer:?}");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn waits_four_seconds_in_all() {
    let silent = vec![Step::Hang(Vec::new())];
    let half = vec![Step::Hang(head("200 OK", "", 1_000))];
    let late = vec![say("503 Busy", "Retry-After: 2\n", ""), Step::Hang(Vec::new())];
    let start = Instant::now();
    let answers = tokio::join!(ask_scripted(silent), ask_scripted(half), ask_scripted(late));
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(3_900) && took < Duration::from_secs(8), "{took:?}");
    for ((answer, requests), expected) in [(answers.0, 1), (answers.1, 1), (answers.2, 2)] {
        assert!(
            matches!(answer, Err(Error::TimedOut { after, .. }) if after == Duration::from_secs(4)),
            "{answer:?}"
        );
        assert_eq!(requests, expected);
    }
}

#[tokio::test]
async fn says_that_nobody_is_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = ask(&root(&url, None)).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }) && error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn sends_what_the_contract_says_to_the_path_below_its_base() {
    let server = Scripted::start(vec![say("200 OK", "", GOOD)]).await;
    let root = root(&format!("{}/team/a", server.url()), Some("s3cret"));
    ask(&root).await.unwrap();
    let head = server.heads().remove(0).to_ascii_lowercase();
    assert!(head.starts_with("post /team/a/agentdns/resolve http/1.1\r\n"), "{head}");
    for line in ["content-type: application/json", "accept: application/json", "authorization: bearer s3cret"]
    {
        assert!(head.contains(&format!("{line}\r\n")), "{line} in {head}");
    }
}
