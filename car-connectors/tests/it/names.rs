//! Names while connectors come and go: what a model is shown always means one tool.

use car_connectors::NewConnector;

use crate::support::{ERAS, Place, call, named, ready, server, shown};

#[tokio::test]
async fn names_are_given_anew_when_a_connector_comes_that_they_could_mean() {
    for era in ERAS {
        let (place, server) = (Place::new(), server(era).await);
        let manager = ready(&place, &server, &["change_tools", "echo"]).await;
        assert_eq!(shown(&manager), ["mcp_docs_change_tools", "mcp_docs_echo"]);

        // From now on the name could mean the tool `tools` of `docs_change`.
        manager.add(NewConnector::remote("Docs change", server.url())).await.unwrap();
        let names = shown(&manager);
        assert_eq!(names.len(), 2);
        assert!(names[0].starts_with("mcp_docs_change_tools_h"), "{names:?}");
        call(&manager, "docs", "change_tools", "{}").await.unwrap();

        manager.enable_tools("docs_change", &named(&["echo"])).await.unwrap();
        manager.remove("docs_change").await.unwrap();
        assert_eq!(shown(&manager), ["mcp_docs_change_tools", "mcp_docs_echo"]);
        call(&manager, "docs", "change_tools", "{}").await.unwrap();
    }
}

#[tokio::test]
async fn a_second_connector_of_the_same_slug_gets_a_number() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = ready(&place, &server, &["echo"]).await;
    assert_eq!(manager.add(NewConnector::remote("docs!", server.url())).await.unwrap().slug, "docs_2");
    assert_eq!(manager.add(NewConnector::remote("DOCS", server.url())).await.unwrap().slug, "docs_3");
    manager.enable_tools("docs_2", &named(&["echo"])).await.unwrap();
    assert_eq!(shown(&manager), ["mcp_docs_2_echo", "mcp_docs_echo"]);
}

#[tokio::test]
async fn the_names_in_a_listing_are_those_that_are_registered() {
    let (place, server) = (Place::new(), server(ERAS[0]).await);
    let manager = ready(&place, &server, &[]).await;
    manager.add(NewConnector::remote("Docs drop", server.url())).await.unwrap();
    manager.enable_tools("docs", &car_connectors::ToolSelection::All).await.unwrap();
    let listing = manager.tools("docs").await.unwrap();
    let mut names: Vec<_> = listing.tools.into_iter().map(|tool| tool.canonical).collect();
    names.sort();
    assert_eq!(shown(&manager), names);
}
