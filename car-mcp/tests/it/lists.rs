//! Lists: pages, bad entries, and what is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use car_mcp::proto::page::PageError;
use car_mcp::{Error, Session};

use crate::double::{Answer, Double, Log, SECOND, Sent, builder, closed, stream};

const TOOL: &str = r#"{"name":"t","inputSchema":{"type":"object"}}"#;

fn page(entries: &str, rest: &str) -> String {
    format!(r#"{{"resultType":"complete","tools":[{entries}]{rest}}}"#)
}

/// A modern server that answers with one page after the other, and the last one again and again.
async fn pages(pages: impl IntoIterator<Item = String>) -> (Session, Arc<Log>) {
    let pages: Vec<String> = pages.into_iter().collect();
    let turn = AtomicUsize::new(0);
    Double::modern(move |sent| {
        let turn = turn.fetch_add(1, Ordering::Relaxed).min(pages.len() - 1);
        let answer = sent.answer(&pages[turn]);
        async move { answer }
    })
    .connect()
    .await
}

#[tokio::test]
async fn reads_all_pages_in_order_and_goes_on_at_the_empty_cursor() {
    let tool = |name: &str| TOOL.replace("\"t\"", &format!("{name:?}"));
    let (session, log) = pages([
        page(&tool("a"), r#","nextCursor":"""#),
        page(&tool("b"), r#","nextCursor":"x""#),
        page(&tool("c"), ""),
    ])
    .await;
    let listing = session.list_tools().await.unwrap();
    let names: Vec<_> = listing.items.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let cursors: Vec<_> =
        log.of("tools/list").iter().map(|sent| sent.json()["params"]["cursor"].clone()).collect();
    assert_eq!(cursors, [serde_json::Value::Null, "".into(), "x".into()]);
}

#[tokio::test]
async fn gives_up_on_pages_that_go_round_or_never_end() {
    let (session, _) = pages([page(TOOL, r#","nextCursor":"a""#)]).await;
    let error = session.list_tools().await.unwrap_err();
    assert!(matches!(&error, Error::Pages(PageError::Repeated { cursor }) if cursor == "a"));
    let mut limits = car_mcp::Limits::default();
    limits.max_pages = 3;
    let endless = AtomicUsize::new(0);
    let double = Double::modern(move |sent| {
        let cursor = endless.fetch_add(1, Ordering::Relaxed);
        async move { sent.answer(&page(TOOL, &format!(r#","nextCursor":"{cursor}""#))) }
    });
    let (session, _) = double.connect_with(builder().limits(limits)).await;
    assert!(matches!(session.list_tools().await, Err(Error::Pages(PageError::TooMany { limit: 3 }))));
}

#[tokio::test]
async fn sets_one_bad_tool_aside_and_keeps_the_others() {
    for (bad, name, reason) in [
        (r#"{"name":"bad"}"#, Some("bad"), "inputSchema"),
        (r#"{"name":7,"inputSchema":{}}"#, None, "expected a string"),
        (r#"{"name":"bad","inputSchema":"x"}"#, Some("bad"), "inputSchema"),
        (r#"{"name":"bad","inputSchema":null}"#, Some("bad"), "inputSchema"),
        (r#"{"name":"","inputSchema":{}}"#, Some(""), "name"),
        ("3", None, "object"),
        (
            r#"{"name":"bad","inputSchema":{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}}"#,
            Some("bad"),
            "x-mcp-header",
        ),
    ] {
        let entries = format!("{TOOL},{bad},{}", TOOL.replace("\"t\"", "\"u\""));
        let (session, _) = pages([page(&entries, "")]).await;
        let listing = session.list_tools().await.unwrap();
        assert_eq!(listing.items.len(), 2, "{bad}");
        let [set_aside] = &listing.set_aside[..] else { panic!("{bad}: {:?}", listing.set_aside) };
        assert_eq!(set_aside.name.as_deref(), name, "{bad}");
        assert!(set_aside.reason.contains(reason), "{bad}: {}", set_aside.reason);
    }
}

#[tokio::test]
async fn a_bad_title_costs_no_tool() {
    let (session, _) = pages([page(r#"{"name":"t","title":7,"inputSchema":{}}"#, "")]).await;
    let listing = session.list_tools().await.unwrap();
    assert_eq!((listing.items.len(), listing.set_aside.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn serves_a_fresh_list_from_memory_until_it_is_stale() {
    let (session, log) = pages([page(TOOL, r#","ttlMs":5000,"cacheScope":"public""#)]).await;
    for (wait, requests) in [(0, 1), (4, 1), (2, 2), (4, 2)] {
        tokio::time::advance(SECOND * wait).await;
        assert_eq!(session.list_tools().await.unwrap().items.len(), 1);
        assert_eq!(log.of("tools/list").len(), requests);
    }
}

#[tokio::test]
async fn a_list_without_a_hint_is_always_asked_for() {
    let (session, log) = pages([page(TOOL, "")]).await;
    drop(session.list_tools().await.unwrap());
    drop(session.list_tools().await.unwrap());
    assert_eq!(log.of("tools/list").len(), 2);
}

#[tokio::test]
async fn private_lists_do_not_cross_authorizations() {
    for (scopes, shared) in [
        (vec!["public"], true),
        (vec!["private"], false),
        (vec![""], false),
        (vec!["", "public"], false),
        (vec!["private", "public"], false),
        (vec!["public", "private", "public"], false),
    ] {
        let last = scopes.len() - 1;
        let pages: Vec<String> = scopes
            .iter()
            .enumerate()
            .map(|(at, scope)| {
                let scope =
                    if scope.is_empty() { String::new() } else { format!(r#","cacheScope":"{scope}""#) };
                let cursor = if at < last { format!(r#","nextCursor":"{at}""#) } else { String::new() };
                page(TOOL, &format!(r#","ttlMs":60000{scope}{cursor}"#))
            })
            .collect();
        let count = pages.len();
        let turn = AtomicUsize::new(0);
        let double = Double::modern(move |sent| {
            let answer = sent.answer(&pages[turn.fetch_add(1, Ordering::Relaxed) % pages.len()]);
            async move { answer }
        });
        let authorization = Arc::clone(&double.authorization);
        let (session, log) = double.connect().await;
        drop(session.list_tools().await.unwrap());
        drop(session.list_tools().await.unwrap());
        assert_eq!(log.of("tools/list").len(), count, "{scopes:?}");
        authorization.store(7, Ordering::Relaxed);
        drop(session.list_tools().await.unwrap());
        let expected = if shared { count } else { count * 2 };
        assert_eq!(log.of("tools/list").len(), expected, "{scopes:?}");
    }
}

const CHANGED: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;

fn fresh_page() -> String {
    page(TOOL, r#","ttlMs":60000,"cacheScope":"public""#)
}

#[tokio::test]
async fn forgets_a_list_when_the_server_says_that_it_changed() {
    let answer = |sent: &Sent| -> Answer {
        match sent.method.as_str() {
            "tools/list" => sent.answer(&fresh_page()),
            _ => stream([CHANGED.to_owned(), sent.result(crate::double::DONE)]),
        }
    };
    let (session, log) = Double::modern(move |sent| {
        let answer = answer(&sent);
        async move { answer }
    })
    .connect()
    .await;
    drop(session.list_tools().await.unwrap());
    crate::calls::call(&session, "{}").await.unwrap();
    drop(session.list_tools().await.unwrap());
    drop(session.list_tools().await.unwrap());
    assert_eq!(log.of("tools/list").len(), 2);
}

#[tokio::test]
async fn does_not_keep_a_list_that_changed_while_it_was_read() {
    let (session, log) =
        Double::modern(|sent| async move { stream([CHANGED.to_owned(), sent.result(&fresh_page())]) })
            .connect()
            .await;
    drop(session.list_tools().await.unwrap());
    drop(session.list_tools().await.unwrap());
    assert_eq!(log.of("tools/list").len(), 2);
}

#[tokio::test]
async fn asks_once_more_for_a_page_that_was_lost() {
    let turn = AtomicUsize::new(0);
    let (session, log) = Double::modern(move |sent| {
        let first = turn.fetch_add(1, Ordering::Relaxed) == 0;
        async move { if first { Err(closed()) } else { sent.answer(&page(TOOL, "")) } }
    })
    .connect()
    .await;
    assert_eq!(session.list_tools().await.unwrap().items.len(), 1);
    assert_eq!(log.of("tools/list").len(), 2);
}

#[tokio::test]
async fn asks_only_for_what_the_server_offers() {
    let double = Double::new(|sent| async move {
        sent.answer(r#"{"supportedVersions":["2026-07-28"],"capabilities":{}}"#)
    });
    let (session, log) = double.connect().await;
    let error = session.list_tools().await.unwrap_err();
    assert_eq!(error.to_string(), "the server does not offer tools");
    assert!(matches!(session.list_prompts().await, Err(Error::Unsupported { .. })));
    assert!(matches!(session.list_resources().await, Err(Error::Unsupported { .. })));
    assert_eq!(log.methods(), ["server/discover"]);
}

#[tokio::test]
async fn a_list_that_is_no_list_is_an_error() {
    for result in [r#"{"tools":3}"#, "[]", "7", r#"{"resultType":"strange","tools":[]}"#] {
        let (session, _) = pages([result.to_owned()]).await;
        let error = session.list_tools().await.unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{result}: {error:?}");
    }
}
