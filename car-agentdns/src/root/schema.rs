//! The contract as documents for machines: JSON Schemas of what goes over the wire, and an OpenAPI description.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::wire::{Problem, ResolveAnswer, ResolveRequest};

/// Returns the JSON Schemas (draft 2020-12) of the three documents, each with the name of its file in
/// `docs/reference/agentdns`.
#[must_use]
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("resolve-request.schema.json", schema::<ResolveRequest>()),
        ("resolve-answer.schema.json", schema::<ResolveAnswer>()),
        ("problem.schema.json", schema::<Problem>()),
    ]
}

fn schema<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    without_defaults(generator.into_root_schema_for::<T>().to_value())
}

/// Returns the OpenAPI 3.1 description of a root.
#[must_use]
pub fn openapi() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let resolve = resolve(&mut generator);
    let schemas = without_defaults(Value::Object(generator.take_definitions(true)));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "AgentDNS root",
            "version": "1.0.0",
            "summary": "Finds services by what they are needed for, or by their identifiers.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "{base}", "variables": { "base": {
            "default": "https://root.example.com",
            "description": "The root's base URL; it may have a path.",
        } } }],
        "paths": { "/agentdns/resolve": { "post": resolve } },
        "components": {
            "schemas": schemas,
            "securitySchemes": { "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "RFC 6750. A root that anybody may ask wants none.",
            } },
        },
        "security": [{}, { "bearer": [] }],
    })
}

fn resolve(generator: &mut SchemaGenerator) -> Value {
    let request = generator.subschema_for::<ResolveRequest>();
    let answer = generator.subschema_for::<ResolveAnswer>();
    let problem = generator.subschema_for::<Problem>();
    let failed = |text: &str| json!({ "description": text, "content": { "application/problem+json": { "schema": problem } } });
    let with_header = |mut response: Value, name: &str, text: &str, schema: Value| {
        response["headers"] = json!({ name: { "description": text, "schema": schema } });
        response
    };
    let found = json!({
        "description": "The services that fit, best first; an empty list where none does.",
        "content": { "application/json": { "schema": answer } },
    });
    let found = with_header(
        found,
        "Cache-Control",
        "`max-age` says for how many seconds the records may be taken for true; 300 without it, a day at most.",
        json!({ "type": "string", "examples": ["private, max-age=300"] }),
    );
    let challenge = |response| {
        with_header(response, "WWW-Authenticate", "RFC 6750, section 3.", json!({ "type": "string" }))
    };
    let later = |text| {
        let schema = json!({ "type": "integer", "minimum": 0 });
        with_header(failed(text), "Retry-After", "When to come back, in seconds.", schema)
    };
    json!({
        "operationId": "resolve",
        "summary": "Finds services",
        "description": "It changes nothing and may be repeated. A need that is an `agentdns://` identifier asks for that service alone.",
        "requestBody": { "required": true, "content": { "application/json": { "schema": request } } },
        "responses": {
            "200": found,
            "400": failed("The body is not JSON."),
            "401": challenge(failed("There is no token, or it is not good.")),
            "403": challenge(failed("The token is good, and does not let its holder ask.")),
            "413": failed("The question is larger than 64 KiB."),
            "415": failed("The body is not `application/json`."),
            "422": failed("A member is missing or wrong; `errors` says which."),
            "429": later("Too many questions."),
            "503": later("The root cannot answer now."),
        },
    })
}

/// Leaves out what a reader assumes for a member that is missing: a server is not to be told to leave members out.
fn without_defaults(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            members.remove("default");
            members.values_mut().for_each(|member| *member = without_defaults(member.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_defaults(item.take())),
        _ => {}
    }
    value
}
