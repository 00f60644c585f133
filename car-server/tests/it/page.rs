//! The page: how a browser gets in, and what it is told to allow.

use serde_json::json;

use crate::support::Running;

#[tokio::test]
async fn a_code_lets_one_browser_in_once() {
    let daemon = Running::start().await;
    let made = daemon.fetch("POST", "/ui-code", Some(&daemon.token), "").await.json();
    assert_eq!(made["url"], daemon.url);
    let shown = json!({"code": made["code"]}).to_string();
    let host = daemon.address().to_string();
    let elsewhere = [("host", host.as_str()), ("origin", "http://127.0.0.1:1")];
    assert_eq!(
        daemon.send("POST", "/session", &elsewhere, &shown).await.status,
        403,
        "a page of another port"
    );
    let own = [("host", host.as_str()), ("origin", daemon.url.as_str())];
    let begun = daemon.send("POST", "/session", &own, &shown).await;
    assert_eq!(begun.status, 200);
    assert!(
        begun.head.contains("cache-control: no-store") && !begun.head.contains("set-cookie"),
        "{begun:?}"
    );
    assert_eq!(daemon.send("POST", "/session", &own, &shown).await.status, 401, "it was used");
    for wrong in ["", "{}", r#"{"code":7}"#, r#"{"code":"a","more":1}"#] {
        assert_eq!(daemon.send("POST", "/session", &own, wrong).await.status, 400, "{wrong}");
    }
    let large = json!({"code": "x".repeat(64 * 1024)}).to_string();
    assert_eq!(daemon.send("POST", "/session", &own, &large).await.status, 413);

    let token = begun.json()["token"].as_str().unwrap().to_owned();
    let offer = format!("car.v1, car.bearer.{token}");
    let mut page = daemon.open(&[("origin", &daemon.url), ("sec-websocket-protocol", &offer)]).await.unwrap();
    let about = page.get("connectors.daemon", json!({})).await;
    assert_eq!((&about["visitor"]["name"], &about["visitor"]["scope"]), (&json!("page"), &json!("manage")));
    let elsewhere = [("origin", "http://127.0.0.1:1"), ("sec-websocket-protocol", offer.as_str())];
    assert_eq!(daemon.open(&elsewhere).await.err(), Some(403));
    let nothing = [("origin", daemon.url.as_str()), ("sec-websocket-protocol", "car.v1, car.bearer.x")];
    assert_eq!(daemon.open(&nothing).await.err(), Some(401));
}

#[tokio::test]
async fn its_files_may_do_what_the_page_needs_and_are_not_sent_twice() {
    let daemon = Running::start().await;
    let page = daemon.fetch("GET", "/", None, "").await;
    assert_eq!(page.status, 200);
    for header in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none'; script-src 'self';",
        "frame-ancestors 'none'",
        "cross-origin-opener-policy: same-origin",
        "referrer-policy: no-referrer",
    ] {
        assert!(page.head.contains(header), "{header} is not in {}", page.head);
    }
    let tag = page.head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let host = daemon.address().to_string();
    for (known, status) in [(tag, 304), ("\"another\"", 200)] {
        let headers = [("host", host.as_str()), ("if-none-match", known)];
        assert_eq!(daemon.send("GET", "/", &headers, "").await.status, status, "{known}");
    }
    let script = daemon.fetch("GET", "/app.js", None, "").await;
    assert!(script.head.contains("content-type: text/javascript"), "{}", script.head);
}

#[tokio::test]
async fn metrics_count_what_happens() {
    let server = car_testkit::double::Double::start(car_testkit::double::Config::default()).await.unwrap();
    let daemon = Running::start().await;
    let mut front = daemon.connect().await;
    front.get("connectors.add", json!({"name": "docs", "url": server.url()})).await;
    front.get("connectors.enable_tools", json!({"slug": "docs", "tools": "all"})).await;
    let call = json!({"slug": "docs", "tool": "echo", "arguments": {"message": "hi"}});
    front.get("connectors.call_tool", call).await;
    front.told("connectors.events_appended").await;
    let answer = daemon.fetch("GET", "/metrics", Some(&daemon.token), "").await;
    assert!(answer.head.contains("content-type: application/openmetrics-text; version=1.0.0"), "{answer:?}");
    for line in [
        r#"car_calls_total{connector="docs",outcome="ok"} 1"#,
        r#"car_decisions_total{verdict="allow"} 1"#,
        r#"car_connectors{state="ready"} 1"#,
        "car_front_ends 1",
        "car_approvals_pending 0",
    ] {
        assert!(answer.body.lines().any(|found| found == line), "{line} is not in\n{}", answer.body);
    }
}
