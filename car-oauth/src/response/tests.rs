//! What is accepted of an answer, and what is not.

use proptest::prelude::*;

use super::*;

const ISSUER: &str = "https://as.example";

fn state() -> State {
    State::from_random([7; 32])
}

/// An answer with our state and these parameters besides.
fn answer(rest: &str) -> AuthorizationResponse {
    AuthorizationResponse::from_query(&format!("state={}&{rest}", state().expose())).unwrap()
}

fn walked(answer: AuthorizationResponse, advertised: bool) -> Result<String, Error> {
    let issuer = Issuer::parse(ISSUER).unwrap();
    let code = answer.check_state(&state())?.check_issuer(&issuer, advertised)?.outcome()?;
    Ok(code.0.expose().to_owned())
}

#[test]
fn the_issuer_is_checked_by_the_table_of_rfc_9207() {
    let ours = "https%3A%2F%2Fas.example";
    let cases = [
        (true, format!("iss={ours}"), true),
        (true, String::new(), false),
        (true, "iss=".to_owned(), false),
        (true, "iss=https://evil.example".to_owned(), false),
        (false, format!("iss={ours}"), true),
        (false, String::new(), true),
        (false, "iss=".to_owned(), false),
        (false, "iss=https://evil.example".to_owned(), false),
        // Never normalised: slash, case, default port, percent encoding.
        (false, format!("iss={ours}%2F"), false),
        (false, "iss=https://AS.example".to_owned(), false),
        (false, "iss=https://as.example:443".to_owned(), false),
        (false, "iss=https://as.exampl%2565".to_owned(), false),
    ];
    for (advertised, iss, accepted) in cases {
        let result = walked(answer(&format!("code=abc&{iss}")), advertised);
        match result {
            Ok(code) => assert!(accepted && code == "abc", "{advertised} {iss}"),
            Err(error) => {
                assert!(
                    !accepted && matches!(error, Error::IssuerMismatch { .. }),
                    "{advertised} {iss}: {error}"
                );
            }
        }
    }
}

#[test]
fn a_foreign_or_absent_state_is_not_ours() {
    let other = State::from_random([8; 32]);
    let short = &state().expose()[..42].to_owned();
    let cases = [
        String::new(),
        "state=".to_owned(),
        format!("state={}", other.expose()),
        format!("state={short}"),
        format!("state={}A", state().expose()),
        format!("state={}", state().expose().to_ascii_uppercase()),
        format!("State={}", state().expose()),
    ];
    for query in cases {
        let answer = AuthorizationResponse::from_query(&format!("code=abc&{query}")).unwrap();
        assert!(matches!(walked(answer, false), Err(Error::ForeignResponse { .. })), "{query}");
    }
}

#[test]
fn a_parameter_that_repeats_is_refused() {
    for name in ["code", "state", "iss", "error", "error_description"] {
        let query = format!("{name}=a&other=1&other=2&{name}=a");
        let refused = AuthorizationResponse::from_query(&query);
        assert!(matches!(refused, Err(Error::InvalidResponse { .. })), "{name}");
    }
    assert_eq!(walked(answer("code=abc&other=1&other=2"), false).unwrap(), "abc");
}

#[test]
fn a_refusal_is_shown_cleaned() {
    let query = "error=access_denied&error_description=No%0D%0Aentry%1B%5B2J+for+%E2%80%AEyou";
    let Err(Error::AuthorizationRefused { error, description }) = walked(answer(query), false) else {
        panic!("a refusal expected")
    };
    assert_eq!((error.as_str(), description.as_deref()), ("access_denied", Some("No entry [2J for you")));
}

#[test]
fn a_refusal_of_another_issuer_is_not_shown() {
    let query = "error=access_denied&error_description=hunter2&iss=https://evil.example";
    let error = walked(answer(query), false).unwrap_err();
    assert!(matches!(error, Error::IssuerMismatch { .. }));
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn yes_and_no_at_once_and_neither_are_refused() {
    for query in ["code=abc&error=access_denied", "", "code=", "error=", "code=&error="] {
        let refused = walked(answer(query), false);
        assert!(matches!(refused, Err(Error::InvalidResponse { .. })), "{query}");
    }
}

#[test]
fn what_a_person_pastes_is_found() {
    let state = state();
    let query = format!("code=a%2Bb?c&state={}", state.expose());
    let (front, back) = query.split_at(30);
    let cases = [
        query.clone(),
        format!("?{query}"),
        format!("  \"http://127.0.0.1:4000/callback?{query}\"\n"),
        format!("<https://app.example/cb?{query}#_=_>"),
        format!("localhost:4000/callback?{query}"),
        format!("myapp://callback?{query}"),
        format!("http://localhost/?{front}\r\n    {back}"),
    ];
    for pasted in cases {
        let answer = AuthorizationResponse::from_url(&pasted).unwrap();
        assert_eq!(walked(answer, false).unwrap(), "a+b?c", "{pasted}");
    }
}

#[test]
fn an_address_without_a_query_is_refused() {
    let refused = AuthorizationResponse::from_url("http://127.0.0.1:4000/callback");
    assert!(matches!(refused, Err(Error::InvalidResponse { .. })));
}

#[test]
fn what_is_too_long_is_refused() {
    let refused = AuthorizationResponse::from_query(&format!("code={}", "a".repeat(MAX_RESPONSE)));
    assert!(matches!(refused, Err(Error::InvalidResponse { .. })));
}

#[test]
fn parts_of_a_front_end_are_checked_alike() {
    let parts = |state: &str, iss: Option<&str>| {
        AuthorizationResponse::from_parts(state, Secret::new("abc"), iss.map(str::to_owned))
    };
    let ours = state();
    assert_eq!(walked(parts(ours.expose(), Some(ISSUER)), true).unwrap(), "abc");
    assert!(matches!(walked(parts("other", Some(ISSUER)), true), Err(Error::ForeignResponse { .. })));
    assert!(matches!(walked(parts(ours.expose(), None), true), Err(Error::IssuerMismatch { .. })));
}

#[test]
fn hides_code_and_state_in_debug_output() {
    let shown = format!("{:?} {:?}", answer("code=hunter2"), state());
    assert!(!shown.contains("hunter2") && !shown.contains(state().expose()), "{shown}");
}

#[test]
fn words_are_kept_and_what_could_be_a_token_is_not() {
    let kept = [
        "plain words",
        "trace 9a1b2c3d-0000-4000-8000-123456789abc",
        "see https://learn.example/docs/errors/invalid-grant-and-more",
    ];
    for words in kept {
        assert_eq!(cleaned(words).as_deref(), Some(words));
    }
    assert_eq!(cleaned("\u{200b}\n"), None);
    assert_eq!(cleaned(&format!("bad {}", "a".repeat(41))).unwrap(), "bad […]");
    assert_eq!(cleaned(&format!("see https://a.example/?t={}", "a".repeat(41))).unwrap(), "see […]");
    assert_eq!(cleaned(&"word ".repeat(500)).unwrap().chars().count(), MAX_DESCRIPTION);
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in ".{0,200}") {
        for answer in [AuthorizationResponse::from_url(&text), AuthorizationResponse::from_query(&text)] {
            prop_assert!(answer.is_err() || walked(answer.unwrap(), false).is_err());
        }
    }

    #[test]
    fn a_code_comes_back_as_it_was_encoded(code in ".{1,60}", noise in "[a-z]{6}=[a-z]{0,5}") {
        let state = state();
        let query: String = form_urlencoded::Serializer::new(noise)
            .append_pair("code", &code)
            .append_pair("state", state.expose())
            .append_pair("iss", ISSUER)
            .finish();
        let answer = AuthorizationResponse::from_url(&format!("http://[::1]:80/cb?{query}")).unwrap();
        prop_assert_eq!(walked(answer, true).unwrap(), code);
    }

    #[test]
    fn cleaned_words_never_steer_a_terminal(text in any::<String>()) {
        let words = cleaned(&text).unwrap_or_default();
        prop_assert!(words.chars().all(|sign| !sign.is_control() && visible(sign).is_some()));
        prop_assert!(words.chars().count() <= MAX_DESCRIPTION);
    }
}
