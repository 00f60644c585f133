//! The policy, rule by rule.

use std::path::Path;

use serde_json::{Value, json};

use super::{Policy, PolicyRequest, RuleKind, Verdict};

const PATH: &str = "policy.toml";

fn parse(text: &str) -> Policy {
    let policy = Policy::parse(Path::new(PATH), text);
    assert_eq!(policy.problem(), None, "{text}");
    policy
}

fn request<'a>(connector: &'a str, tool: &'a str, canonical: &'a str) -> PolicyRequest<'a> {
    PolicyRequest::new(canonical, connector, tool)
}

/// Decides about `docs/search`, and says the verdict and the rule in short.
fn decide(text: &str, arguments: &Value) -> String {
    let verdict = parse(text).decide(&request("docs", "search", "mcp_docs_search").with_arguments(arguments));
    let word = match &verdict {
        Verdict::Allow { .. } => "allow",
        Verdict::Ask { .. } => "ask",
        Verdict::Deny { .. } => "deny",
    };
    match verdict.rule() {
        Some(rule) => {
            format!("{word} {}:{}", rule.kind.as_str(), rule.location.as_ref().map_or(0, |at| at.line))
        }
        None => word.to_owned(),
    }
}

#[test]
fn decides_by_deny_then_allow_lists_then_ask() {
    for (policy, expected) in [
        ("", "allow"),
        ("deny_tool = ['other']", "allow"),
        ("deny_tool = ['mcp_docs_search']", "deny deny_tool:1"),
        ("deny_tool = ['docs/search']", "deny deny_tool:1"),
        ("deny_tool = ['*/sea*']", "deny deny_tool:1"),
        ("deny_tool = ['search']", "allow"),
        ("deny_tool = [\n  'x',\n  'docs/*',\n]", "deny deny_tool:3"),
        ("\n[[deny_tool]]\ntool = 'docs/search'\nreason = 'r'", "deny deny_tool:2"),
        ("deny_connector = ['do*']", "deny deny_connector:1"),
        ("deny_connector = []", "allow"),
        ("allow_tool = []", "deny allow_tool:1"),
        ("allow_tool = ['docs/*']", "allow allow_tool:1"),
        ("allow_connector = []", "deny allow_connector:1"),
        ("allow_connector = ['docs']", "allow allow_connector:1"),
        ("allow_connector = ['docs']\nallow_tool = ['docs/read']", "deny allow_tool:2"),
        ("ask = ['docs/*']", "ask ask:1"),
        ("ask = ['docs/*']\ndeny_connector = ['docs']", "deny deny_connector:2"),
        ("ask = ['docs/*']\nallow_tool = ['docs/*']", "ask ask:1"),
        ("ask = ['docs/*']\nallow_tool = []", "deny allow_tool:2"),
        ("allow_tool = ['*']\ndeny_tool = [{ tool = '*', reason = 'all' }]", "deny deny_tool:2"),
    ] {
        assert_eq!(decide(policy, &json!({})), expected, "{policy}");
    }
}

#[test]
fn looks_into_parameters() {
    let rule = |rest: &str| format!("[[deny_tool_param]]\ntool = 'docs/*'\n{rest}");
    let arguments =
        json!({"path": "/etc/passwd", "n": 5, "deep": [{"a/b": true}], "list": ["x", "/etc/shadow"]});
    for (rest, denied) in [
        ("parameter = 'path'", true),
        ("parameter = '/path'", true),
        ("parameter = 'absent'", false),
        ("parameter = 'path'\npattern = '/etc/*'", true),
        ("parameter = 'path'\npattern = '/home/*'", false),
        ("parameter = 'list'\npattern = '/etc/*'", true),
        ("parameter = 'n'\nvalue = 5", true),
        ("parameter = 'n'\nvalue = 6", false),
        ("parameter = 'n'\npattern = '5*'", true),
        ("parameter = '/deep/0/a~1b'\nvalue = true", true),
        ("parameter = '/deep/*/*'\nvalue = true", true),
        ("parameter = '/deep/1/x'", false),
    ] {
        let expected = if denied { "deny deny_tool_param:1" } else { "allow" };
        assert_eq!(decide(&rule(rest), &arguments), expected, "{rest}");
    }
    assert_eq!(decide("[[deny_tool_param]]\ntool = 'x/*'\nparameter = 'path'", &arguments), "allow");
}

#[test]
fn a_policy_that_is_not_understood_denies_everything_and_says_where() {
    for (text, line, column, words) in [
        ("deny_tool = [", 1, 14, ""),
        ("deny_tols = ['x']", 1, 1, "unknown rule \"deny_tols\""),
        ("\n  deny_tool = 'x'", 2, 15, "expected a list"),
        ("deny_tool = [5]", 1, 14, "expected a text"),
        ("deny_tool = ['']", 1, 14, "found an empty text"),
        ("[[deny_tool]]\nreason = 'r'", 1, 1, "expected \"tool\""),
        ("[[deny_tool]]\ntool = 'x'\npatern = 'y'", 3, 1, "unknown member \"patern\""),
        ("[[deny_connector]]\nconnector = 'x'\ntool = 'y'", 3, 1, "unknown member \"tool\""),
        ("deny_tool_param = ['x']", 1, 20, "expected \"parameter\""),
        ("[[deny_tool_param]]\ntool='x'\nparameter='p'\npattern='a'\nvalue=1", 5, 7, "found both"),
        ("[[ask]]\ntool = 5", 2, 8, "expected a text for \"tool\", found integer"),
    ] {
        let policy = Policy::parse(Path::new(PATH), text);
        let verdict = policy.decide(&request("any", "thing", "mcp_any_thing"));
        let Verdict::Deny { rule } = verdict else { panic!("{text}") };
        let place = rule.location.as_ref().map(|at| (at.line, at.column)).unwrap();
        assert_eq!((place, rule.kind), ((line, column), RuleKind::BrokenPolicy), "{text}: {rule}");
        assert!(rule.to_string().contains(words), "{text}: {rule}");
    }
}

#[test]
fn a_verdict_names_its_rule_its_place_and_its_reason() {
    let policy = parse("[[deny_tool]]\ntool = 'docs/delete_*'\nreason = 'nobody deletes docs'");
    let verdict = policy.decide(&request("docs", "delete_page", "mcp_docs_delete_page"));
    assert_eq!(
        verdict.rule().unwrap().to_string(),
        "deny_tool \"docs/delete_*\" at policy.toml:1:1: nobody deletes docs"
    );
}

#[test]
fn explains_every_rule_about_a_tool_whatever_the_arguments() {
    let policy = parse(
        "ask = ['docs/*', 'x']\nallow_tool = ['docs/*']\nallow_connector = []\ndeny_connector = ['mail']\n
         [[deny_tool_param]]\ntool = '*'\nparameter = 'path'",
    );
    let rules = policy.explain(&request("docs", "search", "mcp_docs_search"));
    let kinds: Vec<_> = rules.iter().map(|rule| rule.kind.as_str()).collect();
    assert_eq!(kinds, ["deny_tool_param", "allow_connector", "allow_tool", "ask"]);
    assert_eq!(policy.rules().len(), 7, "{:?}", policy.rules());
    assert_eq!(rules[0].name(), "deny_tool_param \"* path\"");
}
