//! Which redirects are followed. Pure: it sees the answer's status and location, never a socket.

use crate::{
    error::RedirectRefusal,
    target::{Scheme, Target},
};
use http::{Method, StatusCode};

/// How much is shown of a location that cannot be read: enough to recognize it, too little to fill a log.
const SHOWN_LOCATION: usize = 200;

/// A redirect that is followed: with the same method, headers and body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Follow {
    pub(crate) target: Target,
}

/// A redirect that is not followed, and where it pointed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) to: String,
    pub(crate) why: RedirectRefusal,
}

/// Returns whether the status asks the client to go elsewhere.
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Decides on a redirect.
///
/// A redirect stays within the origin; the one exception is the upgrade from `http` to `https` on the same host.
/// 307 and 308 repeat the request as it was. RFC 9110 §15.4 lets 301 and 302 turn a POST into a GET, and 303
/// demands it; the message would be lost and the answer would be one to another question, so that is refused.
pub(crate) fn decide(
    method: &Method,
    from: &Target,
    status: StatusCode,
    location: Option<&str>,
) -> Result<Follow, Refused> {
    let Some(location) = location else {
        return Err(Refused { to: "nowhere".to_owned(), why: RedirectRefusal::MissingLocation });
    };
    let Ok(target) = from.join(location) else {
        let to = location.rsplit('@').next().unwrap_or_default().chars().take(SHOWN_LOCATION).collect();
        return Err(Refused { to, why: RedirectRefusal::InvalidLocation });
    };
    let refuse = |why| Err(Refused { to: target.origin().to_string(), why });
    if target.origin() != from.origin() && !is_upgrade(from, &target) {
        return refuse(RedirectRefusal::OtherOrigin);
    }
    let keeps_method = matches!(status.as_u16(), 307 | 308);
    if !keeps_method && *method != Method::GET && *method != Method::HEAD {
        return refuse(RedirectRefusal::MessageWouldBeLost);
    }
    Ok(Follow { target })
}

/// From `http` to `https` on the same host: both on their default ports, or both on the same named one.
fn is_upgrade(from: &Target, to: &Target) -> bool {
    let (from, to) = (from.origin(), to.origin());
    let defaults = from.port() == from.scheme().default_port() && to.port() == to.scheme().default_port();
    from.scheme() == Scheme::Http
        && to.scheme() == Scheme::Https
        && from.host() == to.host()
        && (defaults || from.port() == to.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, from: &str, status: u16, location: &str) -> Result<String, RedirectRefusal> {
        let from = Target::parse(from).expect("valid");
        let status = StatusCode::from_u16(status).expect("valid");
        decide(method, &from, status, Some(location))
            .map(|follow| follow.target.to_string())
            .map_err(|refused| refused.why)
    }

    #[test]
    fn stays_within_the_origin() {
        use RedirectRefusal::*;
        for (from, location, expected) in [
            ("https://a.example/x/y", "z", Ok("https://a.example/x/z")),
            ("https://a.example/x", "/z?q", Ok("https://a.example/z?q")),
            ("https://a.example/x", "https://a.example:443/z", Ok("https://a.example/z")),
            ("https://a.example/x", "https://A.EXAMPLE/z", Ok("https://a.example/z")),
            ("http://a.example/x", "https://a.example/x", Ok("https://a.example/x")),
            ("http://a.example:8080/x", "https://a.example:8080/x", Ok("https://a.example:8080/x")),
            ("http://a.example/x", "https://a.example:8443/x", Err(OtherOrigin)),
            ("http://a.example:8080/x", "https://a.example/x", Err(OtherOrigin)),
            ("http://a.example/x", "https://b.example/x", Err(OtherOrigin)),
            ("https://a.example/x", "http://a.example/x", Err(OtherOrigin)),
            ("https://a.example/x", "https://a.example:444/x", Err(OtherOrigin)),
            ("https://a.example/x", "//b.example/x", Err(OtherOrigin)),
            ("https://a.example/x", "https://sub.a.example/x", Err(OtherOrigin)),
            ("https://a.example/x", "https://a.example.b.example/x", Err(OtherOrigin)),
            ("https://a.example/x", "https://me:you@a.example/x", Err(InvalidLocation)),
            ("https://a.example/x", "file:///etc/passwd", Err(InvalidLocation)),
            ("https://a.example/x", "https://", Err(InvalidLocation)),
        ] {
            let expected = expected.map(str::to_owned);
            assert_eq!(check(&Method::POST, from, 307, location), expected, "{from} -> {location}");
            assert_eq!(check(&Method::GET, from, 302, location), expected, "{from} -> {location}");
        }
    }

    #[test]
    fn never_drops_a_body() {
        for status in [301, 302, 303, 307, 308] {
            let keeps = status >= 307;
            for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE] {
                let followed = check(&method, "https://a.example/x", status, "/y");
                let safe = method == Method::GET || method == Method::HEAD;
                assert_eq!(followed.is_ok(), keeps || safe, "{method} {status}");
            }
        }
    }

    #[test]
    fn needs_a_location() {
        let from = Target::parse("https://a.example/").expect("valid");
        let refused = decide(&Method::GET, &from, StatusCode::FOUND, None).expect_err("refused");
        assert_eq!(refused.why, RedirectRefusal::MissingLocation);
    }
}
