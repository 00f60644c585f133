//! Schemas that multiply, and schemas that only look so.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::schema_work::check_work;

/// Patterns of these tests are beginnings of names.
fn cost(schema: &Value) -> Result<SchemaCost, SchemaWorkError> {
    SchemaCost::new(schema, |pattern| {
        let begin = pattern.trim_start_matches('^').to_owned();
        Box::new(move |name| name.starts_with(&begin))
    })
}

/// A value nested so deep by `c`.
fn chain(depth: usize) -> Value {
    (0..depth).fold(json!({"d": 1}), |value, _| json!({"c": value, "d": 1}))
}

fn recursive(definition: &Value) -> Value {
    json!({"$ref": "#/$defs/a", "$defs": {"a": definition}})
}

fn down() -> Value {
    json!({"properties": {"c": {"$ref": "#/$defs/a"}}})
}

#[test]
fn schemas_that_double_on_the_way_down_are_counted_as_what_they_are() {
    let again = json!({"$ref": "#/$defs/a"});
    for definition in [
        json!({"allOf": [down(), down()]}),
        json!({"anyOf": [down(), down()]}),
        json!({"oneOf": [down(), {"not": down()}]}),
        json!({"if": down(), "then": down()}),
        json!({"allOf": [down()], "properties": {"c": again}}),
        json!({"dependentSchemas": {"c": down(), "d": down()}}),
        json!({"dependencies": {"c": down(), "d": down()}}),
        json!({"$dynamicAnchor": "n", "allOf": [{"properties": {"c": {"$dynamicRef": "#n"}}}, down()]}),
        json!({"properties": {"c": again}, "patternProperties": {"^c": again}}),
        json!({"patternProperties": {"^c": again, "^": again}}),
        json!({"allOf": [{"additionalProperties": again}, down()]}),
        json!({"anyOf": [down()], "unevaluatedProperties": false}),
        json!({"allOf": [{"anyOf": [down()]}], "unevaluatedProperties": {"type": "integer"}}),
        json!({"not": {"not": down()}, "if": {"not": down()}}),
        json!({"allOf": [{"items": again}, {"items": again}, {"contains": again}], "properties": {"c": again},
            "anyOf": [{"$ref": "#/$defs/a/allOf/0"}, down()]}),
    ] {
        let schema = recursive(&definition);
        assert_eq!(check_work(&schema), Ok(()), "{schema}");
        let cost = cost(&schema).unwrap();
        assert!(!cost.is_within(1, u64::MAX), "{schema}");
        assert!(cost.count(&chain(4), 2_000).is_ok(), "{schema}");
        let refused = cost.count(&chain(40), 1_000_000);
        assert_eq!(refused, Err(SchemaWorkError::TooManyChecks { limit: 1_000_000 }), "{schema}");
    }
}

#[test]
fn a_ladder_of_definitions_that_doubles_is_counted_too() {
    let mut definitions = serde_json::Map::new();
    for level in 0..40 {
        let next = json!({"properties": {"c": {"$ref": format!("#/$defs/d{}", level + 1)}}});
        definitions.insert(format!("d{level}"), json!({"allOf": [next, next]}));
    }
    definitions.insert("d40".to_owned(), json!({"type": "object"}));
    let schema = json!({"$defs": definitions, "$ref": "#/$defs/d0"});
    assert_eq!(check_work(&schema), Ok(()));
    let cost = cost(&schema).unwrap();
    assert!(!cost.is_within(1000, 10_000_000));
    assert!(cost.count(&chain(50), 10_000_000).is_err());
    assert!(cost.count(&json!({}), 10).is_ok(), "only a value that is made for it costs");
}

#[test]
fn schemas_that_only_recurse_cost_what_their_value_is_long() {
    fn tree(depth: usize) -> Value {
        match depth {
            0 => json!({"v": 0}),
            _ => json!({"left": tree(depth - 1), "right": tree(depth - 1), "v": depth}),
        }
    }
    let again = json!({"$ref": "#"});
    let binary =
        json!({"type": "object", "properties": {"left": again, "right": again, "v": {"type": "integer"}}});
    let nodes = (1 << 13) - 1;
    let counted = cost(&binary).unwrap().count(&tree(12), 10_000_000).unwrap();
    assert!((nodes..nodes * 8).contains(&counted), "{counted} for {nodes}");
    let patterns =
        json!({"patternProperties": {"^l": again, "^r": again}, "additionalProperties": {"type": "integer"}});
    assert!(
        cost(&patterns).unwrap().count(&tree(12), nodes * 12).is_ok(),
        "patterns are matched, not guessed"
    );
    let rest = json!({"properties": {"left": again}, "additionalProperties": again});
    assert!(cost(&rest).unwrap().count(&tree(12), nodes * 8).is_ok());
    let list = json!({"items": again, "contains": true});
    let deep = (0..100).fold(json!(1), |value, _| json!([value, 2]));
    assert!(cost(&list).unwrap().count(&deep, 1_000).is_ok());
    let filter = recursive(&json!({"anyOf": [
        {"type": "object", "properties": {"and": {"items": {"$ref": "#/$defs/a"}}}},
        {"type": "object", "properties": {"or": {"items": {"$ref": "#/$defs/a"}}}},
    ]}));
    let asked =
        (0..60).fold(json!({}), |value, at| json!({ (if at % 2 == 0 { "and" } else { "or" }): [value] }));
    assert!(cost(&filter).unwrap().count(&asked, 2_000).is_ok());
}

#[test]
fn usual_schemas_need_not_be_counted() {
    let usual = json!({"type": "object", "properties": {"query": {"type": "string"}, "tags": {"type": "array",
        "items": {"$ref": "#/$defs/tag"}}}, "$defs": {"tag": {"anyOf": [{"type": "string"}, {"type": "null"}]}}});
    assert!(cost(&usual).unwrap().is_within(2_000, 100_000));
    for plain in [json!(true), json!({}), json!(false)] {
        let cost = cost(&plain).unwrap();
        assert!(cost.is_within(100_000, 100_000));
        assert!(cost.count(&chain(3), 10).is_ok());
    }
}

#[test]
fn what_cannot_be_followed_is_refused() {
    for schema in [
        json!({"$ref": "https://example.com/s.json"}),
        json!({"$id": "https://example.com/s.json", "properties": {"a": {"$ref": "s.json"}}}),
        json!({"properties": {"a": {"$id": "https://example.com/a", "$ref": "#"}}}),
        json!({"$ref": "#/$defs/none"}),
        json!({"$ref": "#n", "$defs": {"a": {"$anchor": "n"}, "b": {"$dynamicAnchor": "n"}}}),
    ] {
        assert_eq!(cost(&schema).err(), Some(SchemaWorkError::Unclear), "{schema}");
    }
    let own = json!({"$id": "https://example.com/s.json", "properties": {"a": {"$ref": "https://example.com/s.json#"}}});
    assert!(cost(&own).is_ok());
    assert_eq!(cost(&json!({"$ref": "#"})).err(), Some(SchemaWorkError::Endless));
}

#[test]
fn nesting_is_bounded() {
    let mut long = json!({"properties": {"c": {"$ref": "#"}}});
    for _ in 0..30 {
        long = json!({"allOf": [long]});
    }
    let cost = cost(&long).unwrap();
    assert!(cost.count(&chain(20), 100_000).is_ok());
    assert_eq!(cost.count(&chain(60), 100_000), Err(SchemaWorkError::TooDeep));
}

/// Checks by the book, and counts: every keyword is looked at, none stops another.
fn by_the_book(root: &Value, schema: &Value, value: &Value, steps: &mut u64) {
    let Some(members) = schema.as_object() else { return };
    *steps += 1;
    for (keyword, inner) in members {
        match (keyword.as_str(), value) {
            ("$ref", _) => {
                by_the_book(
                    root,
                    root.pointer(inner.as_str().unwrap().trim_start_matches('#')).unwrap(),
                    value,
                    steps,
                );
            }
            ("allOf" | "anyOf", _) => {
                inner.as_array().unwrap().iter().for_each(|inner| by_the_book(root, inner, value, steps));
            }
            ("not", _) => by_the_book(root, inner, value, steps),
            ("properties", Value::Object(value)) => {
                for (name, inner) in inner.as_object().unwrap() {
                    value.get(name).into_iter().for_each(|value| by_the_book(root, inner, value, steps));
                }
            }
            ("items", Value::Array(items)) => {
                items.iter().for_each(|value| by_the_book(root, inner, value, steps));
            }
            _ => {}
        }
    }
}

fn schemas() -> impl Strategy<Value = Value> {
    let reference = (0..3_u8).prop_map(|at| json!({"$ref": format!("#/$defs/d{at}")}));
    let leaf = prop_oneof![Just(json!({"type": "object"})), Just(json!(true)), reference];
    let inner = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"allOf": all})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|any| json!({"anyOf": any})),
            (inner.clone(), inner.clone()).prop_map(|(c, d)| json!({"properties": {"c": c, "d": d}})),
            (inner.clone(), inner).prop_map(|(items, c)| json!({"items": items, "properties": {"c": c}})),
        ]
    });
    prop::collection::vec(inner, 3).prop_map(|definitions| {
        json!({"$ref": "#/$defs/d0", "$defs": {"d0": definitions[0], "d1": definitions[1], "d2": definitions[2]}})
    })
}

fn values() -> impl Strategy<Value = Value> {
    Just(json!(1)).prop_recursive(5, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            (inner.clone(), inner).prop_map(|(c, d)| json!({"c": c, "d": d})),
        ]
    })
}

proptest! {
    #[test]
    fn the_count_is_what_a_check_by_the_book_takes(schema in schemas(), value in values()) {
        let Ok(cost) = cost(&schema) else { return Ok(()) };
        let mut steps = 0;
        by_the_book(&schema, &schema, &value, &mut steps);
        let lookups = 64 * (1 + value.to_string().len() as u64);
        let counted = cost.count(&value, u64::MAX).unwrap();
        prop_assert!(counted >= steps, "{counted} < {steps}");
        prop_assert!(counted <= steps + lookups, "{counted} is far more than {steps}");
        if let Some(each) = cost.each {
            prop_assert!(steps <= each * (value.to_string().len() as u64 / 2 + 1));
        }
    }
}
