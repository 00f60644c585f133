//! The page: its files, each as the browser is to take it. There is nothing secret in them.

use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

/// What the page may do: load what comes from here and speak to here, and nothing else. It has no script or style within
/// its text, so none that somebody slips into a text runs.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// One file of the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct File {
    pub(super) path: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

/// Lists files of the folder `page`: the path where each is served, its media type, and its name.
macro_rules! files {
    ($($path:literal, $media_type:expr, $name:literal;)*) => {
        /// The files.
        pub(super) const FILES: &[File] = &[$(File {
            path: $path,
            media_type: $media_type,
            content: include_bytes!(concat!("../../page/", $name)),
        },)*];
    };
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

files! {
    "/", HTML, "index.html";
    "/icon.svg", SVG, "icon.svg";
    "/forms.css", CSS, "forms.css";
    "/parts.css", CSS, "parts.css";
    "/style.css", CSS, "style.css";
    "/views.css", CSS, "views.css";
    "/about.js", SCRIPT, "about.js";
    "/access.js", SCRIPT, "access.js";
    "/add.js", SCRIPT, "add.js";
    "/app.js", SCRIPT, "app.js";
    "/approvals.js", SCRIPT, "approvals.js";
    "/changed.js", SCRIPT, "changed.js";
    "/connector.js", SCRIPT, "connector.js";
    "/connectors.js", SCRIPT, "connectors.js";
    "/dom.js", SCRIPT, "dom.js";
    "/exact.js", SCRIPT, "exact.js";
    "/find.js", SCRIPT, "find.js";
    "/log.js", SCRIPT, "log.js";
    "/parts.js", SCRIPT, "parts.js";
    "/policy.js", SCRIPT, "policy.js";
    "/result.js", SCRIPT, "result.js";
    "/rpc.js", SCRIPT, "rpc.js";
    "/schema-form.js", SCRIPT, "schema-form.js";
    "/schema-table.js", SCRIPT, "schema-table.js";
    "/schema.js", SCRIPT, "schema.js";
    "/sign-in.js", SCRIPT, "sign-in.js";
    "/theme.js", SCRIPT, "theme.js";
    "/tool.js", SCRIPT, "tool.js";
    "/tools.js", SCRIPT, "tools.js";
    "/trial.js", SCRIPT, "trial.js";
    "/words.js", SCRIPT, "words.js";
}

impl File {
    /// Answers with the file, or says that the browser has it already.
    pub(super) fn answer(&self, request: &Request) -> Response {
        let tag = tag(self.content);
        let is_known = request.headers().get(header::IF_NONE_MATCH).is_some_and(|known| *known == *tag);
        let mut response = match is_known {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => self.content.into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        // The browser may keep it, and asks each time whether it is still the same: daemons are upgraded.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        restrict(headers);
        response
    }
}

/// Says to the browser what a document of the daemon's may do.
pub(super) fn restrict(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    headers.insert(opener, HeaderValue::from_static("same-origin"));
}

fn tag(content: &[u8]) -> String {
    use base64::Engine as _;
    let digest = Sha256::digest(content);
    format!("\"{}\"", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&digest[..12]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_path_of_its_own_and_nothing_that_the_policy_forbids() {
        for (place, file) in FILES.iter().enumerate() {
            assert!(FILES[..place].iter().all(|other| other.path != file.path), "{}", file.path);
            let text = std::str::from_utf8(file.content).unwrap_or_default();
            if file.media_type == HTML {
                for forbidden in
                    ["<style", " style=", " onclick=", " onload=", "<script>", "javascript:", "://"]
                {
                    assert!(!text.contains(forbidden), "{} has {forbidden}", file.path);
                }
            }
        }
    }
}
