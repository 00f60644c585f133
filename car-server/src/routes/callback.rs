//! `/oauth/callback`: where a browser comes back to from signing in, if the front end has no address of its own.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use url::form_urlencoded;

use super::Shared;
use super::page::restrict;
use crate::notices::Notice;

/// The longest text of an authorization server that the page repeats, in characters.
const MAX_TEXT: usize = 300;

/// Ends a sign-in, tells the front ends, and the person what came of it.
pub(super) async fn callback(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let state = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "state");
    let slug = state.and_then(|(_, state)| shared.desk.manager.waiting_sign_in(&state));
    let Some(slug) = slug else {
        let text =
            "No sign-in waits for this answer. It was used already, or the daemon has been started again.";
        return page(StatusCode::BAD_REQUEST, "Nothing to sign in to", text);
    };
    // A browser that is closed early must not undo what the person agreed to.
    #[expect(clippy::disallowed_methods, reason = "the sign-in goes on without its browser")]
    let ended = tokio::spawn(complete(shared, slug, query));
    ended.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a sign-in broke");
        page(StatusCode::INTERNAL_SERVER_ERROR, "Not signed in", "The daemon failed; its log says why.")
    })
}

async fn complete(shared: Arc<Shared>, slug: String, query: String) -> Response {
    match shared.desk.manager.complete_sign_in(&query).await {
        Ok(_) => {
            let state = shared.desk.manager.status(&slug).await.ok().map(|status| status.state);
            tracing::info!(connector = %slug, "signed in");
            shared.desk.notices.tell(Notice::SignInCompleted { slug: slug.clone(), state, error: None });
            let text = format!("The connector “{slug}” is signed in. You can close this window.");
            page(StatusCode::OK, "Signed in", &text)
        }
        Err(error) => {
            tracing::info!(connector = %slug, %error, "a sign-in failed");
            let why = match error.hint() {
                Some(hint) => format!("{error}; {hint}"),
                None => error.to_string(),
            };
            shared.desk.notices.tell(Notice::SignInCompleted {
                slug: slug.clone(),
                state: None,
                error: Some(why.clone()),
            });
            let text = format!("Signing in to “{slug}” failed: {}", shortened(&why));
            page(StatusCode::BAD_REQUEST, "Not signed in", &text)
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Writes a page that says one thing.
fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let (title, text) = (escaped(title), escaped(text));
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"stylesheet\" href=\"/style.css\">\n<script src=\"/theme.js\"></script>\n</head>\n\
         <body>\n<main class=\"notice\">\n<h1>{title}</h1>\n<p>{text}</p>\n</main>\n</body>\n</html>\n"
    );
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    restrict(headers);
    response
}

/// Writes a text so that a browser takes it for text alone.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_text_and_not_long() {
        assert_eq!(escaped("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(shortened("short"), "short");
        assert_eq!(shortened(&"ä".repeat(1000)).chars().count(), MAX_TEXT + 1);
    }
}
