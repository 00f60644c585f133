//! Words: how text becomes what is counted and compared.
//!
//! A run of letters and digits is a word. A word with an inner boundary, such as `createIssue`, `GPT4o` or `s3`, counts
//! whole and as its parts, so that it is found by both. Words are lower-cased, folded to ASCII where that can be done
//! and reduced to their English stems. Scripts without blanks between words are cut into pairs of characters.

use std::collections::HashMap;

use tantivy::tokenizer::{AsciiFoldingFilter, Language, LowerCaser, RawTokenizer, Stemmer, TextAnalyzer};

/// The longest word, in bytes. What is longer is no word but data, such as a key or an image.
const MAX_WORD_BYTES: usize = 64;

/// How many words are remembered with their stems while an index is made: more than one language has in use.
const MAX_REMEMBERED: usize = 100_000;

/// Words that hold a sentence together, or that people put around what they need. They say nothing about a service.
const STOP_WORDS: &[&str] = &[
    "a", "able", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "based", "be",
    "been", "before", "but", "by", "can", "could", "d", "did", "do", "does", "doing", "for", "from", "give",
    "given", "had", "has", "have", "he", "help", "her", "here", "him", "his", "how", "i", "if", "in", "into",
    "is", "it", "its", "just", "let", "like", "ll", "looking", "m", "make", "may", "me", "might", "must",
    "my", "need", "needs", "no", "not", "of", "on", "one", "or", "our", "out", "over", "please", "re", "s",
    "she", "should", "so", "some", "such", "t", "than", "that", "the", "their", "them", "then", "there",
    "these", "they", "this", "those", "to", "too", "under", "up", "us", "use", "using", "ve", "very", "via",
    "want", "was", "we", "were", "what", "when", "where", "whether", "which", "while", "who", "whom", "why",
    "will", "with", "within", "without", "would", "you", "your",
];

/// A word as it stands in a text, with what it is compared by.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// As it stands in the text.
    pub(super) typed: &'a str,
    /// The whole word.
    pub(super) whole: String,
    /// Its parts, where it has some.
    pub(super) parts: Vec<String>,
}

/// Turns text into words.
pub(super) struct Analyzer {
    fold: TextAnalyzer,
    stem: TextAnalyzer,
    remembered: HashMap<String, String>,
}

impl Analyzer {
    pub(super) fn new() -> Self {
        let fold =
            TextAnalyzer::builder(RawTokenizer::default()).filter(LowerCaser).filter(AsciiFoldingFilter);
        let stem = TextAnalyzer::builder(RawTokenizer::default()).filter(Stemmer::new(Language::English));
        Self { fold: fold.build(), stem: stem.build(), remembered: HashMap::new() }
    }

    /// Hands over each word of a text, in order, until it is told to stop.
    pub(super) fn each_word<'a>(
        &mut self,
        text: &'a str,
        stop_words: StopWords,
        mut take: impl FnMut(Word<'a>),
    ) {
        for run in text.split(|one: char| !one.is_alphanumeric()).filter(|run| !run.is_empty()) {
            for_each_script(run, &mut |typed, pairs| {
                if pairs {
                    let mut parts = pairs_of(typed);
                    let whole = parts.remove(0);
                    take(Word { typed, whole, parts });
                } else if typed.len() <= MAX_WORD_BYTES
                    && !(stop_words == StopWords::Left && is_stop_word(typed))
                {
                    let whole = self.term(typed);
                    let parts = parts_of(typed).into_iter().map(|part| self.term(part)).collect();
                    take(Word { typed, whole, parts });
                }
            });
        }
    }

    /// Hands over everything that a text is found by.
    pub(super) fn each_term(&mut self, text: &str, stop_words: StopWords, mut take: impl FnMut(String)) {
        self.each_word(text, stop_words, |word| {
            take(word.whole);
            word.parts.into_iter().for_each(&mut take);
        });
    }

    fn term(&mut self, word: &str) -> String {
        if let Some(term) = self.remembered.get(word) {
            return term.clone();
        }
        let folded = only_token(&mut self.fold, word);
        let term = only_token(&mut self.stem, &folded);
        if self.remembered.len() >= MAX_REMEMBERED {
            self.remembered.clear();
        }
        self.remembered.insert(word.to_owned(), term.clone());
        term
    }
}

/// What is done with words that say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopWords {
    /// They count, as in a name.
    Kept,
    /// They are left out.
    Left,
}

fn is_stop_word(word: &str) -> bool {
    // The longest of them; anything longer need not be lower-cased.
    word.len() <= 8 && STOP_WORDS.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

fn only_token(analyzer: &mut TextAnalyzer, word: &str) -> String {
    let mut stream = analyzer.token_stream(word);
    if stream.advance() { stream.token().text.clone() } else { word.to_owned() }
}

/// Returns whether a character is of a script that has no blanks between words: Han, kana and Hangul among them, which
/// stand together from U+2E80 on, and Thai, Lao and Khmer.
const fn is_unspaced(one: char) -> bool {
    matches!(one, '\u{0e00}'..='\u{0eff}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Cuts a run where it changes between scripts with blanks and scripts without.
fn for_each_script<'a>(run: &'a str, take: &mut impl FnMut(&'a str, bool)) {
    let mut rest = run;
    while let Some(first) = rest.chars().next() {
        let unspaced = is_unspaced(first);
        let end = rest.find(|one| is_unspaced(one) != unspaced).unwrap_or(rest.len());
        take(&rest[..end], unspaced);
        rest = &rest[end..];
    }
}

/// Returns each pair of neighbours, or the only character.
fn pairs_of(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    match characters.as_slice() {
        [_] => vec![text.to_owned()],
        many => many.windows(2).map(|pair| pair.iter().collect()).collect(),
    }
}

/// Returns the parts of a word with inner boundaries, and nothing for a plain one. A boundary is where a small letter is
/// followed by a capital, where capitals end before a capitalised word, and between letters and digits.
fn parts_of(word: &str) -> Vec<&str> {
    let characters: Vec<(usize, char)> = word.char_indices().collect();
    let mut starts = vec![0];
    for (place, pair) in characters.windows(2).enumerate() {
        let (before, (at, after)) = (pair[0].1, pair[1]);
        let next = characters.get(place + 2).map(|next| next.1);
        let humps = before.is_lowercase() && after.is_uppercase();
        let ends = before.is_uppercase() && after.is_uppercase() && next.is_some_and(char::is_lowercase);
        if humps || ends || before.is_numeric() != after.is_numeric() {
            starts.push(at);
        }
    }
    if starts.len() == 1 {
        return Vec::new();
    }
    let ends = starts.iter().skip(1).copied().chain([word.len()]);
    starts.iter().zip(ends).map(|(&start, end)| &word[start..end]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        Analyzer::new().each_term(text, StopWords::Left, |term| terms.push(term));
        terms
    }

    #[test]
    fn finds_words_whole_and_by_their_parts() {
        for (text, expected) in [
            ("createIssue", &["createissu", "creat", "issu"][..]),
            ("list_pull-requests", &["list", "pull", "request"]),
            ("HTTPServer", &["httpserver", "http", "server"]),
            ("io.github.ann/demo", &["io", "github", "ann", "demo"]),
            ("GPT4o", &["gpt4o", "gpt", "4", "o"]),
            ("s3", &["s3", "s", "3"]),
            ("Déjà-vu ÄRGER", &["deja", "vu", "arger"]),
            ("Please list the messages for me", &["list", "messag"]),
            ("必应搜索", &["必应", "应搜", "搜索"]),
            ("用PDF", &["用", "pdf"]),
            ("  --  ", &[]),
        ] {
            assert_eq!(terms(text), expected, "{text:?}");
        }
    }

    #[test]
    fn leaves_out_what_is_too_long_for_a_word() {
        assert_eq!(terms(&format!("{} ok", "x".repeat(MAX_WORD_BYTES + 1))), ["ok"]);
        assert_eq!(terms(&"x".repeat(MAX_WORD_BYTES)).len(), 1);
    }

    #[test]
    fn keeps_stop_words_where_it_is_told_to() {
        let mut kept = Vec::new();
        Analyzer::new().each_term("the who", StopWords::Kept, |term| kept.push(term));
        assert_eq!(kept, ["the", "who"]);
        assert_eq!(terms("The WHO"), Vec::<String>::new());
    }

    #[test]
    fn knows_its_stop_words_in_order_and_none_is_longer_than_is_looked_at() {
        assert!(STOP_WORDS.is_sorted());
        assert!(STOP_WORDS.iter().all(|word| word.len() <= 8 && is_stop_word(word)));
    }

    proptest::proptest! {
        #[test]
        fn takes_any_text(text in "\\PC{0,200}") {
            Analyzer::new().each_word(&text, StopWords::Kept, |word| {
                assert!(text.contains(word.typed));
                assert!(!word.whole.is_empty());
            });
        }
    }
}
