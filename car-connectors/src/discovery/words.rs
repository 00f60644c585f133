//! What of a need is worth asking a registry for that searches by name only, and which names are near to another.

/// How many words are asked for. A registry is asked once for each.
const MOST_WORDS: usize = 3;

/// The shortest word that is asked for, in characters: shorter ones are in half of all names.
const SHORTEST_WORD: usize = 3;

/// Words of English needs that tell nothing of a service.
const PLAIN_WORDS: [&str; 56] = [
    "about",
    "access",
    "add",
    "all",
    "and",
    "any",
    "are",
    "can",
    "create",
    "data",
    "delete",
    "each",
    "find",
    "for",
    "from",
    "get",
    "has",
    "have",
    "help",
    "her",
    "his",
    "how",
    "into",
    "its",
    "list",
    "make",
    "manage",
    "mcp",
    "need",
    "new",
    "not",
    "our",
    "out",
    "please",
    "read",
    "search",
    "server",
    "service",
    "should",
    "some",
    "something",
    "that",
    "the",
    "them",
    "then",
    "this",
    "tool",
    "tools",
    "update",
    "use",
    "using",
    "want",
    "what",
    "when",
    "with",
    "write",
];

/// Returns the words of a need that are most likely to be part of a name: the longest that are no plain ones.
pub(crate) fn distinctive(need: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in need.split(|character: char| !character.is_alphanumeric()) {
        let word = word.to_lowercase();
        if word.chars().count() >= SHORTEST_WORD
            && !PLAIN_WORDS.contains(&word.as_str())
            && !words.contains(&word)
        {
            words.push(word);
        }
    }
    // Of equally long ones the first: the sort is stable.
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.truncate(MOST_WORDS);
    words
}

/// How many names are told of that are near to another.
const MOST_NEAR: usize = 3;

/// Names of which more than one character in five differs are not near.
const NEAR_SHARE: usize = 5;

/// Returns the names that are nearest to one that there is not.
pub(crate) fn near<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = wanted.to_lowercase();
    let own = last_part(&wanted);
    let mut near: Vec<(usize, &str)> = known
        .filter_map(|name| {
            let lower = name.to_lowercase();
            // The same name of another owner, or nearly the same name.
            let distance = if last_part(&lower) == own { 1 } else { distance(&wanted, &lower)? };
            Some((distance, name))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(MOST_NEAR).map(|(_, name)| name.to_owned()).collect()
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Counts the characters to change, add or take away (Levenshtein); nothing where those are too many.
fn distance(one: &str, other: &str) -> Option<usize> {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let most = one.len().min(other.len()) / NEAR_SHARE;
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, first) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, second) in other.iter().enumerate() {
            let changed = diagonal + usize::from(first != second);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_words_that_say_most() {
        for (need, expected) in [
            ("open an issue in my tracker", vec!["tracker", "issue", "open"]),
            ("Create a GitHub issue, please", vec!["github", "issue"]),
            ("the", vec![]),
            ("Übersetzung ins Deutsche: Übersetzung", vec!["übersetzung", "deutsche", "ins"]),
            ("", vec![]),
        ] {
            assert_eq!(distinctive(need), expected, "{need:?}");
        }
    }

    #[test]
    fn finds_names_that_are_nearly_the_same() {
        let known = ["io.github.a/weather", "io.github.b/wether", "com.example/mail", "io.github.c/Weather"];
        let near = |wanted| near(wanted, known.iter().copied());
        assert_eq!(
            near("io.github.a/wheather"),
            ["io.github.a/weather", "io.github.c/Weather", "io.github.b/wether"]
        );
        assert_eq!(near("org.other/mail"), ["com.example/mail"]);
        assert_eq!(near("x/y"), Vec::<String>::new());
    }

    #[test]
    fn counts_as_it_should() {
        assert_eq!(distance("kitten", "kitten"), Some(0));
        assert_eq!(distance("kitten", "sitten"), Some(1));
        assert_eq!(distance("kitten", "sittin"), None);
        assert_eq!(distance("a/kitten-server", "a/sitting-server"), Some(3));
        assert_eq!(distance("", ""), Some(0));
    }
}
