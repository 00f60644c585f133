//! Bodies of `application/x-www-form-urlencoded` that may hold secrets.

use std::borrow::Cow;
use std::fmt;

use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// The fields of a form, in the order in which they were set, each name once; values are cleared on drop.
///
/// Names do not repeat because an authorization server must refuse a repeated one (RFC 6749 §3.2).
#[derive(Clone, Default)]
pub struct Form(Vec<(Cow<'static, str>, Zeroizing<String>)>);

impl Form {
    /// Makes an empty form.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the form with a field more; a field of that name is replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// Returns the form with a field more if there is a value for it.
    #[must_use]
    pub fn with_some(self, name: impl Into<Cow<'static, str>>, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Sets a field, in place of the one of that name where there is one.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: &str) {
        let (name, value) = (name.into(), Zeroizing::new(value.to_owned()));
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(field) => field.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Returns the value of a field.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the body.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<String> {
        // Room for the longest result: a text that grows leaves copies of itself behind that nobody clears.
        let room = self.0.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
        let mut body = Zeroizing::new(String::with_capacity(room));
        for (name, value) in &self.0 {
            if !body.is_empty() {
                body.push('&');
            }
            body.extend(byte_serialize(name.as_bytes()));
            body.push('=');
            body.extend(byte_serialize(value.as_bytes()));
        }
        body
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Encodes one text so that a form decoder and a percent decoder read the same: a blank is `%20`, never `+`.
pub(crate) fn encoded(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(3 * text.len()));
    for piece in byte_serialize(text.as_bytes()) {
        encoded.push_str(if piece == "+" { "%20" } else { piece });
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::form_urlencoded::parse;

    use super::*;

    #[test]
    fn debug_output_shows_names_only() {
        let form = Form::new().with("grant_type", "refresh_token").with("refresh_token", "hunter2");
        assert_eq!(format!("{form:?}"), r#"{"grant_type", "refresh_token"}"#);
    }

    #[test]
    fn a_field_set_again_is_replaced() {
        let mut form = Form::new().with("a", "1").with("b", "2");
        form.set("a", "3");
        assert_eq!(*form.encode(), "a=3&b=2");
        form.remove("a");
        assert_eq!(*form.encode(), "b=2");
    }

    #[test]
    fn a_missing_value_makes_no_field() {
        assert_eq!(*Form::new().with_some("a", None).with_some("b", Some("")).encode(), "b=");
    }

    #[test]
    fn a_blank_alone_is_read_alike_by_form_and_percent_decoders() {
        assert_eq!(*encoded("a b+c:ü"), "a%20b%2Bc%3A%C3%BC");
    }

    proptest! {
        #[test]
        fn a_decoder_gets_back_what_was_put_in(name in ".{1,8}", value in ".{0,40}") {
            let body = Form::new().with(name.clone(), &value).with("last\u{1F512}", &value).encode();
            let back: Vec<_> = parse(body.as_bytes()).into_owned().collect();
            prop_assert_eq!(back, vec![(name, value.clone()), ("last\u{1F512}".to_owned(), value)]);
        }

        #[test]
        fn the_room_for_a_body_is_never_exceeded(value in ".{0,200}") {
            let single = encoded(&value);
            prop_assert!(single.len() <= 3 * value.len());
        }
    }
}
