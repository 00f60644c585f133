//! The page that a person sees when the browser comes back.

/// How a sign-in stands, for the person in front of the browser.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome<'a> {
    Done,
    Failed(&'a str),
    NotOurs(&'a str),
}

/// Makes the page. It loads nothing, runs nothing and cannot be framed; see [`HEADERS`].
pub(crate) fn render(name: &str, outcome: Outcome<'_>) -> String {
    let name = escape(name);
    let (title, text) = match outcome {
        Outcome::Done => (
            format!("Signed in to {name}"),
            format!("The connector <b>{name}</b> can be used now. You may close this window."),
        ),
        Outcome::Failed(why) => (
            format!("Not signed in to {name}"),
            format!(
                "The connector <b>{name}</b> cannot be used yet: {}. You may close this window and try again where \
                 you started the sign-in.",
                escape(why)
            ),
        ),
        Outcome::NotOurs(why) => (
            "This answer belongs to no sign-in".to_owned(),
            format!(
                "{}. If you were signing in to <b>{name}</b>, go on in the window that was opened last.",
                escape(why)
            ),
        ),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:15vh auto;padding:0 1em}}</style>\
         </head><body><h1>{title}</h1><p>{text}</p></body></html>\n"
    )
}

/// What is sent with every page: nothing of the address, which holds a code, reaches anybody else.
pub(crate) const HEADERS: [(&str, &str); 6] = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ("connection", "close"),
];

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other if other.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_and_nothing_else() {
        let page = render("<script>alert(1)</script>", Outcome::Failed("\"x\" & 'y'"));
        assert!(!page.contains("<script>"), "{page}");
        assert!(
            page.contains("&lt;script&gt;") && page.contains("&quot;x&quot; &amp; &#39;y&#39;"),
            "{page}"
        );
    }

    #[test]
    fn says_which_connector_and_that_the_window_may_be_closed() {
        let page = render("docs", Outcome::Done);
        assert!(page.contains("Signed in to docs") && page.contains("You may close this window"), "{page}");
    }
}
