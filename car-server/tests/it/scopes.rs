//! What tokens let their holders see and do.

use car_testkit::double::{Config, Double};
use serde_json::{Value, json};

use crate::support::{FrontEnd, Running};

/// A daemon with two connectors, `docs` and `mail`, each with the tool `echo`, and whoever manages it.
async fn two() -> (Running, FrontEnd, [Double; 2]) {
    let servers =
        [Double::start(Config::default()).await.unwrap(), Double::start(Config::default()).await.unwrap()];
    let daemon = Running::start().await;
    let mut owner = daemon.connect().await;
    for (name, server) in ["docs", "mail"].into_iter().zip(&servers) {
        owner.get("connectors.add", json!({"name": name, "url": server.url()})).await;
        owner.get("connectors.enable_tools", json!({"slug": name, "tools": ["echo"]})).await;
        let call = json!({"slug": name, "tool": "echo", "arguments": {"message": name}});
        owner.get("connectors.call_tool", call).await;
    }
    (daemon, owner, servers)
}

async fn token(owner: &mut FrontEnd, name: &str, scope: &str, connectors: Option<&[&str]>) -> String {
    let wanted = json!({"name": name, "scope": scope, "connectors": connectors});
    let made = owner.get("connectors.tokens.add", wanted).await;
    assert_eq!((&made["token"]["name"], &made["token"]["ended"]), (&json!(name), &json!(false)));
    made["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_method_is_for_whom_its_scope_says() {
    let (daemon, mut owner, _servers) = two().await;
    let reference = car_server::reference::websocket();
    let rank = |scope: &Value| ["read", "call", "manage"].iter().position(|known| scope == known).unwrap();
    for (held, connectors) in [("read", None), ("call", None), ("manage", Some(&["docs"][..]))] {
        let name = format!("{held}-{}", connectors.is_some());
        let mut front = daemon.connect_as(&token(&mut owner, &name, held, connectors).await).await;
        for (method, about) in reference["methods"].as_object().unwrap() {
            // Nothing is done: where the method is let through, its parameters are refused.
            let error = front.ask(method, json!({"nonsense": 1})).await["error"].take();
            let is_for_all = about["all_connectors"] == true && connectors.is_some();
            if rank(&about["scope"]) > rank(&json!(held)) {
                assert_eq!(error["code"], -32001, "{held} {method}: {error}");
                let data = json!({"needed": about["scope"], "has": held});
                assert_eq!(
                    (&error["data"]["needed"], &error["data"]["has"]),
                    (&data["needed"], &data["has"])
                );
            } else if is_for_all {
                assert_eq!(error["code"], -32001, "{held} {method}: {error}");
                assert_eq!(error["data"]["needed"], "all connectors");
            } else {
                assert_eq!(error["code"], -32602, "{held} {method}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn connectors_of_others_are_not_there() {
    let (daemon, mut owner, _servers) = two().await;
    let secret = token(&mut owner, "docs-only", "manage", Some(&["docs"])).await;
    let mut front = daemon.connect_as(&secret).await;
    let listed = front.get("connectors.list", json!({})).await;
    assert_eq!(listed["connectors"].as_array().unwrap().len(), 1);
    assert_eq!(listed["connectors"][0]["slug"], "docs");
    let daemon_says = front.get("connectors.daemon", json!({})).await;
    let visitor = json!({"name": "token:docs-only", "scope": "manage", "connectors": ["docs"]});
    assert_eq!(daemon_says["visitor"], visitor);

    let call = |slug: &str| json!({"slug": slug, "tool": "echo", "arguments": {"message": "hi"}});
    for (method, params) in [
        ("connectors.status", json!({"slug": "mail"})),
        ("connectors.tools", json!({"slug": "mail"})),
        ("connectors.changed_tools", json!({"slug": "mail"})),
        ("connectors.server_log", json!({"slug": "mail"})),
        ("connectors.enable_tools", json!({"slug": "mail", "tools": "all"})),
        ("connectors.disable_tools", json!({"slug": "mail", "tools": "all"})),
        ("connectors.approve_tool", json!({"slug": "mail", "tool": "echo", "seen": "x"})),
        ("connectors.share", json!({"slug": "mail", "prompts": true})),
        ("connectors.refresh", json!({"slug": "mail"})),
        ("connectors.remove", json!({"slug": "mail"})),
        ("connectors.sign_out", json!({"slug": "mail"})),
        ("connectors.authenticate", json!({"name": "mail"})),
        ("connectors.call_tool", call("mail")),
        ("connectors.policy.explain", json!({"slug": "mail", "tool": "echo"})),
        ("connectors.events.tail", json!({"connector": "mail"})),
    ] {
        let theirs = front.ask(method, params.clone()).await["error"].take();
        let nobodys: Value = params.to_string().replace("mail", "none").parse().unwrap();
        let none = front.ask(method, nobodys).await["error"].take();
        assert_eq!(theirs["data"]["kind"], "not_found", "{method}: {theirs}");
        assert_eq!(
            theirs.to_string().replace("mail", "none"),
            none.to_string(),
            "{method} tells that it is there"
        );
    }
    assert_eq!(owner.get("connectors.list", json!({})).await["connectors"].as_array().unwrap().len(), 2);

    front.get("connectors.call_tool", call("docs")).await;
    owner.get("connectors.call_tool", call("mail")).await;
    let all = front.get("connectors.events.tail", json!({"limit": 100})).await;
    let slugs: Vec<&Value> =
        all["events"].as_array().unwrap().iter().map(|event| &event["connector"]).collect();
    assert!(!slugs.is_empty() && slugs.iter().all(|slug| *slug == "docs"), "{all:#}");
    let own = front.get("connectors.events.tail", json!({"who": "token:docs-only", "outcome": "ok"})).await;
    assert_eq!(own["events"].as_array().unwrap().len(), 1, "{own:#}");
}

#[tokio::test]
async fn what_happens_to_connectors_of_others_is_not_told() {
    let (daemon, mut owner, _servers) = two().await;
    let secret = token(&mut owner, "docs-only", "read", Some(&["docs"])).await;
    let mut front = daemon.connect_as(&secret).await;
    front.get("connectors.list", json!({})).await;
    owner.get("connectors.policy.add", json!({"kind": "ask", "subject": "mail/*"})).await;
    owner.get("connectors.disable_tools", json!({"slug": "mail", "tools": "all"})).await;
    owner.get("connectors.remove", json!({"slug": "mail"})).await;
    owner.get("connectors.disable_tools", json!({"slug": "docs", "tools": "all"})).await;
    loop {
        let message = front.read().await.unwrap();
        let method = message["method"].as_str().unwrap();
        assert!(!method.contains("approval") && !method.contains("access"), "{message}");
        assert_ne!(message["params"]["slug"], "mail", "{message}");
        if message["params"]["slug"] == "docs" {
            break;
        }
    }
}

#[tokio::test]
async fn a_token_that_is_revoked_ends_what_it_opened() {
    let (daemon, mut owner, _servers) = two().await;
    let secret = token(&mut owner, "ci", "call", None).await;
    let mut front = daemon.connect_as(&secret).await;
    front.get("connectors.list", json!({})).await;
    let listed = owner.get("connectors.tokens.list", json!({})).await;
    assert_eq!(listed["tokens"][0]["name"], "ci");
    assert!(!listed.to_string().contains(&secret), "a token is shown once");
    let again = owner.ask("connectors.tokens.add", json!({"name": "ci", "scope": "read"})).await;
    assert_eq!(again["error"]["data"]["kind"], "duplicate", "{again}");
    let revoked = owner.get("connectors.tokens.revoke", json!({"id": "ci"})).await;
    assert_eq!(revoked["revoked"], true);
    assert_eq!(front.closed_with().await, Some(1008));
    assert_eq!(owner.get("connectors.tokens.revoke", json!({"id": "ci"})).await["revoked"], false);
}

#[tokio::test]
async fn tokens_are_for_connectors_that_there_are() {
    let (_daemon, mut owner, _servers) = two().await;
    let wanted = json!({"name": "ci", "scope": "call", "connectors": ["docs", "dosc"]});
    let refused = owner.ask("connectors.tokens.add", wanted).await["error"].take();
    assert_eq!(refused["code"], -32602);
    assert!(refused["message"].as_str().unwrap().contains("connectors[1]: there is no connector \"dosc\""));
    for (member, value) in [("name", json!("a b")), ("expires_in_seconds", json!(0))] {
        let mut wanted = json!({"name": "ci", "scope": "call"});
        wanted[member] = value;
        let refused = owner.ask("connectors.tokens.add", wanted).await["error"].take();
        assert!(refused["message"].as_str().unwrap().contains(member), "{refused}");
    }
    let soon = json!({"name": "ci", "scope": "call", "expires_in_seconds": 3600});
    let made = owner.get("connectors.tokens.add", soon).await["token"].take();
    assert_eq!(made["expires_at"].as_u64().unwrap() - made["created_at"].as_u64().unwrap(), 3600);
}
