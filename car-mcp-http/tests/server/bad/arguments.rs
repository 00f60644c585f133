//! Arguments that headers repeat: V11 for `Mcp-Param-*`.

use serde_json::json;

use super::lines::{Wire, serve};

#[tokio::test]
async fn v11_an_argument_that_its_header_does_not_repeat() {
    let serving = serve().await;
    let of = |arguments| Wire::call("repeat", arguments);
    let text = |header: &str| of(json!({"text": "eu"})).set("Mcp-Param-Text", header);
    let count = |header: &str| of(json!({"count": 1})).set("Mcp-Param-Count", header);
    let flag = |header: &str| of(json!({"flag": true})).set("Mcp-Param-Flag", header);
    for (case, wire) in [
        ("V11.40 missing", of(json!({"text": "eu"}))),
        ("V11.41 another", text("us")),
        ("V11.42 another case of the value", text("EU")),
        ("V11.43 empty", text("")),
        ("V11.44 twice", text("eu").with("Mcp-Param-Text", "eu")),
        ("V11.45 beside null", of(json!({"text": null})).set("Mcp-Param-Text", "null")),
        ("V11.46 empty, beside null", of(json!({"text": null})).set("Mcp-Param-Text", "")),
        ("V11.47 beside nothing", of(json!({})).set("Mcp-Param-Text", "eu")),
        (
            "V11.48 beside no arguments",
            Wire::modern("tools/call", Some("repeat"), json!({"name": "repeat"})).set("Mcp-Param-Text", "eu"),
        ),
        ("V11.49 base64 of another", text("=?base64?dXM=?=")),
        ("V11.50 base64 without its padding", text("=?base64?ZXU?=")),
        ("V11.51 base64 of another alphabet", text("=?base64?Z-_=?=")),
        ("V11.52 the prefix only is literal", text("=?base64?ZXU=")),
        ("V11.53 the suffix only is literal", text("ZXU=?=")),
        ("V11.54 another integer", count("2")),
        ("V11.55 an integer with a zero before it", count("01")),
        ("V11.56 an integer with a plus", count("+1")),
        ("V11.57 an integer in hexadecimal", count("0x1")),
        ("V11.58 nearly an integer", count("1.5")),
        ("V11.59 an integer as a string", count("\"1\"")),
        ("V11.60 two integers", count("1 1")),
        ("V11.61 a boolean in another case", flag("True")),
        ("V11.62 a boolean as a number", flag("1")),
        ("V11.63 the other boolean", flag("false")),
        ("V11.64 below, missing", of(json!({"place": {"zone": "a"}}))),
        ("V11.65 below, another", of(json!({"place": {"zone": "a"}})).set("Mcp-Param-Zone", "b")),
        ("V11.66 below nothing", of(json!({"place": {}})).set("Mcp-Param-Zone", "a")),
        ("V11.67 above where it belongs", of(json!({"zone": "a"})).set("Mcp-Param-Zone", "a")),
        ("V11.68 a type that no header can repeat", of(json!({"text": ["eu"]})).set("Mcp-Param-Text", "eu")),
        (
            "V11.69 an integer that not every reader reads alike",
            of(json!({"count": 9_007_199_254_740_993_i64})).set("Mcp-Param-Count", "9007199254740993"),
        ),
    ] {
        wire.send(&serving).await.assert_refused(case, 400, -32020, &json!(7));
    }
}

#[tokio::test]
async fn v11_an_argument_that_its_header_repeats_in_another_way() {
    let serving = serve().await;
    let of = |arguments: &str| {
        let name = r#""name":"repeat""#;
        let meta = super::lines::meta(json!({}));
        let params = format!(r#"{{"_meta":{meta},{name},"arguments":{arguments}}}"#);
        let body = format!(r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{params}}}"#);
        Wire::post(body).named("tools/call", Some("repeat"))
    };
    for (case, arguments, header) in [
        ("V11.70 plain", r#"{"text":"eu"}"#, Some(("Mcp-Param-Text", "eu"))),
        ("V11.71 the name in another case", r#"{"text":"eu"}"#, Some(("mcp-PARAM-text", "eu"))),
        ("V11.72 white space around it", r#"{"text":"eu"}"#, Some(("Mcp-Param-Text", " eu\t"))),
        ("V11.73 base64", r#"{"text":" ü "}"#, Some(("Mcp-Param-Text", "=?base64?IMO8IA==?="))),
        ("V11.74 an empty text", r#"{"text":""}"#, Some(("Mcp-Param-Text", ""))),
        ("V11.75 absent", "{}", None),
        ("V11.77 an integer", r#"{"count":1}"#, Some(("Mcp-Param-Count", "1"))),
        ("V11.78 an integer with a fraction", r#"{"count":1}"#, Some(("Mcp-Param-Count", "1.0"))),
        ("V11.79 the same the other way round", r#"{"count":1.0}"#, Some(("Mcp-Param-Count", "1"))),
        ("V11.80 a boolean", r#"{"flag":true}"#, Some(("Mcp-Param-Flag", "true"))),
        ("V11.81 below", r#"{"place":{"zone":"a"}}"#, Some(("Mcp-Param-Zone", "a"))),
        ("V11.82 a header of nobody's", "{}", Some(("Mcp-Param-Other", "a"))),
    ] {
        let wire = header.into_iter().fold(of(arguments), |wire, (name, value)| wire.with(name, value));
        wire.send(&serving).await.assert_says(case, arguments);
    }
    let null = of(r#"{"text":null}"#).send(&serving).await;
    assert_eq!(
        (null.status, &null.json()["result"]["isError"]),
        (200, &json!(true)),
        "V11.76 null has no header"
    );
}
