//! What real servers send, though the specification does not allow it, and what is refused all the same.

use car_mcp_proto::RawJson;
use car_mcp_proto::legacy::InitializeResult;
use car_mcp_proto::prompt::ListPromptsResult;
use car_mcp_proto::result::Outcome;
use car_mcp_proto::rpc::{ErrorObject, Incoming};
use car_mcp_proto::salvage::Salvaged;
use car_mcp_proto::tool::{CallToolResult, ListToolsPage, ListToolsResult, Tool, check_definition};

fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn an_error_may_have_a_null_id_a_null_result_and_no_message() {
    let text = r#"{"jsonrpc":"2.0","id":null,"result":null,"error":{"code":-32600}}"#;
    let Incoming::Error { id: None, error } = read_message(text) else { panic!("an error") };
    assert_eq!((error.code, &*error.message), (-32600, ""));
}

#[test]
fn a_response_may_have_a_null_error() {
    let text = r#"{"jsonrpc":"2.0","id":1,"result":{},"error":null}"#;
    assert!(matches!(read_message(text), Incoming::Response { .. }));
}

fn read_message(text: &str) -> Incoming<'_, RawJson> {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_server_may_leave_out_its_version() {
    let result: InitializeResult =
        read(r#"{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"a","title":null}}"#);
    assert_eq!(result.server_info.version, "");
}

#[test]
fn optional_members_may_be_null() {
    let result: ListToolsResult = read(
        r#"{"tools":[{"name":"a","inputSchema":{},"title":null,"description":null,"outputSchema":null,
            "annotations":null,"icons":null,"_meta":null}],"nextCursor":null,"_meta":null}"#,
    );
    let tool = Tool::new("a", RawJson::empty_object());
    assert_eq!(result, ListToolsResult::new(vec![tool]));
}

#[test]
fn a_null_list_is_empty_but_a_missing_one_is_refused() {
    assert!(read::<ListToolsResult>(r#"{"tools":null}"#).tools.is_empty());
    assert!(serde_json::from_str::<ListToolsResult>("{}").is_err());
    assert!(read::<CallToolResult>(r#"{"content":null,"structuredContent":{}}"#).content.is_empty());
}

#[test]
fn null_is_a_structured_result_and_not_its_absence() {
    let result: CallToolResult = read(r#"{"structuredContent":null}"#);
    assert_eq!(result.structured_content.as_ref().map(RawJson::as_str), Some("null"));
    assert_eq!(serde_json::to_string(&result).unwrap(), r#"{"content":[],"structuredContent":null}"#);
}

#[test]
fn the_last_of_repeated_members_counts_and_unknown_ones_are_all_kept() {
    let tool: Tool = read(r#"{"name":"a","x":1,"inputSchema":{},"name":"b","x":2}"#);
    assert_eq!(tool.name, "b");
    assert_eq!(serde_json::to_string(&tool).unwrap(), r#"{"name":"b","inputSchema":{},"x":1,"x":2}"#);
}

#[test]
fn raw_json_stays_byte_for_byte() {
    let schema = r#"{ "z":1e2, "a" : 1.0,"\u0061b":"\u00e9\/", "n":12345678901234567890123, "z":[ ] }"#;
    let text =
        format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{{"inputSchema":{schema},"name":"t"}}]}}}}"#);
    let Incoming::Response { result: Outcome::Complete(result), .. } =
        serde_json::from_str::<Incoming<'_, Outcome<ListToolsResult>>>(&text).unwrap()
    else {
        panic!("a complete result")
    };
    assert_eq!(result.tools[0].input_schema.as_str(), schema);
    assert!(serde_json::to_string(&result).unwrap().contains(schema));
}

#[test]
fn a_bad_tool_is_set_aside_and_the_others_are_kept() {
    let page = ListToolsPage::read(
        r#"{"tools":[{"name":"good","inputSchema":{"type":"object"},"x":1},{"name":"bare"},
            {"name":"odd","inputSchema":7},{"name":5,"inputSchema":{}},"text",
            {"name":"list","inputSchema":{"type":"array"}},{"inputSchema":{}},
            {"name":"pretty","inputSchema":{},"icons":"none"}],"nextCursor":"2","y":[1]}"#,
    )
    .unwrap();
    let kept: Vec<_> = page.result.tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(kept, ["good", "pretty"]);
    assert_eq!(page.result.next_cursor.as_deref(), Some("2"));
    assert_eq!(page.result.unknown.member("y").map(RawJson::as_str), Some("[1]"));
    let said: Vec<_> = page.set_aside.iter().map(|aside| (aside.name.as_deref(), &*aside.reason)).collect();
    assert_eq!(
        said,
        [
            (Some("bare"), "missing field `inputSchema` at line 1 column 15"),
            (Some("odd"), "expected an object as `inputSchema`, found 7"),
            (None, "invalid type: integer `5`, expected a string at line 1 column 9"),
            (None, "invalid type: string \"text\", expected an object (Tool) at line 1 column 6"),
            (Some("list"), "expected an `inputSchema` of type \"object\", found \"array\""),
            (None, "missing field `name` at line 1 column 18"),
        ]
    );
}

#[test]
fn a_salvaged_page_can_be_the_result_of_a_message() {
    let text = r#"{"jsonrpc":"2.0","id":1,"result":{"prompts":[{"name":"a"},{}],"resultType":"complete","_meta":{}}}"#;
    let Incoming::Response { result: Outcome::Complete(page), .. } =
        serde_json::from_str::<Incoming<'_, Outcome<Salvaged<ListPromptsResult>>>>(text).unwrap()
    else {
        panic!("a complete result")
    };
    assert_eq!((page.result.prompts.len(), page.set_aside.len()), (1, 1));
    assert!(page.result.meta.is_some() && page.result.result_type.is_some());
}

#[test]
fn a_page_whose_list_is_no_list_is_refused() {
    for text in ["{}", r#"{"tools":{}}"#, r#"{"tools":[}"#, r#"{"tools":[],"nextCursor":5}"#] {
        assert!(ListToolsPage::read(text).is_err(), "{text}");
    }
}

#[test]
fn a_definition_may_lack_the_type_of_its_schema_but_not_contradict_it() {
    for schema in ["{}", r#"{"type":"object"}"#, r#"{"type":["null","object"]}"#, r##"{"$ref":"#/$defs/a"}"##]
    {
        let tool = Tool::new("", RawJson::from_text(schema).unwrap());
        assert_eq!(check_definition(&tool), Ok(()), "{schema}");
    }
    for schema in ["[]", "null", "true", r#"{"type":"string"}"#, r#"{"type":["null"]}"#, r#"{"type":7}"#] {
        let tool = Tool::new("a", RawJson::from_text(schema).unwrap());
        assert!(check_definition(&tool).is_err(), "{schema}");
    }
}

#[test]
fn a_list_that_was_read_the_fast_way_can_be_checked_too() {
    let mut page: ListToolsResult =
        read(r#"{"tools":[{"name":"a","inputSchema":true},{"name":"b","inputSchema":{}}]}"#);
    let set_aside = page.set_aside_unusable();
    assert_eq!(page.tools.len(), 1);
    assert_eq!(set_aside[0].name.as_deref(), Some("a"));
}

#[test]
fn a_round_keeps_its_metadata_and_what_it_has_beside() {
    let text = r#"{"later":1,"_meta":{"a":2},"requestState":"s","resultType":"input_required"}"#;
    let Outcome::<CallToolResult>::InputRequired(round) = read(text) else { panic!("a round") };
    assert_eq!(round.meta.unwrap().member("a").map(RawJson::as_str), Some("2"));
    assert_eq!(round.unknown.member("later").map(RawJson::as_str), Some("1"));
    assert!(serde_json::from_str::<Outcome<CallToolResult>>(r#"{"resultType":"input_required"}"#).is_err());
}

#[test]
fn an_error_without_a_code_is_refused() {
    assert!(serde_json::from_str::<ErrorObject>(r#"{"message":"no"}"#).is_err());
}

#[test]
fn an_answer_without_a_result_says_so() {
    for (text, expected) in [
        (r#"{"jsonrpc":"2.0","id":1,"result":null}"#, "found neither"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1}}"#, "found both"),
        (r#"{"jsonrpc":"2.0","result":{}}"#, "an `id` beside the `result`"),
    ] {
        let error = serde_json::from_str::<Incoming<'_, RawJson>>(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
