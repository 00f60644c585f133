//! Whose answer a line is that is too long to be read: told by its first bytes.

use car_mcp_proto::RequestId;

/// Returns the id of the request that a message answers, if its beginning tells. A message of the server's own, such
/// as a request with an id of the server's making, answers nothing.
pub(crate) fn answered_by(head: &[u8]) -> Option<RequestId> {
    let beginning = Beginning::of(head)?;
    beginning.id.filter(|_| beginning.is_answer && !beginning.has_method)
}

/// Returns the id of a request, if its beginning tells.
#[cfg(feature = "server")]
pub(crate) fn asked_by(head: &[u8]) -> Option<RequestId> {
    let beginning = Beginning::of(head)?;
    beginning.id.filter(|_| beginning.has_method)
}

/// What the beginning of a message tells.
#[derive(Default)]
struct Beginning {
    id: Option<RequestId>,
    has_method: bool,
    is_answer: bool,
}

impl Beginning {
    fn of(head: &[u8]) -> Option<Self> {
        let mut scan = Scan { rest: head };
        scan.expect(b'{')?;
        let mut beginning = Self::default();
        beginning.read(scan);
        Some(beginning)
    }

    /// Reads members. The beginning ends somewhere; what was read up to there is what is known.
    fn read(&mut self, mut scan: Scan<'_>) {
        while let Some(key) = scan.string() {
            self.has_method |= key == b"method";
            self.is_answer |= key == b"result" || key == b"error";
            let Some(value) = scan.expect(b':').and_then(|()| scan.value()) else { break };
            if key == b"id" {
                self.id = serde_json::from_slice(value).ok();
            }
            if scan.expect(b',').is_none() {
                break;
            }
        }
    }
}

/// Reads JSON that may stop anywhere. Nothing is returned for what is not there in full.
struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.rest = self.rest.trim_ascii_start();
        self.rest = self.rest.strip_prefix(&[byte])?;
        Some(())
    }

    /// Reads a string and returns what stands between its quotes, escapes as they are.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let text = self.rest;
        let end = string_end(text)?;
        self.rest = &text[end + 1..];
        Some(&text[..end])
    }

    /// Reads any value and returns its text.
    fn value(&mut self) -> Option<&'a [u8]> {
        self.rest = self.rest.trim_ascii_start();
        let text = self.rest;
        let (mut at, mut depth) = (0, 0_usize);
        loop {
            match text.get(at)? {
                b'"' => at += 1 + string_end(&text[at + 1..])?,
                b'{' | b'[' => depth += 1,
                b'}' | b']' | b',' if depth == 0 => break,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        self.rest = &text[at..];
        Some(text[..at].trim_ascii_end())
    }
}

/// Returns where the quote is that ends a string.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn finds_the_id_of_an_answer() {
        for (head, id) in [
            (r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"te"#, Some(RequestId::Number(7))),
            (r#" { "id" : "a" , "error" : {"#, Some(RequestId::Text("a".into()))),
            (r#"{"result":{"id":1,"a":["}",{"id":2}]},"id":3}"#, Some(RequestId::Number(3))),
            (r#"{"result":{"id":1,"a":["#, None),
            (r#"{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{"#, None),
            (r#"{"method":"notifications/message","params":{"id":7,"result":1"#, None),
            (r#"{"id":7"#, None),
            (r#"{"id":null,"error":{"#, None),
            ("not json", None),
        ] {
            assert_eq!(answered_by(head.as_bytes()), id, "{head}");
        }
    }

    #[cfg(feature = "server")]
    #[test]
    fn finds_the_id_of_a_request() {
        for (head, id) in [
            (r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"a"#, Some(RequestId::Number(7))),
            (r#"{"method":"tools/call","id":"a","params":{"a"#, Some(RequestId::Text("a".into()))),
            (r#"{"method":"tools/call","params":{"id":7"#, None),
            (r#"{"jsonrpc":"2.0","id":7,"result":{"a"#, None),
            ("not json", None),
        ] {
            assert_eq!(asked_by(head.as_bytes()), id, "{head}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(head in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _read = answered_by(&head);
        }

        #[test]
        fn any_answer_is_found(id in any::<i64>(), text in ".{0,40}", cut in 0usize..20) {
            let line = format!(r#"{{"a":{},"id":{id},"result":"{}"#, serde_json::json!({"x": text}), "y".repeat(cut));
            prop_assert_eq!(answered_by(line.as_bytes()), Some(RequestId::Number(id)));
        }
    }
}
