//! State that others wrote, damaged or left half-done, and input that is no good: nothing is lost.

use std::time::Duration;

use car_connectors::store::{EntryName, Secret, SecretMode, SecretStore};
use car_connectors::{ConnectorManager, ErrorKind, NewConnector, ToolSelection};
use car_testkit::hostile::{Hostile, Mode};

use crate::support::{ERAS, Place, echo, logged, named, ready, server, told};

#[tokio::test]
async fn a_manifest_of_an_old_release_loads_and_keeps_everything() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        let old = format!(
            r#"{{"connectors":[
  {{"slug":"docs","name":"Docs","url":"{}","enabled_tools":["echo"],"note":"ours"}},
  {{"slug":"files","name":"Files","url":"","stdio":{{"command":"files-server","args":["--root","/srv"],"env":{{"A":"b"}}}}}},
  {{"slug":"crm","name":"CRM","url":"https://crm.example.com/mcp","secret_headers":["X-Key"],
    "oauth":{{"token_endpoint":"https://id.example.com/token","client_id":"c1","has_client_secret":true,
    "resource":"https://crm.example.com/mcp","scopes":["read"]}},"enabled_tools":["search"]}}
]}}"#,
            server.url()
        );
        place.write("connectors.json", &old);
        let manager = place.manager().await;
        let listed = manager.list().await.unwrap();
        let slugs: Vec<_> = listed.iter().map(|connector| connector.slug.as_str()).collect();
        assert_eq!(slugs, ["docs", "files", "crm"]);
        assert_eq!(listed[1].command.as_deref(), Some("files-server --root /srv"));
        echo(&manager, "docs").await.unwrap();
        manager.enable_tools("docs", &named(&["add"])).await.unwrap();

        let kept: serde_json::Value = serde_json::from_str(&place.manifest()).unwrap();
        let mut wanted: serde_json::Value = serde_json::from_str(&old).unwrap();
        wanted["version"] = 1.into();
        wanted["connectors"][0]["enabled_tools"] = serde_json::json!(["echo", "add"]);
        assert_eq!(kept, wanted);
    }
}

#[tokio::test]
async fn a_local_connector_whose_command_is_gone_is_kept_and_its_error_names_the_command() {
    let place = Place::new();
    place.write(
        "connectors.json",
        r#"{"connectors":[{"slug":"files","name":"Files","stdio":{"command":"no-such-command"},"enabled_tools":["read"]}]}"#,
    );
    let manager = ConnectorManager::load_and_connect(place.options()).await.unwrap();
    for error in [
        manager.tools("files").await.unwrap_err(),
        manager.refresh("files").await.unwrap_err(),
        echo_of(&manager, "files", "read").await,
    ] {
        let mut causes = String::new();
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = cause {
            causes.push_str(&error.to_string());
            cause = error.source();
        }
        assert!(causes.contains("`no-such-command` was not found"), "{causes}");
        assert!(error.hint().is_some_and(|hint| hint.contains("car logs files")));
    }
    manager.disable_tools("files", &ToolSelection::All).await.unwrap();
    manager.remove("files").await.unwrap();
}

async fn echo_of(manager: &ConnectorManager, slug: &str, tool: &str) -> car_connectors::Error {
    crate::support::call(manager, slug, tool, "{}").await.unwrap_err()
}

#[tokio::test]
async fn a_manifest_with_a_syntax_error_is_reported_by_all_and_touched_by_none() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = ready(&place, &server, &["echo"]).await;
    let damaged = "{\n  \"connectors\": [\n    {\"slug\": \"docs\",,}\n  ]\n}";
    place.write("connectors.json", damaged);
    let requests = server.ledger().requests();
    let everything = ToolSelection::All;
    let errors = [
        ConnectorManager::load(place.options()).await.unwrap_err(),
        ConnectorManager::load_and_connect(place.options()).await.unwrap_err(),
        manager.add(NewConnector::remote("New", server.url())).await.unwrap_err(),
        manager.list().await.unwrap_err(),
        manager.status("docs").await.unwrap_err(),
        manager.refresh("docs").await.unwrap_err(),
        manager.remove("docs").await.unwrap_err(),
        manager.disable_tools("docs", &everything).await.unwrap_err(),
        echo(&manager, "docs").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Storage);
        insta::allow_duplicates! { insta::assert_snapshot!(told(&error, &place), @r"
            storage: [folder]/state/connectors.json is not usable: line 3, column 21: key must be a string
              connector -
              hint mend the file at that place, or move it away; it has not been changed
            ") }
        assert_eq!(place.manifest(), damaged);
    }
    assert_eq!(server.ledger().requests(), requests, "nothing left");
    // These ask the server first, and then cannot say anything of the answer.
    assert_eq!(manager.tools("docs").await.unwrap_err().kind(), ErrorKind::Storage);
    assert_eq!(manager.enable_tools("docs", &everything).await.unwrap_err().kind(), ErrorKind::Storage);
    assert_eq!(place.manifest(), damaged);
}

#[tokio::test]
async fn a_state_folder_that_cannot_be_written_is_one_clear_error() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    // A file where the folder should be stands for a folder that cannot be written, the superuser's too.
    std::fs::write(place.home().path(), "in the way").unwrap();
    let error = match ConnectorManager::load(place.options()).await {
        Ok(manager) => manager.add(NewConnector::remote("Docs", server.url())).await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(error.kind(), ErrorKind::Storage);
    insta::assert_snapshot!(told(&error, &place), @r"
    storage: cannot read [folder]/state/connectors.json
      because Not a directory (os error 20)
      connector -
      hint check that the state folder can be written and its disk is not full
    ");
}

#[tokio::test]
async fn a_call_that_cannot_be_recorded_is_not_made() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = ready(&place, &server, &["echo"]).await;
    std::fs::write(place.home().events_path(), "in the way").unwrap();
    let error = echo(&manager, "docs").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert_eq!(server.ledger().method("tools/call"), 0);
}

#[tokio::test]
async fn input_that_is_no_good_is_refused_before_anything_leaves() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = ready(&place, &server, &[]).await;
    let (requests, before) = (server.ledger().requests(), place.manifest());
    let address = server.address();
    let url = server.url();
    let new = |name: &str, url: &str| NewConnector::remote(name, url);
    let secret = || Secret::new("s3cr3t-value");
    let mut table = String::new();
    for (what, new) in [
        ("no name", new("  ", &url)),
        ("duplicate", new(" Docs ", &url)),
        ("not a url", new("New", "docs.example.com")),
        ("another scheme", new("New", "ftp://example.com/mcp")),
        ("no url", new("New", "")),
        ("a password", new("New", &format!("http://me:s3cr3t-value@{address}/mcp"))),
        ("a bad header name", new("New", &url).with_header("No Space", secret())),
        ("a bad header value", new("New", &url).with_header("X-Key", Secret::new("s3cr3t-value\r\nX: y"))),
        ("a header twice", new("New", &url).with_header("X-Key", secret()).with_header("x-key", secret())),
        ("a header of the protocol", new("New", &url).with_header("Mcp-Session-Id", secret())),
        ("a header of the transport", new("New", &url).with_header("Content-Length", secret())),
    ] {
        assert!(!format!("{new:?}").contains("s3cr3t-value"), "{new:?}");
        let error = manager.add(new).await.unwrap_err();
        assert!(!format!("{error:?}").contains("s3cr3t-value"), "{error:?}");
        assert!(error.hint().is_some(), "{error}");
        table.push_str(&format!("[{what}] {}\n", told(&error, &place)));
    }
    insta::assert_snapshot!(table);
    assert!(!table.contains("s3cr3t-value"));
    assert_eq!(server.ledger().requests(), requests);
    assert_eq!(place.manifest(), before);
    assert!(!place.home().secrets_path().exists());
}

/// Drops `add` after each number of polls there can be, and looks at what is there when all is quiet.
#[test]
fn an_add_that_is_dropped_leaves_all_of_a_connector_or_nothing() {
    let servers = tokio::runtime::Runtime::new().unwrap();
    let server = servers.block_on(server(ERAS[1]));
    let mut outcomes = [0, 0];
    for polls in 0.. {
        let place = Place::new();
        // A runtime waits, when it is dropped, for what was begun on its threads that may block.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let has_ended = runtime.block_on(async {
            let manager = place.manager().await;
            let new = NewConnector::remote("Docs", server.url()).with_header("X-Key", Secret::new("value"));
            let mut adding = std::pin::pin!(manager.add(new));
            let mut left = polls;
            std::future::poll_fn(|context| {
                if left == 0 {
                    return std::task::Poll::Ready(false);
                }
                left -= 1;
                adding.as_mut().poll(context).map(|added| added.is_ok())
            })
            .await
        });
        drop(runtime);
        let is_listed = place.manifest().contains("docs");
        let secrets = SecretStore::new(&place.home(), SecretMode::File);
        let secret = secrets.get(&EntryName::header("docs", "X-Key")).unwrap();
        assert_eq!(is_listed, secret.is_some(), "after {polls} polls");
        outcomes[usize::from(is_listed)] += 1;
        if has_ended {
            break;
        }
    }
    assert!(outcomes[0] > 2 && outcomes[1] > 0, "{outcomes:?}");
}

#[tokio::test]
async fn an_add_that_hangs_can_be_given_up() {
    let (place, server) = (Place::new(), Hostile::start(Mode::Silent).await.unwrap());
    let manager = place.manager().await;
    let adding = manager.add(NewConnector::remote("Docs", server.url()));
    assert!(tokio::time::timeout(Duration::from_millis(100), adding).await.is_err());
    assert!(manager.list().await.unwrap().is_empty());
    assert!(logged(&manager).is_empty());
}
