//! What is asked: a need, how many answers, and the token that shows who asks.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

/// What a caller needs, in its own words.
///
/// It has at least one character that is no blank, no control characters, and at most [`Need::MAX_CHARS`] characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need(String);

/// Why a text is no need.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NeedError {
    /// There is nothing but blanks.
    #[error("expected what is needed, found nothing")]
    Empty,
    /// It is too long.
    #[error("expected at most {} characters, found {found}", Need::MAX_CHARS)]
    TooLong {
        /// How many there are.
        found: usize,
    },
    /// There is a control character other than a line break or a tab.
    #[error("expected text, found the control character {character:?}")]
    Control {
        /// The character.
        character: char,
    },
}

impl Need {
    /// The longest need: a long paragraph. It bounds what is sent and what one search costs.
    pub const MAX_CHARS: usize = 2_000;

    /// Takes a need. Blanks around it are left out.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn new(text: &str) -> Result<Self, NeedError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NeedError::Empty);
        }
        let found = text.chars().count();
        if found > Self::MAX_CHARS {
            return Err(NeedError::TooLong { found });
        }
        match text
            .chars()
            .find(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t'))
        {
            Some(character) => Err(NeedError::Control { character }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Need {
    type Err = NeedError;

    fn from_str(text: &str) -> Result<Self, NeedError> {
        Self::new(text)
    }
}

/// How many services are wanted: 1 to [`Limit::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limit(usize);

/// A number of services that nobody can want.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number from 1 to {}, found {found}", Limit::MAX)]
#[non_exhaustive]
pub struct LimitError {
    /// The number.
    pub found: usize,
}

impl Limit {
    /// The most that may be wanted: more than anybody reads, and few enough that an answer stays small.
    pub const MAX: usize = 100;
    /// What is wanted where nothing is said.
    pub const DEFAULT: Self = Self(10);

    /// Takes a number.
    ///
    /// # Errors
    /// Says which numbers there may be.
    pub const fn new(number: usize) -> Result<Self, LimitError> {
        match number {
            1..=Self::MAX => Ok(Self(number)),
            found => Err(LimitError { found }),
        }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A bearer token (RFC 6750). `Debug` hides it, there is no `Display`, and its memory is cleared on drop.
#[derive(Clone)]
pub struct Bearer(Zeroizing<String>);

/// Why a text is no bearer token. The text is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BearerError {
    /// There is nothing.
    #[error("expected a token, found nothing")]
    Empty,
    /// There is a character that no token has (RFC 6750, section 2.1), such as a line break, which would begin another
    /// header.
    #[error("expected a token of visible ASCII characters, found another one at place {place}")]
    Character {
        /// Where, counted in characters from one.
        place: usize,
    },
}

impl Bearer {
    /// Takes a token.
    ///
    /// # Errors
    /// Says what is wrong with it, without repeating it.
    pub fn new(token: impl Into<String>) -> Result<Self, BearerError> {
        let token = Zeroizing::new(token.into());
        if token.is_empty() {
            return Err(BearerError::Empty);
        }
        match token.chars().position(|character| !character.is_ascii_graphic()) {
            Some(place) => Err(BearerError::Character { place: place + 1 }),
            None => Ok(Self(token)),
        }
    }

    /// Returns the token, to be sent where it belongs and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_need_and_says_what_is_wrong_with_another() {
        assert_eq!(
            Need::new("  open an issue\nin my tracker ").unwrap().as_str(),
            "open an issue\nin my tracker"
        );
        assert_eq!(Need::new(" \n\t "), Err(NeedError::Empty));
        assert_eq!(Need::new("a\u{1b}[2J"), Err(NeedError::Control { character: '\u{1b}' }));
        assert_eq!(Need::new(&"ä".repeat(2_000)).unwrap().as_str().chars().count(), 2_000);
        assert_eq!(Need::new(&"ä".repeat(2_001)), Err(NeedError::TooLong { found: 2_001 }));
    }

    #[test]
    fn takes_one_to_a_hundred() {
        assert_eq!(Limit::new(1).unwrap().get(), 1);
        assert_eq!(Limit::new(100).unwrap().get(), 100);
        let error = Limit::new(0).unwrap_err();
        assert_eq!(error.to_string(), "expected a number from 1 to 100, found 0");
        assert_eq!(Limit::new(1_000_000).unwrap_err().found, 1_000_000);
    }

    #[test]
    fn takes_a_token_and_never_shows_it() {
        let token = Bearer::new("s3cret").unwrap();
        assert_eq!(token.expose(), "s3cret");
        assert_eq!(format!("{token:?}"), "[redacted]");
        for (text, expected) in [
            ("", BearerError::Empty),
            ("abc\r\nx-evil: 1", BearerError::Character { place: 4 }),
            ("two words", BearerError::Character { place: 4 }),
            ("schlüssel", BearerError::Character { place: 5 }),
        ] {
            let error = Bearer::new(text).unwrap_err();
            assert_eq!(error, expected, "{text:?}");
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
    }
}
