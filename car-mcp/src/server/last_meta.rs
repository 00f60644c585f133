//! What `_meta` said of the client last, on each thread.
//!
//! A modern request says anew who makes it, and nearly always says what the one before said: then there is nothing to
//! read again, and handlers share what was read.

use std::cell::RefCell;
use std::sync::Arc;

use car_mcp_proto::ErrorObject;

use super::inbound::RequestMeta;

/// The longest texts that are kept, in bytes: clients say a few hundred, and there is one copy for each thread.
const MAX_KEPT: usize = 4 << 10;

/// The members that a reading is made of, as they stand in the request.
pub(super) type Members<'a> = [Option<&'a str>; 4];

struct Last {
    members: [Option<Box<str>>; 4],
    meta: Arc<RequestMeta>,
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

/// Reads members, unless they are the last ones again. `read` must go by nothing else.
///
/// # Errors
/// Returns the reader's error. What cannot be read is not kept.
pub(super) fn read(
    members: Members<'_>,
    read: impl FnOnce() -> Result<RequestMeta, ErrorObject>,
) -> Result<Arc<RequestMeta>, ErrorObject> {
    let is_last = |last: &&Last| last.members.iter().map(Option::as_deref).eq(members);
    let last = LAST.with_borrow(|last| last.as_ref().filter(is_last).map(|last| Arc::clone(&last.meta)));
    if let Some(meta) = last {
        return Ok(meta);
    }
    let meta = Arc::new(read()?);
    if members.iter().flatten().map(|member| member.len()).sum::<usize>() <= MAX_KEPT {
        let last = Last { members: members.map(|member| member.map(Into::into)), meta: Arc::clone(&meta) };
        LAST.set(Some(last));
    }
    Ok(meta)
}

#[cfg(test)]
mod tests {
    use car_mcp_proto::capability::ClientCapabilities;

    use super::super::inbound::invalid;
    use super::*;

    fn meta(version: &str) -> RequestMeta {
        RequestMeta {
            version: version.into(),
            client_capabilities: ClientCapabilities::new(),
            client_info: None,
            log_level: None,
            progress_token: None,
        }
    }

    #[test]
    fn only_the_same_members_are_not_read_again() {
        let first = read([Some("a"), None, None, None], || Ok(meta("1"))).unwrap();
        let again = read([Some("a"), None, None, None], || panic!("it was read before")).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        for members in [
            [Some("b"), None, None, None],
            [Some("b"), Some(""), None, None],
            [None, Some("b"), None, None],
            [Some("a"), None, None, None],
        ] {
            assert_eq!(&*read(members, || Ok(meta("2"))).unwrap().version, "2", "{members:?}");
        }
    }

    #[test]
    fn neither_what_cannot_be_read_nor_what_is_long_is_kept() {
        let long = "x".repeat(MAX_KEPT + 1);
        let long = [Some(&*long), None, None, None];
        assert_eq!(&*read(long, || Ok(meta("1"))).unwrap().version, "1");
        assert_eq!(&*read(long, || Ok(meta("2"))).unwrap().version, "2");
        let wrong = [Some("wrong"), None, None, None];
        assert!(read(wrong, || Err(invalid("wrong".into()))).is_err());
        assert!(read(wrong, || Ok(meta("3"))).is_ok());
    }
}
