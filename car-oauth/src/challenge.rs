//! What a server demands: `WWW-Authenticate` (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9449 §7.1).

use crate::lookup::cleaned;
use crate::scope::Scopes;

/// A longer value of the header is not read; HTTP servers themselves refuse headers of this size.
const LONGEST_VALUE: usize = 16 * 1024;
/// The most challenges that are read. Real servers send one, or one for each scheme that they take.
const MOST_CHALLENGES: usize = 16;
/// The most parameters of one challenge that are read; RFC 6750, RFC 9449 and RFC 9728 define seven together.
const MOST_PARAMS: usize = 32;
/// How much of a server's own words is kept.
const LONGEST_DESCRIPTION: usize = 300;

/// One challenge: a scheme and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    params: Vec<(String, String)>,
}

impl Challenge {
    /// Reads the values of all `WWW-Authenticate` headers of a response. What makes no sense is passed over: a
    /// challenge that is half readable still says more than none.
    #[must_use]
    pub fn parse_all<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<Self> {
        let mut challenges = Vec::new();
        for value in values.into_iter().filter(|value| value.len() <= LONGEST_VALUE) {
            Reader { rest: value }.read_into(&mut challenges);
        }
        challenges
    }

    /// Returns the scheme as it was written.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Returns a parameter by its name in any case; the first where there are several.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        let param = self.params.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        param.map(|(_, value)| value.as_str())
    }

    fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// What has not been read of a value yet.
struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    /// A word followed by `=` is a parameter of the challenge before it, any other word begins a challenge: so the
    /// commas, which servers forget and which stand inside of lists too, need not be understood.
    fn read_into(mut self, challenges: &mut Vec<Challenge>) {
        let first = challenges.len();
        while !self.rest.is_empty() {
            let word = self.take_while(is_token);
            if word.is_empty() {
                self.skip_one();
                continue;
            }
            let before = self.rest;
            self.skip_blanks();
            if self.rest.starts_with('=') {
                self.rest = &self.rest[1..];
                let value = self.value();
                let challenge = challenges[first..].last_mut();
                if let (Some(challenge), Some(value)) = (challenge, value)
                    && challenge.params.len() < MOST_PARAMS
                {
                    challenge.params.push((word.to_owned(), value));
                }
                continue;
            }
            if challenges.len() == MOST_CHALLENGES {
                return;
            }
            challenges.push(Challenge { scheme: word.to_owned(), params: Vec::new() });
            if before.starts_with([' ', '\t']) {
                self.skip_token68();
            }
        }
    }

    fn take_while(&mut self, fits: fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !fits(character)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Passes over a character that begins nothing; a quoted string without a name goes as a whole, so that what it
    /// holds is not taken for a challenge.
    fn skip_one(&mut self) {
        if self.rest.starts_with('"') {
            drop(self.quoted());
            return;
        }
        self.rest = self.rest.chars().next().map_or("", |first| &self.rest[first.len_utf8()..]);
    }

    /// Passes over `token68`: it stands alone between its scheme and a comma or the end.
    fn skip_token68(&mut self) {
        let end = self.rest.find(|character| !is_token68(character)).unwrap_or(self.rest.len());
        let rest = self.rest[end..].trim_start_matches('=').trim_start_matches([' ', '\t']);
        if end > 0 && (rest.is_empty() || rest.starts_with(',')) {
            self.rest = rest;
        }
    }

    /// Reads what follows the `=` of a parameter; nothing where a quote is not closed.
    fn value(&mut self) -> Option<String> {
        self.skip_blanks();
        if self.rest.starts_with('"') {
            return self.quoted();
        }
        // RFC 9110 wants a token here. Servers send URLs without quotes, so all up to the next separator is taken.
        Some(self.take_while(|character| !matches!(character, ',' | ' ' | '\t')).to_owned())
    }

    /// Reads `quoted-string` (RFC 9110 §5.6.4). One that is not closed takes all the rest with it.
    fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let quoted = std::mem::take(&mut self.rest);
        let mut characters = quoted.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = &quoted[at + 1..];
                    return Some(text);
                }
                '\\' => text.push(characters.next()?.1),
                other => text.push(other),
            }
        }
        None
    }
}

/// RFC 9110 §5.6.2.
fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

/// RFC 9110 §11.2, without the `=` at its end.
fn is_token68(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~+/".contains(character)
}

/// What all challenges of a response together ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Demand {
    /// Where the metadata of the resource is (RFC 9728 §5.1); as it was written, not checked yet.
    pub resource_metadata: Option<String>,
    /// The scopes that the request needs; nothing if none are named.
    pub scope: Option<Scopes>,
    /// The error code (RFC 6750 §3.1, RFC 9449 §7.1).
    pub error: Option<String>,
    /// The server's words for it, cleaned and cut.
    pub error_description: Option<String>,
    /// Whether the scheme `Bearer` is offered.
    pub bearer: bool,
    /// Whether the scheme `DPoP` is offered.
    pub dpop: bool,
    /// The algorithms that `DPoP` may be signed with; none if it does not say.
    pub dpop_algorithms: Vec<String>,
}

/// Errors that ask for something else than a new token; they must not be hidden by that of another scheme.
const TELLING: [&str; 2] = ["insufficient_scope", "use_dpop_nonce"];

impl Demand {
    /// Reads the values of all `WWW-Authenticate` headers of a response.
    #[must_use]
    pub fn from_values<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let all = Challenge::parse_all(values);
        // RFC 9728 §5.1: the metadata may stand in a challenge of any scheme.
        let metadata = all.iter().find_map(|challenge| challenge.param("resource_metadata"));
        let ours: Vec<_> =
            all.iter().filter(|challenge| challenge.is("Bearer") || challenge.is("DPoP")).collect();
        let scopes = ours.iter().filter_map(|challenge| challenge.param("scope")).map(Scopes::parse);
        let says = |challenge: &&&Challenge| challenge.param("error").is_some();
        let tells =
            |challenge: &&&Challenge| challenge.param("error").is_some_and(|error| TELLING.contains(&error));
        let speaker = ours.iter().find(tells).or_else(|| ours.iter().find(says));
        let words = |name| {
            let text = speaker.and_then(|challenge| challenge.param(name));
            text.map(|text| cleaned(text, LONGEST_DESCRIPTION))
        };
        let algorithms = ours.iter().filter(|challenge| challenge.is("DPoP"));
        Self {
            resource_metadata: metadata.map(str::to_owned),
            scope: scopes.into_iter().find(|scopes| !scopes.is_empty()),
            error: words("error"),
            error_description: words("error_description"),
            bearer: ours.iter().any(|challenge| challenge.is("Bearer")),
            dpop: ours.iter().any(|challenge| challenge.is("DPoP")),
            dpop_algorithms: algorithms
                .filter_map(|challenge| challenge.param("algs"))
                .flat_map(|algorithms| algorithms.split_ascii_whitespace().map(str::to_owned))
                .collect(),
        }
    }

    /// Returns whether the token lacks scopes (RFC 6750 §3.1): a person has to allow more.
    #[must_use]
    pub fn is_insufficient_scope(&self) -> bool {
        self.error.as_deref() == Some("insufficient_scope")
    }

    /// Returns whether the same request is to be repeated with a nonce (RFC 9449 §9).
    #[must_use]
    pub fn is_use_dpop_nonce(&self) -> bool {
        self.error.as_deref() == Some("use_dpop_nonce")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes challenges as `Scheme{name=value;…}`.
    fn read(values: &[&str]) -> String {
        let challenges = Challenge::parse_all(values.iter().copied());
        let written = challenges.iter().map(|challenge| {
            let params: Vec<_> =
                challenge.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{}{{{}}}", challenge.scheme, params.join(";"))
        });
        written.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn reads_challenges_as_servers_write_them() {
        for (value, wanted) in [
            ("Bearer", "Bearer{}"),
            (r#"Bearer realm="a", error="invalid_token""#, "Bearer{realm=a;error=invalid_token}"),
            (r#"bearer realm="a" error="b""#, "bearer{realm=a;error=b}"),
            (r#"Bearer a="x, y=\"z\", Basic q", b=c"#, r#"Bearer{a=x, y="z", Basic q;b=c}"#),
            (r#"Bearer a="x", DPoP algs="ES256 PS256""#, "Bearer{a=x} DPoP{algs=ES256 PS256}"),
            (r#"Bearer a="x" DPoP algs="ES256""#, "Bearer{a=x} DPoP{algs=ES256}"),
            (r#"Negotiate abc+/==, Bearer a="x""#, r"Negotiate{} Bearer{a=x}"),
            ("Negotiate, Bearer", "Negotiate{} Bearer{}"),
            (r#"Basic realm="a", Bearer"#, "Basic{realm=a} Bearer{}"),
            (r#", ,Bearer  a = "x" ,, b=y,"#, "Bearer{a=x;b=y}"),
            (
                "Bearer resource_metadata=https://h.example/.well-known/x?a=b, scope=read",
                "Bearer{resource_metadata=https://h.example/.well-known/x?a=b;scope=read}",
            ),
            (r#"Bearer a="", b="é""#, "Bearer{a=;b=é}"),
            (r#"a="lost", Bearer b=c"#, "Bearer{b=c}"),
            (r#"Bearer "Basic a=b" c=d"#, "Bearer{c=d}"),
            (r#"Bearer a="never closed, b=c"#, "Bearer{}"),
            (r#"Bearer a="b\"#, "Bearer{}"),
            ("", ""),
            ("=;=\"", ""),
        ] {
            assert_eq!(read(&[value]), wanted, "{value}");
        }
        assert_eq!(read(&["Bearer a=b", "c=d, DPoP"]), "Bearer{a=b} DPoP{}");
    }

    #[test]
    fn takes_the_first_of_several_and_names_in_any_case() {
        let challenges = Challenge::parse_all(["Bearer Scope=a, scope=b"]);
        assert_eq!(challenges[0].param("scope"), Some("a"));
        assert_eq!(challenges[0].param("realm"), None);
        assert_eq!(challenges[0].scheme(), "Bearer");
    }

    #[test]
    fn reads_no_more_than_it_should() {
        let many = "Bearer a=b, ".repeat(MOST_CHALLENGES + 5);
        assert_eq!(Challenge::parse_all([many.as_str()]).len(), MOST_CHALLENGES);
        let wide = format!("Bearer {}", "a=b, ".repeat(MOST_PARAMS + 5));
        assert_eq!(Challenge::parse_all([wide.as_str()])[0].params.len(), MOST_PARAMS);
        assert!(
            Challenge::parse_all([format!("Bearer a={}", "b".repeat(LONGEST_VALUE)).as_str()]).is_empty()
        );
    }

    #[test]
    fn sums_up_what_is_demanded() {
        let demand = Demand::from_values([
            r#"Basic realm="x", scope="no""#,
            r#"Bearer error="invalid_token", error_description="it is  old", scope="a b", resource_metadata="https://h.example/m""#,
            r#"DPoP algs="ES256 EdDSA", scope="c""#,
        ]);
        assert_eq!(
            demand,
            Demand {
                resource_metadata: Some("https://h.example/m".to_owned()),
                scope: Some(Scopes::parse("a b")),
                error: Some("invalid_token".to_owned()),
                error_description: Some("it is old".to_owned()),
                bearer: true,
                dpop: true,
                dpop_algorithms: vec!["ES256".to_owned(), "EdDSA".to_owned()],
            }
        );
        assert_eq!(Demand::from_values(["Basic realm=x"]), Demand::default());
        assert_eq!(Demand::from_values(["Bearer scope=\"\""]).scope, None);
    }

    #[test]
    fn is_told_what_to_do_by_whichever_scheme_says_it() {
        let both = Demand::from_values([r#"Bearer error="invalid_token", DPoP error="use_dpop_nonce""#]);
        assert!(both.is_use_dpop_nonce());
        assert!(!both.is_insufficient_scope());
        assert!(Demand::from_values(["Bearer error=insufficient_scope"]).is_insufficient_scope());
    }

    #[test]
    fn cleans_the_words_of_a_server() {
        let demand = Demand::from_values(["Bearer error=\"x\u{1b}[2J\", error_description=\"a\u{202e}b\""]);
        assert_eq!(
            (demand.error.as_deref(), demand.error_description.as_deref()),
            (Some("x[2J"), Some("ab"))
        );
    }

    proptest! {
        #[test]
        fn reads_anything_without_falling_over(values in proptest::collection::vec("[ -~é\\t]{0,60}", 0..4)) {
            drop(Demand::from_values(values.iter().map(String::as_str)));
        }

        #[test]
        fn reads_back_what_was_quoted(value in "\\PC{0,40}", name in "[a-z_]{1,12}") {
            let quoted: String = value
                .chars()
                .flat_map(|character| matches!(character, '"' | '\\').then_some('\\').into_iter().chain([character]))
                .collect();
            let header = format!("Bearer realm=x, {name}=\"{quoted}\", last=y");
            let challenges = Challenge::parse_all([header.as_str()]);
            prop_assert_eq!(challenges.len(), 1);
            let wanted = if name == "realm" { "x" } else { value.as_str() };
            prop_assert_eq!(challenges[0].param(&name), Some(wanted));
        }
    }
}
