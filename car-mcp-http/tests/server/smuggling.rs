//! Requests that two readers could take in two ways: each is refused, and what hides behind it is never run.

use crate::serving::{Serving, raw_echo};

/// A second request, to be seen if it is run: it is answered with a 405 that nothing else here gets.
const HIDDEN: &str = "PATCH /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";

fn post(headers: &str, body: &str) -> String {
    format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n{body}")
}

#[tokio::test]
async fn what_can_be_read_in_two_ways_is_refused_with_what_comes_after() {
    let serving = Serving::plain().await;
    let chunked_hidden = format!("0\r\n\r\n{HIDDEN}");
    for (case, text) in [
        ("length and chunks", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", &chunked_hidden)),
        ("chunks and length", post("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", &chunked_hidden)),
        ("two lengths", post("Content-Length: 0\r\nContent-Length: 60\r\n", HIDDEN)),
        ("two lengths in one", post("Content-Length: 0, 60\r\n", HIDDEN)),
        ("a signed length", post("Content-Length: +0\r\n", HIDDEN)),
        ("a hexadecimal length", post("Content-Length: 0x0\r\n", HIDDEN)),
        ("a negative length", post("Content-Length: -1\r\n", HIDDEN)),
        ("an empty length", post("Content-Length:\r\n", HIDDEN)),
        ("a folded header", post("X-Folded: a\r\n Content-Length: 60\r\nContent-Length: 0\r\n", HIDDEN)),
        ("a space before the colon", post("Content-Length : 0\r\n", HIDDEN)),
        ("a header without a name", post(": 0\r\nContent-Length: 0\r\n", HIDDEN)),
        ("a null in a header", post("X-Null: a\0b\r\nContent-Length: 0\r\n", HIDDEN)),
        ("a bare CR in a header", post("X-Bare: a\rContent-Length: 60\r\nContent-Length: 0\r\n", HIDDEN)),
        (
            "chunks that are not the last coding",
            post("Transfer-Encoding: chunked, gzip\r\n", &chunked_hidden),
        ),
        ("an unknown coding", post("Transfer-Encoding: xchunked\r\n", &chunked_hidden)),
        ("a chunk without a size", post("Transfer-Encoding: chunked\r\n", &format!("\r\n\r\n{HIDDEN}"))),
        ("a chunk of no number", post("Transfer-Encoding: chunked\r\n", &format!("zz\r\n\r\n{HIDDEN}"))),
        ("a signed chunk", post("Transfer-Encoding: chunked\r\n", &format!("-1\r\n\r\n{HIDDEN}"))),
        ("a prefixed chunk", post("Transfer-Encoding: chunked\r\n", &format!("0x0\r\n\r\n{HIDDEN}"))),
        (
            "a chunk that is too long",
            post("Transfer-Encoding: chunked\r\n", &format!("1\r\nabc\r\n0\r\n\r\n{HIDDEN}")),
        ),
        (
            "a chunk size that overflows",
            post("Transfer-Encoding: chunked\r\n", &format!("10000000000000000\r\n\r\n{HIDDEN}")),
        ),
        (
            "a bare LF after a chunk size",
            post("Transfer-Encoding: chunked\r\n", &format!("0;\n\r\n\r\n{HIDDEN}")),
        ),
        (
            "chunks in HTTP/1.0",
            post("Transfer-Encoding: chunked\r\n", &chunked_hidden).replacen("1.1", "1.0", 1),
        ),
        ("no version", format!("POST /mcp\r\nHost: localhost\r\n\r\n{HIDDEN}")),
        (
            "two spaces",
            format!("POST  /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n{HIDDEN}"),
        ),
        (
            "a method that is none",
            format!("PO ST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n{HIDDEN}"),
        ),
    ] {
        let answer = serving.raw(&text).await;
        let statuses: Vec<_> =
            answer.match_indices("HTTP/1.1 ").map(|(at, _)| &answer[at + 9..at + 12]).collect();
        assert!(!statuses.contains(&"405"), "{case}: the hidden request was run: {answer}");
        assert!(!statuses.contains(&"200"), "{case}: {answer}");
        assert!(statuses.len() <= 1, "{case}: answered more than once: {answer}");
    }
}

#[tokio::test]
async fn requests_that_follow_each_other_are_each_run_once() {
    let serving = Serving::plain().await;
    let answer =
        serving.raw(&format!("{}{}{}", raw_echo(""), raw_echo(""), raw_echo("Connection: close\r\n"))).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 3, "{answer}");
    assert_eq!(answer.matches(r#""text":"hi""#).count(), 3, "{answer}");
}

#[tokio::test]
async fn what_follows_a_request_that_is_refused_unread_is_not_taken_for_a_request() {
    let serving = Serving::plain().await;
    // The hidden request is the body of the first one, which is refused by its head.
    let headers = format!("Content-Length: {}\r\n", HIDDEN.len());
    let text = post(&headers, HIDDEN).replacen("application/json", "text/plain", 1);
    let text = format!("{text}{}", raw_echo("Connection: close\r\n"));
    let answer = serving.raw(&text).await;
    assert!(answer.starts_with("HTTP/1.1 415"), "{answer}");
    assert!(!answer.contains("HTTP/1.1 405"), "{answer}");
}
