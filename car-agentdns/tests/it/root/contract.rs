//! The contract: what is published is what the code says, the page names all of it, and the reference root keeps it.

use std::path::Path;

use car_agentdns::root::{ResolveRequest, openapi, schemas};
use car_agentdns::{Limit, Need};
use car_http::{Client, HeaderName, HeaderValue, Method, Request, Response, Target, header};
use car_testkit::root::{ReferenceRoot, RootConfig, made_up};
use serde_json::{Value, json};

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)).unwrap()
}

fn published(name: &str) -> Value {
    serde_json::from_str(&page(&format!("reference/agentdns/{name}"))).unwrap()
}

#[test]
fn the_documents_that_are_published_are_those_of_this_release() {
    let mut documents = schemas();
    documents.push(("openapi.json", openapi()));
    assert_eq!(documents.len(), 4);
    for (name, document) in documents {
        let command = format!(
            "cargo run -p car-agentdns --features schema --example root_contract {name} > docs/reference/agentdns/{name}"
        );
        assert_eq!(published(name), document, "make it anew with `{command}`");
    }
}

#[test]
fn every_member_and_every_status_is_on_the_page() {
    fn members(schema: &Value, found: &mut Vec<String>) {
        if let Some(properties) = schema["properties"].as_object() {
            found.extend(properties.keys().cloned());
        }
        let inner = schema.as_object().into_iter().flat_map(|members| members.values());
        inner.for_each(|inner| members(inner, found));
    }
    let contract = page("agentdns-root-contract.md");
    for (_, schema) in schemas() {
        let mut found = Vec::new();
        members(&schema, &mut found);
        assert!(found.len() >= 2);
        for member in found {
            assert!(contract.contains(&format!("`{member}`")), "the contract says nothing of {member}");
        }
    }
    let openapi = openapi();
    let responses = openapi["paths"]["/agentdns/resolve"]["post"]["responses"].as_object().unwrap();
    for status in responses.keys() {
        assert!(contract.contains(&format!("| {status} |")), "the contract says nothing of status {status}");
    }
}

#[test]
fn every_reference_within_the_openapi_document_leads_somewhere() {
    fn check(value: &Value, whole: &Value, count: &mut usize) {
        if let Some(reference) = value["$ref"].as_str() {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(whole.pointer(pointer).is_some(), "{reference}");
            *count += 1;
        }
        match value {
            Value::Object(members) => members.values().for_each(|inner| check(inner, whole, count)),
            Value::Array(items) => items.iter().for_each(|inner| check(inner, whole, count)),
            _ => {}
        }
    }
    let (whole, mut count) = (openapi(), 0);
    check(&whole, &whole, &mut count);
    assert!(count >= 10, "{count}");
}

fn validator(name: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&published(name)).unwrap()
}

#[test]
fn what_a_client_asks_fits_the_schema_and_other_questions_do_not() {
    let schema = validator("resolve-request.schema.json");
    let longest = Need::new(&"ä".repeat(Need::MAX_CHARS)).unwrap();
    for limit in [1, 10, 100] {
        let request = ResolveRequest::new(&longest, Limit::new(limit).unwrap());
        assert!(schema.is_valid(&serde_json::to_value(request).unwrap()));
    }
    for wrong in [
        json!({ "need": "x" }),
        json!({ "limit": 1 }),
        json!({ "need": "", "limit": 1 }),
        json!({ "need": "x", "limit": 0 }),
        json!({ "need": "x", "limit": 101 }),
        json!({ "need": "x".repeat(2_001), "limit": 1 }),
        json!([]),
    ] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
}

/// A header of a question.
type Header = (HeaderName, &'static str);

async fn send(
    base: &str,
    method: Method,
    path: &str,
    headers: &[Header],
    body: impl Into<String>,
) -> (Response, Value) {
    let target = Target::parse(&format!("{base}{path}")).unwrap();
    let mut request = Request::new(method, target).with_body(body.into());
    for (name, value) in headers {
        request.headers.insert(name.clone(), HeaderValue::from_static(value));
    }
    let mut response = Client::new().unwrap().send(request).await.unwrap();
    let mut whole = Vec::new();
    while let Some(chunk) = response.body_mut().chunk().await {
        whole.extend_from_slice(&chunk.unwrap());
    }
    let body = serde_json::from_slice(&whole).unwrap();
    (response, body)
}

const JSON: Header = (header::CONTENT_TYPE, "application/json; charset=utf-8");
const PATH: &str = "/agentdns/resolve";

#[tokio::test]
async fn the_reference_root_answers_as_the_schema_says() {
    let server = ReferenceRoot::start(RootConfig::default()).await.unwrap();
    let schema = validator("resolve-answer.schema.json");
    let mut told = 0;
    for need in
        ["mail", "book a train, a flight or a hotel", "prices, files, tables, builds and logs", "xyzzy"]
    {
        let asked = json!({ "need": need, "limit": 100 }).to_string();
        let (response, answer) = send(&server.url(), Method::POST, PATH, &[JSON], asked).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "private, max-age=300");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
        let errors: Vec<_> = schema.iter_errors(&answer).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        told += answer["services"].as_array().unwrap().len();
    }
    assert!(told > 10, "{told}");
    assert_eq!(made_up().len(), 41);
}

#[tokio::test]
async fn the_reference_root_says_what_is_wrong_with_a_question() {
    let mut config = RootConfig::default();
    config.token = Some("s3cret".to_owned());
    let server = ReferenceRoot::start(config).await.unwrap();
    let schema = validator("problem.schema.json");
    let who = (header::AUTHORIZATION, "bearer s3cret");
    let good = r#"{"need":"x","limit":1}"#.to_owned();
    let no_kind = [who.clone()];
    let table: [(Method, &str, &[Header], String, u16); 14] = [
        (Method::POST, "/agentdns/resolv", &[JSON], good.clone(), 404),
        (Method::POST, "/agentdns/resolve/", &[JSON], good.clone(), 404),
        (Method::GET, PATH, &[], String::new(), 405),
        (Method::PUT, PATH, &[JSON, who.clone()], good.clone(), 405),
        (Method::POST, PATH, &[JSON], good.clone(), 401),
        (Method::POST, PATH, &[JSON, (header::AUTHORIZATION, "Basic czNjcmV0")], good.clone(), 401),
        (Method::POST, PATH, &[JSON, (header::AUTHORIZATION, "Bearer S3cret")], good.clone(), 401),
        (Method::POST, PATH, &no_kind, good.clone(), 415),
        (Method::POST, PATH, &[JSON, who.clone()], "{oops".to_owned(), 400),
        (Method::POST, PATH, &[JSON, who.clone()], "[]".to_owned(), 400),
        (Method::POST, PATH, &[JSON, who.clone()], "x".repeat(70_000), 413),
        (Method::POST, PATH, &[JSON, who.clone()], r#"{"need":" ","limit":101}"#.to_owned(), 422),
        (Method::POST, PATH, &[JSON, who.clone()], r#"{"need":"a\u001b","limit":1}"#.to_owned(), 422),
        (Method::POST, PATH, &[JSON, who.clone()], good, 200),
    ];
    for (method, path, headers, body, expected) in table {
        let shown = format!("{method} {path} {body:.40}");
        let (response, answer) = send(&server.url(), method, path, headers, body).await;
        assert_eq!(response.status(), expected, "{shown}: {answer}");
        if expected == 200 {
            continue;
        }
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{shown}");
        assert!(schema.is_valid(&answer), "{shown}: {answer}");
        assert_eq!(answer["status"], expected, "{shown}");
        assert!(!answer.to_string().contains("s3cret"));
        assert_eq!(response.headers().contains_key(header::WWW_AUTHENTICATE), expected == 401, "{shown}");
        assert_eq!(response.headers().contains_key(header::ALLOW), expected == 405, "{shown}");
        assert_eq!(answer["errors"].is_array(), expected == 422, "{shown}: {answer}");
    }
    let wrong = r#"{"limit":"many"}"#;
    let (_, answer) = send(&server.url(), Method::POST, PATH, &[JSON, who], wrong).await;
    let pointers: Vec<_> =
        answer["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["#/need", "#/limit"]);
}
