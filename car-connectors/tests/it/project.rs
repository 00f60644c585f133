//! The connectors of a project: trusted, used as any other, and written to the manifest when the user acts on one.

use car_connectors::{
    ConnectorManager, ConnectorSource, ConnectorState, ErrorKind, NewConnector, ToolSelection,
};

use crate::support::{ERAS, Place, echo, logged, named, server, shown};

/// Agrees to the project's file as it is.
async fn trust(manager: &ConnectorManager) {
    let review = manager.project().await.unwrap().unwrap();
    manager.trust_project(&review).await.unwrap();
}

fn docs(url: &str) -> String {
    format!("[[connector]]\nname = \"Docs\"\nurl = \"{url}\"\nenabled_tools = [\"echo\"]\n")
}

#[tokio::test]
async fn a_trusted_entry_is_used_as_any_other_connector_in_both_eras() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        place.project(docs(&server.url()));
        let manager = place.project_manager().await;
        let review = manager.project().await.unwrap().unwrap();
        assert!(!review.is_trusted && review.difference.is_none());
        let facts = [format!("contacts: \"{}\"", server.url()), "enables: \"echo\"".to_owned()];
        assert_eq!(review.entries[0].facts, facts);
        manager.trust_project(&review).await.unwrap();
        assert_eq!(server.ledger().requests(), 0, "trust contacts nobody");

        let status = manager.status("docs").await.unwrap();
        assert_eq!((status.state, status.source), (ConnectorState::NotConnected, ConnectorSource::Project));
        assert!(status.project_file.unwrap().ends_with("connectors.toml"));
        echo(&manager, "docs").await.unwrap();
        assert_eq!(shown(&manager), ["mcp_docs_echo"]);
        assert_eq!(logged(&manager), ["echo: allow", "echo: ok"]);
        assert!(manager.tools("docs").await.unwrap().tools.len() > 2);
        manager.refresh("docs").await.unwrap();
        assert!(place.manifest().is_empty(), "what is only used is not written down");

        manager.enable_tools("docs", &named(&["add"])).await.unwrap();
        assert_eq!(shown(&manager), ["mcp_docs_add", "mcp_docs_echo"]);
        assert!(place.manifest().contains("connectors.toml"), "a note says where it came from");
        let listed = manager.list().await.unwrap();
        assert_eq!(
            (listed.len(), listed[0].source, listed[0].enabled_count),
            (1, ConnectorSource::Project, 2)
        );
        assert_eq!(listed[0].state, ConnectorState::Ready, "the session has outlived that");
        // It is the user's now, also elsewhere.
        echo(&place.manager().await, "docs").await.unwrap();
    }
}

#[tokio::test]
async fn the_policy_holds_for_a_projects_connector() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    place.project(docs(&server.url()));
    place.write("policy.toml", "[[rule]]\naction = \"deny\"\ntool = \"echo\"\n");
    let manager = place.project_manager().await;
    trust(&manager).await;
    let error = echo(&manager, "docs").await.unwrap_err();
    assert!(error.is_denied(), "{error}");
    assert_eq!(server.ledger().requests(), 0);
}

#[tokio::test]
async fn a_change_asks_again_and_shows_what_changed() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    place.project(docs(&server.url()));
    let manager = place.project_manager().await;
    trust(&manager).await;
    echo(&manager, "docs").await.unwrap();
    let requests = server.ledger().requests();

    place.project(docs(&server.url()).replace("\"echo\"", "\"echo\", \"add\""));
    let error = echo(&manager, "docs").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Untrusted);
    assert_eq!(error.hint(), Some("look at what it would do with `car trust`"));
    assert_eq!(server.ledger().requests(), requests);
    assert!(shown(&manager).is_empty());
    let review = manager.project().await.unwrap().unwrap();
    let difference = review.difference.clone().unwrap();
    assert!(difference.contains(&"- enabled_tools = [\"echo\"]".to_owned()), "{difference:?}");
    assert!(difference.contains(&"+ enabled_tools = [\"echo\", \"add\"]".to_owned()), "{difference:?}");
    manager.trust_project(&review).await.unwrap();
    echo(&manager, "docs").await.unwrap();
}

#[tokio::test]
async fn what_the_user_acted_on_keeps_its_old_description_until_the_new_one_is_trusted() {
    let (place, old, new) = (Place::new(), server(ERAS[0]).await, server(ERAS[0]).await);
    place.project(docs(&old.url()));
    let manager = place.project_manager().await;
    trust(&manager).await;
    manager.enable_tools("docs", &named(&["add"])).await.unwrap();

    place.project(docs(&new.url()));
    let status = manager.status("docs").await.unwrap();
    assert_eq!(status.url.as_deref(), Some(old.url().as_str()));
    assert!(status.next_action.unwrap().contains("describes it differently now"));
    echo(&manager, "docs").await.unwrap();
    assert_eq!(new.ledger().requests(), 0);

    trust(&manager).await;
    let status = manager.status("docs").await.unwrap();
    assert_eq!((status.url, status.enabled_count), (Some(new.url()), 2));
    echo(&manager, "docs").await.unwrap();
    assert!(new.ledger().requests() > 0);
}

#[tokio::test]
async fn disabling_and_removing_outlast_the_program() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    place.project(docs(&server.url()));
    let manager = place.project_manager().await;
    trust(&manager).await;
    manager.disable_tools("docs", &named(&["echo"])).await.unwrap();
    let again = place.project_manager().await;
    assert_eq!(echo(&again, "docs").await.unwrap_err().kind(), ErrorKind::NotEnabled);

    again.remove("docs").await.unwrap();
    let again = place.project_manager().await;
    assert!(again.list().await.unwrap().is_empty());
    assert_eq!(echo(&again, "docs").await.unwrap_err().kind(), ErrorKind::NotFound);
    trust(&again).await;
    assert_eq!(again.list().await.unwrap().len(), 1, "who trusts the file anew wants it back");
}

#[tokio::test]
async fn an_entry_that_was_only_used_can_be_removed_too() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    place.project(docs(&server.url()));
    let manager = place.project_manager().await;
    trust(&manager).await;
    manager.remove("docs").await.unwrap();
    assert!(
        manager.list().await.unwrap().is_empty() && place.manager().await.list().await.unwrap().is_empty()
    );
}

#[tokio::test]
async fn all_tools_are_those_that_the_project_does_not_leave_out() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    place.project(docs(&server.url()) + "disabled_tools = [\"echo\"]\n");
    let manager = place.project_manager().await;
    trust(&manager).await;
    manager.enable_tools("docs", &ToolSelection::All).await.unwrap();
    let tools = manager.enabled_tools("docs").await.unwrap();
    assert!(tools.len() > 2 && !tools.contains(&"echo".to_owned()), "{tools:?}");
}

#[tokio::test]
async fn variables_are_put_in_place_in_memory_and_a_missing_one_costs_its_entry_only() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let url = server.url();
    place.project(format!(
        "[[connector]]\nname = \"Docs\"\nurl = \"${{BASE}}\"\nenabled_tools = [\"echo\"]\n\
         headers_env = {{ X-Key = \"SECRET\" }}\n\
         [[connector]]\nname = \"Other\"\nurl = \"${{GONE}}\"\n\
         [[connector]]\nname = \"Third\"\nurl = \"{url}\"\nheaders_env = {{ X-Key = \"GONE\" }}\n\
         [[connector]]\nname = \"Local\"\ncommand = \"x\"\ncwd = \"no/such/folder\"\n"
    ));
    let manager = place
        .project_manager_with(move |name| match name {
            "BASE" => Some(url.clone()),
            "SECRET" => Some("s3cret".to_owned()),
            _ => None,
        })
        .await;
    trust(&manager).await;
    echo(&manager, "docs").await.unwrap();
    let status = manager.status("docs").await.unwrap();
    assert_eq!(
        (status.url.as_deref(), status.secret_headers.as_slice()),
        (Some("${BASE}"), &["X-Key".to_owned()][..])
    );
    let problems: Vec<_> =
        manager.list().await.unwrap().into_iter().filter_map(|status| status.last_error).collect();
    assert_eq!(problems[0], "url cannot be used: the variable GONE is not set");
    assert_eq!(problems[1], "the header X-Key cannot be used: the variable GONE is not set");
    assert!(problems[2].starts_with("cwd cannot be used: there is no folder "), "{}", problems[2]);
    let error = echo(&manager, "other").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().ends_with("the variable GONE is not set"), "{error}");

    manager.enable_tools("docs", &named(&["add"])).await.unwrap();
    let written = place.manifest();
    assert!(written.contains("${BASE}") && !written.contains("s3cret"), "{written}");
    echo(&manager, "docs").await.unwrap();
}

#[tokio::test]
async fn a_bad_entry_costs_that_entry_and_is_explained() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    place.project(
        docs(&server.url())
            + "[[connector]]\nname = \"Typo\"\nulr = \"x\"\n[[connector]]\nname = \"docs\"\nurl = \"x\"\n",
    );
    let manager = place.project_manager().await;
    trust(&manager).await;
    echo(&manager, "docs").await.unwrap();
    let listed = manager.list().await.unwrap();
    let reasons: Vec<_> = listed.iter().filter_map(|status| status.last_error.as_deref()).collect();
    let expected = [
        "line 7, column 1: unknown field \"ulr\"; the nearest known one is \"url\"",
        "line 8: its name stands for the slug \"docs\", which the entry at line 1 has",
    ];
    assert_eq!(reasons, expected);
    assert!(listed[1..].iter().all(|status| status.state == ConnectorState::Unusable));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_leaves_the_users_connectors_alone_and_is_told_of() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    place.manager().await.add(NewConnector::remote("Own", server.url())).await.unwrap();
    place.project("[[connector]]\nname = oops\n");
    let manager = place.project_manager().await;
    assert_eq!(manager.list().await.unwrap().len(), 1);
    let warning = manager.warnings().remove(0);
    assert!(warning.starts_with("the project's connectors are not used: "), "{warning}");
    assert!(warning.contains("line 2, column 8"), "{warning}");
    let error = manager.project().await.unwrap_err();
    assert!(error.to_string().contains("line 2, column 8"), "{error}");
}

#[tokio::test]
async fn a_time_that_the_project_sets_bounds_a_call() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    place.project(docs(&server.url()).replace("echo", "sleep") + "tool_timeout_sec = 0.05\n");
    let manager = place.project_manager().await;
    trust(&manager).await;
    let error = crate::support::call(&manager, "docs", "sleep", r#"{"ms":60000}"#).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}
