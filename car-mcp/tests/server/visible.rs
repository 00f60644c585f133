//! A server that shows each caller something else: what is not shown is as if it did not exist.

use std::sync::Arc;

use car_mcp::proto::capability::Implementation;
use car_mcp::proto::completion::Completion;
use car_mcp::proto::resource::{Resource, ResourceTemplate};
use car_mcp::proto::tool::Tool;
use car_mcp::proto::{RawJson, prompt::Prompt, prompt::PromptArgument};
use car_mcp::server::legacy::Conversation;
use car_mcp::server::{
    Caller, Exchange, Failure, Offer, Offered, Principal, Server, ServerCompletion, ServerPrompt,
    ServerResource, ServerTemplate, ServerTool, Step,
};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use crate::double::{all_steps, meta, read_request, request};

/// Everything of one owner, told apart by a letter.
fn things(offer: &mut Offer, letter: char) {
    let raw = |text: &str| RawJson::from_text(text).unwrap();
    let schema = format!(
        r#"{{"type":"object","properties":{{"r":{{"type":"string","x-mcp-header":"{}"}}}}}}"#,
        letter.to_ascii_uppercase()
    );
    let answer = move || raw(r#"{"content":[],"messages":[],"contents":[]}"#);
    offer.tools.push(ServerTool::forwarded(
        Tool::new(format!("{letter}_tool"), raw(&schema)),
        move |_, _| async move { Ok(answer()) },
    ));
    let mut prompt = Prompt::new(format!("{letter}_prompt"));
    prompt.arguments = Some(vec![PromptArgument::new("x")]);
    offer.prompts.push(ServerPrompt::forwarded(prompt, move |_, _| async move { Ok(answer()) }));
    let resource = Resource::new(format!("{letter}:one"), "one");
    offer.resources.push(ServerResource::forwarded(resource, move |_| async move { Ok(answer()) }));
    let template = format!("{letter}:many/{{x}}");
    offer.templates.push(ServerTemplate::forwarded(
        ResourceTemplate::new(template.clone(), "many"),
        move |_, _| async move { Ok(answer()) },
    ));
    let nothing = |_, _, _| async { Ok::<_, Failure>(Completion::new(vec!["v".to_owned()])) };
    offer.completions.push(ServerCompletion::of_prompt(format!("{letter}_prompt"), "x", nothing));
    offer.completions.push(ServerCompletion::of_template(template, "x", nothing));
}

fn offer(letters: &str) -> Offer {
    let mut offer = Offer::new();
    letters.chars().for_each(|letter| things(&mut offer, letter));
    offer
}

/// Shows each principal what begins with a letter of its name.
fn server() -> Server {
    let server = Server::builder(Implementation::new("gate"))
        .lists_may_grow()
        .page_size(2)
        .visible(|caller, offered| {
            let (Offered::Tool(name)
            | Offered::Prompt(name)
            | Offered::Resource(name)
            | Offered::Template(name)) = offered
            else {
                return false;
            };
            caller.id().is_some_and(|id| name.starts_with(|letter| id.contains(letter)))
        })
        .build()
        .unwrap();
    assert!(server.replace(offer("abcd")).is_empty());
    server
}

fn caller(id: &str) -> Caller {
    let mut caller = Caller::anonymous();
    caller.principal = Some(Arc::new(Principal::new(id)));
    caller
}

async fn conversation(server: &Server, id: &str) -> Conversation {
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let conversation = Conversation::begin(server);
    let hello = read_request(json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}));
    all_steps(conversation.request(hello, caller(id))).await;
    conversation
}

/// The answers in both eras.
async fn answers(server: &Server, id: &str, method: &str, params: Value) -> [Value; 2] {
    let conversation = conversation(server, id).await;
    let old = read_request(json!({"jsonrpc": "2.0", "id": 2, "method": method, "params": params}));
    [
        all_steps(conversation.request(old, caller(id))).await.1,
        all_steps(server.answer(request(method, params), caller(id))).await.1,
    ]
}

/// All pages of a list, each entry by what it is found by.
async fn listed(server: &Server, id: &str, method: &str, member: &str, key: &str) -> String {
    let mut names = Vec::new();
    let mut params = json!({});
    loop {
        let [old, new] = answers(server, id, method, params).await;
        let entries = new["result"][member].as_array().unwrap();
        assert_eq!(&old["result"][member], &new["result"][member]);
        assert_eq!(old["result"]["nextCursor"], new["result"]["nextCursor"]);
        assert!(entries.len() <= 2);
        names.extend(entries.iter().map(|entry| entry[key].as_str().unwrap().to_owned()));
        match new["result"].get("nextCursor") {
            Some(cursor) => params = json!({"cursor": cursor}),
            None => return names.join(" "),
        }
    }
}

#[tokio::test]
async fn lists_hold_what_is_shown_on_full_pages() {
    let server = server();
    // Twice, because what one caller was told must not be what another is told.
    for id in ["abcd", "b", "bcd", "", "abcd", "da"] {
        let letters: Vec<char> = "abcd".chars().filter(|letter| id.contains(*letter)).collect();
        let named = |suffix: &str| {
            letters.iter().map(|letter| format!("{letter}{suffix}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(listed(&server, id, "tools/list", "tools", "name").await, named("_tool"), "{id:?}");
        assert_eq!(listed(&server, id, "prompts/list", "prompts", "name").await, named("_prompt"));
        assert_eq!(listed(&server, id, "resources/list", "resources", "uri").await, named(":one"));
        let templates =
            listed(&server, id, "resources/templates/list", "resourceTemplates", "uriTemplate").await;
        assert_eq!(templates, named(":many/{x}"));
    }
}

#[tokio::test]
async fn what_is_not_shown_is_refused_as_what_does_not_exist() {
    let server = server();
    let complete = |kind: &str, member: &str, name: &str| json!({"ref": {"type": kind, member: name}, "argument": {"name": "x", "value": ""}});
    for (method, of) in [
        ("tools/call", (|letter: &str| json!({"name": format!("{letter}_tool")})) as fn(&str) -> Value),
        ("prompts/get", |letter| json!({"name": format!("{letter}_prompt")})),
        ("resources/read", |letter| json!({"uri": format!("{letter}:one")})),
        ("resources/read", |letter| json!({"uri": format!("{letter}:many/7")})),
    ] {
        let letter_of = |answer: &Value, letter: &str| answer.to_string().replace(letter, "?");
        for answer in answers(&server, "ac", method, of("a")).await {
            assert!(answer.get("error").is_none(), "{method}: {answer}");
        }
        let hidden = answers(&server, "ac", method, of("b")).await;
        let absent = answers(&server, "ac", method, of("z")).await;
        for (hidden, absent) in hidden.iter().zip(&absent) {
            assert!(hidden.get("error").is_some(), "{method}: {hidden}");
            assert_eq!(letter_of(hidden, "b_"), letter_of(absent, "z_").replace("z:", "b:"), "{method}");
        }
    }
    for (kind, member, name) in [("ref/prompt", "name", "?_prompt"), ("ref/resource", "uri", "?:many/{x}")] {
        let ask = |letter: &str| complete(kind, member, &name.replace('?', letter));
        for answer in answers(&server, "ac", "completion/complete", ask("a")).await {
            assert_eq!(answer["result"]["completion"]["values"], json!(["v"]), "{answer}");
        }
        let hidden = answers(&server, "ac", "completion/complete", ask("b")).await;
        let absent = answers(&server, "ac", "completion/complete", ask("z")).await;
        for (hidden, absent) in hidden.iter().zip(&absent) {
            let of = |answer: &Value, letter: &str| {
                answer["error"].to_string().replace(&name.replace('?', letter), "?")
            };
            assert_eq!(of(hidden, "b"), of(absent, "z"));
            assert_eq!(hidden["error"]["code"], -32602);
        }
    }
    assert!(server.param_headers("a_tool", &caller("a")).is_some());
    assert!(server.param_headers("a_tool", &caller("b")).is_none());
}

fn listen(server: &Server, id: &str) -> Exchange {
    let filter = json!({
        "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true,
        "resourceSubscriptions": ["a:one", "a:many/1", "b:one"],
    });
    let params = json!({"notifications": filter, "_meta": meta(json!({}))});
    let request = json!({"jsonrpc": "2.0", "id": 5, "method": "subscriptions/listen", "params": params});
    server.answer(read_request(request), caller(id))
}

fn told(exchange: &mut Exchange) -> Vec<Value> {
    std::iter::from_fn(|| match exchange.step().now_or_never()? {
        Some(Step::Message(message)) => Some(serde_json::from_slice(&message).unwrap()),
        other => panic!("expected a message, found {other:?}"),
    })
    .collect()
}

#[tokio::test]
async fn only_what_is_shown_can_be_followed_and_only_that_is_told() {
    let server = server();
    let mut watched = server.watched_resources();
    assert!(watched.borrow_and_update().is_empty());
    let mut modern = listen(&server, "a");
    let agreed = told(&mut modern).remove(0);
    assert_eq!(agreed["params"]["notifications"]["resourceSubscriptions"], json!(["a:one", "a:many/1"]));
    let conversation = conversation(&server, "b").await;
    let mut feed = conversation.feed();
    let subscribe = |uri: &str| {
        let params = json!({"uri": uri});
        read_request(json!({"jsonrpc": "2.0", "id": 9, "method": "resources/subscribe", "params": params}))
    };
    let refused = all_steps(conversation.request(subscribe("a:one"), caller("b"))).await.1;
    assert_eq!(refused["error"]["code"], -32002);
    let taken = all_steps(conversation.request(subscribe("b:one"), caller("b"))).await.1;
    assert!(taken.get("error").is_none(), "{taken}");
    let names = |watched: &mut tokio::sync::watch::Receiver<std::collections::BTreeSet<String>>| {
        watched.borrow_and_update().iter().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&mut watched), "a:many/1 a:one b:one");

    server.resource_updated("a:one");
    server.resource_updated("b:one");
    assert_eq!(told(&mut modern).len(), 1);
    assert!(feed.message().now_or_never().is_some());
    assert!(feed.message().now_or_never().is_none());

    // What is no longer shown is no longer told, though it was subscribed to.
    server.replace(offer("acd"));
    assert_eq!(told(&mut modern).len(), 3, "something is gone, which concerns everybody");
    while feed.message().now_or_never().is_some() {}
    server.resource_updated("b:one");
    assert!(feed.message().now_or_never().is_none());
    // What is new concerns those who see it.
    server.replace(offer("acdb"));
    assert!(told(&mut modern).is_empty());
    assert!(feed.message().now_or_never().is_some());

    drop(modern);
    assert_eq!(names(&mut watched), "b:one");
    let params = json!({"uri": "b:one"});
    let unsubscribe =
        read_request(json!({"jsonrpc": "2.0", "id": 9, "method": "resources/unsubscribe", "params": params}));
    all_steps(conversation.request(unsubscribe, caller("b"))).await;
    assert_eq!(names(&mut watched), "");
    assert!(!watched.has_changed().unwrap());
}

#[tokio::test]
async fn a_resource_that_two_follow_is_watched_until_the_last_leaves() {
    let server = server();
    let watched = server.watched_resources();
    let (one, two) = (listen(&server, "ab"), listen(&server, "a"));
    let mut both = [one, two].map(|mut exchange| {
        told(&mut exchange);
        Some(exchange)
    });
    assert_eq!(watched.borrow().len(), 3);
    both[0] = None;
    assert_eq!(watched.borrow().iter().collect::<Vec<_>>(), ["a:many/1", "a:one"]);
    both[1] = None;
    assert!(watched.borrow().is_empty());
}
