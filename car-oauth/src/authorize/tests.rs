//! What a person is shown, and which answers lead to a code.

use super::*;
use crate::client_auth::ClientCredential;
use crate::endpoint::Endpoint;
use crate::secret::Secret;
use crate::token::fixtures::{ISSUER, client, issuer, server};

const REDIRECT: &str = "http://127.0.0.1:4000/callback";

struct Case {
    server: AuthorizationServer,
    client: KnownClient,
    scope: Option<Scopes>,
    extra: Vec<(String, String)>,
}

impl Case {
    fn new() -> Self {
        Self { server: server(), client: client(ClientCredential::Public), scope: None, extra: Vec::new() }
    }

    fn with_endpoint(mut self, url: &str) -> Self {
        self.server.authorization_endpoint = Some(Endpoint::parse("authorization endpoint", url).unwrap());
        self
    }

    fn with_extra(mut self, name: &str, value: &str) -> Self {
        self.extra.push((name.to_owned(), value.to_owned()));
        self
    }

    fn begin(self) -> Result<(Url, PendingAuthorization), Error> {
        let request = AuthorizationRequest {
            server: &self.server,
            proof: self.server.pkce().unwrap(),
            client: &self.client,
            redirect_uri: REDIRECT,
            scope: self.scope,
            resource: Some("https://mcp.example/mcp"),
            extra: &self.extra,
            dpop_jkt: None,
        };
        request.begin([1; 32], [2; 32])
    }

    fn query(self) -> Vec<(String, String)> {
        self.begin().unwrap().0.query_pairs().map(owned).collect()
    }
}

fn pending(response_iss: bool) -> PendingAuthorization {
    let mut case = Case::new();
    case.server.response_iss = response_iss;
    case.begin().unwrap().1
}

/// An answer with the right state and these parameters besides.
fn answer(rest: &str) -> AuthorizationResponse {
    AuthorizationResponse::from_query(&format!("state={}&{rest}", pending(false).state())).unwrap()
}

#[test]
fn the_url_asks_with_everything_that_the_specification_wants() {
    let mut case = Case::new();
    case.scope = Some(Scopes::parse("a b"));
    let verifier = CodeVerifier::from_random([2; 32]);
    let (url, pending) = case.begin().unwrap();
    assert!(url.as_str().starts_with("https://as.example/authorize?"));
    let expected = [
        ("response_type", "code"),
        ("client_id", "me"),
        ("redirect_uri", REDIRECT),
        ("scope", "a b"),
        ("state", pending.state()),
        ("code_challenge", &verifier.challenge()),
        ("code_challenge_method", "S256"),
        ("resource", "https://mcp.example/mcp"),
    ];
    let found: Vec<_> = url.query_pairs().map(owned).collect();
    assert_eq!(found, expected.map(owned));
    assert!(!url.as_str().contains(verifier.expose()), "the verifier stays here");
}

#[test]
fn an_empty_scope_is_left_out() {
    for scope in [None, Some(Scopes::default())] {
        let mut case = Case::new();
        case.scope = scope;
        assert!(case.query().iter().all(|(name, _)| name != "scope"));
    }
}

#[test]
fn the_query_of_the_endpoint_is_kept_byte_for_byte() {
    let (url, _) =
        Case::new().with_endpoint("https://as.example/authorize?tenant=a%2fb&flag").begin().unwrap();
    assert!(url.as_str().starts_with("https://as.example/authorize?tenant=a%2fb&flag&response_type=code&"));
}

#[test]
fn the_query_of_the_endpoint_cannot_replace_what_we_set() {
    let hostile =
        "https://as.example/authorize?client_id=evil&tenant=1&code_challenge_method=plain&state=x&request=y";
    let query = Case::new().with_endpoint(hostile).query();
    for name in RESERVED {
        assert!(query.iter().filter(|(found, _)| found == name).count() <= 1, "{name}");
    }
    let contains = |name: &str, value: &str| query.contains(&owned((name, value)));
    assert!(
        contains("client_id", "me") && contains("code_challenge_method", "S256") && contains("tenant", "1")
    );
    assert!(query.iter().all(|(name, _)| name != "request"));
}

#[test]
fn extra_parameters_are_added_and_come_before_those_of_the_endpoint() {
    let case = Case::new().with_endpoint("https://as.example/authorize?prompt=none");
    let query = case.with_extra("prompt", "consent").query();
    let prompts: Vec<_> = query.iter().filter(|(name, _)| name == "prompt").collect();
    assert_eq!(prompts, [&owned(("prompt", "consent"))]);
}

#[test]
fn extra_parameters_may_not_replace_ours() {
    for name in RESERVED {
        let refused = Case::new().with_extra(name, "x").begin();
        assert!(matches!(refused, Err(Error::InvalidSettings { .. })), "{name}");
    }
}

#[test]
fn a_client_of_another_issuer_is_not_shown() {
    let mut case = Case::new();
    case.client.issuer = issuer("https://other.example");
    assert!(matches!(case.begin(), Err(Error::ClientOfAnotherIssuer { .. })));
}

#[test]
fn a_server_without_an_authorization_endpoint_is_an_error() {
    let mut case = Case::new();
    case.server.authorization_endpoint = None;
    assert!(matches!(case.begin(), Err(Error::EndpointMissing { .. })));
}

#[test]
fn an_accepted_code_is_exchanged_with_what_was_recorded() {
    let code = pending(false).accept(answer("code=abc")).unwrap();
    let body = code.token_request(&server()).unwrap().body();
    let fields: Vec<_> = url::form_urlencoded::parse(body.as_bytes()).map(owned).collect();
    let verifier = CodeVerifier::from_random([2; 32]);
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", "abc"),
        ("redirect_uri", REDIRECT),
        ("code_verifier", verifier.expose()),
        ("resource", "https://mcp.example/mcp"),
    ];
    assert_eq!(fields, expected.map(owned));
}

#[test]
fn a_code_goes_to_no_other_server() {
    let code = pending(false).accept(answer("code=abc")).unwrap();
    for other in ["https://evil.example", "https://as.example/"] {
        let mut server = server();
        server.issuer = issuer(other);
        assert!(matches!(code.token_request(&server), Err(Error::IssuerMismatch { .. })));
    }
}

#[test]
fn a_stray_answer_does_not_end_the_sign_in() {
    let foreign = ["code=evil", "state=guess&code=evil", "error=access_denied", ""];
    let mut waiting = pending(false);
    for query in foreign {
        let answer = AuthorizationResponse::from_query(query).unwrap();
        let Err(Rejection::Foreign(back, error)) = waiting.accept(answer) else { panic!("{query}") };
        assert!(matches!(error, Error::ForeignResponse { .. }));
        waiting = *back;
    }
    assert!(waiting.accept(answer("code=abc")).is_ok());
}

#[test]
fn a_wrong_issuer_or_a_refusal_ends_the_sign_in() {
    let cases = [
        (false, "code=abc&iss=https://evil.example"),
        (true, "code=abc"),
        (true, "code=abc&iss=https://as.example/"),
        (false, "error=access_denied"),
        (false, "code="),
    ];
    for (response_iss, query) in cases {
        assert!(matches!(pending(response_iss).accept(answer(query)), Err(Rejection::Final(_))), "{query}");
    }
    assert!(pending(true).accept(answer(&format!("code=abc&iss={ISSUER}"))).is_ok());
}

#[test]
fn hides_state_verifier_and_secret_in_debug_output() {
    let mut case = Case::new();
    case.client = client(ClientCredential::Secret(Secret::new("hunter2")));
    let (_, pending) = case.begin().unwrap();
    let shown = format!("{pending:?}");
    for hidden in [pending.state(), CodeVerifier::from_random([2; 32]).expose(), "hunter2"] {
        assert!(!shown.contains(hidden), "{shown}");
    }
}
