//! Lists, page by page.
//!
//! A cursor names the sequence number of the entry that comes next. Numbers are never used again, so a cursor stays
//! good when entries are added or removed: nothing is told twice and nothing that stays is left out.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use car_mcp_proto::{Era, ErrorObject};

use super::encode::{Kind, Texts, written};
use super::exchange::Answer;
use super::inbound::{Request, invalid};
use super::principal::Caller;
use super::registry::{Entry, List, Registry, Table};
use super::service::Server;

impl Server {
    /// Answers a request for one page of a list.
    pub(crate) fn list<T: Entry>(
        &self,
        request: &Request,
        era: Era,
        caller: &Caller,
        table: impl Fn(&Registry) -> &Table<T>,
    ) -> Result<Answer, ErrorObject> {
        let registry = self.registry();
        let table = table(&registry);
        let begin = match request.part(request.parts().cursor) {
            None => 0,
            Some(cursor) => {
                let text: String = cursor.parse().map_err(|_| bad_cursor())?;
                let sequence = read_cursor(T::LIST, &text)
                    .filter(|sequence| *sequence < table.next_sequence())
                    .ok_or_else(bad_cursor)?;
                table.entries().partition_point(|(number, _)| *number < sequence)
            }
        };
        let size = self.inner.settings.page_size.unwrap_or(usize::MAX);
        let is_shown = |entry: &(u64, Arc<T>)| self.shows(caller, entry.1.offered());
        // A caller who sees everything is told what everybody is. The pages of others are theirs alone.
        if self.inner.settings.visible.is_some() && !table.entries().iter().all(is_shown) {
            let shown: Vec<_> =
                table.entries()[begin..].iter().filter(|entry| is_shown(entry)).cloned().collect();
            return Ok(written(request.id(), &write_page(&self.inner.texts, &shown, era, size)));
        }
        let entries = &table.entries()[begin..];
        // Only pages in step are kept: cursors between them are rare, and there could be as many as entries.
        if begin % size != 0 {
            return Ok(written(request.id(), &write_page(&self.inner.texts, entries, era, size)));
        }
        let key = (T::LIST, era, begin);
        let known =
            registry.pages.lock().expect("nothing panics while it holds the pages").get(&key).cloned();
        let page = known.unwrap_or_else(|| {
            let page = Bytes::from(write_page(&self.inner.texts, entries, era, size));
            let mut pages = registry.pages.lock().expect("nothing panics while it holds the pages");
            pages.insert(key, page.clone());
            page
        });
        Ok(written(request.id(), &page))
    }
}

/// Writes the page that begins with these entries.
fn write_page<T: Entry>(texts: &Texts, entries: &[(u64, Arc<T>)], era: Era, size: usize) -> Vec<u8> {
    let (page, rest) = entries.split_at(size.min(entries.len()));
    let mut text = format!("{{\"{}\":[", T::LIST.member()).into_bytes();
    for (index, (_, entry)) in page.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        text.extend_from_slice(entry.text(era).as_bytes());
    }
    text.push(b']');
    if let Some((next, _)) = rest.first() {
        text.extend_from_slice(format!(",\"nextCursor\":\"{}\"", write_cursor(T::LIST, *next)).as_bytes());
    }
    texts.finish(&mut text, era, Kind::Complete, None, true).expect("no member has to be written");
    text
}

fn bad_cursor() -> ErrorObject {
    invalid("expected a cursor of this list, found something else".to_owned())
}

/// Returns the byte that tells the cursors of one list from those of another.
const fn mark(list: List) -> u8 {
    match list {
        List::Tools => b't',
        List::Prompts => b'p',
        List::Resources => b'r',
        List::Templates => b'u',
    }
}

fn write_cursor(list: List, sequence: u64) -> String {
    let mut bytes = [mark(list); 9];
    bytes[1..].copy_from_slice(&sequence.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read_cursor(list: List, cursor: &str) -> Option<u64> {
    let bytes: [u8; 9] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
    let (first, sequence) = bytes.split_first()?;
    (*first == mark(list)).then_some(u64::from_be_bytes(sequence.try_into().ok()?))
}
