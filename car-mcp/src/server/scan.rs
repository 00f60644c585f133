//! A quick look through a JSON text: where the values of its members stand, and nothing read of them.
//!
//! ```text
//!  text ─▶ Scanner ─▶ plainly right ─▶ the members, as slices of the text
//!                 └─▶ anything else ─▶ nothing: serde_json reads the text, and says what is wrong with it
//! ```
//!
//! A scanner may leave alone what it likes. What it takes, serde_json must take too, and find the same in it. It is here
//! because finding the ends of raw values was the most costly part of a served call.
//!
//! Source: RFC 8259.

/// Every byte of a word is one.
const ONES: u64 = u64::MAX / 0xFF;
/// The highest bit of every byte of a word.
const HIGH: u64 = ONES << 7;

/// A JSON text, and how far it has been looked through.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Whether the last string had an escape in it.
    was_escaped: bool,
}

/// Is found by a scanner.
pub(super) trait Scan<'a>: Sized {
    /// Returns the value that comes next; nothing where it has to be left to serde_json.
    fn scan(scanner: &mut Scanner<'a>) -> Option<Self>;
}

impl<'a> Scan<'a> for &'a str {
    fn scan(scanner: &mut Scanner<'a>) -> Option<Self> {
        scanner.next()?;
        let start = scanner.at;
        scanner.skip()?;
        scanner.text.get(start..scanner.at)
    }
}

/// Looks through a text that is one value.
pub(super) fn scan<'a, T: Scan<'a>>(text: &'a str) -> Option<T> {
    let mut scanner = Scanner { text, at: 0, was_escaped: false };
    let found = T::scan(&mut scanner)?;
    scanner.next().is_none().then_some(found)
}

/// Returns the text of a string that stands in JSON without an escape; nothing for any other value.
pub(super) fn plain(raw: &str) -> Option<&str> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.as_bytes().contains(&b'\\')).then_some(inner)
}

impl<'a> Scanner<'a> {
    /// Returns the next byte that is no white space, without taking it.
    pub(super) fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Takes an object, and hands out the name of each member when its value is to be taken. A name that is written with
    /// an escape is left to serde_json.
    pub(super) fn object(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.next()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let name = self.name()?;
            if self.was_escaped {
                return None;
            }
            member(self, name)?;
            match self.next()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// Takes a value of any kind. One with more than 63 others around its innermost is left to serde_json.
    fn skip(&mut self) -> Option<()> {
        // A bit for each value that is open, the innermost lowest: 1 for an object. Above them a 1.
        let mut open = 1_u64;
        loop {
            match self.next()? {
                b'"' => drop(self.string()?),
                b'{' => {
                    self.at += 1;
                    if self.next()? != b'}' {
                        open = deeper(open, 1)?;
                        self.name()?;
                        continue;
                    }
                    self.at += 1;
                }
                b'[' => {
                    self.at += 1;
                    if self.next()? != b']' {
                        open = deeper(open, 0)?;
                        continue;
                    }
                    self.at += 1;
                }
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => self.number()?,
            }
            while open != 1 {
                match (self.next()?, open & 1) {
                    (b',', 0) => {
                        self.at += 1;
                        break;
                    }
                    (b',', _) => {
                        self.at += 1;
                        self.name()?;
                        break;
                    }
                    (b']', 0) | (b'}', 1) => {
                        self.at += 1;
                        open >>= 1;
                    }
                    _ => return None,
                }
            }
            if open == 1 {
                return Some(());
            }
        }
    }

    /// Takes the name of a member and the colon.
    fn name(&mut self) -> Option<&'a str> {
        if self.next()? != b'"' {
            return None;
        }
        let name = self.string()?;
        self.take(b':')?;
        Some(name)
    }

    /// Takes a string, whose quotation mark comes next, and returns what stands in it.
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        let mut end = start;
        self.was_escaped = false;
        loop {
            let rest = self.text.as_bytes().get(end..)?;
            end += run(rest);
            match self.text.as_bytes().get(end)? {
                b'"' => {
                    self.at = end + 1;
                    return self.text.get(start..end);
                }
                b'\\' => {
                    self.was_escaped = true;
                    end += escape(self.text.as_bytes().get(end + 1..)?)?;
                }
                _ => return None,
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte()? {
            b'0' => self.at += 1,
            _ => self.digits()?,
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    /// Takes digits, at least one.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let is_there = self.text.as_bytes().get(self.at..)?.starts_with(word.as_bytes());
        self.at += word.len();
        is_there.then_some(())
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        let is_there = self.next()? == byte;
        self.at += 1;
        is_there.then_some(())
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// Opens another value within those that are open.
const fn deeper(open: u64, bit: u64) -> Option<u64> {
    if open >> 63 == 0 { Some(open << 1 | bit) } else { None }
}

/// Marks, from the lowest byte up to the first that is marked, what ends a run of plain text: a quotation mark, a
/// backslash or a control character. Marks above the first mean nothing.
const fn ends(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20);
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    (control | quote | backslash) & !word & HIGH
}

/// Returns how many bytes of plain text there are before one that ends it.
fn run(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let ends = ends(u64::from_le_bytes(*word));
        if ends != 0 {
            return index * 8 + ends.trailing_zeros() as usize / 8;
        }
    }
    let is_end = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    words.len() * 8 + rest.iter().position(is_end).unwrap_or(rest.len())
}

/// Returns how long an escape is, given what follows its backslash.
fn escape(rest: &[u8]) -> Option<usize> {
    match rest.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => rest.get(1..5)?.iter().all(u8::is_ascii_hexdigit).then_some(6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    /// What serde_json finds.
    fn raw(text: &str) -> Option<&str> {
        serde_json::from_str::<&RawValue>(text).ok().map(RawValue::get)
    }

    #[test]
    fn usual_values_are_found_and_wrong_ones_are_left_alone() {
        for text in [
            "null",
            " true ",
            "false",
            "0",
            "-0",
            "10",
            "-1.5e+10",
            "2E-7",
            "1e400",
            "\"\"",
            "\"plain text\"",
            "\"\u{7f}ü€😀 and much more of it\"",
            r#""\"\\\/\b\f\n\r\t\u00e9\ud800""#,
            "[]",
            "{}",
            "[ ]",
            "{ }",
            "[1,2]",
            r#"{"a":[{},{"b":null}],"":0}"#,
            "\n[\t1\r]\n",
            r#"{"\u0061":1}"#,
        ] {
            assert_eq!(scan::<&str>(text), Some(text.trim()), "{text}");
            assert_eq!(raw(text), Some(text.trim()), "{text}");
        }
        for text in [
            "",
            " ",
            "nul",
            "truE",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "+1",
            "0x1",
            "NaN",
            "\"",
            "\"\\\"",
            "'a'",
            r#""\x""#,
            r#""\u12g4""#,
            r#""\u12""#,
            "\"\n\"",
            "\"12345678\u{1}\"",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,]",
            "]",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{1:2}",
            "[1}",
            "{\"a\":1]",
            "1 2",
            "{} x",
            "[1 2]",
            "\u{feff}1",
            "\u{a0}1",
        ] {
            assert_eq!(scan::<&str>(text), None, "{text}");
            assert_eq!(raw(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_too_deep_is_left_alone() {
        let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
        assert!(scan::<&str>(&nested(64)).is_some());
        assert!(scan::<&str>(&nested(65)).is_none());
        assert!(scan::<&str>(&nested(100_000)).is_none());
    }

    #[test]
    fn only_a_string_without_escapes_is_plain() {
        for (text, expected) in [
            ("\"a\"", Some("a")),
            ("\"\"", Some("")),
            (r#""\n""#, None),
            ("1", None),
            ("\"", None),
            ("[\"a\"]", None),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn nothing_is_taken_that_serde_json_refuses_and_nothing_usual_is_left(
            text in r#"([\[\]{}:, \n"0-9.eE+\-ax\x01]|"[a-z]{0,9}"|true|null|\\["nu/x]|\\u[0-9a-g]{4}|ü|"[ -~]{0,20}":){0,12}"#,
        ) {
            prop_assert_eq!(scan::<&str>(&text), raw(&text));
        }

        #[test]
        fn strings_end_where_serde_json_says(inner in r#"([a-z]{0,9}|\\.|\\u[0-9a-f]{3,4}|["\x00-\x1f]|[ü€😀\x7f]){0,6}"#) {
            let text = format!("\"{inner}\"");
            prop_assert_eq!(scan::<&str>(&text), raw(&text));
        }

        #[test]
        fn a_json_value_is_found_whole(value in json(), is_pretty: bool) {
            let text = if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let text = text.unwrap();
            prop_assert_eq!(scan::<&str>(&text), Some(&*text));
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            ".{0,20}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::vec((".{0,8}", inner), 0..5)
                    .prop_map(|members| { serde_json::Value::Object(members.into_iter().collect()) }),
            ]
        })
    }
}
