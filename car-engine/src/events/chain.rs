//! The chain of hashes, on the bytes of lines.

use sha2::{Digest as _, Sha256};

use super::record::EventRecord;

/// What stands for the hash before the first record.
pub(super) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// The longest line, newline included. Texts and arguments are bounded far below when they are written.
pub(super) const LONGEST_LINE: u64 = 256 * 1024;

const BEFORE_HASH: &str = ",\"hash\":\"";
const AFTER_HASH: &str = "\"}";
const HASH_LENGTH: usize = 64;

/// Closes a record: writes its line, without the newline, in place of what is in `line`, and sets its hash.
pub(super) fn seal(record: &mut EventRecord, line: &mut Vec<u8>) {
    line.clear();
    serde_json::to_writer(&mut *line, record).expect("a record of texts and numbers is always JSON");
    record.hash = digest(&[line]);
    line.pop();
    line.extend_from_slice(BEFORE_HASH.as_bytes());
    line.extend_from_slice(record.hash.as_bytes());
    line.extend_from_slice(AFTER_HASH.as_bytes());
}

/// Reads a line and says what its hash should be.
pub(super) fn open(line: &str) -> Result<(EventRecord, String), String> {
    let record: EventRecord =
        serde_json::from_str(line).map_err(|error| format!("it is not a record: {error}"))?;
    let body = line
        .strip_suffix(AFTER_HASH)
        .and_then(|rest| rest.split_at_checked(rest.len().checked_sub(HASH_LENGTH)?))
        .and_then(|(rest, _hash)| rest.strip_suffix(BEFORE_HASH))
        .ok_or_else(|| "its hash does not stand at its end".to_owned())?;
    let expected = digest(&[body.as_bytes(), b"}"]);
    Ok((record, expected))
}

fn digest(parts: &[&[u8]]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    let mut text = String::with_capacity(HASH_LENGTH);
    for byte in hasher.finalize() {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventKind;

    #[test]
    fn a_sealed_record_opens_with_its_own_hash() {
        let mut record = EventRecord::new(EventKind::Note);
        record.prev = GENESIS.to_owned();
        record.note = Some("a \"hash\":\"quoted\"} é".to_owned());
        let mut line = b"what was there before".to_vec();
        seal(&mut record, &mut line);
        let line = String::from_utf8(line).unwrap();
        let (read, expected) = open(&line).unwrap();
        assert_eq!((&read.hash, &read.note), (&expected, &record.note));
        let changed = line.replacen("quoted", "quotes", 1);
        let (read, expected) = open(&changed).unwrap();
        assert_ne!(read.hash, expected);
    }
}
