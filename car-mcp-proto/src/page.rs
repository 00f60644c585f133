//! Pagination: cursors are opaque, the empty one is a cursor too, and a server cannot make a client turn pages for
//! ever.
//!
//! Source: specification, "Pagination", every revision.

use std::collections::HashSet;

/// How many pages of one list a client reads. At the usual 50 to 100 items a page this is more than any model can use.
pub const MAX_PAGES: usize = 1_000;

/// Follows the cursors of one list.
#[derive(Debug)]
pub struct Pages {
    limit: usize,
    seen: HashSet<String>,
    read: usize,
}

impl Pages {
    /// Begins a list of at most this many pages.
    pub fn new(limit: usize) -> Self {
        Self { limit, seen: HashSet::new(), read: 0 }
    }

    /// Takes a page's `nextCursor` and returns the cursor to ask with, or nothing at the end.
    ///
    /// # Errors
    /// Says that the server gave a cursor twice, or more pages than the limit.
    pub fn handle_page(&mut self, next: Option<String>) -> Result<Option<String>, PageError> {
        self.read += 1;
        let Some(cursor) = next else { return Ok(None) };
        if self.read >= self.limit {
            return Err(PageError::TooMany { limit: self.limit });
        }
        if !self.seen.insert(cursor.clone()) {
            return Err(PageError::Repeated { cursor });
        }
        Ok(Some(cursor))
    }
}

/// Says why a list cannot be read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The list has too many pages.
    #[error("expected at most {limit} pages, found more")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The pages go round in a circle.
    #[error("expected a new cursor, found {cursor:?} again")]
    Repeated {
        /// The cursor.
        cursor: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_cursor_goes_on_and_a_missing_one_ends() {
        let mut pages = Pages::new(10);
        assert_eq!(pages.handle_page(Some(String::new())), Ok(Some(String::new())));
        assert_eq!(pages.handle_page(None), Ok(None));
    }

    #[test]
    fn refuses_circles_and_endless_lists() {
        let mut pages = Pages::new(3);
        assert_eq!(pages.handle_page(Some("a".into())), Ok(Some("a".into())));
        assert_eq!(pages.handle_page(Some("a".into())), Err(PageError::Repeated { cursor: "a".into() }));
        assert_eq!(pages.handle_page(Some("b".into())), Err(PageError::TooMany { limit: 3 }));
    }
}
