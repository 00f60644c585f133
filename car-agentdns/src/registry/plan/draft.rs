//! A plan while it is made: which inputs there are, and under which keys.

use super::fill::fit;
use super::template::{Part, Template, split};
use super::{Input, InputFormat};
use crate::registry::server_json::Field;

/// The longest key, in characters: people type them.
const MAX_KEY: usize = 64;

/// Parts of names of headers and variables that are secrets, whether their publishers say so or not. Taking one too many
/// for a secret costs nothing: it is kept where secrets are.
const SECRET_WORDS: [&str; 13] = [
    "apikey",
    "auth",
    "authentication",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "password",
    "pat",
    "secret",
    "token",
];

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) inputs: Vec<Input>,
    pub(super) warnings: Vec<String>,
    pub(super) obstacle: Option<String>,
}

/// How a field is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asking<'a> {
    /// Its name, where the field itself is asked for.
    pub(super) name: &'a str,
    /// Whether it, or anything in it, is a secret.
    pub(super) is_secret: bool,
    /// Whether it can have several values.
    pub(super) is_repeated: bool,
    /// Whether names in braces that are not declared are asked for too. Before December 2025 they could not be declared
    /// everywhere; in arguments, braces are often something else.
    pub(super) asks_undeclared: bool,
}

impl Draft {
    /// Says what stands in the way. What was found first is said.
    pub(super) fn block(&mut self, reason: impl Into<String>) {
        if self.obstacle.is_none() {
            self.obstacle = Some(reason.into());
        }
    }

    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        let warning = warning.into();
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Makes the text of a field: what is fixed, with the variables in it, or a place for what is asked for.
    pub(super) fn template(&mut self, field: &Field, asking: Asking<'_>) -> Template {
        let mut template = Template::default();
        let Some(value) = &field.value else {
            let (key, is_secret) = self.ask(asking.name, field, asking, false);
            template.push_input(key, is_secret);
            return template;
        };
        for part in split(value) {
            let (name, whole) = match part {
                Part::Text(text) => {
                    template.push_text(text);
                    continue;
                }
                Part::Name { name, whole } => (name, whole),
            };
            let declared = field.variables.iter().find(|(key, _)| key == name).map(|(_, variable)| variable);
            match declared {
                Some(Field { value: Some(fixed), .. }) => template.push_text(fixed),
                Some(variable) => {
                    let variable =
                        Field { is_required: variable.is_required || field.is_required, ..variable.clone() };
                    let (key, is_secret) = self.ask(name, &variable, asking, true);
                    template.push_input(key, is_secret);
                }
                None if asking.asks_undeclared && is_word(name) => {
                    let variable = Field { is_required: field.is_required, ..Field::default() };
                    let (key, is_secret) = self.ask(name, &variable, asking, true);
                    template.push_input(key, is_secret);
                }
                None => template.push_text(whole),
            }
        }
        template
    }

    /// Asks for a field, and returns its key and whether it is a secret. Variables of the same name that are asked for in
    /// the same way are one.
    fn ask(&mut self, name: &str, field: &Field, asking: Asking<'_>, is_variable: bool) -> (String, bool) {
        let is_secret = field.is_secret
            || asking.is_secret
            || (is_variable && asking.asks_undeclared && is_secret_name(name));
        let wanted = key_of(name);
        let mut input = Input {
            key: wanted.clone(),
            description: field.description.clone(),
            is_required: field.is_required,
            is_secret,
            format: format_of(field.format.as_deref()),
            is_repeated: asking.is_repeated,
            default: field.default.clone(),
            placeholder: field.placeholder.clone(),
            choices: field.choices.clone(),
        };
        if let Some(default) = input.default.take() {
            match fit(&input, &default) {
                Ok(()) => input.default = Some(default),
                Err(expected) => {
                    self.warn(format!("the default of {wanted} is left out: expected {expected}"))
                }
            }
        }
        let mut number = 1;
        loop {
            match self.inputs.iter().find(|other| other.key == input.key) {
                Some(other) if is_variable && *other == input => break,
                None => {
                    self.inputs.push(input.clone());
                    break;
                }
                Some(_) => {
                    number += 1;
                    input.key = format!("{wanted}-{number}");
                }
            }
        }
        (input.key, is_secret)
    }
}

/// Makes a key of a name: what people can type, without the dashes that options begin with.
fn key_of(name: &str) -> String {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '.' | '-');
    let key = name.trim_start_matches('-').trim_end_matches('=').chars().take(MAX_KEY);
    let key: String = key.map(|one| if is_plain(one) { one } else { '-' }).collect();
    if key.chars().any(|one| one.is_ascii_alphanumeric()) { key } else { "value".to_owned() }
}

fn format_of(word: Option<&str>) -> InputFormat {
    match word {
        Some("number" | "integer") => InputFormat::Number,
        Some("boolean") => InputFormat::Boolean,
        Some("filepath" | "file_path") => InputFormat::FilePath,
        _ => InputFormat::String,
    }
}

/// Whether what is in braces can be a name, and is not JSON or another language's.
fn is_word(name: &str) -> bool {
    name.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '.' | ' '))
}

/// Whether a name is that of a secret: one of its words says so, or its last word is `key`.
pub(super) fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> =
        lower.split(|one: char| !one.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.iter().any(|word| SECRET_WORDS.contains(word))
        || words.last().is_some_and(|word| word.ends_with("key"))
}
