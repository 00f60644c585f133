//! Values of a TOML file, with the place of each.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use super::visible;

/// The longest text of a project's file, in bytes: the largest header that servers take, several times over.
pub(super) const LONGEST_STRING: usize = 64 * 1024;

/// The longest time that can be set, in seconds: a day.
pub(super) const LONGEST_SECONDS: f64 = 86_400.0;

/// What is wrong, and where.
pub(crate) type Problem = (Range<usize>, String);
pub(crate) type Value<'a, 't> = &'a Spanned<DeValue<'t>>;
pub(crate) type Key<'t> = Spanned<Cow<'t, str>>;

/// Returns the line and column of a place in the text, both counted from one.
pub(crate) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Says that a field is not known, and which one was probably meant.
pub(crate) fn unknown(key: &Key<'_>, known: &[&str]) -> Problem {
    let name = key.get_ref();
    let distance = |known: &&&str| strsim::damerau_levenshtein(known, name);
    let nearest = known.iter().min_by_key(distance).expect("some fields are known");
    // The longest name could fill the screen; its beginning is enough to find it.
    let shown: String = visible(name).chars().take(64).collect();
    (key.span(), format!("unknown field {shown:?}; the nearest known one is {nearest:?}"))
}

pub(crate) fn unfit(value: Value<'_, '_>, expected: &str) -> Problem {
    (value.span(), format!("expected {expected}, found {}", value.get_ref().type_str()))
}

/// Returns a text that is not empty.
pub(super) fn text(value: Value<'_, '_>) -> Result<String, Problem> {
    let text = any_text(value)?;
    match text.trim().is_empty() {
        true => Err((value.span(), "expected a string, found an empty one".to_owned())),
        false => Ok(text),
    }
}

fn any_text(value: Value<'_, '_>) -> Result<String, Problem> {
    let DeValue::String(text) = value.get_ref() else { return Err(unfit(value, "a string")) };
    if text.len() > LONGEST_STRING {
        let what = format!("expected a string of at most {LONGEST_STRING} bytes, found {}", text.len());
        return Err((value.span(), what));
    }
    if text.contains('\0') {
        return Err((value.span(), "expected a string without U+0000".to_owned()));
    }
    super::expand::pieces(text).map_err(|error| (value.span(), error.to_string()))?;
    Ok(text.clone().into_owned())
}

/// Returns a list of texts, which may be empty.
pub(super) fn texts(value: Value<'_, '_>) -> Result<Vec<String>, Problem> {
    match value.get_ref() {
        DeValue::Array(items) => items.iter().map(any_text).collect(),
        _ => Err(unfit(value, "a list of strings")),
    }
}

/// Returns a table of texts, and looks at each with its name.
pub(super) fn table(
    value: Value<'_, '_>,
    check: impl Fn(&str, &str) -> Option<String>,
) -> Result<BTreeMap<String, String>, Problem> {
    let DeValue::Table(members) = value.get_ref() else { return Err(unfit(value, "a table of strings")) };
    let mut table = BTreeMap::new();
    for (key, value) in members {
        let name = key.get_ref().as_ref();
        if name.is_empty() || name.len() > LONGEST_STRING || name.contains(['\0', '=', '\n', '\r']) {
            return Err((key.span(), "expected the name of a header or variable".to_owned()));
        }
        let text = any_text(value)?;
        if let Some(what) = check(name, &text) {
            return Err((value.span(), what));
        }
        table.insert(name.to_owned(), text);
    }
    Ok(table)
}

/// Returns a time above zero, in seconds.
pub(super) fn seconds(value: Value<'_, '_>) -> Result<f64, Problem> {
    let number = match value.get_ref() {
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number as f64)
        }
        DeValue::Float(number) => number.as_str().parse().ok(),
        _ => return Err(unfit(value, "a number of seconds")),
    };
    number
        .filter(|number| *number > 0.0 && *number <= LONGEST_SECONDS)
        .ok_or_else(|| (value.span(), format!("expected seconds above 0 and up to {LONGEST_SECONDS}")))
}
