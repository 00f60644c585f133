//! Valid annotations and the values they give; invalid ones and why.

use super::*;

fn raw(text: &str) -> RawJson {
    RawJson::from_text(text).unwrap()
}

fn headers(properties: &str) -> Result<ParamHeaders, ParamHeaderError> {
    ParamHeaders::from_schema(&raw(&format!(r#"{{"type":"object","properties":{properties}}}"#)))
}

#[test]
fn values_stand_at_their_exact_path() {
    let headers = headers(
        r#"{"region":{"type":"string","x-mcp-header":"Region"},
            "count":{"type":"integer","x-mcp-header":"Count"},
            "dry":{"type":"boolean","x-mcp-header":"Dry"},
            "nested":{"type":"object","properties":{"key":{"type":"string","x-mcp-header":"Key"}}},
            "plain":{"type":"string"}}"#,
    )
    .unwrap();
    let values = headers
        .values(&raw(r#"{"region":"世","count":7.0,"dry":false,"nested":{"key":""},"plain":"x"}"#))
        .unwrap();
    let shown: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("mcp-param-count", "7"),
            ("mcp-param-dry", "false"),
            ("mcp-param-key", ""),
            ("mcp-param-region", "=?base64?5LiW?="),
        ]
    );
}

#[test]
fn absent_and_null_arguments_have_no_header() {
    let headers = headers(r#"{"a":{"type":"string","x-mcp-header":"A"}}"#).unwrap();
    assert_eq!(headers.values(&raw("{}")).unwrap(), []);
    assert_eq!(headers.values(&raw(r#"{"a":null}"#)).unwrap(), []);
}

#[test]
fn an_argument_of_another_type_is_an_error() {
    let headers = headers(r#"{"a":{"type":"integer","x-mcp-header":"A"}}"#).unwrap();
    for arguments in [r#"{"a":"7"}"#, r#"{"a":7.5}"#, r#"{"a":9007199254740992}"#] {
        assert!(
            matches!(headers.values(&raw(arguments)), Err(ParamHeaderError::Argument { .. })),
            "{arguments}"
        );
    }
}

#[test]
fn refuses_invalid_annotations() {
    for properties in [
        r#"{"a":{"type":"string","x-mcp-header":""}}"#,
        r#"{"a":{"type":"string","x-mcp-header":"My Header"}}"#,
        r#"{"a":{"type":"string","x-mcp-header":"A:B"}}"#,
        r#"{"a":{"type":"string","x-mcp-header":"A\nB"}}"#,
        r#"{"a":{"type":"string","x-mcp-header":7}}"#,
        r#"{"a":{"type":"number","x-mcp-header":"A"}}"#,
        r#"{"a":{"type":"object","x-mcp-header":"A"}}"#,
        r#"{"a":{"type":"array","x-mcp-header":"A"}}"#,
        r#"{"a":{"type":"null","x-mcp-header":"A"}}"#,
        r#"{"a":{"x-mcp-header":"A"}}"#,
        r#"{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}"#,
        r#"{"a":{"type":"array","items":{"type":"string","x-mcp-header":"A"}}}"#,
        r#"{"a":{"oneOf":[{"type":"string","x-mcp-header":"A"}]}}"#,
        r#"{"a":{"type":"array","items":{"type":"object","properties":{"b":{"type":"string","x-mcp-header":"A"}}}}}"#,
    ] {
        assert!(headers(properties).is_err(), "{properties}");
    }
}

#[test]
fn a_property_may_be_called_like_the_keyword() {
    let headers = headers(r#"{"x-mcp-header":{"type":"string"}}"#).unwrap();
    assert!(headers.is_empty());
}

/// Verifies a call whose only annotated argument is `a`.
fn verified(kind: &str, arguments: &str, found: Option<&str>) -> Result<(), ParamHeaderError> {
    let headers = headers(&format!(r#"{{"a":{{"type":"{kind}","x-mcp-header":"Some"}}}}"#)).unwrap();
    headers.verify(Some(arguments), |name| found.filter(|_| name == "mcp-param-some"))
}

#[test]
fn a_header_that_repeats_its_argument_is_let_through() {
    for (kind, arguments, found) in [
        ("string", r#"{"a":"us-west1"}"#, Some("us-west1")),
        ("string", r#"{"a":"us-west1"}"#, Some(" us-west1\t")),
        ("string", r#"{"a":"世"}"#, Some("=?base64?5LiW?=")),
        ("string", r#"{"a":"us"}"#, Some("=?base64?dXM=?=")),
        ("string", r#"{"a":"=?base64?abc"}"#, Some("=?base64?abc")),
        ("string", r#"{"a":""}"#, Some("")),
        ("string", r#"{"a":"\u0061"}"#, Some("a")),
        ("integer", r#"{"a":42}"#, Some("42")),
        ("integer", r#"{"a":42}"#, Some("42.0")),
        ("integer", r#"{"a":42.0}"#, Some("42")),
        ("integer", r#"{"a":-7}"#, Some("=?base64?LTc=?=")),
        ("boolean", r#"{"a":false}"#, Some("false")),
        ("string", r#"{"a":null}"#, None),
        ("string", "{}", None),
    ] {
        assert_eq!(verified(kind, arguments, found), Ok(()), "{arguments} {found:?}");
    }
    assert_eq!(
        headers(r#"{"a":{"type":"string","x-mcp-header":"A"}}"#).unwrap().verify(None, |_| None),
        Ok(())
    );
}

#[test]
fn a_header_that_does_not_repeat_its_argument_is_refused() {
    let name = || "Some".to_owned();
    for (kind, arguments, found, expected) in [
        ("string", r#"{"a":"x"}"#, None, ParamHeaderError::Missing { name: name() }),
        ("string", r#"{"a":""}"#, None, ParamHeaderError::Missing { name: name() }),
        ("string", "{}", Some("x"), ParamHeaderError::Unexpected { name: name() }),
        ("string", r#"{"a":null}"#, Some("null"), ParamHeaderError::Unexpected { name: name() }),
        ("string", r#"{"a":"x"}"#, Some("X"), ParamHeaderError::Differs { name: name() }),
        ("string", r#"{"a":"x"}"#, Some(""), ParamHeaderError::Differs { name: name() }),
        ("integer", r#"{"a":42}"#, Some("43"), ParamHeaderError::Differs { name: name() }),
        ("integer", r#"{"a":42}"#, Some("forty-two"), ParamHeaderError::Differs { name: name() }),
        ("integer", r#"{"a":42}"#, Some("42.5"), ParamHeaderError::Differs { name: name() }),
        ("boolean", r#"{"a":true}"#, Some("True"), ParamHeaderError::Differs { name: name() }),
        (
            "string",
            r#"{"a":"Hello"}"#,
            Some("=?base64?SGVsbG8?="),
            ParamHeaderError::Encoding { name: name(), source: header::InvalidHeaderValue },
        ),
        (
            "string",
            r#"{"a":["x"]}"#,
            Some("x"),
            ParamHeaderError::Argument { name: name(), expected: "a string" },
        ),
    ] {
        assert_eq!(verified(kind, arguments, found), Err(expected), "{arguments} {found:?}");
    }
}
