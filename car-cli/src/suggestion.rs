//! "Did you mean": the known name that is nearest to a mistyped one.

/// The least likeness, from 0 to 1, at which a suggestion helps more than it confuses.
const LIKENESS: f64 = 0.75;

/// Returns the known name that is most like the given one, if any is like enough.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&given, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

/// Says which names there are, and which one was probably meant.
pub(crate) fn hint<'a>(what: &str, given: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(given, known.clone()) {
        Some(name) => format!("did you mean {name:?}?"),
        None => format!("the {what} are: {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_mistyped_name_and_ignores_a_different_one() {
        let known = ["docs", "github", "linear"];
        assert_eq!(nearest("dosc", known), Some("docs"));
        assert_eq!(nearest("GitHub", known), Some("github"));
        assert_eq!(nearest("zebra", known), None);
    }
}
