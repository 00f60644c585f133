//! The authorization response, checked step by step (RFC 6749 §4.1.2, RFC 9207).
//!
//! Each step is a type that only the step before makes, so what the answer says cannot be read before it is known
//! that it belongs to this sign-in (state) and comes from the server that was asked (issuer):
//! [`AuthorizationResponse`] → [`StateChecked`] → [`IssuerChecked`] → [`AuthorizationCode`].

use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::form_urlencoded;

use crate::Error;
use crate::issuer::Issuer;
use crate::secret::Secret;

/// The longest answer that is read. Browsers and servers give up on far shorter URLs; some codes are JWTs.
const MAX_RESPONSE: usize = 64 * 1024;

/// The longest description that is repeated, in characters: some sentences.
const MAX_DESCRIPTION: usize = 400;

/// The longest word that is repeated. Words and UUIDs for the server's support are shorter, tokens are longer.
const MAX_WORD: usize = 40;

/// The longest error code that is repeated; the registered ones stay below.
const MAX_CODE: usize = 64;

/// What ties an answer to the request (RFC 6749 §10.12): 256 random bits.
#[derive(Clone, Debug)]
pub struct State(Secret);

impl State {
    /// Makes a state.
    #[must_use]
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(Secret::new(URL_SAFE_NO_PAD.encode(random)))
    }

    /// Returns the state as it is sent.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Compares in a time that does not tell how much of it was right.
    fn is(&self, text: &str) -> bool {
        let (ours, theirs) = (self.expose().as_bytes(), text.as_bytes());
        let different = ours.iter().zip(theirs).fold(0, |seen, (a, b)| black_box(seen | (a ^ b)));
        ours.len() == theirs.len() && different == 0
    }
}

/// An answer that nothing is known about. It has no accessors on purpose.
#[derive(Debug)]
pub struct AuthorizationResponse {
    state: Option<Secret>,
    iss: Option<String>,
    outcome: Outcome,
}

#[derive(Debug)]
struct Outcome {
    code: Option<Secret>,
    error: Option<String>,
    description: Option<String>,
}

impl AuthorizationResponse {
    /// Reads what a person pastes: the whole address, or its query; with blanks, line breaks and quotes around.
    ///
    /// # Errors
    /// [`Error::InvalidResponse`].
    pub fn from_url(text: &str) -> Result<Self, Error> {
        // A terminal breaks long addresses, and no address has blanks.
        let text: String = text.chars().filter(|sign| !sign.is_whitespace()).collect();
        let text = text.trim_matches(['"', '\'', '`', '<', '>', '“', '”']);
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let query = match text.split_once('?') {
            // A question mark within a query is an ordinary sign (RFC 3986 §3.4).
            Some((before, _)) if before.contains('=') && !before.contains("://") => text,
            Some((_, query)) => query,
            None if text.contains("://") => return Err(invalid("it is an address without a query")),
            None => text,
        };
        Self::from_query(query)
    }

    /// Reads the query of the redirect, without the question mark.
    ///
    /// # Errors
    /// [`Error::InvalidResponse`] where a parameter that we read is there twice (RFC 6749 §3.1): an attacker's beside
    /// the right one.
    pub fn from_query(query: &str) -> Result<Self, Error> {
        if query.len() > MAX_RESPONSE {
            return Err(invalid("it is too long"));
        }
        let [mut state, mut iss, mut code, mut error, mut description] = [const { None }; 5];
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "state" => &mut state,
                "iss" => &mut iss,
                "code" => &mut code,
                "error" => &mut error,
                "error_description" => &mut description,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(invalid("a parameter is there more than once"));
            }
        }
        let outcome = Outcome { code: code.map(Secret::new), error, description };
        Ok(Self { state: state.map(Secret::new), iss, outcome })
    }

    /// Takes an answer whose parts a front end has read already.
    #[must_use]
    pub fn from_parts(state: impl Into<String>, code: Secret, iss: Option<String>) -> Self {
        let outcome = Outcome { code: Some(code), error: None, description: None };
        Self { state: Some(Secret::new(state)), iss, outcome }
    }

    /// Returns whether the answer names this state: for a front end that looks for the sign-in among several. It proves
    /// nothing; [`check_state`](Self::check_state) does.
    #[must_use]
    pub fn has_state(&self, state: &str) -> bool {
        self.state.as_ref().is_some_and(|given| given.expose() == state)
    }

    /// Checks that the answer belongs to the request (RFC 6749 §10.12).
    ///
    /// # Errors
    /// [`Error::ForeignResponse`] where the state is another or absent.
    pub fn check_state(self, expected: &State) -> Result<StateChecked, Error> {
        match &self.state {
            Some(state) if expected.is(state.expose()) => Ok(StateChecked(self)),
            Some(_) => Err(Error::ForeignResponse { what: "its state is not the one that was sent" }),
            None => Err(Error::ForeignResponse { what: "it has no state" }),
        }
    }
}

/// An answer that belongs to the request.
#[derive(Debug)]
pub struct StateChecked(AuthorizationResponse);

impl StateChecked {
    /// Checks that the server which was asked is the one that answers (RFC 9207 §2.4).
    ///
    /// `advertised` tells whether its metadata promises that every answer names it. Texts are compared as they are:
    /// servers whose names differ by a slash are two servers.
    ///
    /// # Errors
    /// [`Error::IssuerMismatch`]; what else the answer says is dropped unseen.
    pub fn check_issuer(self, expected: &Issuer, advertised: bool) -> Result<IssuerChecked, Error> {
        match &self.0.iss {
            Some(iss) if iss == expected.as_str() => Ok(IssuerChecked(self.0.outcome)),
            None if !advertised => Ok(IssuerChecked(self.0.outcome)),
            found => Err(Error::IssuerMismatch {
                expected: expected.to_string(),
                found: found.as_ref().map(|iss| shown(iss)),
            }),
        }
    }
}

/// An answer to the request from the server that was asked.
#[derive(Debug)]
pub struct IssuerChecked(Outcome);

impl IssuerChecked {
    /// Returns the code.
    ///
    /// # Errors
    /// [`Error::AuthorizationRefused`] where the server or the person said no; [`Error::InvalidResponse`] where the
    /// answer says both yes and no, or nothing.
    pub fn outcome(self) -> Result<AuthorizationCode, Error> {
        let Outcome { code, error, description } = self.0;
        match (code.filter(|code| !code.expose().is_empty()), error.filter(|error| !error.is_empty())) {
            (Some(code), None) => Ok(AuthorizationCode(code)),
            (None, Some(error)) => Err(Error::AuthorizationRefused {
                error: cleaned_code(&error),
                description: description.as_deref().and_then(cleaned),
            }),
            (Some(_), Some(_)) => Err(invalid("it has both a code and an error")),
            (None, None) => Err(invalid("it has neither a code nor an error")),
        }
    }
}

/// A code that may be sent to the token endpoint of the server that was asked.
#[derive(Clone, Debug)]
pub struct AuthorizationCode(pub(crate) Secret);

const fn invalid(what: &'static str) -> Error {
    Error::InvalidResponse { what }
}

/// Returns a peer's words fit for a terminal: one line, no signs that steer or reorder it, nothing that could be a
/// token; nothing if no word is left.
pub(crate) fn cleaned(text: &str) -> Option<String> {
    let visible: String = text.chars().filter_map(visible).take(2 * MAX_DESCRIPTION).collect();
    let words = visible.split_whitespace().map(|word| {
        // An address without a query is a pointer to documentation.
        let is_pointer = word.starts_with("https://") && !word.contains(['?', '#', '@', '%', '=']);
        if word.chars().count() <= MAX_WORD || is_pointer { word } else { "[…]" }
    });
    let text: String = words.collect::<Vec<_>>().join(" ").chars().take(MAX_DESCRIPTION).collect();
    (!text.is_empty()).then_some(text)
}

/// Returns a peer's code word fit for a terminal: printable ASCII (RFC 6749 §5.2).
pub(crate) fn cleaned_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_graphic).take(MAX_CODE).collect()
}

/// Returns a peer's address fit for a terminal.
fn shown(text: &str) -> String {
    text.chars().filter_map(visible).take(MAX_DESCRIPTION).collect()
}

fn visible(sign: char) -> Option<char> {
    match sign {
        sign if sign.is_control() => Some(' '),
        // Marks and overrides of direction, invisible joiners, tags.
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => None,
        '\u{61c}' | '\u{e0000}'..='\u{e007f}' => None,
        sign => Some(sign),
    }
}

#[cfg(test)]
mod tests;
