//! Rules that come and go in a file that a person wrote.

use std::{fs, sync::Arc};

use car_engine::{EngineError, NewRule, PolicyFile, RuleKind};
use proptest::prelude::*;
use tempfile::TempDir;

fn file(text: &str) -> (TempDir, PolicyFile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    fs::write(&path, text).unwrap();
    (folder, PolicyFile::new(path))
}

fn text(policy: &PolicyFile) -> String {
    fs::read_to_string(policy.path()).unwrap()
}

const HAND_WRITTEN: &str = r#"# The policy of our team.

deny_connector = ["legacy_*"]   # gone next year
ask = [
  # whatever deletes
  "files/delete_*",  # also folders
  "mail/send"        # no comma
]

# Publishing.
[[deny_tool]]
tool = "docs/publish"
reason = "goes through review"

# the end
"#;

#[test]
fn a_rule_is_added_where_its_kind_stands_and_nothing_else_changes() {
    for (rule, from, to) in [
        (
            NewRule::new(RuleKind::DenyConnector, "old"),
            r#"deny_connector = ["legacy_*"]   #"#,
            r#"deny_connector = ["legacy_*", "old"]   #"#,
        ),
        (
            NewRule::new(RuleKind::Ask, "web/*").with_caller("token:*").with_reason("\"new\""),
            "  \"mail/send\"        # no comma\n",
            "  \"mail/send\",        # no comma\n  { tool = \"web/*\", caller = \"token:*\", reason = '\"new\"' },\n",
        ),
        (
            NewRule::new(RuleKind::DenyTool, "docs/drop"),
            "# the end\n",
            "# the end\n\n[[deny_tool]]\ntool = \"docs/drop\"\n",
        ),
    ] {
        let (_folder, policy) = file(HAND_WRITTEN);
        let added = policy.add_rule(&rule).unwrap();
        assert_eq!(text(&policy), HAND_WRITTEN.replace(from, to), "{rule:?}");
        assert_eq!((added.kind, &added.subject, &added.caller), (rule.kind, &rule.subject, &rule.caller));
        assert!(policy.current().rules().contains(&added), "it is in force, and stands where it says");
        assert_eq!(policy.add_rule(&rule).unwrap(), added, "once is enough");
        assert_eq!(policy.remove_rule(rule.kind, &rule.subject).unwrap(), 1);
        let left = text(&policy);
        assert_eq!(left.replace("\"mail/send\", ", "\"mail/send\" "), HAND_WRITTEN, "{rule:?}");
    }
}

#[test]
fn a_removed_rule_takes_its_own_line_and_no_other() {
    for (kind, subject, before, after) in [
        (RuleKind::DenyTool, "a", "deny_tool = ['a']", "deny_tool = []"),
        (RuleKind::DenyTool, "a", "deny_tool = ['a', 'b', 'a',]", "deny_tool = ['b', ]"),
        (RuleKind::DenyTool, "b", "deny_tool = ['a', 'b']", "deny_tool = ['a']"),
        (
            RuleKind::Ask,
            "a",
            "ask = [\n  'a', # why\n  # next\n  'b',\n]\n",
            "ask = [\n  # next\n  'b',\n]\n",
        ),
        (RuleKind::Ask, "b", "ask = [\r\n  'a',\r\n  'b'\r\n]\r\n", "ask = [\r\n  'a',\r\n]\r\n"),
        (RuleKind::Ask, "a", "ask = [{tool='a', reason='x'}, {tool='a', caller='c'}, 'b']", "ask = ['b']"),
        (
            RuleKind::DenyConnector,
            "a",
            "# head\n\n[[deny_connector]]\nconnector = 'a'\nreason = '''two\nlines'''\n\n[[ask]]\ntool = 'a'\n",
            "# head\n\n[[ask]]\ntool = 'a'\n",
        ),
        (
            RuleKind::Ask,
            "a",
            "[[ask]]\ntool = 'b'\n\n[[deny_tool]]\ntool = 'a'\n\n[[ask]]\ntool = 'a'\n",
            "[[ask]]\ntool = 'b'\n\n[[deny_tool]]\ntool = 'a'\n",
        ),
    ] {
        let (_folder, policy) = file(before);
        assert!(policy.remove_rule(kind, subject).unwrap() > 0, "{before}");
        assert_eq!(text(&policy), after);
        assert_eq!(policy.current().problem(), None);
        assert_eq!(policy.remove_rule(kind, subject).unwrap(), 0);
        assert_eq!(text(&policy), after, "nothing to remove is nothing to write");
    }
}

#[test]
fn a_file_that_is_not_there_is_made_and_marks_and_line_ends_stay() {
    let (folder, policy) = file("");
    fs::remove_file(policy.path()).unwrap();
    policy.add_rule(&NewRule::new(RuleKind::DenyConnector, "mail")).unwrap();
    assert_eq!(text(&policy), "[[deny_connector]]\nconnector = \"mail\"\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(policy.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "the file and its lock: {names:?}");
    let (_folder, policy) = file("\u{feff}ask = ['a']\r\n");
    policy.add_rule(&NewRule::new(RuleKind::DenyTool, "b/c").with_reason("r")).unwrap();
    let expected = "\u{feff}ask = ['a']\r\n\r\n[[deny_tool]]\r\ntool = \"b/c\"\r\nreason = \"r\"\r\n";
    assert_eq!(text(&policy), expected);
}

#[test]
fn what_is_not_understood_is_not_changed() {
    for broken in ["deny_tool = [", "nonsense = []", "ask = 'x'", "[[ask]]\ntool = 'a'\ncaler = 'b'"] {
        let (_folder, policy) = file(broken);
        let error = policy.add_rule(&NewRule::new(RuleKind::Ask, "x")).unwrap_err();
        assert!(matches!(error, EngineError::BrokenPolicy { .. }), "{error}");
        assert!(policy.remove_rule(RuleKind::Ask, "x").is_err());
        assert_eq!(text(&policy), broken);
    }
    let (_folder, policy) = file("");
    for rule in [
        NewRule::new(RuleKind::AllowTool, "x"),
        NewRule::new(RuleKind::DenyToolParam, "x"),
        NewRule::new(RuleKind::DenyTool, ""),
        NewRule::new(RuleKind::DenyTool, "a\nb"),
        NewRule::new(RuleKind::DenyTool, "x".repeat(2000)),
        NewRule::new(RuleKind::DenyTool, "x").with_caller(""),
        // It is CONNECTOR/TOOL.
        NewRule::new(RuleKind::DenyTool, "docs.echo"),
        NewRule::new(RuleKind::Ask, "docs echo"),
    ] {
        let error = policy.add_rule(&rule).unwrap_err();
        assert!(matches!(error, EngineError::InvalidRule { .. }), "{error}");
    }
    assert_eq!(text(&policy), "");
    // A comma on the next line is allowed, and nothing that we would put one before.
    let odd = "ask = ['a' # why\n, 'b' # x\n , ]";
    let (_folder, policy) = file(odd);
    let error = policy.add_rule(&NewRule::new(RuleKind::Ask, "c")).unwrap_err();
    assert!(error.to_string().contains("edit it by hand"), "{error}");
    assert_eq!(text(&policy), odd);
}

#[test]
fn those_who_add_at_once_lose_nothing() {
    let (_folder, policy) = file("# ours\n");
    let path = Arc::new(policy.path().to_owned());
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let path = Arc::clone(&path);
            scope.spawn(move || {
                let policy = PolicyFile::new(path.as_path());
                for number in 0..10 {
                    let rule = NewRule::new(RuleKind::DenyTool, format!("w{worker}/t{number}"));
                    policy.add_rule(&rule).unwrap();
                }
            });
        }
    });
    assert_eq!(policy.current().rules().len(), 40);
    assert!(text(&policy).starts_with("# ours\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_comes_back_as_it_was_given(
        start in prop_oneof![Just(""), Just("ask = []"), Just("ask = [\n  # none\n]\n"), Just("ask = ['x',]"), Just("ask = ['x'\n,]")],
        rules in prop::collection::vec(("(x|[a-z]{0,3}/[^\\p{Cc}]{0,12})", prop::option::of("[^\\p{Cc}]{1,8}"), prop::option::of("[^\\p{Cc}]{1,8}")), 1..6),
    ) {
        let (_folder, policy) = file(start);
        for (subject, caller, reason) in &rules {
            let mut rule = NewRule::new(RuleKind::Ask, subject.clone());
            (rule.caller, rule.reason) = (caller.clone(), reason.clone());
            let added = policy.add_rule(&rule).unwrap();
            prop_assert_eq!((&added.subject, &added.caller), (subject, caller));
        }
        for (subject, ..) in &rules {
            policy.remove_rule(RuleKind::Ask, subject).unwrap();
        }
        prop_assert!(policy.current().problem().is_none());
        let left = policy.current().rules().len();
        let own = usize::from(start.contains('x') && rules.iter().all(|(subject, ..)| subject != "x"));
        prop_assert_eq!(left, own);
    }
}
