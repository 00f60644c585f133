//! Headers with secrets: typed, taken from the environment, or read from standard input.

use std::io::{self, BufRead as _, IsTerminal as _};

use car_connectors::store::Secret;
use http::{HeaderName, HeaderValue};

use crate::failure::Failure;

/// A header as a person gives it. What is typed may hold a secret, so it is taken over before anything can print it.
pub(crate) type Header = (String, Secret);

/// Says what a header should look like. It never repeats what was typed.
const SHAPE: &str =
    "write it as 'Name: value', or better `--header-env NAME=VARIABLE` or `--header-stdin NAME`";

/// Takes a header of the form `Name: value` apart.
pub(crate) fn typed(text: &Secret) -> Result<Header, Failure> {
    let (name, value) = text.expose().split_once(':').ok_or_else(|| {
        Failure::usage("a --header has no colon between its name and its value").hinted(SHAPE)
    })?;
    checked(name, value.trim())
}

/// Takes a header of the form `Name=VARIABLE`, whose value is in an environment variable.
pub(crate) fn from_variable(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Header, Failure> {
    let (name, variable) = text.split_once('=').ok_or_else(|| {
        Failure::usage("a --header-env has no '=' between the header's name and the variable's")
            .hinted("write it as NAME=VARIABLE, as in Authorization=DOCS_TOKEN")
    })?;
    let value = lookup(variable).filter(|value| !value.is_empty()).ok_or_else(|| {
        Failure::new("invalid_input", format!("the variable {variable} for the header {name} is not set"))
            .hinted(format!("set it, as in `export {variable}=…`, and try again"))
    })?;
    checked(name, value.trim())
}

/// Asks for the values of headers, one line each: without showing them on a terminal, else from standard input.
pub(crate) fn from_input(names: &[String]) -> Result<Vec<Header>, Failure> {
    let named = |name: &String| secret_line(&format!("the value of the header {name}"));
    names.iter().map(|name| checked(name, named(name)?.expose())).collect()
}

/// Reads a secret from standard input: asked for on a terminal, else the next line.
pub(crate) fn secret_line(what: &str) -> Result<Secret, Failure> {
    let failed = |error: io::Error| Failure::io(format!("{what} cannot be read from standard input"), &error);
    if io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal.write_str(&format!("{what} (not shown): ")).map_err(failed)?;
        return terminal.read_secure_line().map(Secret::new).map_err(failed);
    }
    let mut text = String::new();
    let read = io::stdin().lock().read_line(&mut text).map_err(failed)?;
    if read == 0 {
        let message = format!("standard input ended before {what}");
        return Err(Failure::new("invalid_input", message).hinted("give one line for each --header-stdin"));
    }
    let value = Secret::new(text.trim_end_matches(['\r', '\n']));
    Ok(value)
}

fn checked(name: &str, value: &str) -> Result<Header, Failure> {
    let name = name.trim();
    if HeaderName::try_from(name).is_err() {
        let message = format!("{name:?} cannot be the name of a header");
        return Err(Failure::usage(message).hinted("a name is letters, digits and '-', as in Authorization"));
    }
    if value.is_empty() {
        return Err(Failure::usage(format!("the header {name} has no value")).hinted(SHAPE));
    }
    if HeaderValue::try_from(value).is_err() {
        let message = format!("the value of the header {name} has a character that no header can carry");
        return Err(Failure::usage(message).hinted("look for a line break or a control character in it"));
    }
    Ok((name.to_owned(), Secret::new(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn takes_a_typed_header_apart_at_the_first_colon() {
        let (name, value) = typed(&Secret::new("Authorization: Bearer a:b")).unwrap();
        assert_eq!((name.as_str(), value.expose()), ("Authorization", "Bearer a:b"));
    }

    #[test]
    fn never_repeats_what_was_typed() {
        for text in ["Bearer s3cret", "Author ization: s3cret", "X: s3cret\u{7}", "X:"] {
            let failure = typed(&Secret::new(text)).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
        }
    }

    #[test]
    fn names_the_variable_that_is_not_set() {
        let failure = from_variable("Authorization=DOCS_TOKEN", |_| None).unwrap_err();
        assert_eq!(failure.message, "the variable DOCS_TOKEN for the header Authorization is not set");
        let header = from_variable("Authorization=T", |_| Some("Bearer x\n".to_owned())).unwrap();
        assert_eq!(header.1.expose(), "Bearer x");
    }
}
