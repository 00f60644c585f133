//! From the text of a schema to numbers: which schemas it applies, and where.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Matcher, Node, SchemaCost, SchemaWorkError};
use crate::schema_work::{MAX_CHAIN, percent_decoded};

type Schema = Map<String, Value>;

/// Keywords with one schema that is checked for the same value.
const BRANCH: &[&str] = &["not", "if"];
/// Keywords with a list of such schemas.
const BRANCHES: &[&str] = &["allOf", "anyOf", "oneOf"];
/// Keywords with what follows from a branch.
const FOLLOWS: &[&str] = &["then", "else"];
/// Keywords that stand for another schema.
const REFERENCES: &[&str] = &["$ref", "$dynamicRef", "$recursiveRef"];
/// Keywords that give a schema a name to refer to.
const ANCHORS: &[&str] = &["$anchor", "$dynamicAnchor"];

pub(super) fn compile(
    schema: &Value,
    pattern: impl FnMut(&str) -> Matcher,
) -> Result<SchemaCost, SchemaWorkError> {
    let mut reading =
        Reading { root: schema, anchors: anchors(schema), known: HashMap::new(), nodes: Vec::new(), pattern };
    let root = schema.as_object().map(|schema| reading.number(schema));
    // Numbers are given when a schema is first heard of; what it applies is read here, which makes further numbers.
    let mut at = 0;
    while let Some((schema, _)) = reading.nodes.get(at) {
        let node = reading.read(schema, at == 0)?;
        reading.nodes[at].1 = node;
        at += 1;
    }
    let nodes: Vec<Node> = reading.nodes.into_iter().map(|(_, node)| node).collect();
    let mut order = Order { nodes: &nodes, seen: vec![Seen::Not; nodes.len()], last_first: Vec::new() };
    for node in 0..nodes.len() {
        order.visit(node, 0)?;
    }
    let order = order.last_first;
    let nodes = reordered(nodes, &order);
    let root = root.map(|root| place_in(&order)[root]);
    let each = Each { nodes: &nodes, known: vec![None; nodes.len()], depth: 0 }.of_root(root);
    Ok(SchemaCost { nodes, root, each })
}

struct Reading<'a, P> {
    root: &'a Value,
    /// Schemas by name; nothing where two have the same.
    anchors: HashMap<&'a str, Option<&'a Schema>>,
    known: HashMap<*const Schema, usize>,
    nodes: Vec<(&'a Schema, Node)>,
    pattern: P,
}

/// Finds what can be referred to by name. Every object is looked at: one that is no schema only makes a name ambiguous.
fn anchors(schema: &Value) -> HashMap<&str, Option<&Schema>> {
    let (mut anchors, mut rest) = (HashMap::new(), vec![schema]);
    while let Some(value) = rest.pop() {
        match value {
            Value::Object(schema) => {
                for name in ANCHORS.iter().filter_map(|keyword| schema.get(*keyword)?.as_str()) {
                    let same =
                        |known: &Option<&Schema>| known.is_some_and(|known| std::ptr::eq(known, schema));
                    anchors
                        .entry(name)
                        .and_modify(|known| *known = if same(known) { *known } else { None })
                        .or_insert(Some(schema));
                }
                rest.extend(schema.values());
            }
            Value::Array(items) => rest.extend(items),
            _ => {}
        }
    }
    anchors
}

impl<'a, P: FnMut(&str) -> Matcher> Reading<'a, P> {
    fn number(&mut self, schema: &'a Schema) -> usize {
        let next = self.nodes.len();
        let number = *self.known.entry(std::ptr::from_ref(schema)).or_insert(next);
        if number == next {
            self.nodes.push((schema, Node::default()));
        }
        number
    }

    /// Numbers a schema; one that is `true` or `false` costs nothing worth counting.
    fn numbered(&mut self, schema: Option<&'a Value>) -> Option<usize> {
        schema.and_then(Value::as_object).map(|schema| self.number(schema))
    }

    fn read(&mut self, schema: &'a Schema, is_root: bool) -> Result<Node, SchemaWorkError> {
        let mut node = Node::default();
        for keyword in BRANCH {
            node.branches.extend(self.numbered(schema.get(*keyword)));
        }
        for item in BRANCHES.iter().filter_map(|keyword| schema.get(*keyword)?.as_array()).flatten() {
            node.branches.extend(self.numbered(Some(item)));
        }
        for keyword in FOLLOWS {
            node.follows.extend(self.numbered(schema.get(*keyword)));
        }
        let mut refers = false;
        for reference in REFERENCES.iter().filter_map(|keyword| schema.get(*keyword)?.as_str()) {
            refers = true;
            node.follows.extend(self.resolve(reference)?.map(|target| self.number(target)));
        }
        // A schema within the schema that gives itself an address changes what references mean.
        let has_address =
            ["$id", "id"].iter().any(|keyword| schema.get(*keyword).is_some_and(Value::is_string));
        if has_address && !is_root && (refers || !self.anchors.is_empty() || mentions_reference(self.root)) {
            return Err(SchemaWorkError::Unclear);
        }
        for keyword in ["dependentSchemas", "dependencies"] {
            for (name, schema) in schema.get(keyword).and_then(Value::as_object).into_iter().flatten() {
                let target = self.numbered(Some(schema));
                node.dependent.extend(target.map(|target| (name.clone(), target)));
            }
        }
        self.read_members(schema, &mut node);
        self.read_items(schema, &mut node);
        node.unevaluated_members = self.numbered(schema.get("unevaluatedProperties"));
        node.unevaluated_items = self.numbered(schema.get("unevaluatedItems"));
        node.asks = schema.contains_key("unevaluatedProperties") || schema.contains_key("unevaluatedItems");
        Ok(node)
    }

    fn read_members(&mut self, schema: &'a Schema, node: &mut Node) {
        for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            match self.numbered(Some(schema)) {
                Some(target) => drop(node.properties.insert(name.clone(), target)),
                None => node.plain.push(name.clone()),
            }
        }
        for (pattern, schema) in
            schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten()
        {
            node.patterns.push(((self.pattern)(pattern), self.numbered(Some(schema))));
        }
        node.plain.sort_unstable();
        node.has_additional = schema.contains_key("additionalProperties");
        node.additional = self.numbered(schema.get("additionalProperties"));
        node.names = self.numbered(schema.get("propertyNames"));
    }

    fn read_items(&mut self, schema: &'a Schema, node: &mut Node) {
        let prefix = schema.get("prefixItems").or_else(|| schema.get("items")).and_then(Value::as_array);
        node.prefix = prefix.into_iter().flatten().map(|item| self.numbered(Some(item))).collect();
        // Before 2020-12 a list in `items` was what `prefixItems` is now, and `additionalItems` what `items` is.
        let rest = schema.get("items").filter(|items| !items.is_array());
        node.items = self.numbered(rest.or_else(|| schema.get("additionalItems")));
        node.contains = self.numbered(schema.get("contains"));
    }

    /// Finds what a reference names: a place or a name in this document. What leads to `true` or `false`, nothing.
    fn resolve(&self, reference: &str) -> Result<Option<&'a Schema>, SchemaWorkError> {
        let (document, name) = reference.split_once('#').unwrap_or((reference, ""));
        let own = ["$id", "id"].iter().filter_map(|keyword| self.root.get(*keyword)?.as_str());
        if !document.is_empty() && !own.map(|id| id.trim_end_matches('#')).any(|id| id == document) {
            return Err(SchemaWorkError::Unclear);
        }
        let name = percent_decoded(name);
        if name.is_empty() || name.starts_with('/') {
            return match self.root.pointer(&name) {
                Some(Value::Object(schema)) => Ok(Some(schema)),
                Some(Value::Bool(_)) => Ok(None),
                _ => Err(SchemaWorkError::Unclear),
            };
        }
        self.anchors.get(&*name).copied().flatten().map(Some).ok_or(SchemaWorkError::Unclear)
    }
}

fn mentions_reference(value: &Value) -> bool {
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Value::Object(members) if REFERENCES.iter().any(|keyword| members.contains_key(*keyword)) => {
                return true;
            }
            Value::Object(members) => rest.extend(members.values()),
            Value::Array(items) => rest.extend(items),
            _ => {}
        }
    }
    false
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    Begun,
    Done,
}

/// Puts schemas into an order in which none applies an earlier one to the same value.
struct Order<'a> {
    nodes: &'a [Node],
    seen: Vec<Seen>,
    last_first: Vec<usize>,
}

impl Order<'_> {
    fn visit(&mut self, at: usize, depth: usize) -> Result<(), SchemaWorkError> {
        match self.seen[at] {
            Seen::Done => return Ok(()),
            Seen::Begun => return Err(SchemaWorkError::Endless),
            Seen::Not if depth > MAX_CHAIN => return Err(SchemaWorkError::Endless),
            Seen::Not => self.seen[at] = Seen::Begun,
        }
        for next in in_place(&self.nodes[at]) {
            self.visit(next, depth + 1)?;
        }
        self.seen[at] = Seen::Done;
        self.last_first.push(at);
        Ok(())
    }
}

fn in_place(node: &Node) -> impl Iterator<Item = usize> {
    let dependent = node.dependent.iter().map(|(_, target)| *target);
    node.branches.iter().chain(&node.follows).copied().chain(dependent)
}

/// Returns where each number stands in the new order.
fn place_in(last_first: &[usize]) -> Vec<usize> {
    let mut places = vec![0; last_first.len()];
    for (place, number) in last_first.iter().rev().enumerate() {
        places[*number] = place;
    }
    places
}

fn reordered(nodes: Vec<Node>, last_first: &[usize]) -> Vec<Node> {
    let places = place_in(last_first);
    let mut ordered: Vec<(usize, Node)> = places.iter().copied().zip(nodes).collect();
    ordered.sort_unstable_by_key(|(place, _)| *place);
    let mut nodes: Vec<Node> = ordered.into_iter().map(|(_, node)| node).collect();
    for target in nodes.iter_mut().flat_map(targets_mut) {
        *target = places[*target];
    }
    nodes
}

fn targets_mut(node: &mut Node) -> impl Iterator<Item = &mut usize> {
    let single = [
        &mut node.additional,
        &mut node.names,
        &mut node.items,
        &mut node.contains,
        &mut node.unevaluated_members,
        &mut node.unevaluated_items,
    ];
    node.branches
        .iter_mut()
        .chain(&mut node.follows)
        .chain(node.dependent.iter_mut().map(|(_, target)| target))
        .chain(node.properties.values_mut())
        .chain(node.patterns.iter_mut().filter_map(|(_, target)| target.as_mut()))
        .chain(node.prefix.iter_mut().flatten())
        .chain(single.into_iter().flatten())
}

/// Sums what a schema can apply, each place in its text as often as it is reached.
struct Each<'a> {
    nodes: &'a [Node],
    known: Vec<Option<Option<u64>>>,
    depth: usize,
}

impl Each<'_> {
    fn of_root(mut self, root: Option<usize>) -> Option<u64> {
        root.map_or(Some(1), |root| self.of(root))
    }

    /// Returns nothing for what refers to itself, reaches too deep, or asks what was evaluated.
    fn of(&mut self, at: usize) -> Option<u64> {
        if let Some(known) = self.known[at] {
            return known;
        }
        // Until it is known it is taken for endless: that is what it is if it is met again on the way.
        self.known[at] = Some(None);
        let node = &self.nodes[at];
        if node.asks || self.depth > MAX_CHAIN {
            return None;
        }
        self.depth += 1;
        let mut sum = Some(1 + node.patterns.len() as u64);
        for next in targets(node) {
            sum = self.of(next).and_then(|cost| sum?.checked_add(cost));
            if sum.is_none() {
                break;
            }
        }
        self.depth -= 1;
        self.known[at] = Some(sum);
        sum
    }
}

fn targets(node: &Node) -> impl Iterator<Item = usize> {
    let single = [
        node.additional,
        node.names,
        node.items,
        node.contains,
        node.unevaluated_members,
        node.unevaluated_items,
    ];
    in_place(node)
        .chain(node.properties.values().copied())
        .chain(node.patterns.iter().filter_map(|(_, target)| *target))
        .chain(node.prefix.iter().flatten().copied())
        .chain(single.into_iter().flatten())
}
