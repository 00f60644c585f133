//! URI templates, backwards: from a URI to the values of its variables.
//!
//! > Level 1: `{name}`, a value without reserved characters. Level 2: `{+name}`, a value that may have them.
//!
//! Source: RFC 6570, sections 1.2 and 3.2. Other expressions are refused when a template is defined.

use super::resource::Variables;

/// The longest URI that is matched. Longer ones fit no template; browsers and servers stop near there too.
const MAX_URI_BYTES: usize = 8 * 1024;

/// The greatest number of variables in a template: it bounds the work of one match.
const MAX_VARIABLES: usize = 16;

/// Returns the names of a template's variables, each once, in their order.
///
/// # Errors
/// Says which expression is none, or that there are too many variables: a template that would not be served.
pub fn template_variables(uri_template: &str) -> Result<Vec<String>, String> {
    let template = UriTemplate::parse_any(uri_template)?;
    let mut names: Vec<String> = Vec::new();
    for name in template.variables() {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// A template, cut into parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UriTemplate(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Box<str>),
    Variable {
        name: Box<str>,
        /// Whether its value may have reserved characters, such as `/`.
        is_reserved: bool,
    },
    /// An expression of the levels 3 and 4, by the names in it. It stands for any text, or none.
    Any(Box<[Box<str>]>),
}

impl UriTemplate {
    /// Cuts a template into parts.
    ///
    /// # Errors
    /// Says which expression is not served.
    pub(crate) fn parse(template: &str) -> Result<Self, String> {
        let template = Self::parse_with(template, variable)?;
        template.check_names()?;
        Ok(template)
    }

    /// Cuts a template of any level into parts. What matches it need not be one of its URIs, but all of its URIs do.
    ///
    /// # Errors
    /// Says which expression is none.
    pub(crate) fn parse_any(template: &str) -> Result<Self, String> {
        let template =
            Self::parse_with(template, |expression| variable(expression).or_else(|_| any_of(expression)))?;
        template.check_count()?;
        Ok(template)
    }

    fn parse_with(template: &str, part: impl Fn(&str) -> Result<Part, String>) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((literal, tail)) = rest.split_once('{') {
            let Some((expression, tail)) = tail.split_once('}') else {
                return Err("expected a `}` for every `{`, found none".to_owned());
            };
            push_literal(&mut parts, literal)?;
            parts.push(part(expression)?);
            rest = tail;
        }
        push_literal(&mut parts, rest)?;
        Ok(Self(parts))
    }

    fn check_count(&self) -> Result<(), String> {
        match self.variables().count() {
            count if count > MAX_VARIABLES => {
                Err(format!("expected at most {MAX_VARIABLES} variables, found {count}"))
            }
            _ => Ok(()),
        }
    }

    fn check_names(&self) -> Result<(), String> {
        self.check_count()?;
        let names: Vec<&str> = self.variables().collect();
        match names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
            Some((_, name)) => Err(format!("expected the variable {name:?} once, found it twice")),
            None => Ok(()),
        }
    }

    /// Returns the names of its variables.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|part| {
            let names = match part {
                Part::Variable { name, .. } => std::slice::from_ref(name),
                Part::Any(names) => names,
                Part::Literal(_) => &[],
            };
            names.iter().map(|name| &**name)
        })
    }

    /// Returns the values that make this URI of the template, percent-decoded; nothing where there are none. Where
    /// several divisions are possible, earlier variables are as short as can be.
    pub(crate) fn match_uri(&self, uri: &str) -> Option<Variables> {
        if uri.len() > MAX_URI_BYTES {
            return None;
        }
        if let Some(Part::Literal(literal)) = self.0.first()
            && !uri.starts_with(&**literal)
        {
            return None;
        }
        let fits = self.fitting_ends(uri.as_bytes());
        if !fits[0][0] {
            return None;
        }
        let mut values = Vec::new();
        let mut at = 0;
        for (index, part) in self.0.iter().enumerate() {
            match part {
                Part::Literal(literal) => at += literal.len(),
                Part::Variable { name, .. } => {
                    let end = (at + 1..=uri.len()).find(|end| fits[index + 1][*end])?;
                    values.push((name.clone(), decode(uri.get(at..end)?)?));
                    at = end;
                }
                Part::Any(_) => at = (at..=uri.len()).find(|end| fits[index + 1][*end])?,
            }
        }
        Some(Variables(values))
    }

    /// Returns, for each part and each place, whether the parts from this one on fit the text from this place on.
    /// It is filled from the end, so that no template makes matching take more than parts × bytes steps.
    fn fitting_ends(&self, uri: &[u8]) -> Vec<Vec<bool>> {
        let length = uri.len();
        let mut fits = vec![vec![false; length + 1]; self.0.len() + 1];
        fits[self.0.len()][length] = true;
        for (index, part) in self.0.iter().enumerate().rev() {
            let (before, after) = fits.split_at_mut(index + 1);
            let (here, next) = (&mut before[index], &after[0]);
            match part {
                Part::Literal(literal) => {
                    for at in 0..=length.saturating_sub(literal.len()) {
                        here[at] = uri[at..].starts_with(literal.as_bytes()) && next[at + literal.len()];
                    }
                }
                Part::Variable { is_reserved, .. } => {
                    for at in (0..length).rev() {
                        here[at] = may_hold(uri[at], *is_reserved) && (next[at + 1] || here[at + 1]);
                    }
                }
                Part::Any(_) => {
                    for at in (0..=length).rev() {
                        here[at] = next[at] || here.get(at + 1).is_some_and(|later| *later);
                    }
                }
            }
        }
        fits
    }
}

fn push_literal(parts: &mut Vec<Part>, literal: &str) -> Result<(), String> {
    if literal.contains('}') {
        return Err("expected a `{` for every `}`, found none".to_owned());
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal.into()));
    }
    Ok(())
}

fn variable(expression: &str) -> Result<Part, String> {
    let (name, is_reserved) = match expression.strip_prefix('+') {
        Some(name) => (name, true),
        None => (expression, false),
    };
    match is_name(name) {
        true => Ok(Part::Variable { name: name.into(), is_reserved }),
        false => Err(format!("expected `{{name}}` or `{{+name}}`, found {{{expression}}}")),
    }
}

/// Reads an expression of any level: an operator, then names, each with a modifier or without.
fn any_of(expression: &str) -> Result<Part, String> {
    let names = expression.strip_prefix(['+', '#', '.', '/', ';', '?', '&']).unwrap_or(expression);
    let name = |name: &str| {
        let name = name.strip_suffix('*').unwrap_or(name);
        let name = name.split_once(':').map_or(name, |(name, _)| name);
        is_name(name).then(|| name.into())
    };
    let names: Option<Box<[Box<str>]>> = names.split(',').map(name).collect();
    names.map(Part::Any).ok_or_else(|| format!("expected an expression of RFC 6570, found {{{expression}}}"))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'%'))
}

/// Tells whether a byte may stand in a value. Bytes beyond ASCII may: clients write them without encoding.
const fn may_hold(byte: u8, is_reserved: bool) -> bool {
    is_reserved || byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%' | 0x80..)
}

/// Undoes percent-encoding; nothing where it is broken or gives no UTF-8.
fn decode(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (digits, tail) = rest.split_first_chunk::<2>()?;
        let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
        bytes.push(u8::try_from(high? * 16 + low?).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matched(template: &str, uri: &str) -> Option<Vec<(String, String)>> {
        let Variables(values) = UriTemplate::parse(template).unwrap().match_uri(uri)?;
        Some(values.into_iter().map(|(name, value)| (name.into_string(), value)).collect())
    }

    #[test]
    fn names_the_variables_of_any_template_once() {
        let cases: [(&str, &[&str]); 4] = [
            ("test://plain", &[]),
            ("test://{id}/data", &["id"]),
            ("file:///{+path}{?line,column*}", &["path", "line", "column"]),
            ("test://{id:3}/{id}/{other}", &["id", "other"]),
        ];
        for (template, expected) in cases {
            assert_eq!(template_variables(template).unwrap(), expected, "{template}");
        }
        assert!(template_variables("test://{open").is_err());
    }

    #[test]
    fn takes_values_apart_and_decodes_them() {
        for (template, uri, expected) in [
            ("test://template/{id}/data", "test://template/123/data", Some(vec![("id", "123")])),
            ("test://template/{id}/data", "test://template/1/2/data", None),
            ("test://template/{id}/data", "test://template//data", None),
            ("test://template/{id}/data", "test://template/1/data/", None),
            ("a/{x}", "a/b%2Fc%20d", Some(vec![("x", "b/c d")])),
            ("a/{x}", "a/b?c", None),
            ("a/{x}", "a/ü", Some(vec![("x", "ü")])),
            ("a/{x}", "a/%C3%BC", Some(vec![("x", "ü")])),
            ("a/{x}", "a/%C3", None),
            ("a/{x}", "a/%zz", None),
            ("a/{x}", "a/%4", None),
            ("file:///{+path}", "file:///a/b?c#d", Some(vec![("path", "a/b?c#d")])),
            ("{a}-{b}", "x-y-z", Some(vec![("a", "x"), ("b", "y-z")])),
            ("{+a}/{b}", "x/y/z", Some(vec![("a", "x/y"), ("b", "z")])),
            ("plain", "plain", Some(vec![])),
            ("plain", "plainer", None),
        ] {
            let expected: Option<Vec<(String, String)>> = expected.map(|values| {
                values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
            });
            assert_eq!(matched(template, uri), expected, "{template} {uri}");
        }
    }

    #[test]
    fn refuses_what_it_does_not_serve() {
        for template in ["{a,b}", "{?a}", "{/a}", "{a*}", "{a:3}", "{}", "{+}", "{a", "a}", "{a}{a}", "{#a}"]
        {
            assert!(UriTemplate::parse(template).is_err(), "{template}");
        }
    }

    #[test]
    fn a_template_of_any_level_matches_all_of_its_uris() {
        for (template, uris, other) in [
            ("a://b{/c*}", &["a://b", "a://b/1", "a://b/1/2"][..], "a://c"),
            ("a://b{?c,d}", &["a://b", "a://b?c=1&d=2"], "a://"),
            ("a://{b:3}/{+c}{#d}", &["a://123/x/y#z", "a://123/x"], "a://123"),
            ("a://{b}/{b}", &["a://1/1"], "a://1"),
        ] {
            let template = UriTemplate::parse_any(template).unwrap();
            for uri in uris {
                assert!(template.match_uri(uri).is_some(), "{template:?} {uri}");
            }
            assert!(template.match_uri(other).is_none(), "{template:?} {other}");
        }
        let names = UriTemplate::parse_any("a{?b,c*,d:4}").unwrap();
        assert_eq!(names.variables().collect::<Vec<_>>(), ["b", "c", "d"]);
        for template in ["{", "{}", "{?}", "{a b}", "a}"] {
            assert!(UriTemplate::parse_any(template).is_err(), "{template}");
        }
    }

    #[test]
    fn a_long_uri_against_many_variables_ends_soon() {
        let template: String = (0..MAX_VARIABLES).map(|index| format!("{{v{index}}}a")).collect();
        let uri = "a".repeat(MAX_URI_BYTES - 1) + "b";
        assert_eq!(UriTemplate::parse(&template).unwrap().match_uri(&uri), None);
        assert_eq!(UriTemplate::parse("{+v}").unwrap().match_uri(&"a".repeat(MAX_URI_BYTES + 1)), None);
    }

    proptest! {
        #[test]
        fn any_uri_is_matched_or_not_without_panic(uri in any::<String>()) {
            let template = UriTemplate::parse("{a}/{+b}x{c}").unwrap();
            let _values = template.match_uri(&uri);
        }
    }
}
