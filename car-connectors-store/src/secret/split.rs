//! Secrets longer than an entry may be: in parts, with a head that says which.
//!
//! Tokens of several kilobytes are common; Windows stores 2,560 bytes an entry. A short secret is its entry's whole
//! content. A long one is stored as parts `{entry}#{k}`, and the entry itself becomes the head,
//! `car-parts:1:{first}:{count}`. A new value is written to parts that the old one does not use, then the head is
//! replaced, then the old parts go: a crash at any moment leaves the old value or the new one, never a mixture.

use std::ops::Range;

use super::{keychain::Keychain, value::Secret};
use crate::KeychainError;

/// What Windows stores in one entry: 2,560 bytes, which it fills with UTF-16.
const ENTRY_UNITS: usize = 1280;

/// The same limit for platforms that store UTF-8.
const ENTRY_BYTES: usize = 2560;

/// What a head begins with.
const HEAD: &str = "car-parts:1:";

/// The most parts of one secret: over 40 KB even where every part is filled with three-byte characters.
const MOST_PARTS: usize = 64;

/// The longest secret, in bytes. Identity tokens with many groups reach 16 KB.
pub(super) const LONGEST_SECRET: usize = 64 * 1024;

/// Reads a secret of any length.
pub(super) fn read(keychain: &dyn Keychain, entry: &str) -> Result<Option<Secret>, KeychainError> {
    let Some(head) = keychain.read(entry)? else { return Ok(None) };
    let Some(parts) = parts_of(&head)? else { return Ok(Some(head)) };
    let mut whole = zeroize::Zeroizing::new(String::with_capacity(parts.len() * ENTRY_BYTES));
    for part in parts {
        let piece = keychain
            .read(&part_name(entry, part))?
            .ok_or_else(|| KeychainError::Damaged { reason: format!("part {part} of {entry} is missing") })?;
        whole.push_str(piece.expose());
    }
    Ok(Some(Secret::new(std::mem::take(&mut *whole))))
}

/// Writes a secret of any length.
pub(super) fn write(keychain: &dyn Keychain, entry: &str, secret: &Secret) -> Result<(), KeychainError> {
    let old = old_parts(keychain, entry)?;
    let text = secret.expose();
    // A secret that looks like a head is stored in parts, however short, so that the two cannot be confused.
    if fits(text) && !text.starts_with(HEAD) {
        keychain.write(entry, secret)?;
    } else {
        let pieces = pieces(text);
        let first = if old.start > pieces.len() { 1 } else { old.end.max(1) };
        for (place, piece) in pieces.iter().enumerate() {
            keychain.write(&part_name(entry, first + place), &Secret::new(*piece))?;
        }
        keychain.write(entry, &Secret::new(format!("{HEAD}{first}:{}", pieces.len())))?;
    }
    remove_parts(keychain, entry, old)
}

/// Removes a secret of any length.
pub(super) fn remove(keychain: &dyn Keychain, entry: &str) -> Result<(), KeychainError> {
    let old = old_parts(keychain, entry)?;
    keychain.remove(entry)?;
    remove_parts(keychain, entry, old)
}

/// Returns the parts in use; a damaged head has none that we know of, and must not prevent a new start.
fn old_parts(keychain: &dyn Keychain, entry: &str) -> Result<Range<usize>, KeychainError> {
    let Some(head) = keychain.read(entry)? else { return Ok(0..0) };
    Ok(parts_of(&head).ok().flatten().unwrap_or(0..0))
}

fn remove_parts(keychain: &dyn Keychain, entry: &str, parts: Range<usize>) -> Result<(), KeychainError> {
    for part in parts {
        keychain.remove(&part_name(entry, part))?;
    }
    Ok(())
}

/// Reads a head: which parts make up the secret, or `None` when this is the secret itself.
fn parts_of(head: &Secret) -> Result<Option<Range<usize>>, KeychainError> {
    let Some(numbers) = head.expose().strip_prefix(HEAD) else { return Ok(None) };
    numbers
        .split_once(':')
        .and_then(|(first, count)| Some((first.parse::<usize>().ok()?, count.parse::<usize>().ok()?)))
        .filter(|(first, count)| (1..=MOST_PARTS * 2).contains(first) && (1..=MOST_PARTS).contains(count))
        .map(|(first, count)| Some(first..first + count))
        .ok_or_else(|| KeychainError::Damaged { reason: "its head is not one of ours".to_owned() })
}

fn part_name(entry: &str, part: usize) -> String {
    format!("{entry}#{part}")
}

fn fits(text: &str) -> bool {
    text.len() <= ENTRY_BYTES && text.encode_utf16().count() <= ENTRY_UNITS
}

/// Cuts a text into the fewest pieces that fit, between characters.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut units) = (0, 0);
    for (at, character) in text.char_indices() {
        if units + character.len_utf16() > ENTRY_UNITS || at - start + character.len_utf8() > ENTRY_BYTES {
            pieces.push(&text[start..at]);
            (start, units) = (at, 0);
        }
        units += character.len_utf16();
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::secret::system::mock;

    #[test]
    fn stores_a_short_secret_as_it_is() {
        let keychain = mock();
        write(&keychain, "e", &Secret::new("short")).unwrap();
        assert_eq!(keychain.read("e").unwrap().unwrap().expose(), "short");
        assert!(keychain.read("e#1").unwrap().is_none());
    }

    #[test]
    fn leaves_no_part_of_an_older_value_behind() {
        let keychain = mock();
        for length in [6_000, 3_000, 9_000, 10, 4_000, 4_000] {
            let text = "x".repeat(length);
            write(&keychain, "e", &Secret::new(&*text)).unwrap();
            assert_eq!(read(&keychain, "e").unwrap().unwrap().expose(), text);
            let stored =
                (1..200).filter(|part| keychain.read(&part_name("e", *part)).unwrap().is_some()).count();
            assert_eq!(stored, if length <= ENTRY_UNITS { 0 } else { length.div_ceil(ENTRY_UNITS) });
        }
        remove(&keychain, "e").unwrap();
        assert!((1..200).all(|part| keychain.read(&part_name("e", part)).unwrap().is_none()));
        assert!(read(&keychain, "e").unwrap().is_none());
    }

    #[test]
    fn reports_a_missing_part_and_can_be_overwritten() {
        let keychain = mock();
        write(&keychain, "e", &Secret::new("y".repeat(3_000))).unwrap();
        keychain.remove("e#2").unwrap();
        let error = read(&keychain, "e").unwrap_err();
        assert_eq!(error.to_string(), "the stored secret is damaged: part 2 of e is missing");
        write(&keychain, "e", &Secret::new("again")).unwrap();
        assert_eq!(read(&keychain, "e").unwrap().unwrap().expose(), "again");
    }

    proptest! {
        #[test]
        fn every_secret_comes_back(text in "(\\PC{0,40}|car-parts:1:[0-9:]{0,8}|[a-z\u{1F600}é]{1200,4000})") {
            let keychain = mock();
            let pieces = pieces(&text);
            prop_assert!(pieces.iter().all(|piece| fits(piece)));
            prop_assert_eq!(pieces.concat(), text.clone());
            write(&keychain, "e", &Secret::new(&*text)).unwrap();
            let back = read(&keychain, "e").unwrap().unwrap();
            prop_assert_eq!(back.expose(), text);
        }
    }
}
