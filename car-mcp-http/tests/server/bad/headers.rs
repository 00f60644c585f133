//! Headers that are missing, wrong or there twice: V09 and V11.

use serde_json::{Value, json};

use super::lines::{Wire, meta, serve};
use crate::serving::MODERN;

const VERSION: &str = "MCP-Protocol-Version";

/// A request in a revision that its body names.
fn in_revision(version: &Value) -> Wire {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    Wire::modern("tools/list", None, json!({"_meta": meta}))
}

#[tokio::test]
async fn v09_the_revision() {
    let serving = serve().await;
    let list = || Wire::modern("tools/list", None, json!({}));
    for (case, wire, code) in [
        ("V09.1 missing", list().without(VERSION), -32020),
        ("V09.2 empty", list().set(VERSION, ""), -32020),
        ("V09.3 white space", list().set(VERSION, " \t "), -32020),
        ("V09.4 older than in the body", list().set(VERSION, "2025-11-25"), -32020),
        ("V09.5 newer than in the body", list().set(VERSION, "2027-01-01"), -32020),
        ("V09.6 no revision", list().set(VERSION, "latest"), -32020),
        ("V09.7 another case", list().set(VERSION, "2026-07-28Z"), -32020),
        ("V09.8 twice, the same", list().with(VERSION, MODERN), -32020),
        ("V09.9 twice, another first", list().set(VERSION, "2025-11-25").with(VERSION, MODERN), -32020),
        ("V09.10 a list", list().set(VERSION, "2026-07-28, 2025-11-25"), -32020),
        ("V09.11 not ASCII", list().set(VERSION, b"2026-07-28\xc2\xa0"), -32020),
        ("V09.12 encoded", list().set(VERSION, "=?base64?MjAyNi0wNy0yOA==?="), -32020),
        ("V09.13 unsupported in the body alone", in_revision(&json!("2027-01-01")), -32020),
        ("V09.14 unsupported in both", in_revision(&json!("2027-01-01")).set(VERSION, "2027-01-01"), -32022),
        (
            "V09.15 a legacy revision in both",
            in_revision(&json!("2025-11-25")).set(VERSION, "2025-11-25"),
            -32022,
        ),
        ("V09.16 no revision in both", in_revision(&json!("latest")).set(VERSION, "latest"), -32022),
    ] {
        let heard = wire.send(&serving).await;
        heard.assert_refused(case, 400, code, &json!(7));
        if code == -32022 {
            let data = &heard.json()["error"]["data"];
            assert_eq!(data["supported"], json!([MODERN]), "{case}");
            assert!(data["requested"].is_string(), "{case}");
        }
    }
    for (case, wire) in [
        ("V09.17 white space around it", list().set(VERSION, format!(" \t{MODERN} \t"))),
        ("V09.18 the name in another case", list().without(VERSION).with("mCP-pROTOCOL-vERSION", MODERN)),
    ] {
        assert_eq!(wire.send(&serving).await.status, 200, "{case}");
    }
}

#[tokio::test]
async fn v11_the_method() {
    let serving = serve().await;
    let greet = || Wire::call("greet", json!({}));
    for (case, wire) in [
        ("V11.1 missing", greet().without("Mcp-Method")),
        ("V11.2 empty", greet().set("Mcp-Method", "")),
        ("V11.3 another", greet().set("Mcp-Method", "tools/list")),
        ("V11.4 another case of the value", greet().set("Mcp-Method", "Tools/Call")),
        ("V11.5 twice, the same", greet().with("Mcp-Method", "tools/call")),
        ("V11.6 twice, another", greet().with("Mcp-Method", "tools/list")),
        ("V11.7 a list", greet().set("Mcp-Method", "tools/call, tools/list")),
        ("V11.8 encoded", greet().set("Mcp-Method", "=?base64?dG9vbHMvY2FsbA==?=")),
        ("V11.9 not ASCII", greet().set("Mcp-Method", b"tools/call\xff")),
    ] {
        wire.send(&serving).await.assert_refused(case, 400, -32020, &json!(7));
    }
    for (case, wire) in [
        ("V11.10 white space around it", greet().set("Mcp-Method", "\t tools/call \t")),
        ("V11.11 the name in another case", greet().without("Mcp-Method").with("MCP-METHOD", "tools/call")),
    ] {
        wire.send(&serving).await.assert_says(case, "hello");
    }
}

#[tokio::test]
async fn v11_the_name() {
    let serving = serve().await;
    let greet = || Wire::call("greet", json!({}));
    for (case, wire) in [
        ("V11.12 missing", greet().without("Mcp-Name")),
        ("V11.13 empty", greet().set("Mcp-Name", "")),
        ("V11.14 another", greet().set("Mcp-Name", "ask")),
        ("V11.15 another case of the value", greet().set("Mcp-Name", "Greet")),
        ("V11.16 twice, the same", greet().with("Mcp-Name", "greet")),
        ("V11.17 twice, another", greet().with("Mcp-Name", "ask")),
        ("V11.18 not ASCII", greet().set("Mcp-Name", b"greet\xc3\xa9")),
        ("V11.19 base64 of another", greet().set("Mcp-Name", "=?base64?YXNr?=")),
        ("V11.20 base64 without its padding", greet().set("Mcp-Name", "=?base64?Z3JlZXQ?=")),
        ("V11.21 base64 with too much padding", greet().set("Mcp-Name", "=?base64?Z3JlZXQ==?=")),
        ("V11.22 base64 of another alphabet", greet().set("Mcp-Name", "=?base64?Z3JlZX_=?=")),
        ("V11.23 base64 with a space in it", greet().set("Mcp-Name", "=?base64?Z3Jl ZXQ=?=")),
        ("V11.24 base64 with bits left over", greet().set("Mcp-Name", "=?base64?Z3JlZXR=?=")),
        ("V11.25 base64 of what is not UTF-8", greet().set("Mcp-Name", "=?base64?/w==?=")),
        ("V11.26 the prefix only is literal", greet().set("Mcp-Name", "=?base64?Z3JlZXQ=")),
        ("V11.27 the suffix only is literal", greet().set("Mcp-Name", "Z3JlZXQ=?=")),
        ("V11.28 the marker in another case is literal", greet().set("Mcp-Name", "=?BASE64?Z3JlZXQ=?=")),
        ("V11.29 no name in the body", Wire::modern("tools/call", None, json!({}))),
    ] {
        wire.send(&serving).await.assert_refused(case, 400, -32020, &json!(7));
    }
    for (case, wire) in [
        ("V11.30 plain", greet()),
        ("V11.31 white space around it", greet().set("Mcp-Name", " \tgreet\t ")),
        ("V11.32 base64", greet().set("Mcp-Name", "=?base64?Z3JlZXQ=?=")),
        ("V11.33 the prefix only, which is the name", Wire::call("=?base64?YQ==", json!({}))),
        ("V11.34 the suffix only, which is the name", Wire::call("YQ==?=", json!({}))),
    ] {
        wire.send(&serving).await.assert_says(case, "hello");
    }
    let nameless = Wire::modern("tools/call", Some("greet"), json!({"_meta": meta(json!({}))}));
    nameless.send(&serving).await.assert_refused("V11.35 a name for none", 400, -32602, &json!(7));
}
