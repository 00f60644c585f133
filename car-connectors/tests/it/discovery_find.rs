//! Finding by need: what is connected already, and what roots tell of.

use std::time::Duration;

use car_agentdns::{Limit, Offer, SourceKind, Verification};
use car_connectors::ErrorKind;
use car_connectors::discovery::FindOptions;
use car_testkit::double::Era;
use car_testkit::root::{ReferenceRoot, RootConfig};
use serde_json::{Value, json};

use crate::discovery_support::{Says, Scripted, find, found_names, record, root_of, write_sources};
use crate::support::{Place, named, ready, server};

#[tokio::test]
async fn finds_connectors_and_enabled_tools_and_dials_nobody() {
    let (place, server) = (Place::new(), server(Era::Modern).await);
    write_sources(&place, &[]);
    let live = ready(&place, &server, &["echo"]).await;
    let found = find(&live, "echo a message").await.unwrap();
    let tool = &found.services[0];
    assert_eq!(tool.service.identifier.to_string(), "agentdns://local/tools/mcp_docs_echo");
    assert_eq!(tool.service.offers, [Offer::Connected { slug: "docs".to_owned() }]);
    assert_eq!(tool.connected_as.as_deref(), Some("docs"));
    assert_eq!(
        (tool.service.provenance.kind, tool.service.publisher.verification),
        (SourceKind::Local, Verification::User)
    );
    assert!(tool.service.reference.is_none() && tool.changed.is_empty());
    assert!(found_names(&found).contains(&"Docs".to_owned()), "{found:?}");
    // A tool that is not enabled is not offered by itself.
    assert!(!found_names(&found).contains(&"add".to_owned()), "{found:?}");

    live.close().await;
    let later = place.manager().await;
    let before = server.ledger().requests();
    let found = find(&later, "echo").await.unwrap();
    assert_eq!(found.services[0].service.name, "echo");
    assert_eq!(server.ledger().requests(), before, "nobody is dialed to be found");
    later.disable_tools("docs", &named(&["echo"])).await.unwrap();
    assert_eq!(found_names(&find(&later, "echo").await.unwrap()), Vec::<String>::new());
}

#[tokio::test]
async fn finds_what_a_root_tells_of_with_where_it_is_from() {
    let (place, root) = (Place::new(), ReferenceRoot::start(RootConfig::default()).await.unwrap());
    write_sources(&place, &[("root", "works", &root.url())]);
    let manager = place.manager().await;
    let found = find(&manager, "send an e-mail with an attachment").await.unwrap();
    let mail = &found.services[0];
    assert_eq!(mail.service.name, "Harbor Mail");
    assert_eq!(mail.service.reference.as_deref(), Some("agentdns://harbor.example/office/mail/send"));
    assert_eq!(
        (mail.service.provenance.kind, mail.service.provenance.source.as_str()),
        (SourceKind::Root, "works")
    );
    assert!(mail.score > 0.0 && mail.score <= 1.0 && mail.meaning.is_none() && !mail.reasons.is_empty());
    assert_eq!(mail.connected_as, None);
    assert_eq!(found.ranked_by, "words");
    let [searched] = found.searched.as_slice() else { panic!("{:?}", found.searched) };
    assert_eq!((searched.name.as_str(), searched.is_complete), ("works", true));
    assert!(found.left_out.is_empty() && found.notes.is_empty(), "{:?}", found.notes);
    let options = FindOptions::new().with_limit(Limit::new(1).unwrap());
    assert_eq!(manager.find("send an e-mail", &options).await.unwrap().services.len(), 1);
    // What is found can be handed on as it is.
    let text = serde_json::to_string(&found).unwrap();
    assert!(text.contains(r#""ranked_by":"words""#) && text.contains(r#""kind":"root""#), "{text}");
}

#[tokio::test]
async fn ranks_what_is_here_and_what_is_elsewhere_on_one_scale() {
    let (place, server) = (Place::new(), server(Era::Modern).await);
    let endpoint = server.url();
    let root = root_of(vec![
        record("agentdns://a.example/echo", "Other echo", "Echoes a message back.", &endpoint),
        record("agentdns://a.example/weather", "Weather", "Tells the weather.", "http://127.0.0.1:1/mcp"),
    ])
    .await;
    write_sources(&place, &[("root", "one", root.url())]);
    let manager = ready(&place, &server, &["echo"]).await;
    let found = find(&manager, "echo a message").await.unwrap();
    let names = found_names(&found);
    assert!(names.contains(&"echo".to_owned()) && names.contains(&"Other echo".to_owned()), "{names:?}");
    assert!(!names.contains(&"Weather".to_owned()), "{names:?}");
    let other = found.services.iter().find(|found| found.service.name == "Other echo").unwrap();
    assert_eq!(other.connected_as.as_deref(), Some("docs"), "its endpoint is that of a connector");
    assert!(found.services.windows(2).all(|pair| pair[0].score >= pair[1].score));
}

#[tokio::test]
async fn believes_the_source_that_counts_first_and_names_the_other() {
    let place = Place::new();
    let name = "agentdns://a.example/mail";
    let first = root_of(vec![record(name, "First mail", "Sends mail.", "http://127.0.0.1:1/a")]).await;
    let second = root_of(vec![
        record(name, "Second mail", "Sends mail mail mail.", "http://127.0.0.1:1/b"),
        record(
            "agentdns://local/tools/mcp_docs_echo",
            "Impostor",
            "Sends mail from this machine.",
            "http://127.0.0.1:1/c",
        ),
    ])
    .await;
    write_sources(&place, &[("root", "first", first.url()), ("root", "second", second.url())]);
    let found = find(&place.manager().await, "send mail").await.unwrap();
    assert_eq!(found_names(&found), ["First mail"]);
    assert_eq!(found.services[0].also_in, ["second"]);
    write_sources(&place, &[("root", "second", second.url()), ("root", "first", first.url())]);
    let found = find(&place.manager().await, "send mail").await.unwrap();
    assert_eq!(found_names(&found), ["Second mail"]);
}

#[tokio::test]
async fn says_what_is_wrong_with_what_is_asked() {
    let place = Place::new();
    write_sources(&place, &[("root", "one", "http://127.0.0.1:1")]);
    let manager = place.manager().await;
    for (need, expected) in
        [("", "expected what is needed, found nothing"), ("a\u{7}b", "expected text, found")]
    {
        let error = find(&manager, need).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(expected), "{error}");
    }
    let error = manager.find("mail", &FindOptions::new().with_sources(["two"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.hint(), Some("the sources are: one"));
    place.write("sources.toml", "[[source]]\nname = \"one\"\nkind = \"rot\"\nurl = \"https://a.example\"\n");
    let error = find(&manager, "mail").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("line 3"), "{error}");
}

#[tokio::test]
async fn is_an_error_only_where_there_is_nothing_at_all_to_search() {
    let (place, mut server) = (Place::new(), server(Era::Modern).await);
    write_sources(&place, &[("root", "one", "http://127.0.0.1:1")]);
    let manager = place.manager().await;
    let error = find(&manager, "mail").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().contains("no source could be searched: one: "), "{error}");
    let offline = FindOptions::new().with_offline(true);
    assert_eq!(manager.find("mail", &offline).await.unwrap_err().kind(), ErrorKind::Unreachable);
    // With anything here, what could not be asked is only told of.
    let manager = ready(&place, &server, &["echo"]).await;
    let found = find(&manager, "mail").await.unwrap();
    assert!(found.services.is_empty());
    assert_eq!(found.left_out[0].source, "one");
    let found = manager.find("echo", &offline).await.unwrap();
    assert!(found.left_out[0].reason.contains("offline") && found.left_out[0].hint.is_some());
    // Whoever wants no sources has no failing ones.
    write_sources(&place, &[]);
    server.stop().await;
    manager.remove("docs").await.unwrap();
    let found = find(&manager, "mail").await.unwrap();
    assert!(found.services.is_empty() && found.notes[0].contains("no sources"), "{:?}", found.notes);
}

#[tokio::test]
async fn takes_sources_from_variables() {
    let place = Place::new();
    let root =
        root_of(vec![record("agentdns://a.example/mail", "Mail", "Sends mail.", "http://127.0.0.1:1/a")])
            .await;
    let url = root.url().to_owned();
    let options = place.options().with_variables(move |name| match name {
        "CAR_MCP_REGISTRY" => Some("none".to_owned()),
        "CAR_AGENTDNS_ROOT" => Some(url.clone()),
        _ => None,
    });
    let manager = car_connectors::ConnectorManager::load(options.unwrap()).await.unwrap();
    let found =
        manager.find("mail", &FindOptions::new().with_deadline(Duration::from_secs(3))).await.unwrap();
    assert_eq!(found_names(&found), ["Mail"]);
    assert!(found.searched[0].name.starts_with("127.0.0.1-"), "{:?}", found.searched);
    let sources = manager.sources().await.unwrap();
    assert_eq!((sources.len(), sources[0].from.as_str()), (1, "variable"));
}

/// Turns texts into vectors by whether they are about post of any kind.
async fn model() -> Scripted {
    Scripted::start(|asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        let vector = |text: &Value| match ["mail", "letter"]
            .iter()
            .any(|word| text.as_str().unwrap().contains(word))
        {
            true => [1.0, 0.1],
            false => [0.1, 1.0],
        };
        let texts = body["input"].as_array().unwrap().iter().enumerate();
        let data: Vec<_> =
            texts.map(|(index, text)| json!({ "index": index, "embedding": vector(text) })).collect();
        Says::Json(json!({ "data": data }))
    })
    .await
}

#[tokio::test]
async fn ranks_by_meaning_where_a_model_answers_and_by_words_where_none_does() {
    let (place, model) = (Place::new(), model().await);
    let root = root_of(vec![
        record("agentdns://a.example/mail", "Mail", "Handles electronic mail that you write.", ""),
        record("agentdns://a.example/weather", "Weather", "Tells the weather to whoever writes.", ""),
    ])
    .await;
    write_sources(&place, &[("root", "one", root.url())]);
    let sources = std::fs::read_to_string(place.home().sources_path()).unwrap();
    place.write(
        "sources.toml",
        &format!("{sources}[embeddings]\nurl = \"{}\"\nmodel = \"tiny\"\n", model.url()),
    );
    let manager = place.manager().await;
    let found = find(&manager, "write a letter").await.unwrap();
    assert_eq!(
        (found.ranked_by.as_str(), found.services[0].service.name.as_str()),
        ("words and tiny", "Mail"),
        "{found:?}"
    );
    assert!(found.services[0].meaning > Some(0.0));
    // The vectors of services are kept: the need alone is asked for by the next program.
    let asked = model.asked().len();
    find(&place.manager().await, "write a letter").await.unwrap();
    assert_eq!(model.asked().len(), asked + 1);
    let offline = manager.find("write a letter", &FindOptions::new().with_offline(true)).await;
    assert!(offline.is_err(), "a root is not asked offline");
    drop(model);
    let found = find(&manager, "write a letter").await.unwrap();
    assert_eq!((found.ranked_by.as_str(), found.services.len()), ("words", 2));
    assert!(found.notes.iter().any(|note| note.contains("ranked by words alone: ")), "{:?}", found.notes);
}
