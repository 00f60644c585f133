//! Wildcards: `*` stands for any run of characters, everything else for itself.

/// A text with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(String);

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Says whether every text fits.
    fn is_everything(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|byte| byte == b'*')
    }

    /// Says whether the whole text fits. It takes at most as many steps as the product of both lengths.
    pub(super) fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == text };
        let Some(mut text) = text.strip_prefix(first) else { return false };
        let mut pieces: Vec<&str> = rest.split('*').collect();
        let last = pieces.pop().unwrap_or_default();
        for piece in pieces {
            // The first place is always as good as a later one.
            let Some(at) = text.find(piece) else { return false };
            text = &text[at + piece.len()..];
        }
        text.ends_with(last)
    }
}

/// Which tools a rule is about: a canonical name, or a connector and the server's name for its tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ToolPattern {
    Canonical(Pattern),
    Remote { connector: Pattern, tool: Pattern },
}

impl ToolPattern {
    pub(super) fn new(text: &str) -> Self {
        match text.split_once('/') {
            Some((connector, tool)) => {
                Self::Remote { connector: Pattern::new(connector), tool: Pattern::new(tool) }
            }
            None => Self::Canonical(Pattern::new(text)),
        }
    }

    pub(super) fn matches(&self, canonical: &str, connector: &str, tool: &str) -> bool {
        match self {
            Self::Canonical(pattern) => pattern.matches(canonical),
            Self::Remote { connector: first, tool: second } => {
                first.matches(connector) && second.matches(tool)
            }
        }
    }

    /// Says whether it is about all tools of the connector, whatever their names.
    pub(super) fn is_all_of(&self, connector: &str) -> bool {
        match self {
            Self::Canonical(pattern) => pattern.is_everything(),
            Self::Remote { connector: first, tool } => tool.is_everything() && first.matches(connector),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_whole_texts() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("", "", true),
            ("*", "", true),
            ("*", "anything/at all", true),
            ("delete_*", "delete_page", true),
            ("delete_*", "undelete_page", false),
            ("*_page", "delete_page", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("**", "x", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), expected, "{pattern} {text}");
        }
    }
}
