//! Streams as the specification describes them, whole and cut at every byte.

use proptest::prelude::*;

use super::*;

/// Decodes a stream that arrives in these chunks.
fn decode(chunks: &[&[u8]]) -> (Vec<(String, String)>, Option<String>, Option<Duration>) {
    let mut decoder = SseDecoder::new(1 << 20);
    let mut events = Vec::new();
    for chunk in chunks {
        decoder.push(Bytes::copy_from_slice(chunk));
        while let Some(event) = decoder.next_event().unwrap() {
            events.push((event.kind, String::from_utf8(event.data.to_vec()).unwrap()));
        }
    }
    (events, decoder.last_event_id().map(str::to_owned), decoder.retry())
}

fn check(stream: &str, expected: &[(&str, &str)]) {
    let bytes = stream.as_bytes();
    let whole = decode(&[bytes]);
    let shown: Vec<_> = whole.0.iter().map(|(kind, data)| (kind.as_str(), data.as_str())).collect();
    assert_eq!(shown, expected, "{stream:?}");
    for cut in 0..=bytes.len() {
        assert_eq!(decode(&[&bytes[..cut], &bytes[cut..]]), whole, "{stream:?} cut at {cut}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decode(&single), whole, "{stream:?} byte by byte");
}

#[test]
fn decodes_events_whatever_ends_a_line() {
    for end in ["\n", "\r", "\r\n"] {
        let stream =
            ["data: one", "", ": comment", "event: ping", "data:two", "data:  three", "", ""].join(end);
        check(&stream, &[("", "one"), ("ping", "two\n three")]);
    }
    check("data: a\r\n\r\ndata: b\n\n", &[("", "a"), ("", "b")]);
}

#[test]
fn follows_the_odd_rules() {
    check("\u{feff}data: x\n\n", &[("", "x")]);
    check("data\n\n", &[("", "")]);
    check("data:\ndata:\n\n", &[("", "\n")]);
    check("event: only\n\n", &[]);
    check("data: unfinished\n", &[]);
    check(":\n\n:x\n\n", &[]);
    check("unknown: 1\ndata: x\n\n", &[("", "x")]);
    check("data : x\n\n", &[]);
    check("data: {\"a\":\"世\"}\n\n", &[("", "{\"a\":\"世\"}")]);
}

#[test]
fn remembers_id_and_retry() {
    let (events, id, retry) = decode(&[b"id: 7\nretry: 500\ndata:\n\nid: 8\ndata: x\n"]);
    assert_eq!(events, [(String::new(), String::new())]);
    assert_eq!(id.as_deref(), Some("7"), "an id counts when its event is dispatched");
    assert_eq!(retry, Some(Duration::from_millis(500)));
    assert_eq!(decode(&[b"id: a\n\nid: b\0c\n\n"]).1.as_deref(), Some("a"));
    assert_eq!(decode(&[b"id: a\n\nid\n\n"]).1, None, "an empty id forgets the last one");
    assert_eq!(decode(&[b"retry: 5x\n\nretry:\n\n"]).2, None);
    assert_eq!(decode(&[b"retry: 99999999999999999999999\n"]).2, Some(MAX_RETRY));
}

#[test]
fn refuses_events_over_the_cap() {
    for stream in ["data: 0123456789", "data: 0123456789\n", "data: 012\ndata: 345\ndata: 678\ndata: 9ab\n"] {
        let mut decoder = SseDecoder::new(14);
        decoder.push(Bytes::copy_from_slice(stream.as_bytes()));
        assert_eq!(decoder.next_event(), Err(EventTooLarge), "{stream:?}");
    }
}

#[test]
fn an_event_in_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: {}\n\n");
    let mut decoder = SseDecoder::new(100);
    decoder.push(chunk.clone());
    let event = decoder.next_event().unwrap().unwrap();
    assert_eq!(event.data.as_ptr(), chunk[6..].as_ptr());
}

proptest! {
    #[test]
    fn any_stream_cut_anywhere_gives_the_same_events(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("\n".to_owned()), Just("\r".to_owned()), Just("\r\n".to_owned()), Just("data: ".to_owned()),
                Just("id: 1".to_owned()), Just(":".to_owned()), Just("event:x".to_owned()), "[a-z世: ]{0,6}",
            ],
            0..40,
        ),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let stream = pieces.concat().into_bytes();
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        at.extend([0, stream.len()]);
        at.sort_unstable();
        let chunks: Vec<&[u8]> = at.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        prop_assert_eq!(decode(&chunks), decode(&[&stream]));
        for cut in 0..=stream.len() {
            prop_assert_eq!(decode(&[&stream[..cut], &stream[cut..]]), decode(&[&stream]));
        }
    }
}
