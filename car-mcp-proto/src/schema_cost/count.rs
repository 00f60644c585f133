//! The count, place by place from the root of a value.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{MAX_NESTING, Node, SchemaCost, SchemaWorkError};

/// How often a schema is applied at one place.
#[derive(Clone, Copy, Default)]
struct Times {
    checked: u64,
    /// How often it is asked what it evaluated, beside being checked.
    asked: u64,
    /// The most schemas that are under way around it.
    nesting: u32,
}

/// What is applied at one place, in the order in which schemas apply others.
type Applied = BTreeMap<usize, Times>;

pub(super) fn count(cost: &SchemaCost, value: &Value, limit: u64) -> Result<u64, SchemaWorkError> {
    let mut count = Count { nodes: &cost.nodes, total: 0, limit };
    let root = cost.root.map(|root| (root, Times { checked: 1, ..Times::default() }));
    count.place(root.into_iter().collect(), value)?;
    Ok(count.total)
}

struct Count<'a> {
    nodes: &'a [Node],
    total: u64,
    limit: u64,
}

/// Adds to what is applied somewhere.
fn apply(applied: &mut Applied, target: Option<usize>, checked: u64, asked: u64, nesting: u32) {
    let Some(target) = target else { return };
    let times = applied.entry(target).or_default();
    times.checked = times.checked.saturating_add(checked);
    times.asked = times.asked.saturating_add(asked);
    times.nesting = times.nesting.max(nesting.saturating_add(1));
}

impl Count<'_> {
    fn add(&mut self, times: u64) -> Result<(), SchemaWorkError> {
        self.total = self.total.saturating_add(times);
        if self.total > self.limit {
            Err(SchemaWorkError::TooManyChecks { limit: self.limit })
        } else {
            Ok(())
        }
    }

    /// Counts one place and all below it. The recursion is as deep as the value.
    fn place(&mut self, mut applied: Applied, value: &Value) -> Result<(), SchemaWorkError> {
        let mut here: Vec<(usize, Times)> = Vec::with_capacity(applied.len());
        while let Some((at, mut times)) = applied.pop_first() {
            let node = &self.nodes[at];
            if times.nesting > MAX_NESTING {
                return Err(SchemaWorkError::TooDeep);
            }
            self.add(times.checked)?;
            if node.asks {
                times.asked = times.asked.saturating_add(times.checked);
            }
            let Times { checked, asked, nesting } = times;
            // Whoever asks what was evaluated has to know which branches fit: they are checked once more.
            for target in &node.branches {
                apply(&mut applied, Some(*target), checked.saturating_add(asked), asked, nesting);
            }
            for target in &node.follows {
                apply(&mut applied, Some(*target), checked, asked, nesting);
            }
            for (name, target) in &node.dependent {
                if value.get(name).is_some() {
                    apply(&mut applied, Some(*target), checked, asked, nesting);
                }
            }
            here.push((at, times));
        }
        match value {
            Value::Object(members) => self.members(&here, members),
            Value::Array(items) => self.items(&here, items),
            _ => Ok(()),
        }
    }

    fn members(
        &mut self,
        here: &[(usize, Times)],
        members: &Map<String, Value>,
    ) -> Result<(), SchemaWorkError> {
        let nodes = self.nodes;
        let looking: Vec<_> = here.iter().map(|(at, times)| (&nodes[*at], times)).collect();
        let looking: Vec<_> = looking.into_iter().filter(|(node, _)| node.looks_at_members()).collect();
        for (name, value) in members {
            let (mut below, mut of_name) = (Applied::new(), Applied::new());
            for (node, times) in &looking {
                // Looking a name up is work of ours even where nothing comes of it.
                self.add(1 + node.patterns.len() as u64)?;
                apply(&mut of_name, node.names, times.checked, 0, times.nesting);
                let mut is_known = node.plain.binary_search(name).is_ok();
                if let Some(target) = node.properties.get(name) {
                    is_known = true;
                    apply(&mut below, Some(*target), times.checked, 0, times.nesting);
                }
                for (matches, target) in &node.patterns {
                    if matches(name) {
                        is_known = true;
                        apply(&mut below, *target, times.checked, 0, times.nesting);
                    }
                }
                if is_known {
                    continue;
                }
                apply(&mut below, node.additional, times.checked, 0, times.nesting);
                if !node.has_additional {
                    let checked = times.checked.saturating_add(times.asked);
                    apply(&mut below, node.unevaluated_members, checked, 0, times.nesting);
                }
            }
            if !of_name.is_empty() {
                self.place(of_name, &Value::Null)?;
            }
            if !below.is_empty() {
                self.place(below, value)?;
            }
        }
        Ok(())
    }

    fn items(&mut self, here: &[(usize, Times)], items: &[Value]) -> Result<(), SchemaWorkError> {
        let nodes = self.nodes;
        let looking: Vec<_> = here.iter().map(|(at, times)| (&nodes[*at], times)).collect();
        let looking: Vec<_> = looking.into_iter().filter(|(node, _)| node.looks_at_items()).collect();
        for (index, value) in items.iter().enumerate() {
            let mut below = Applied::new();
            for (node, times) in &looking {
                self.add(1)?;
                let own = node.prefix.get(index).copied().unwrap_or(node.items);
                apply(&mut below, own, times.checked, 0, times.nesting);
                apply(&mut below, node.contains, times.checked.saturating_add(times.asked), 0, times.nesting);
                if index >= node.prefix.len() && node.items.is_none() {
                    let checked = times.checked.saturating_add(times.asked);
                    apply(&mut below, node.unevaluated_items, checked, 0, times.nesting);
                }
            }
            if !below.is_empty() {
                self.place(below, value)?;
            }
        }
        Ok(())
    }
}

impl Node {
    fn looks_at_members(&self) -> bool {
        !self.properties.is_empty()
            || !self.patterns.is_empty()
            || self.additional.is_some()
            || self.names.is_some()
            || self.unevaluated_members.is_some()
    }

    fn looks_at_items(&self) -> bool {
        self.prefix.iter().any(Option::is_some)
            || self.items.is_some()
            || self.contains.is_some()
            || self.unevaluated_items.is_some()
    }
}
