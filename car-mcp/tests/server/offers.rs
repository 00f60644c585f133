//! Prompts, resources, templates, completion, and lists that go on page by page.

use car_mcp::proto::capability::Implementation;
use car_mcp::proto::completion::Completion;
use car_mcp::proto::content::{ContentBlock, Role};
use car_mcp::proto::prompt::{GetPromptResult, PromptMessage};
use car_mcp::proto::resource::ResourceContents;
use car_mcp::server::{
    Context, DefinitionError, Failure, NoArguments, PromptArguments, Server, ServerBuilder, ServerCompletion,
    Variables, prompt, resource, template, tool,
};
use serde_json::{Value, json};

use crate::double::ask;

async fn greet(arguments: PromptArguments, _: Context) -> Result<GetPromptResult, Failure> {
    let text = format!("Greet {}", arguments.argument("who").unwrap_or_default());
    Ok(GetPromptResult::new(vec![PromptMessage::new(Role::USER, ContentBlock::text(text))]))
}

fn contents(uri: &str, text: String) -> Vec<ResourceContents> {
    let mut contents = ResourceContents::new(uri);
    contents.text = Some(text);
    vec![contents]
}

async fn item(uri: String, variables: Variables, _: Context) -> Result<Vec<ResourceContents>, Failure> {
    match variables.variable("id") {
        Some("gone") => Err(Failure::resource_not_found(&uri)),
        Some("empty") => Ok(Vec::new()),
        id => Ok(contents(&uri, id.unwrap_or_default().to_owned())),
    }
}

async fn many(typed: String, _: PromptArguments, _: Context) -> Result<Completion, Failure> {
    Ok(Completion::new((0..150).map(|index| format!("{typed}{index}")).collect::<Vec<_>>()))
}

fn builder() -> ServerBuilder {
    Server::builder(Implementation::new("example"))
        .prompt(
            prompt("greet", "Greets").argument("who", "Whom", true).argument("how", "How", false).run(greet),
        )
        .resource(
            resource("test://fixed", "fixed")
                .read(async |_| Ok(contents("test://fixed", "fixed text".to_owned()))),
        )
        .template(template("test://item/{id}", "item").read(item))
        .completion(ServerCompletion::of_prompt("greet", "who", many))
}

fn server() -> Server {
    builder().build().unwrap()
}

#[tokio::test]
async fn a_prompt_is_made_from_its_arguments() {
    let response = ask(&server(), "prompts/get", json!({"name": "greet", "arguments": {"who": "Ada"}})).await;
    assert_eq!(response["result"]["messages"][0]["content"]["text"], "Greet Ada");
    assert_eq!(response["result"]["resultType"], "complete");
}

#[tokio::test]
async fn a_prompt_that_is_unknown_or_lacks_an_argument_is_an_error_of_the_parameters() {
    for params in [
        json!({"name": "nothing"}),
        json!({"name": "greet"}),
        json!({"name": "greet", "arguments": {"how": "loudly"}}),
        json!({"name": "greet", "arguments": {"who": 7}}),
        json!({"name": "greet", "arguments": []}),
        json!({"name": 7}),
        json!({}),
    ] {
        let response = ask(&server(), "prompts/get", params.clone()).await;
        assert_eq!(response["error"]["code"], -32602, "{params}");
    }
}

#[tokio::test]
async fn resources_come_before_templates_and_say_how_long_they_may_be_kept() {
    let response = ask(&server(), "resources/read", json!({"uri": "test://fixed"})).await;
    assert_eq!(response["result"]["contents"], json!([{"uri": "test://fixed", "text": "fixed text"}]));
    assert_eq!(
        (&response["result"]["ttlMs"], &response["result"]["cacheScope"]),
        (&json!(0), &json!("private"))
    );
    let response = ask(&server(), "resources/read", json!({"uri": "test://item/a%20b"})).await;
    assert_eq!(response["result"]["contents"], json!([{"uri": "test://item/a%20b", "text": "a b"}]));
}

#[tokio::test]
async fn v21_a_resource_that_is_not_there_is_an_error_and_never_empty_contents() {
    for uri in ["test://nothing", "test://item/gone", "test://item/empty", "test://item/a/b", ""] {
        let response = ask(&server(), "resources/read", json!({"uri": uri})).await;
        assert_eq!(response["error"]["code"], -32602, "{uri}");
        assert_eq!(response["error"]["data"], json!({"uri": uri}));
    }
}

#[tokio::test]
async fn completion_offers_at_most_a_hundred_values() {
    let params = |argument: &str| json!({"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": argument, "value": "a"}});
    let response = ask(&server(), "completion/complete", params("who")).await;
    let completion = &response["result"]["completion"];
    assert_eq!(completion["values"].as_array().unwrap().len(), 100);
    assert_eq!((&completion["total"], &completion["hasMore"]), (&json!(150), &json!(true)));
    let response = ask(&server(), "completion/complete", params("how")).await;
    assert_eq!(response["result"]["completion"], json!({"values": []}));
    let response = ask(&server(), "completion/complete", params("nothing")).await;
    assert_eq!(response["error"]["code"], -32602);
    let params =
        json!({"ref": {"type": "ref/prompt", "name": "nothing"}, "argument": {"name": "a", "value": ""}});
    let response = ask(&server(), "completion/complete", params).await;
    assert_eq!(response["error"]["code"], -32602);
}

#[tokio::test]
async fn v15_what_is_registered_is_what_is_declared() {
    let response = ask(&server(), "server/discover", json!({})).await;
    assert_eq!(
        response["result"]["capabilities"],
        json!({
            "completions": {},
            "prompts": {"listChanged": true},
            "resources": {"listChanged": true, "subscribe": true},
        })
    );
    let growing = Server::builder(Implementation::new("example")).lists_may_grow().logging().build().unwrap();
    let response = ask(&growing, "server/discover", json!({})).await;
    assert_eq!(
        response["result"]["capabilities"],
        json!({
            "completions": {},
            "logging": {},
            "prompts": {"listChanged": true},
            "resources": {"listChanged": true, "subscribe": true},
            "tools": {"listChanged": true},
        })
    );
    let response = ask(&growing, "tools/list", json!({})).await;
    assert_eq!(response["result"]["tools"], json!([]));
}

fn nothing(name: &str) -> car_mcp::server::ServerTool {
    tool(name, "Does nothing").run(async |_: NoArguments, _| Ok("done"))
}

fn names(response: &Value) -> Vec<&str> {
    let tools = response["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_cursor_survives_additions_and_removals() {
    let mut builder = Server::builder(Implementation::new("example")).page_size(2);
    for name in ["a", "b", "c", "d", "e"] {
        builder = builder.tool(nothing(name));
    }
    let server = builder.build().unwrap();
    let first = ask(&server, "tools/list", json!({})).await;
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["result"]["cacheScope"], "private");
    let cursor = first["result"]["nextCursor"].clone();
    assert!(server.remove_tool("a") && server.remove_tool("c"));
    server.add_tool(nothing("f")).unwrap();
    let second = ask(&server, "tools/list", json!({"cursor": cursor})).await;
    assert_eq!(names(&second), ["d", "e"]);
    let third = ask(&server, "tools/list", json!({"cursor": second["result"]["nextCursor"]})).await;
    assert_eq!(names(&third), ["f"]);
    assert!(third["result"].get("nextCursor").is_none());
}

#[tokio::test]
async fn a_cursor_of_another_making_is_an_error_of_the_parameters() {
    let server = builder()
        .page_size(1)
        .tool(nothing("a"))
        .tool(nothing("b"))
        .resource(resource("test://other", "other").read(async |_| Ok(Vec::new())))
        .build()
        .unwrap();
    let response = ask(&server, "resources/list", json!({})).await;
    let foreign = response["result"]["nextCursor"].clone();
    assert!(foreign.is_string());
    for cursor in [foreign, json!(""), json!("2"), json!(2), json!("dAAAAAAAAAD_"), json!("!")] {
        let response = ask(&server, "tools/list", json!({"cursor": cursor})).await;
        assert_eq!(response["error"]["code"], -32602, "{cursor}");
    }
}

#[tokio::test]
async fn every_list_may_be_kept_as_long_as_the_server_says() {
    let server = builder()
        .tool(nothing("a"))
        .cache(std::time::Duration::from_secs(60), car_mcp::proto::cache::CacheScope::PUBLIC)
        .build()
        .unwrap();
    for method in
        ["tools/list", "prompts/list", "resources/list", "resources/templates/list", "server/discover"]
    {
        let response = ask(&server, method, json!({})).await;
        let result = &response["result"];
        assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(60_000), &json!("public")), "{method}");
        assert_eq!(result["resultType"], "complete", "{method}");
    }
}

#[test]
fn a_description_that_contradicts_itself_is_no_server() {
    for (builder, expected) in [
        (
            builder().prompt(prompt("greet", "").run(greet)),
            "expected one prompt of the name \"greet\", found two",
        ),
        (builder().template(template("a{?b}", "b").read(item)), "cannot be served: expected `{name}`"),
        (builder().completion(ServerCompletion::of_prompt("greet", "x", many)), "argument or variable"),
        (builder().completion(ServerCompletion::of_template("greet", "x", many)), "prompt or template"),
        (
            builder().completion(ServerCompletion::of_prompt("greet", "who", many)),
            "one completion, found two",
        ),
        (builder().page_size(0), "pages of at least one entry"),
        (builder().versions([]), "at least one revision"),
    ] {
        let error: DefinitionError = builder.build().unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
