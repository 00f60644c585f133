//! Filling inputs in: what values must look like, and what templates come to.

use std::collections::BTreeMap;

use super::template::{Piece, Template};
use super::{Given, Input, InputFormat, PlanError};

/// The longest value, in bytes: longer than any path, and shorter than any system's limit for one argument.
const MAX_VALUE: usize = 32 * 1_024;

/// What is known of an input's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// One or, where it is repeated, more values.
    Plain(Vec<String>),
    /// It is kept elsewhere.
    Secret,
}

/// The values by their keys; those that are not there are left out.
pub(super) type Values = BTreeMap<String, Known>;

/// Takes what was given, checks it, and adds what is set.
pub(super) fn values(inputs: &[Input], given: &BTreeMap<String, Given<'_>>) -> Result<Values, PlanError> {
    if let Some(key) = given.keys().find(|key| !inputs.iter().any(|input| input.key == **key)) {
        let known: Vec<&str> = inputs.iter().map(|input| input.key.as_str()).collect();
        let known = if known.is_empty() { "nothing is asked for".to_owned() } else { known.join(", ") };
        return Err(PlanError::Unknown { key: key.clone(), known });
    }
    let mut values = Values::new();
    for input in inputs {
        let unfit =
            |expected: &str| PlanError::Unfit { key: input.key.clone(), expected: expected.to_owned() };
        let value = match given.get(&input.key).filter(|given| **given != Given::Plain("")) {
            Some(Given::Plain(_)) if input.is_secret => {
                return Err(unfit("a value that is kept as a secret"));
            }
            Some(Given::Secret) if !input.is_secret => return Err(unfit("a value that is no secret")),
            Some(Given::Secret) => Known::Secret,
            Some(Given::Plain(text)) => Known::Plain(several(input, text)),
            None => match &input.default {
                Some(default) => Known::Plain(several(input, default)),
                None if input.is_required => return Err(PlanError::Missing { key: input.key.clone() }),
                None => continue,
            },
        };
        if let Known::Plain(values) = &value {
            values.iter().try_for_each(|value| fit(input, value)).map_err(|expected| unfit(&expected))?;
        }
        values.insert(input.key.clone(), value);
    }
    Ok(values)
}

fn several(input: &Input, text: &str) -> Vec<String> {
    if input.is_repeated {
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    } else {
        vec![text.to_owned()]
    }
}

/// Whether a value is one that an input may have, or what would be.
pub(super) fn fit(input: &Input, value: &str) -> Result<(), String> {
    if value.len() > MAX_VALUE {
        return Err(format!("at most {MAX_VALUE} bytes"));
    }
    if value.chars().any(|one| one.is_control() && !matches!(one, '\n' | '\r' | '\t')) {
        return Err("text without control characters".to_owned());
    }
    if !input.choices.is_empty() && !input.choices.iter().any(|choice| choice == value) {
        return Err(format!("one of: {}", input.choices.join(", ")));
    }
    match input.format {
        InputFormat::Number if !is_number(value) => Err("a number".to_owned()),
        InputFormat::Boolean if !matches!(value, "true" | "false") => Err("true or false".to_owned()),
        InputFormat::FilePath if value.contains(['\n', '\r']) => Err("a path on one line".to_owned()),
        _ => Ok(()),
    }
}

pub(super) fn is_number(value: &str) -> bool {
    // Rust also reads words such as `inf`.
    value.chars().all(|one| one.is_ascii_digit() || matches!(one, '+' | '-' | '.' | 'e' | 'E'))
        && value.parse::<f64>().is_ok_and(f64::is_finite)
}

impl Template {
    /// Puts values in, all but the secrets. Nothing where a value is not known. `turn` says of which of several values it
    /// is made.
    pub(super) fn fill(&self, values: &Values, turn: usize) -> Option<Self> {
        let mut filled = Self::default();
        for piece in self.pieces() {
            match piece {
                Piece::Text(text) => filled.push_text(text),
                Piece::Input { key, is_secret } => match values.get(key)? {
                    Known::Secret => filled.push_input(key.clone(), *is_secret),
                    Known::Plain(several) => filled.push_text(several.get(turn).or_else(|| several.last())?),
                },
            }
        }
        Some(filled)
    }

    /// Returns how often a text is made: once, or as often as one of its inputs has values.
    pub(super) fn turns(&self, values: &Values) -> usize {
        let count = |key| match values.get(key) {
            Some(Known::Plain(several)) => several.len(),
            _ => 1,
        };
        self.keys().map(count).max().unwrap_or(1)
    }
}
