//! Messages of every shape, and those of none.

use super::*;

fn shape(text: &str) -> Result<String, String> {
    let message: Incoming<'_, RawJson> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(match message {
        Incoming::Request { id, method, params } => {
            format!("request {id} {method} {}", params.map_or("-", RawValue::get))
        }
        Incoming::Notification { method, params } => {
            format!("notification {method} {}", params.map_or("-", RawValue::get))
        }
        Incoming::Response { id, result } => format!("response {id} {}", result.as_str()),
        Incoming::Error { id, error } => {
            format!("error {} {error}", id.map_or_else(|| "-".to_owned(), |id| id.to_string()))
        }
    })
}

#[test]
fn tells_messages_apart_by_shape_whatever_the_order() {
    for (text, expected) in [
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "request 1 ping -"),
        (
            r#"{"params":{"a":1},"method":"pi\u006eg","id":"x","jsonrpc":"2.0"}"#,
            r#"request "x" ping {"a":1}"#,
        ),
        (r#"{"jsonrpc":"2.0","method":"notifications/x","params":{}}"#, "notification notifications/x {}"),
        (r#"{"result":{"z":1e2},"id":"1","jsonrpc":"2.0","extra":[]}"#, r#"response "1" {"z":1e2}"#),
        (r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no"}}"#, "error 7 no (code -1)"),
        (r#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"no"}}"#, "error - no (code -1)"),
        (r#"{"jsonrpc":"2.0","error":{"code":-1}}"#, "error -  (code -1)"),
    ] {
        assert_eq!(shape(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn refuses_what_is_no_message() {
    for text in [
        "{}",
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#,
        r#"{"jsonrpc":"1.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":{},"result":{}}"#,
        "[]",
        "7",
    ] {
        assert!(shape(text).is_err(), "{text}");
    }
}

#[test]
fn ids_keep_their_type() {
    for text in ["1", "\"1\"", "-3", "\"\""] {
        let id: RequestId = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), text);
    }
}

#[test]
fn splits_batches() {
    let Ok(Batch::Many(messages)) = Batch::split(" [ {\"a\":1} , 2 ]") else { panic!("a batch") };
    assert_eq!(messages.iter().map(|raw| raw.get()).collect::<Vec<_>>(), ["{\"a\":1}", "2"]);
    assert!(matches!(Batch::split("{}"), Ok(Batch::One("{}"))));
}
