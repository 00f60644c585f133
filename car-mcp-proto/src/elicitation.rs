//! Elicitation: a server asks the client's user, by form or by a page in the browser.
//!
//! Source: specification, "Elicitation" (2025-06-18 and later); defaults from SEP-1034.

use serde_json::Number;

use crate::json::{Members, RawJson};

open_enum! {
    /// How the user is asked. Absent means by form.
    pub struct ElicitationMode {
        /// By a form made from a schema.
        FORM = "form",
        /// By a page in the browser.
        URL = "url",
    }
}

open_enum! {
    /// What the user did.
    pub struct ElicitAction {
        /// Said yes, and filled in the form where there was one.
        ACCEPT = "accept",
        /// Said no.
        DECLINE = "decline",
        /// Went away without an answer.
        CANCEL = "cancel",
    }
}

open_object! {
    /// Parameters of `elicitation/create`.
    pub struct ElicitParams {
        /// How to ask; absent means by form.
        opt mode: ElicitationMode = "mode",
        /// What to tell the user.
        req message: String = "message",
        /// What the form asks for (form mode).
        opt requested_schema: FormSchema = "requestedSchema",
        /// The page to open (URL mode). Shown in full and opened only when the user agrees.
        opt url: String = "url",
        /// Names the elicitation in a later notification (2025-11-25, URL mode).
        opt elicitation_id: String = "elicitationId",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

impl ElicitParams {
    /// Returns how the user is asked.
    pub fn mode(&self) -> ElicitationMode {
        self.mode.clone().unwrap_or(ElicitationMode::FORM)
    }
}

open_object! {
    /// The flat object schema of a form: an object of strings, numbers, booleans and choices.
    pub struct FormSchema {
        /// `object`.
        opt schema_type: String = "type",
        /// The fields, in the order in which to show them.
        req properties: Members = "properties",
        /// The fields that must be filled in.
        opt required: Vec<String> = "required",
    }
}

open_object! {
    /// One field of a form.
    pub struct FieldSchema {
        /// `string`, `number`, `integer`, `boolean` or `array`.
        opt schema_type: String = "type",
        /// Its name for people.
        opt title: String = "title",
        /// What it is.
        opt description: String = "description",
        /// What it is when the user says nothing.
        any default: RawJson = "default",
        /// The format of a string: `email`, `uri`, `date`, `date-time`.
        opt format: String = "format",
        /// The least length of a string.
        opt min_length: Number = "minLength",
        /// The greatest length of a string.
        opt max_length: Number = "maxLength",
        /// The least number.
        opt minimum: Number = "minimum",
        /// The greatest number.
        opt maximum: Number = "maximum",
        /// The choices, without titles.
        opt choices: Vec<String> = "enum",
        /// Titles for `enum`, in the same order (up to 2025-11-25).
        opt choice_names: Vec<String> = "enumNames",
        /// The choices, with titles: `{const, title}` each.
        opt one_of: Vec<Members> = "oneOf",
        /// The choices of a list.
        opt items: RawJson = "items",
        /// The least number of choices in a list.
        opt min_items: Number = "minItems",
        /// The greatest number of choices in a list.
        opt max_items: Number = "maxItems",
    }
}

impl FormSchema {
    /// Fills in the defaults of fields that an accepted answer leaves out (SEP-1034).
    ///
    /// A field whose schema cannot be read has no default; what the user gave is never changed.
    pub fn with_defaults(&self, mut content: Members) -> Members {
        for (name, schema) in self.properties.iter() {
            if content.member(name).is_some() {
                continue;
            }
            if let Some(default) = schema.parse::<FieldSchema>().ok().and_then(|field| field.default) {
                content.set(name, default);
            }
        }
        content
    }
}

open_object! {
    /// Result of `elicitation/create`.
    pub struct ElicitResult {
        /// What the user did.
        req action: ElicitAction = "action",
        /// What the user filled in; only where the answer was yes and by form.
        opt content: Members = "content",
        /// Metadata.
        opt meta: Members = "_meta",
    }
}

impl ElicitResult {
    /// Returns a yes with what the user filled in.
    pub fn accept(content: Members) -> Self {
        let mut result = Self::new(ElicitAction::ACCEPT);
        result.content = Some(content);
        result
    }

    /// Returns a no.
    pub fn decline() -> Self {
        Self::new(ElicitAction::DECLINE)
    }

    /// Returns that the user went away.
    pub fn cancel() -> Self {
        Self::new(ElicitAction::CANCEL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_defaults_and_leaves_answers_alone() {
        let schema: FormSchema = serde_json::from_str(
            r#"{"type":"object","properties":{"name":{"type":"string","default":"Ada"},
                "age":{"type":"integer","default":30},"note":{"type":"string"},"odd":7}}"#,
        )
        .unwrap();
        let given = [("name", RawJson::from_text("\"Grace\"").unwrap())].into_iter().collect();
        let filled = schema.with_defaults(given);
        assert_eq!(serde_json::to_string(&filled).unwrap(), r#"{"name":"Grace","age":30}"#);
    }
}
