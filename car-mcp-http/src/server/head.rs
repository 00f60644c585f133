//! The head of a request, as handlers may see it.

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::request::Parts;
use http::{HeaderMap, Uri};

/// The head of the HTTP request that a handler works for: `Context::detail::<RequestHead>()`.
///
/// What proves who asks is left out: a token is for this server and nobody behind it. Cookies do not show in `Debug`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestHead {
    /// The target of the request.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
}

impl RequestHead {
    pub(super) fn of(head: &Parts) -> Self {
        let mut headers = head.headers.clone();
        for name in [AUTHORIZATION, PROXY_AUTHORIZATION] {
            headers.remove(name);
        }
        for value in headers.iter_mut().filter(|(name, _)| **name == COOKIE).map(|(_, value)| value) {
            value.set_sensitive(true);
        }
        Self { uri: head.uri.clone(), headers }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn what_proves_who_asks_is_not_handed_on() {
        let request = Request::post("/mcp")
            .header("authorization", "Bearer secret-1")
            .header("proxy-authorization", "Basic secret-2")
            .header("cookie", "session=secret-3")
            .header("x-tenant", "a")
            .body(())
            .unwrap();
        let head = RequestHead::of(&request.into_parts().0);
        assert_eq!(head.headers.get("x-tenant").unwrap(), "a");
        assert!(head.headers.get("authorization").is_none());
        assert!(!format!("{head:?}").contains("secret"), "{head:?}");
    }
}
