//! Bodies that are no message, or one that can be read in two ways.

use serde_json::{Value, json};

use super::lines::{Heard, Wire, meta, serve};
use crate::serving::Serving;

/// How deep a bomb is nested: far deeper than any stack holds.
const DEEP: usize = 200_000;

/// Sends a body as a modern client would.
async fn send(serving: &Serving, body: impl Into<Vec<u8>>) -> Heard {
    Wire::post(body).named("tools/call", Some("greet")).send(serving).await
}

/// The parameters of a call of `greet`, with this before them.
fn params(before: &str) -> String {
    format!(r#"{{{before}"_meta":{},"name":"greet"}}"#, meta(json!({})))
}

fn message(members: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0",{members}}}"#)
}

fn call(id: &str, params: &str) -> String {
    message(&format!(r#""id":{id},"method":"tools/call","params":{params}"#))
}

#[tokio::test]
async fn bytes_that_are_not_json() {
    let serving = serve().await;
    let right = call("7", &params(""));
    let with = |before: &[u8], after: &[u8]| [before, right.as_bytes(), after].concat();
    for (case, body) in [
        ("empty", Vec::new()),
        ("white space", b" \r\n\t".to_vec()),
        ("cut off", right.as_bytes()[..right.len() - 1].to_vec()),
        ("a word", b"hello".to_vec()),
        ("a control character in a text", call("7", &params("\"x\":\"\u{1}\",")).into_bytes()),
        ("not UTF-8", right.replace("greet", "gr\u{e9}et").chars().map(|byte| byte as u8).collect()),
        ("not UTF-8 where nobody looks", with(b"", b"").into_iter().chain(*b"\xff").collect()),
        ("UTF-16", right.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("a byte order mark", with(b"\xef\xbb\xbf", b"")),
        ("bytes after it", with(b"", b"x")),
        ("a null after it", with(b"", b"\0")),
        ("a bracket after it", with(b"", b"}")),
        ("a message after it", with(b"", right.as_bytes())),
        ("a message on the next line", with(b"\n", b"\n{}")),
        ("a comma at the end", right.replace("\"greet\"}", "\"greet\",}").into_bytes()),
        ("a comment", with(b"/**/", b"")),
        ("not a number", call("NaN", &params("")).into_bytes()),
    ] {
        send(&serving, body).await.assert_refused(case, 400, -32700, &Value::Null);
    }
    send(&serving, with(b"\r\n ", b" \t\r\n")).await.assert_says("white space around it", "hello");
}

#[tokio::test]
async fn json_that_is_no_message() {
    let serving = serve().await;
    let none = &Value::Null;
    let seven = &json!(7);
    for (case, body, id) in [
        ("an empty object", "{}".to_owned(), none),
        ("a number", "7".to_owned(), none),
        ("null", "null".to_owned(), none),
        ("a text", "\"tools/call\"".to_owned(), none),
        ("no version of JSON-RPC", r#"{"id":7,"method":"tools/call"}"#.to_owned(), seven),
        ("another version", r#"{"jsonrpc":"1.0","id":7,"method":"tools/call"}"#.to_owned(), seven),
        ("a version that is a number", r#"{"jsonrpc":2.0,"id":7,"method":"tools/call"}"#.to_owned(), seven),
        ("a method that is a number", message(r#""id":7,"method":7"#), seven),
        ("a method that is null", message(r#""id":7,"method":null"#), seven),
        ("a method and a result", message(r#""id":7,"method":"tools/call","result":{}"#), seven),
        ("nothing but an id", message(r#""id":7"#), seven),
        ("a request without an id", message(r#""method":"tools/call","params":{}"#), none),
        ("a notification with an id", message(r#""id":7,"method":"notifications/cancelled""#), seven),
        ("a response", message(r#""id":7,"result":{}"#), none),
        ("an error", message(r#""id":7,"error":{"code":1,"message":"no"}"#), none),
        ("V04 an empty batch", "[]".to_owned(), none),
        ("V04 a batch", format!("[{}]", call("7", &params(""))), none),
        ("V04 a batch of 10,000", format!("[{}]", vec![call("7", &params("")); 10_000].join(",")), none),
    ] {
        send(&serving, body).await.assert_refused(case, 400, -32600, id);
    }
}

#[tokio::test]
async fn ids_of_the_wrong_type() {
    let serving = serve().await;
    for id in ["null", "1.5", "1.0", "1e2", "true", "{}", "[]", "[7]", "9223372036854775808", "1e999", "-0.0"]
    {
        let heard = send(&serving, call(id, &params(""))).await;
        heard.assert_refused(id, 400, -32600, &Value::Null);
    }
    for id in ["0", "-1", "9223372036854775807", "\"\"", "\"7\""] {
        let heard = send(&serving, call(id, &params(""))).await;
        heard.assert_says(id, "hello");
        assert_eq!(heard.json()["id"].to_string(), id, "the id comes back as it came");
    }
}

#[tokio::test]
async fn v11_members_that_stand_twice() {
    let serving = serve().await;
    let (seven, right) = (&json!(7), params(""));
    let meta = meta(json!({}));
    for (case, body, code) in [
        (
            "the method",
            message(&format!(r#""id":7,"method":"tools/list","method":"tools/call","params":{right}"#)),
            -32600,
        ),
        ("the id", call("7,\"id\":7", &right), -32600),
        ("the parameters", call("7", &format!(r#"{right},"params":{right}"#)), -32600),
        ("the version", call("7,\"jsonrpc\":\"2.0\"", &right), -32600),
        (
            "the method, spelt in two ways",
            message(&format!(r#""id":7,"m\u0065thod":"tools/list","method":"tools/call","params":{right}"#)),
            -32600,
        ),
        ("the name", call("7", &params(r#""name":"ask","#)), -32602),
        ("the name, spelt in two ways", call("7", &params(r#""n\u0061me":"ask","#)), -32602),
        ("the arguments", call("7", &params(r#""arguments":{},"arguments":{},"#)), -32602),
        ("_meta", call("7", &params(&format!(r#""_meta":{meta},"#))), -32602),
        (
            "the revision",
            call(
                "7",
                &right.replace(
                    "\"_meta\":{",
                    r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2025-11-25","#,
                ),
            ),
            -32602,
        ),
        (
            "the capabilities",
            call(
                "7",
                &right.replace(
                    "\"_meta\":{",
                    r#""_meta":{"io.modelcontextprotocol/clientCapabilities":{"roots":{}},"#,
                ),
            ),
            -32602,
        ),
    ] {
        send(&serving, body).await.assert_refused(case, 400, code, seven);
    }
}

#[tokio::test]
async fn depth_bombs() {
    let serving = serve().await;
    let seven = &json!(7);
    let arrays = "[".repeat(DEEP) + &"]".repeat(DEEP);
    let objects = "{\"a\":".repeat(DEEP) + "1" + &"}".repeat(DEEP);
    for bomb in [&arrays, &objects] {
        for (case, body, code) in [
            ("as parameters", call("7", bomb), -32602),
            ("as _meta", call("7", &format!(r#"{{"_meta":{bomb}}}"#)), -32602),
            ("as a name", call("7", &format!(r#"{{"_meta":{},"name":{bomb}}}"#, meta(json!({})))), -32602),
            ("as an id", call(bomb, &params("")), -32600),
        ] {
            let id = if code == -32600 { &Value::Null } else { seven };
            send(&serving, body).await.assert_refused(case, 400, code, id);
        }
        let in_meta = meta(json!({})).to_string().replace(":{}", &format!(":{{\"elicitation\":{bomb}}}"));
        let heard = send(&serving, call("7", &format!(r#"{{"_meta":{in_meta},"name":"greet"}}"#))).await;
        match bomb.starts_with('{') {
            true => heard.assert_says("an object, as it should be, which is not looked into", "hello"),
            false => heard.assert_refused("as a capability", 400, -32602, seven),
        }
        let passed_over = call("7", &params(&format!("\"x\":{bomb},")));
        send(&serving, passed_over).await.assert_says("where nobody looks", "hello");
        let given = call("7", &params(&format!("\"arguments\":{{\"x\":{bomb}}},")));
        assert_eq!(send(&serving, given).await.status, 200, "the tool fails, and nothing else");
    }
    send(&serving, arrays).await.assert_refused("V04 as a batch", 400, -32600, &Value::Null);
    let open = call("7", &"[".repeat(DEEP));
    send(&serving, open).await.assert_refused("one that never ends", 400, -32700, &Value::Null);
}
