//! Our own client signs in at an authorization server and is let in, as far as it may.

use std::sync::{Arc, Mutex};

use car_http::{Client, HeaderValue, Method, Request, Target, Url};
use car_mcp::proto::capability::Implementation;
use car_mcp::server::{Context, Failure, NoArguments, Server, tool};
use car_mcp::transport::BoxFuture;
use car_mcp::{CallOptions, Error, Session};
use car_mcp_http::HttpTransport;
use car_mcp_http::server::protect::{JwtVerifier, ProtectedResource};
use car_mcp_http::server::{HttpServer, LegacyMode, McpService, RequestHead};
use car_oauth::Error as OauthError;
use car_oauth::driver::{Authorizer, Invitation, LoopbackAgent, MemoryVault, Opener, Settings};
use car_testkit::authority::{AccessTokens, Authority, AuthorityConfig, Endpoint};
use car_testkit::location_of;
use serde_json::{Value, json};

use crate::issuer::serve;

/// Follows the address that it is shown, and pastes where that led.
#[derive(Default)]
struct Person(Mutex<Option<String>>);

impl Opener for Person {
    fn open<'a>(&'a self, invitation: &'a Invitation) -> BoxFuture<'a, Result<(), OauthError>> {
        Box::pin(async {
            let ended_at = location_of(&invitation.url).await.unwrap();
            *self.0.lock().unwrap() = Some(ended_at);
            Ok(())
        })
    }

    fn pasted(&self) -> BoxFuture<'_, Result<String, OauthError>> {
        let ended_at = self.0.lock().unwrap().take().expect("the answer is good the first time");
        Box::pin(async { Ok(ended_at) })
    }
}

async fn whoami(_: NoArguments, context: Context) -> Result<String, Failure> {
    let head = context.detail::<RequestHead>().expect("it is handed on");
    assert!(!head.headers.contains_key("authorization"), "a handler never sees the token");
    Ok(context.principal().expect("everybody proves who they are").id.to_string())
}

async fn write(_: NoArguments, _: Context) -> Result<String, Failure> {
    Ok("written".to_owned())
}

fn scopes_of(method: &str, name: Option<&str>) -> Vec<String> {
    match (method, name) {
        ("tools/call", Some("write")) => vec!["mcp:write".to_owned()],
        _ => Vec::new(),
    }
}

/// A protected server and the authorization server of its tokens.
struct World {
    authority: Authority,
    url: String,
}

impl World {
    async fn start() -> Self {
        let mut config = AuthorityConfig::default();
        config.access_tokens = AccessTokens::Jwt;
        config.scopes = vec!["mcp:read".to_owned(), "mcp:write".to_owned()];
        let authority = Authority::start(config).await.unwrap();
        let listening = HttpServer::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{}/mcp", listening.url());
        let verifier = JwtVerifier::builder(authority.issuer(), &url).require_at_jwt().build().unwrap();
        let resource = ProtectedResource::new(&url, [authority.issuer()], verifier)
            .unwrap()
            .scopes_supported(["mcp:read", "mcp:write"])
            .required_scopes(["mcp:read"])
            .scopes_for(scopes_of);
        let server = Server::builder(Implementation::new("files"))
            .tool(tool("whoami", "Says who asks").run(whoami))
            .tool(tool("write", "Writes").run(write))
            .build()
            .unwrap();
        let service = McpService::builder(server)
            .protect(resource)
            .hand_on_head()
            .legacy(LegacyMode::Stateless)
            .build();
        drop(serve(listening.serve(service)));
        Self { authority, url }
    }

    fn authorizer(&self) -> Authorizer {
        let settings = Settings::new(Url::parse(&self.url).unwrap(), "files");
        let agent = LoopbackAgent::new(Arc::new(Person::default()));
        let builder = Authorizer::builder(settings, Arc::new(MemoryVault::default()));
        builder.agent(Arc::new(agent)).build().unwrap()
    }

    async fn connect(&self, authorizer: Authorizer) -> Result<Session, Error> {
        let target = Target::parse(&self.url).unwrap();
        let transport =
            HttpTransport::builder(Client::new().unwrap(), target).credentials(Arc::new(authorizer)).build();
        Session::builder(Implementation::new("test")).connect(transport).await
    }

    /// Signs claims as the authority would for this server, but for what is changed.
    fn token(&self, change: &Value) -> String {
        let mut claims = json!({
            "iss": self.authority.issuer(), "aud": self.url, "sub": "ada", "exp": 4_000_000_000_u64,
            "scope": "mcp:read",
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.authority.sign(&json!({ "typ": "at+jwt" }), &claims)
    }

    async fn post(&self, token: &str, body: &str) -> (u16, String, Value) {
        let headers = [
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2025-11-25"),
        ];
        let mut request =
            Request::new(Method::POST, Target::parse(&self.url).unwrap()).with_body(body.to_owned());
        for (name, value) in headers {
            request = request.with_header(name.parse().unwrap(), HeaderValue::from_static(value));
        }
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).unwrap();
        let request = request.with_header("authorization".parse().unwrap(), bearer);
        let response = Client::new().unwrap().send(request).await.unwrap();
        let challenge =
            response.headers().get("www-authenticate").map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = response.into_body().collect(1 << 20).await.unwrap();
        (status, challenge.unwrap_or_default(), serde_json::from_slice(&body).unwrap_or_default())
    }
}

async fn call(session: &Session, name: &str) -> String {
    let arguments = serde_json::value::to_raw_value(&json!({})).unwrap();
    let result = session.call_tool(name, &arguments, &CallOptions::new()).await.unwrap();
    serde_json::to_value(&result.content).unwrap()[0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_client_signs_in_and_is_known_by_its_user() {
    let world = World::start().await;
    let session = world.connect(world.authorizer()).await.unwrap();
    let subject = AuthorityConfig::default().account.subject;
    assert_eq!(call(&session, "whoami").await, format!("{}#sub={subject}", world.authority.issuer()));
    assert_eq!(world.authority.count(Endpoint::Authorize), 1);
    let asked = &world.authority.requests(Endpoint::Authorize)[0];
    assert_eq!(asked.param("resource"), Some(world.url.as_str()));
    assert_eq!(asked.param("scope"), Some("mcp:read"), "no more than the challenge says");
}

#[tokio::test]
async fn an_operation_that_needs_more_makes_the_client_ask_for_it() {
    let world = World::start().await;
    let session = world.connect(world.authorizer()).await.unwrap();
    assert_eq!(call(&session, "write").await, "written");
    let asked = world.authority.requests(Endpoint::Authorize);
    assert_eq!(asked.len(), 2);
    let mut scopes: Vec<&str> = asked[1].param("scope").unwrap().split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(scopes, ["mcp:read", "mcp:write"]);
}

#[tokio::test]
async fn a_token_for_another_server_is_refused() {
    let world = World::start().await;
    let list = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for change in [
        json!({ "aud": "https://other.example/mcp" }),
        json!({ "aud": [world.authority.issuer()] }),
        json!({ "iss": "https://evil.example" }),
        json!({ "exp": 1 }),
    ] {
        let (status, challenge, _) = world.post(&world.token(&change), list).await;
        assert_eq!(status, 401, "{change}");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        assert!(challenge.contains("resource_metadata="), "{challenge}");
    }
    // An ID token is signed with the same key.
    let claims =
        json!({ "iss": world.authority.issuer(), "aud": world.url, "sub": "ada", "exp": 4_000_000_000_u64 });
    let id_token = world.authority.sign(&json!({ "typ": "JWT" }), &claims);
    assert_eq!(world.post(&id_token, list).await.0, 401);
}

#[tokio::test]
async fn a_name_said_twice_gets_nobody_past_the_scopes() {
    let world = World::start().await;
    let token = world.token(&json!({}));
    let plain = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write","arguments":{}}}"#;
    let (status, challenge, _) = world.post(&token, plain).await;
    assert_eq!(status, 403);
    assert!(challenge.contains("scope=\"mcp:read mcp:write\", error=\"insufficient_scope\""), "{challenge}");
    let (_, _, answer) = world.post(&world.token(&json!({ "scope": "mcp:read mcp:write" })), plain).await;
    assert!(answer.to_string().contains("written"), "{answer}");
    let bodies = [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","name":"write","arguments":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write","name":"whoami","arguments":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami"},"params":{"name":"write"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"n\u0061me":"write","arguments":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"write"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wr\u0069te","arguments":{}}}"#,
    ];
    for body in bodies {
        let (_, _, answer) = world.post(&token, body).await;
        assert!(!answer.to_string().contains("written"), "{body} {answer}");
        let (_, _, answer) = world.post(&token, &format!("[{body}]")).await;
        assert!(!answer.to_string().contains("written"), "{body} {answer}");
    }
}
