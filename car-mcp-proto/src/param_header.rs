//! `x-mcp-header`: arguments that are repeated in `Mcp-Param-*` headers.
//!
//! ```text
//! inputSchema ─▶ ParamHeaders::from_schema ─▶ Ok(list of (header, path, type)) | Err: the tool is set aside
//! arguments   ─▶ ParamHeaders::values      ─▶ [(header name, encoded value)]                (client)
//! arguments, headers ─▶ ParamHeaders::verify ─▶ Ok, or which header does not repeat its argument   (server)
//! ```
//!
//! An annotation counts only on a `string`, `integer` or `boolean` that is reached from the root through
//! `properties` alone; anywhere else it makes the tool invalid.
//!
//! Source: specification 2026-07-28, "Streamable HTTP", section "Custom headers" (SEP-2243).

use memchr::memmem;
use serde_json::{Map, Value};

use crate::header;
use crate::json::RawJson;

/// The keyword that marks a property.
const ANNOTATION: &str = "x-mcp-header";

/// The largest integer that every JSON implementation carries exactly: 2^53 - 1.
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// Tells whether a text speaks of `x-mcp-header` at all, which most do not. A whole list can be asked at once.
pub fn is_mentioned(text: &[u8]) -> bool {
    memmem::find(text, ANNOTATION.as_bytes()).is_some()
}

/// Lists the headers that calls of one tool carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParamHeaders(Vec<ParamHeader>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct ParamHeader {
    name: Box<str>,
    path: Box<[Box<str>]>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Boolean,
}

/// Says why a tool's annotations, or a call's arguments, cannot be turned into headers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamHeaderError {
    /// The schema is not an object.
    #[error("expected a JSON Schema object, found something else")]
    Schema,
    /// The header's name is no token.
    #[error("expected a header name of letters, digits and !#$%&'*+-.^_`|~ at {path}, found {name}")]
    Name {
        /// Where it stands.
        path: String,
        /// What stands there.
        name: String,
    },
    /// Two properties share a header.
    #[error("expected one property for each header, found {name:?} twice")]
    Repeated {
        /// The header's name.
        name: String,
    },
    /// The property cannot stand in a header.
    #[error("expected a string, integer or boolean at {path}, found {found}")]
    Type {
        /// Where the annotation stands.
        path: String,
        /// The type that stands there.
        found: String,
    },
    /// The annotation stands where it means nothing.
    #[error("expected x-mcp-header only on properties of objects, found it at {path}")]
    Place {
        /// Where the annotation stands.
        path: String,
    },
    /// The argument does not have the type that the schema gives it.
    #[error("expected {expected} for the header Mcp-Param-{name}, found another value")]
    Argument {
        /// The header's name.
        name: String,
        /// The type that the schema gives.
        expected: &'static str,
    },
    /// There is an argument, and no header that repeats it.
    #[error("expected the header Mcp-Param-{name}, which repeats an argument, found none")]
    Missing {
        /// The header's name.
        name: String,
    },
    /// There is a header, and no argument that it repeats.
    #[error("expected no header Mcp-Param-{name} without its argument, found one")]
    Unexpected {
        /// The header's name.
        name: String,
    },
    /// The header is not what the argument is.
    #[error("expected the header Mcp-Param-{name} to repeat its argument, found another value")]
    Differs {
        /// The header's name.
        name: String,
    },
    /// The header's encoded value cannot be read.
    #[error("the header Mcp-Param-{name} cannot be read")]
    Encoding {
        /// The header's name.
        name: String,
        /// Why not.
        source: header::InvalidHeaderValue,
    },
}

impl ParamHeaders {
    /// Reads the annotations of a tool's input schema.
    ///
    /// # Errors
    /// Says which annotation is invalid: an HTTP client must then leave the tool out.
    pub fn from_schema(schema: &RawJson) -> Result<Self, ParamHeaderError> {
        if !is_mentioned(schema.as_str().as_bytes()) {
            return Ok(Self::default());
        }
        let Ok(Value::Object(root)) = schema.parse::<Value>() else { return Err(ParamHeaderError::Schema) };
        let mut headers = Self::default();
        headers.read_object(&root, &mut Vec::new())?;
        Ok(headers)
    }

    /// Returns whether calls carry no such header.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the headers for a call: full lower-case names and encoded values. Absent and `null` arguments have none.
    ///
    /// # Errors
    /// Says which argument has another type than its schema says.
    pub fn values(&self, arguments: &RawJson) -> Result<Vec<(String, String)>, ParamHeaderError> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let arguments: Value = arguments.parse().unwrap_or(Value::Null);
        let mut values = Vec::with_capacity(self.0.len());
        for param in &self.0 {
            let value = param.path.iter().try_fold(&arguments, |value, name| value.get(&**name));
            if let Some(value) = value.filter(|value| !value.is_null()) {
                values.push((param.full_name(), header::encode(&param.text(value)?).into_owned()));
            }
        }
        Ok(values)
    }

    /// Returns the full names, in lower case, of the headers that calls may carry.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ParamHeader::full_name)
    }

    /// Checks that the headers of a call repeat its arguments, and that none stands without its argument. `header`
    /// gives a header's value by its full lower-case name. Integers are compared as numbers.
    ///
    /// # Errors
    /// Says which header is missing, too much, unreadable or not what its argument is.
    pub fn verify<'h>(
        &self,
        arguments: Option<&str>,
        header: impl Fn(&str) -> Option<&'h str>,
    ) -> Result<(), ParamHeaderError> {
        if self.is_empty() {
            return Ok(());
        }
        let arguments = arguments.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
        for param in &self.0 {
            let value = param.path.iter().try_fold(&arguments, |value, name| value.get(&**name));
            let name = || param.name.to_string();
            match (value.filter(|value| !value.is_null()), header(&param.full_name())) {
                (None, None) => {}
                (Some(_), None) => return Err(ParamHeaderError::Missing { name: name() }),
                (None, Some(_)) => return Err(ParamHeaderError::Unexpected { name: name() }),
                (Some(value), Some(found)) => {
                    let found = header::decode(found)
                        .map_err(|source| ParamHeaderError::Encoding { name: name(), source })?;
                    if !param.repeats(value, &found)? {
                        return Err(ParamHeaderError::Differs { name: name() });
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads an object schema: its own annotations are misplaced, those of its properties count.
    fn read_object(
        &mut self,
        schema: &Map<String, Value>,
        path: &mut Vec<Box<str>>,
    ) -> Result<(), ParamHeaderError> {
        for (keyword, value) in schema {
            match (keyword.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    for (name, property) in properties {
                        path.push(name.as_str().into());
                        self.read_property(property, path)?;
                        path.pop();
                    }
                }
                (ANNOTATION, _) if path.is_empty() => {
                    return Err(ParamHeaderError::Place { path: "the root".to_owned() });
                }
                (ANNOTATION, _) => {} // read by read_property
                (keyword, value) => refuse_below(value, &format!("{}/{keyword}", shown(path)))?,
            }
        }
        Ok(())
    }

    fn read_property(&mut self, property: &Value, path: &mut Vec<Box<str>>) -> Result<(), ParamHeaderError> {
        let Value::Object(schema) = property else { return Ok(()) };
        if let Some(annotation) = schema.get(ANNOTATION) {
            let name = self.checked_name(annotation, path)?;
            let kind = kind_of(schema.get("type"), path)?;
            self.0.push(ParamHeader { name, path: path.clone().into(), kind });
        }
        self.read_object(schema, path)
    }

    fn checked_name(&self, annotation: &Value, path: &[Box<str>]) -> Result<Box<str>, ParamHeaderError> {
        let name = match annotation {
            Value::String(name) if !name.is_empty() && name.bytes().all(is_token) => name.as_str(),
            other => return Err(ParamHeaderError::Name { path: shown(path), name: other.to_string() }),
        };
        if self.0.iter().any(|param| param.name.eq_ignore_ascii_case(name)) {
            return Err(ParamHeaderError::Repeated { name: name.to_owned() });
        }
        Ok(name.into())
    }
}

impl ParamHeader {
    fn full_name(&self) -> String {
        format!("{}{}", header::PARAM_PREFIX, self.name.to_ascii_lowercase())
    }

    /// Tells whether a header's value, decoded, is this argument.
    fn repeats(&self, value: &Value, found: &str) -> Result<bool, ParamHeaderError> {
        let expected = self.text(value)?;
        Ok(match self.kind {
            Kind::Text | Kind::Boolean => expected == found,
            Kind::Integer => {
                let found = serde_json::from_str(found).ok().as_ref().and_then(integer);
                found.is_some() && found == integer(value)
            }
        })
    }

    fn text(&self, value: &Value) -> Result<String, ParamHeaderError> {
        let (text, expected) = match self.kind {
            Kind::Text => (value.as_str().map(str::to_owned), "a string"),
            Kind::Boolean => (value.as_bool().map(|flag| flag.to_string()), "a boolean"),
            Kind::Integer => (
                integer(value)
                    .filter(|integer| (-MAX_SAFE_INTEGER..=MAX_SAFE_INTEGER).contains(integer))
                    .map(|integer| integer.to_string()),
                "an integer within ±(2^53-1)",
            ),
        };
        text.ok_or_else(|| ParamHeaderError::Argument { name: self.name.to_string(), expected })
    }
}

/// Reads an integer; `7.0` is one, as JSON Schema says.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let float = value.as_f64()?;
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small enough")]
        (float.fract() == 0.0 && float.abs() <= MAX_SAFE_INTEGER as f64).then_some(float as i64)
    })
}

fn kind_of(declared: Option<&Value>, path: &[Box<str>]) -> Result<Kind, ParamHeaderError> {
    match declared.and_then(Value::as_str) {
        Some("string") => Ok(Kind::Text),
        Some("integer") => Ok(Kind::Integer),
        Some("boolean") => Ok(Kind::Boolean),
        _ => Err(ParamHeaderError::Type {
            path: shown(path),
            found: declared.map_or_else(|| "no type".to_owned(), Value::to_string),
        }),
    }
}

/// Refuses an annotation anywhere below a keyword that is not `properties`.
fn refuse_below(value: &Value, path: &str) -> Result<(), ParamHeaderError> {
    match value {
        Value::Object(members) => {
            if members.contains_key(ANNOTATION) {
                return Err(ParamHeaderError::Place { path: path.to_owned() });
            }
            members.iter().try_for_each(|(name, value)| refuse_below(value, &format!("{path}/{name}")))
        }
        Value::Array(items) => items.iter().try_for_each(|value| refuse_below(value, path)),
        _ => Ok(()),
    }
}

fn shown(path: &[Box<str>]) -> String {
    path.iter().fold(String::new(), |text, name| text + "/" + name)
}

/// Tells whether a byte may stand in a token (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
#[path = "param_header_tests.rs"]
mod tests;
