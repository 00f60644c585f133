//! The registry: it lists, pages and refuses as the published API says.

use car_testkit::registry::{RegistryConfig, RegistryServer};

use crate::wire::{Got, send};

async fn server() -> RegistryServer {
    RegistryServer::start(RegistryConfig::default()).await.unwrap()
}

async fn ask(server: &RegistryServer, path: &str) -> Got {
    send("GET", &format!("{}{path}", server.url()), &[], "").await
}

#[tokio::test]
async fn pages_in_the_order_of_names_and_versions_and_ends_with_a_page_that_is_not_full() {
    let server = server().await;
    let mut cursor = String::new();
    let mut names = Vec::new();
    loop {
        let page = ask(&server, &format!("/v0.1/servers?limit=10{cursor}")).await.json();
        let servers = page["servers"].as_array().unwrap();
        assert_eq!(page["metadata"]["count"], servers.len());
        names.extend(servers.iter().map(|entry| {
            let text = |name: &str| entry["server"][name].as_str().unwrap().to_owned();
            (text("name"), text("version"))
        }));
        let Some(next) = page["metadata"]["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={}", next.replace('/', "%2F").replace(':', "%3A").replace('+', "%2B"));
    }
    assert!(names.is_sorted() && names.len() > 60, "{names:?}");
    assert!(!names.iter().any(|(name, _)| name.ends_with("/refunds")), "deleted ones are hidden");
}

#[tokio::test]
async fn refuses_what_it_cannot_read_with_a_problem_document() {
    let server = server().await;
    for (path, status) in [
        ("/v0.1/servers?limit=0", 422),
        ("/v0.1/servers?limit=101", 422),
        ("/v0.1/servers?updated_since=yesterday", 400),
        ("/v0.1/servers?updated_since=2026-01-01T00:00:00Z&include_deleted=false", 400),
        ("/v0.1/servers/com.example.none%2Fx/versions", 404),
        ("/v0.1/servers/com.example.pay%2Frefunds/versions/latest", 404),
        ("/v0.1/nothing", 404),
    ] {
        let got = ask(&server, path).await;
        assert_eq!(got.status, status, "{path}");
        assert_eq!(got.header("content-type"), Some("application/problem+json"));
        assert_eq!(got.json()["status"], status);
    }
    assert_eq!(ask(&server, "/v0.1/ping").await.status, 200);
    assert_eq!(ask(&server, "/v0/servers?limit=1").await.json()["metadata"]["count"], 1);
}

#[tokio::test]
async fn tells_of_deleted_ones_to_who_asks_for_changes() {
    let server = server().await;
    server.set_status("com.example.mail/send", "2.0.0", "deleted", "2026-06-02T00:00:00Z");
    let page = ask(&server, "/v0.1/servers?updated_since=2026-06-01T00:00:00Z").await.json();
    assert_eq!(page["servers"][0]["server"]["name"], "com.example.mail/send");
    assert_eq!(page["metadata"]["count"], 1);
    let path = "/v0.1/servers/com.example.mail%2Fsend/versions/2.0.0?include_deleted=true";
    assert_eq!(ask(&server, path).await.status, 200);
    assert_eq!(server.requests().len(), 2);
}
