//! Any message reads back, whatever its members are and in whatever order they come.

use car_mcp_proto::capability::{ListCapability, ServerCapabilities};
use car_mcp_proto::content::{
    Annotations, AudioContent, ContentBlock, EmbeddedResource, ImageContent, Role, TextContent,
    ToolUseContent,
};
use car_mcp_proto::elicitation::{ElicitParams, ElicitationMode, FormSchema};
use car_mcp_proto::mrtr::{
    ElicitationInput, InputRequest, InputRequests, InputRequired, RootsInput, SamplingInput,
};
use car_mcp_proto::resource::ResourceContents;
use car_mcp_proto::result::{Outcome, ResultType};
use car_mcp_proto::rpc::{ErrorObject, Incoming};
use car_mcp_proto::sampling::{CreateMessageParams, SamplingContent, SamplingMessage};
use car_mcp_proto::tool::{CallToolResult, Tool, ToolAnnotations};
use car_mcp_proto::{Members, RawJson, RequestId};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

/// Any JSON text, with spellings that a reader of values would lose.
fn raw() -> impl Strategy<Value = RawJson> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("1e2".to_owned()),
        Just("1.0".to_owned()),
        Just("-0".to_owned()),
        Just(r#""caf\u00e9 \/ \ud83d\udea2""#.to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        text().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" ,"))),
            vec((text(), inner), 0..4).prop_map(|members| {
                let members =
                    members.iter().map(|(name, value)| format!("{:?}: {value}", name.replace('\\', "")));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
    .prop_filter_map("must be JSON", |text| RawJson::from_text(text).ok())
}

fn raw_object() -> impl Strategy<Value = RawJson> {
    members().prop_map(|members| RawJson::from_value(&members).unwrap())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,6}", any::<String>()]
}

/// Members whose names no type of ours has.
fn members() -> impl Strategy<Value = Members> {
    proptest::collection::btree_map("x-[a-zé\"\\\\]{1,3}", raw(), 0..3).prop_map(Members::from_iter)
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        (0..1000).prop_map(|n| Number::from_f64(f64::from(n) / 8.0).unwrap())
    ]
}

/// Fills in members of a value one after the other.
macro_rules! with {
    ($value:expr, $($member:ident),*) => {{
        let mut value = $value;
        $( value.$member = $member; )*
        value
    }};
}

fn annotations() -> impl Strategy<Value = Annotations> {
    (of(vec(role(), 0..3)), of(number()), of(text()), members()).prop_map(
        |(audience, priority, last_modified, unknown)| {
            with!(Annotations::new(), audience, priority, last_modified, unknown)
        },
    )
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::USER), Just(Role::ASSISTANT), text().prop_map(Role::from)]
}

fn contents() -> impl Strategy<Value = ResourceContents> {
    (text(), of(text()), of(text()), of(text()), of(members()), members()).prop_map(
        |(uri, mime_type, text, blob, meta, unknown)| {
            with!(ResourceContents::new(uri), mime_type, text, blob, meta, unknown)
        },
    )
}

fn block() -> impl Strategy<Value = ContentBlock> {
    prop_oneof![
        (text(), of(annotations()), of(members()), members()).prop_map(
            |(text, annotations, meta, unknown)| {
                with!(TextContent::new(text), annotations, meta, unknown).into()
            }
        ),
        (text(), text(), members()).prop_map(|(data, kind, unknown)| with!(
            ImageContent::new(data, kind),
            unknown
        )
        .into()),
        (text(), text(), members()).prop_map(|(data, kind, unknown)| with!(
            AudioContent::new(data, kind),
            unknown
        )
        .into()),
        (contents(), of(annotations())).prop_map(|(contents, annotations)| with!(
            EmbeddedResource::new(contents),
            annotations
        )
        .into()),
        (text(), text(), raw()).prop_map(|(id, name, input)| ToolUseContent::new(id, name, input).into()),
        ("new_[a-z]{1,5}", members()).prop_map(|(tag, members)| ContentBlock::Unknown { tag, members }),
    ]
}

fn tool() -> impl Strategy<Value = Tool> {
    let hints = (of(text()), of(any::<bool>()), of(any::<bool>()), members()).prop_map(
        |(title, read_only_hint, destructive_hint, unknown)| {
            with!(ToolAnnotations::new(), title, read_only_hint, destructive_hint, unknown)
        },
    );
    (text(), of(text()), raw_object(), of(raw_object()), of(hints), of(members()), members()).prop_map(
        |(name, description, schema, output_schema, annotations, meta, unknown)| {
            with!(Tool::new(name, schema), description, output_schema, annotations, meta, unknown)
        },
    )
}

fn call_result() -> impl Strategy<Value = CallToolResult> {
    (
        vec(block(), 0..4),
        of(raw()),
        of(any::<bool>()),
        of(Just(ResultType::COMPLETE)),
        of(members()),
        members(),
    )
        .prop_map(|(content, structured_content, is_error, result_type, meta, unknown)| {
            with!(CallToolResult::new(), content, structured_content, is_error, result_type, meta, unknown)
        })
}

fn server_capabilities() -> impl Strategy<Value = ServerCapabilities> {
    let list = || {
        of((of(any::<bool>()), of(any::<bool>()), members()).prop_map(
            |(list_changed, subscribe, unknown)| {
                with!(ListCapability::new(), list_changed, subscribe, unknown)
            },
        ))
    };
    (of(members()), of(raw_object()), list(), list(), list(), of(members()), members()).prop_map(
        |(experimental, logging, prompts, resources, tools, extensions, unknown)| {
            with!(
                ServerCapabilities::new(),
                experimental,
                logging,
                prompts,
                resources,
                tools,
                extensions,
                unknown
            )
        },
    )
}

fn elicitation() -> impl Strategy<Value = ElicitParams> {
    let mode =
        prop_oneof![Just(ElicitationMode::FORM), Just(ElicitationMode::URL), text().prop_map(Into::into)];
    let form = (of(text()), members(), of(vec(text(), 0..3)), members()).prop_map(
        |(schema_type, properties, required, unknown)| {
            with!(FormSchema::new(properties), schema_type, required, unknown)
        },
    );
    (of(mode), text(), of(form), of(text()), members()).prop_map(
        |(mode, message, requested_schema, url, unknown)| {
            with!(ElicitParams::new(message), mode, requested_schema, url, unknown)
        },
    )
}

fn sampling() -> impl Strategy<Value = CreateMessageParams> {
    let content = prop_oneof![
        block().prop_map(SamplingContent::from),
        vec(block(), 0..3).prop_map(SamplingContent::Many)
    ];
    let message = (role(), content, members())
        .prop_map(|(role, content, unknown)| with!(SamplingMessage::new(role, content), unknown));
    (vec(message, 0..3), of(text()), of(number()), of(number()), of(raw()), of(vec(tool(), 0..2)), members())
        .prop_map(|(messages, system_prompt, temperature, max_tokens, metadata, tools, unknown)| {
            // For an optional member `null` means absence.
            let metadata = metadata.filter(|metadata| metadata.as_str() != "null");
            with!(
                CreateMessageParams::new(messages),
                system_prompt,
                temperature,
                max_tokens,
                metadata,
                tools,
                unknown
            )
        })
}

fn round() -> impl Strategy<Value = InputRequired> {
    let request = prop_oneof![
        elicitation().prop_map(|params| InputRequest::from(ElicitationInput::new(params))),
        sampling().prop_map(|params| InputRequest::from(SamplingInput::new(params))),
        Just(InputRequest::from(RootsInput::new())),
    ];
    (vec((text(), request), 0..3), text(), of(members()), members()).prop_map(
        |(requests, state, meta, unknown)| {
            let input_requests = Some(InputRequests::from_iter(requests));
            let request_state = Some(state);
            let result_type = Some(ResultType::INPUT_REQUIRED);
            with!(InputRequired::new(), input_requests, request_state, result_type, meta, unknown)
        },
    )
}

fn error_object() -> impl Strategy<Value = ErrorObject> {
    (any::<i64>(), text(), of(raw()), members())
        .prop_map(|(code, message, data, unknown)| with!(ErrorObject::new(code), message, data, unknown))
}

fn id() -> impl Strategy<Value = RequestId> {
    prop_oneof![any::<i64>().prop_map(RequestId::from), text().prop_map(|text| RequestId::from(&*text))]
}

/// Turns the members of an object, at the top only, by some places.
fn turned(text: &str, places: usize) -> String {
    let members: Members = serde_json::from_str(text).unwrap();
    let mut members: Vec<_> = members.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
    if !members.is_empty() {
        let places = places % members.len();
        members.rotate_left(places);
    }
    serde_json::to_string(&Members::from_iter(members)).unwrap()
}

/// Checks typed → text → typed, text → typed → text, and that the order of members does not matter.
fn reads_back<T>(value: &T, places: usize) -> Result<(), TestCaseError>
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let text = serde_json::to_string(value).unwrap();
    let again: T =
        serde_json::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
    prop_assert_eq!(&again, value);

    let turned = turned(&text, places);
    let again: T =
        serde_json::from_str(&turned).map_err(|error| TestCaseError::fail(format!("{error}: {turned}")))?;
    let written = serde_json::to_string(&again).unwrap();
    let one: Value = serde_json::from_str(&turned).unwrap();
    let other: Value = serde_json::from_str(&written).unwrap();
    prop_assert_eq!(one, other);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tools_read_back(tool in tool(), places in 0..8_usize) {
        reads_back(&tool, places)?;
    }

    #[test]
    fn content_blocks_read_back(block in block(), places in 0..8_usize) {
        reads_back(&block, places)?;
    }

    #[test]
    fn call_results_read_back(result in call_result(), places in 0..8_usize) {
        reads_back(&result, places)?;
    }

    #[test]
    fn server_capabilities_read_back(capabilities in server_capabilities(), places in 0..8_usize) {
        reads_back(&capabilities, places)?;
    }

    #[test]
    fn elicitations_read_back(params in elicitation(), places in 0..8_usize) {
        reads_back(&params, places)?;
    }

    #[test]
    fn sampling_requests_read_back(params in sampling(), places in 0..8_usize) {
        reads_back(&params, places)?;
    }

    #[test]
    fn rounds_read_back(round in round(), places in 0..8_usize) {
        reads_back(&round, places)?;
    }

    #[test]
    fn error_objects_read_back(error in error_object(), places in 0..8_usize) {
        reads_back(&error, places)?;
    }

    #[test]
    fn lists_of_members_read_back(members in members()) {
        let text = serde_json::to_string(&members).unwrap();
        prop_assert_eq!(serde_json::to_string(&serde_json::from_str::<Members>(&text).unwrap()).unwrap(), text);
        reads_back(&members, 0)?;
    }

    #[test]
    fn ids_read_back(id in id()) {
        let text = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(serde_json::from_str::<RequestId>(&text).unwrap(), id);
    }

    #[test]
    fn complete_results_are_told_in_any_order(result in call_result(), places in 0..8_usize) {
        let text = turned(&serde_json::to_string(&result).unwrap(), places);
        let Outcome::Complete(read) = serde_json::from_str::<Outcome<CallToolResult>>(&text).unwrap() else {
            return Err(TestCaseError::fail(text));
        };
        let direct: CallToolResult = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read, direct);
    }

    #[test]
    fn rounds_are_told_in_any_order(round in round(), places in 0..8_usize) {
        let text = turned(&serde_json::to_string(&round).unwrap(), places);
        let Outcome::InputRequired(read) = serde_json::from_str::<Outcome<CallToolResult>>(&text).unwrap() else {
            return Err(TestCaseError::fail(text));
        };
        let direct: InputRequired = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read, direct);
    }

    #[test]
    fn messages_are_told_in_any_order(id in id(), params in raw_object(), error in error_object(), places in 0..4_usize) {
        let id_text = serde_json::to_string(&id).unwrap();
        let request = turned(&format!(r#"{{"jsonrpc":"2.0","id":{id_text},"method":"m","params":{params:?}}}"#), places);
        let Incoming::Request { id: read, method, params: raw } = serde_json::from_str::<Incoming<'_, RawJson>>(&request).unwrap() else {
            return Err(TestCaseError::fail(request));
        };
        prop_assert_eq!((&read, &*method, raw.unwrap().get()), (&id, "m", params.as_str()));

        let response = turned(&format!(r#"{{"jsonrpc":"2.0","id":{id_text},"result":{params:?}}}"#), places);
        let Incoming::Response { id: read, result } = serde_json::from_str::<Incoming<'_, RawJson>>(&response).unwrap() else {
            return Err(TestCaseError::fail(response));
        };
        prop_assert_eq!((&read, &result), (&id, &params));

        let error_text = serde_json::to_string(&error).unwrap();
        let failure = turned(&format!(r#"{{"jsonrpc":"2.0","id":{id_text},"error":{error_text}}}"#), places);
        let Incoming::Error { id: read, error: object } = serde_json::from_str::<Incoming<'_, RawJson>>(&failure).unwrap() else {
            return Err(TestCaseError::fail(failure));
        };
        prop_assert_eq!((read, object), (Some(id), error));
    }
}
