//! Plans of made-up servers: what would be run, what is asked, what stands in the way.

use proptest::prelude::*;

use super::*;

/// Plans a server with one package.
fn package(members: &str) -> Plan {
    let text = format!(r#"{{"name":"a.b/c","version":"1.0.0","packages":[{{{members}}}]}}"#);
    let mut plans = plans(&text).unwrap();
    assert_eq!(plans.len(), 1, "{text}");
    plans.remove(0)
}

/// Plans a server elsewhere.
fn remote(members: &str) -> Plan {
    let text =
        format!(r#"{{"name":"a.b/c","version":"1.0.0","remotes":[{{"type":"streamable-http",{members}}}]}}"#);
    plans(&text).unwrap().remove(0)
}

const NPM: &str = r#""registryType":"npm","identifier":"@a/c","version":"1.2.3""#;
const PYPI: &str = r#""registryType":"pypi","identifier":"a-c","version":"1.2.3""#;
const OCI: &str = r#""registryType":"oci","identifier":"ghcr.io/a/c:1.2.3""#;
const NUGET: &str = r#""registryType":"nuget","identifier":"A.C","version":"1.2.3""#;

fn given<'a>(values: &[(&str, &'a str)]) -> BTreeMap<String, Given<'a>> {
    values.iter().map(|(key, value)| ((*key).to_owned(), plain(value))).collect()
}

/// `SECRET` stands for a value that is kept elsewhere.
fn plain(value: &str) -> Given<'_> {
    if value == "SECRET" { Given::Secret } else { Given::Plain(value) }
}

/// The command line as it would be run.
fn argv(plan: &Plan, values: &[(&str, &str)]) -> Vec<String> {
    match plan.recipe(&given(values)).unwrap() {
        Recipe::Command { program, args, .. } => std::iter::once(program).chain(args).collect(),
        Recipe::Remote { .. } => panic!("expected a command"),
    }
}

fn line(plan: &Plan, values: &[(&str, &str)]) -> String {
    argv(plan, values).join(" ")
}

fn keys(plan: &Plan) -> Vec<&str> {
    plan.inputs.iter().map(|input| input.key.as_str()).collect()
}

#[test]
fn runs_a_package_of_every_kind_with_exactly_its_version() {
    for (members, expected) in [
        (NPM, "npx -y @a/c@1.2.3"),
        (PYPI, "uvx a-c@1.2.3"),
        (OCI, "docker run -i --rm ghcr.io/a/c:1.2.3"),
        (NUGET, "dnx A.C@1.2.3 --yes"),
        (
            r#""registryType":"oci","identifier":"a/c","version":"2.0","registryBaseUrl":"https://docker.io""#,
            "docker run -i --rm a/c:2.0",
        ),
        (r#""registry_name":"docker","name":"a/c","version":"2.0""#, "docker run -i --rm a/c:2.0"),
        (
            r#""registryType":"oci","identifier":"ghcr.io/a/c:1","version":"1""#,
            "docker run -i --rm ghcr.io/a/c:1",
        ),
        (
            r#""registryType":"npm","identifier":"c","version":"1.0.0-rc.1","transport":{"type":"stdio"}"#,
            "npx -y c@1.0.0-rc.1",
        ),
    ] {
        let plan = package(members);
        assert_eq!(plan.obstacle, None, "{members}");
        assert_eq!(line(&plan, &[]), expected);
        assert_eq!(plan.shown().join(" "), expected);
    }
}

#[test]
fn says_what_stands_in_the_way_of_a_package() {
    let npm = |identifier: &str, version: &str| {
        format!(r#""registryType":"npm","identifier":"{identifier}","version":"{version}""#)
    };
    let typed = |kind: &str, identifier: &str| {
        format!(r#""registryType":"{kind}","identifier":"{identifier}","version":"1.0""#)
    };
    for (members, expected) in [
        (npm("--call=sh", "1.0.0"), "no name of a package"),
        (npm("git+https://x/y", "1.0.0"), "no name of a package"),
        (npm("c@npm:evil", "1.0.0"), "no name of a package"),
        (npm("../c", "1.0.0"), "no name of a package"),
        (npm("@a", "1.0.0"), "no name of a package"),
        (npm("c", "latest"), "not exactly one version"),
        (npm("c", "next"), "not exactly one version"),
        (npm("c", "beta2"), "not exactly one version"),
        (npm("c", "1.x"), "not exactly one version"),
        (npm("c", "^1.0.0"), "not exactly one version"),
        (npm("c", ""), "names no version"),
        (typed("pypi", "-c"), "no name of a package"),
        (typed("pypi", "c[extra]"), "no name of a package"),
        (typed("pypi", "c @ file:///x"), "no name of a package"),
        (typed("oci", "--privileged"), "no reference of an image"),
        (typed("oci", "https://ghcr.io/a/c"), "no reference of an image"),
        (typed("nuget", "-A"), "no name of a package"),
        (typed("mcpb", "https://github.com/a/c.mcpb"), "bundles (mcpb)"),
        (typed("cargo", "c"), "packages of cargo"),
        (typed("", "c"), "does not say what kind"),
        (typed("homebrew", "c"), "\"homebrew\" are not known"),
        (
            format!(r#"{NPM},"transport":{{"type":"streamable-http","url":"http://localhost:1/"}}"#),
            "only stdio",
        ),
        (format!(r#"{OCI},"registryBaseUrl":"https://other.example""#), "leads elsewhere"),
    ] {
        let plan = package(&members);
        let obstacle = plan.obstacle.clone().unwrap_or_default();
        assert!(obstacle.contains(expected), "{members}: {obstacle:?}");
        let error = plan.recipe(&BTreeMap::new()).unwrap_err();
        assert_eq!(error, PlanError::Obstacle { reason: obstacle });
    }
}

#[test]
fn warns_of_what_a_person_should_know() {
    for (members, expected) in [
        (format!(r#"{NPM},"runtimeHint":"bun""#), "suggests to run it with \"bun\"; it is run with npx"),
        (
            format!(r#"{NPM},"registryBaseUrl":"https://packages.example""#),
            "published at https://packages.example",
        ),
        (format!(r#"{NPM},"fileSha256":"00""#), "npx does not check"),
        (r#""registryType":"oci","identifier":"ghcr.io/a/c""#.to_owned(), "whatever is newest is run"),
        (r#""registryType":"oci","identifier":"ghcr.io/a/c:latest""#.to_owned(), "whatever is newest is run"),
        (
            format!(r#"{OCI},"runtimeArguments":[{{"type":"named","name":"-v","value":"/:/host"}}]"#),
            "docker is given -v",
        ),
        (
            format!(r#"{OCI},"runtimeArguments":[{{"type":"named","name":"--privileged"}}]"#),
            "given --privileged",
        ),
        (
            format!(r#"{PYPI},"runtimeArguments":[{{"type":"named","name":"--with","value":"x"}}]"#),
            "uvx is given --with",
        ),
        (
            format!(r#"{NPM},"runtimeArguments":[{{"type":"positional","value":"--node-options=-r x"}}]"#),
            "--node-options",
        ),
        (format!(r#"{NPM},"environmentVariables":[{{"name":"HTTPS_PROXY"}}]"#), "it sets HTTPS_PROXY"),
        (format!(r#"{NPM},"environmentVariables":[{{"name":"NODE_OPTIONS"}}]"#), "NODE_OPTIONS is left out"),
        (format!(r#"{NPM},"environmentVariables":[{{"name":"A=B"}},{{"x":1}}]"#), "\"A=B\" is left out"),
        (format!(r#"{NPM},"packageArguments":[7]"#), "left out: packageArguments, number 1"),
    ] {
        let plan = package(&members);
        assert_eq!(plan.obstacle, None, "{members}");
        assert!(
            plan.warnings.iter().any(|warning| warning.contains(expected)),
            "{members}: {:?}",
            plan.warnings
        );
    }
    assert!(package(NPM).warnings.is_empty());
}

#[test]
fn lets_nobody_put_other_code_in_the_packages_place() {
    let argument = |text: &str| format!(r#""runtimeArguments":[{text}]"#);
    let word = |word: &str| argument(&format!(r#"{{"type":"positional","value":"{word}"}}"#));
    for (members, expected) in [
        (format!("{NPM},{}", word("evil")), "would run \"evil\""),
        (format!("{NPM},{}", word("-c")), "-c, which is not known"),
        (format!("{NPM},{}", word("--package=evil")), "names another package"),
        (format!("{PYPI},{}", word("-m")), "-m, which is not known"),
        (format!("{PYPI},{}", word("--from=evil")), "names another package"),
        (format!("{OCI},{}", word("evil/image")), "would run \"evil/image\""),
        (format!("{NUGET},{}", word("evil")), "would run \"evil\""),
        (
            format!(
                "{NPM},{}",
                argument(r#"{"type":"positional","value":"-y"},{"type":"positional","value":"evil"}"#)
            ),
            "evil",
        ),
        (
            format!("{NPM},{}", argument(r#"{"type":"named","name":"-y","value":"evil"}"#)),
            "would run \"evil\"",
        ),
        (
            format!("{NPM},{}", argument(r#"{"type":"named","name":"--unknown","value":"x"}"#)),
            "--unknown, which",
        ),
        (format!("{NPM},{}", argument(r#"{"type":"positional","valueHint":"tool"}"#)), "would run \"tool\""),
        (
            format!("{NPM},{}", argument(r#"{"type":"named","name":"--registry"}"#)),
            "would run \"--registry\"",
        ),
        (
            format!(r#"{NPM},"environmentVariables":[{{"name":"npm_config_registry","value":"https://x"}}]"#),
            "which code",
        ),
        (format!(r#"{NPM},"environmentVariables":[{{"name":"LD_PRELOAD","default":"x"}}]"#), "which code"),
        (format!(r#"{NPM},"environmentVariables":[{{"name":"PATH","isRequired":true}}]"#), "which code"),
        (
            format!(r#"{PYPI},"environmentVariables":[{{"name":"UV_INDEX_URL","value":"https://x"}}]"#),
            "which code",
        ),
    ] {
        let obstacle = package(&members).obstacle.unwrap_or_default();
        assert!(obstacle.contains(expected), "{members}: {obstacle:?}");
    }
}

#[test]
fn leaves_out_what_the_runner_is_given_anyway() {
    let arguments = |list: &str| format!(r#""runtimeArguments":[{list}]"#);
    let words = |words: &[&str]| {
        let list: Vec<String> =
            words.iter().map(|word| format!(r#"{{"type":"positional","value":"{word}"}}"#)).collect();
        arguments(&list.join(","))
    };
    for (members, expected) in [
        (format!("{NPM},{}", words(&["-y", "@a/c@latest"])), "npx -y @a/c@1.2.3"),
        (
            format!("{NPM},{}", arguments(r#"{"type":"named","name":"-y","value":"@a/c@latest"}"#)),
            "npx -y @a/c@1.2.3",
        ),
        (format!("{NPM},{}", words(&["--package=@a/c", "c-mcp"])), "npx -y --package=@a/c@1.2.3 c-mcp"),
        (format!("{PYPI},{}", words(&["--from", "a-c[cli]", "c-mcp"])), "uvx --from a-c[cli]==1.2.3 c-mcp"),
        (format!("{PYPI},{}", words(&["--python", "3.12"])), "uvx --python 3.12 a-c@1.2.3"),
        (
            format!("{OCI},{}", words(&["run", "--rm", "-i", "ghcr.io/a/c"])),
            "docker run -i --rm ghcr.io/a/c:1.2.3",
        ),
        (
            format!(
                "{OCI},{}",
                arguments(
                    r#"{"type":"named","name":"-i","value":"true"},{"type":"named","name":"-e"},{"type":"positional","value":"MODE=x"}"#
                )
            ),
            "docker run -i --rm -e MODE ghcr.io/a/c:1.2.3",
        ),
        (
            format!(
                "{OCI},{}",
                arguments(
                    r#"{"type":"named","name":"-w","description":"The folder"},{"type":"positional","value":"/data"}"#
                )
            ),
            "docker run -i --rm -w /data ghcr.io/a/c:1.2.3",
        ),
        (r#""registryType":"pypi","identifier":"c","version":"v1.0.2""#.to_owned(), "uvx c@v1.0.2"),
    ] {
        let plan = package(&members);
        assert_eq!(plan.obstacle, None, "{members}");
        assert_eq!(line(&plan, &[]), expected, "{members}");
    }
}

#[test]
fn hands_a_containers_secrets_on_through_the_environment() {
    let plan = package(&format!(
        r#"{OCI},"runtimeArguments":[{{"type":"named","name":"-e","value":"TOKEN={{token}}","isRequired":true,
        "variables":{{"token":{{"isSecret":true}}}}}}],"environmentVariables":[{{"name":"REGION"}}]"#
    ));
    assert_eq!(plan.obstacle, None);
    assert_eq!(plan.shown().join(" "), "docker run -i --rm -e REGION -e TOKEN ghcr.io/a/c:1.2.3");
    assert_eq!(plan.shown_values(), ["REGION={REGION}", "TOKEN={token}"]);
    let Recipe::Command { args, env, .. } = plan.recipe(&given(&[("token", "SECRET")])).unwrap() else {
        panic!()
    };
    assert_eq!(
        args.join(" "),
        "run -i --rm -e TOKEN ghcr.io/a/c:1.2.3",
        "what has no value is not handed on"
    );
    assert_eq!(env["TOKEN"].render(|key| (key == "token").then_some("s3cret")).unwrap(), "s3cret");
}

#[test]
fn fills_arguments_and_leaves_out_what_is_not_given() {
    let plan = package(&format!(
        r#"{NPM},"packageArguments":[
        {{"type":"positional","value":"start"}},
        {{"type":"named","name":"--stdio"}},
        {{"type":"named","name":"--port","format":"number","default":"80"}},
        {{"type":"named","name":"--dir","description":"A folder","format":"filepath","isRepeated":true}},
        {{"type":"named","name":"--json","value":"{{\"k\":{{x}}}}","variables":{{"y":{{}}}}}},
        {{"type":"named","name":"--token","isSecret":true}},
        {{"type":"positional","valueHint":"root dir","isRequired":true,"value":"{{a}}:{{b}}",
          "variables":{{"a":{{"isRequired":true}},"b":{{"value":"fixed"}}}}}}]"#
    ));
    assert_eq!(keys(&plan), ["port", "dir", "a"]);
    assert_eq!(
        plan.shown().join(" "),
        "npx -y @a/c@1.2.3 start --stdio --port {port} [--dir {dir}] --json {\"k\":{x}} {a}:fixed"
    );
    assert!(
        plan.warnings[0].starts_with("--token is left out: it would hold a secret"),
        "{:?}",
        plan.warnings
    );
    let before = "npx -y @a/c@1.2.3 start --stdio --port";
    assert_eq!(line(&plan, &[("a", "x")]), format!("{before} 80 --json {{\"k\":{{x}}}} x:fixed"));
    let several = argv(&plan, &[("a", "{b}"), ("port", "-1"), ("dir", "/a b\n/c")]);
    let expected = ["--port", "-1", "--dir", "/a b", "--dir", "/c", "--json", "{\"k\":{x}}", "{b}:fixed"];
    assert_eq!(several[5..], expected, "what was given is not looked into again");
}

#[test]
fn refuses_secrets_where_others_see_them() {
    let argument = format!(
        r#"{NPM},"packageArguments":[{{"type":"named","name":"--key","isSecret":true,"isRequired":true}}]"#
    );
    assert!(package(&argument).obstacle.unwrap().contains("--key would hold a secret"));
    for url in [
        r#""url":"https://x.example/mcp?key={key}","variables":{"key":{"isSecret":true}}"#,
        r#""url":"https://x.example/{api_token}/mcp""#,
    ] {
        assert!(remote(url).obstacle.unwrap().contains("its URL would hold a secret"), "{url}");
    }
}

#[test]
fn asks_for_what_headers_need_and_keeps_their_secrets_apart() {
    let plan = remote(
        r#""url":"https://x.example/mcp","headers":[
        {"name":"Authorization","value":"Bearer {token}","isRequired":true,"variables":{"token":{"isSecret":true}}},
        {"name":"X-Other","value":"App {other_key}","isRequired":true},
        {"name":"X-Api-Key","description":"The key"},
        {"name":"X-Region","choices":["eu","us"],"default":"eu"},
        {"name":"X-Fixed","value":"1"},
        {"name":"Host","value":"evil.example"},{"name":"bad name","value":"1"},{"name":"x-fixed","value":"2"}]"#,
    );
    assert_eq!(plan.obstacle, None);
    assert_eq!(keys(&plan), ["token", "other_key", "X-Api-Key", "X-Region"]);
    let secrets: Vec<bool> = plan.inputs.iter().map(|input| input.is_secret).collect();
    assert_eq!(secrets, [true, true, true, false]);
    assert_eq!(plan.warnings.len(), 3, "{:?}", plan.warnings);
    assert_eq!(plan.shown(), ["https://x.example/mcp"]);
    assert_eq!(plan.shown_values()[0], "Authorization: Bearer {token}");
    let recipe = plan.recipe(&given(&[("token", "SECRET"), ("other_key", "SECRET")])).unwrap();
    let Recipe::Remote { url, headers } = recipe else { panic!() };
    assert_eq!(url, "https://x.example/mcp");
    assert_eq!(headers.keys().collect::<Vec<_>>(), ["Authorization", "X-Fixed", "X-Other", "X-Region"]);
    assert!(headers["Authorization"].is_secret() && !headers["X-Region"].is_secret());
    let secret = |_: &str| Some("s3cret");
    assert_eq!(headers["Authorization"].render(secret).unwrap(), "Bearer s3cret");
    assert_eq!(headers["X-Region"].render(|_| None).unwrap(), "eu");
}

#[test]
fn keeps_what_is_given_in_its_part_of_the_url() {
    let url = |template: &str, value: &str| -> Result<String, String> {
        let plan = Plan::remote(Transport::StreamableHttp, template);
        assert_eq!(plan.obstacle, None, "{template}");
        match plan.recipe(&given(&[("x", value)])) {
            Ok(Recipe::Remote { url, .. }) => Ok(url),
            Ok(Recipe::Command { .. }) => panic!("expected a server elsewhere"),
            Err(error) => Err(error.to_string()),
        }
    };
    for (template, value, expected) in [
        ("https://{x}/mcp", "h.example:8443", "https://h.example:8443/mcp"),
        ("https://{x}.h.example/mcp", "me", "https://me.h.example/mcp"),
        ("https://h.example:{x}/mcp", "8443", "https://h.example:8443/mcp"),
        ("https://h.example/{x}/mcp", "a/b?c#d ä", "https://h.example/a%2Fb%3Fc%23d%20%C3%A4/mcp"),
        ("https://h.example/mcp?a={x}", "1&b=2", "https://h.example/mcp?a=1%26b%3D2"),
        ("{x}/mcp", "https://h.example/base/", "https://h.example/base/mcp"),
    ] {
        assert_eq!(url(template, value).as_deref(), Ok(expected), "{template}");
    }
    for (template, value) in [
        ("https://{x}/mcp", "evil.example/"),
        ("https://{x}.h.example/mcp", "evil.example/?"),
        ("https://{x}.h.example/mcp", "me@evil"),
        ("https://h.example:{x}/mcp", "99999"),
        ("https://h.example/{x}/mcp", ".."),
        ("{x}/mcp", "ftp://h.example"),
        ("{x}/mcp", "https://ada:pw@h.example"),
        ("{x}/mcp", "https://h.example/?q"),
        ("https://{x}/mcp", ""),
    ] {
        let error = url(template, value).unwrap_err();
        assert!(error.starts_with("expected"), "{template} {value}: {error}");
    }
}

#[test]
fn refuses_urls_that_lead_nowhere_and_points_out_private_ones() {
    for (url, expected) in [
        ("ftp://x.example/", "expected http or https"),
        ("not a url", "its URL cannot be used"),
        ("https://ada:pw@x.example/", "a user name or a password"),
        ("ht{x}://x.example/", "no part of a scheme"),
        ("https://x.example/ mcp", "it holds blanks"),
    ] {
        let obstacle = Plan::remote(Transport::Sse, url).obstacle.unwrap_or_default();
        assert!(obstacle.contains(expected), "{url}: {obstacle}");
    }
    for (url, expected) in [
        ("http://localhost:8000/mcp", "on this machine"),
        ("https://10.0.0.1/mcp", "on this machine"),
        ("http://x.example/mcp", "not encrypted"),
    ] {
        let plan = Plan::remote(Transport::StreamableHttp, url);
        assert_eq!((plan.obstacle, plan.warnings.len()), (None, 1), "{url}");
        assert!(plan.warnings[0].contains(expected), "{url}: {:?}", plan.warnings);
    }
}

#[test]
fn checks_what_is_given_without_repeating_it() {
    let plan = package(&format!(
        r#"{NPM},"environmentVariables":[
        {{"name":"API_KEY","isRequired":true}},
        {{"name":"COUNT","format":"number"}},
        {{"name":"LOUD","format":"boolean","default":true}},
        {{"name":"MODE","choices":["a","b"],"default":"c"}}],
        "packageArguments":[{{"type":"positional","valueHint":"path"}}]"#
    ));
    assert_eq!(plan.warnings, ["the default of MODE is left out: expected one of: a, b"]);
    assert_eq!(plan.inputs[2].default.as_deref(), None, "keys: {:?}", keys(&plan));
    for (values, expected) in [
        (&[][..], "expected a value for API_KEY, found none"),
        (&[("API_KEY", "s3cret")], "expected a value that is kept as a secret for API_KEY"),
        (&[("API_KEY", "SECRET"), ("MODE", "SECRET")], "expected a value that is no secret for MODE"),
        (&[("API_KEY", "SECRET"), ("COUNT", "s3cret")], "expected a number for COUNT"),
        (&[("API_KEY", "SECRET"), ("COUNT", "inf")], "expected a number for COUNT"),
        (&[("API_KEY", "SECRET"), ("LOUD", "yes")], "expected true or false for LOUD"),
        (&[("API_KEY", "SECRET"), ("MODE", "s3cret")], "expected one of: a, b for MODE"),
        (
            &[("API_KEY", "SECRET"), ("path", "-s3cret")],
            "expected a value that does not begin with a dash for path",
        ),
        (&[("API_KEY", "SECRET"), ("path", "s3cret\0")], "expected text without control characters for path"),
        (&[("KEY", "s3cret")], "there is no input KEY; expected one of: API_KEY, COUNT, LOUD, MODE, path"),
    ] {
        let error = plan.recipe(&given(values)).unwrap_err().to_string();
        let expected = expected.replace("API_KEY, COUNT, LOUD, MODE, path", &keys(&plan).join(", "));
        assert_eq!(error, expected, "{values:?}");
        assert!(!error.contains("s3cret"));
    }
    let Recipe::Command { env, .. } = plan.recipe(&given(&[("API_KEY", "SECRET"), ("MODE", "")])).unwrap()
    else {
        panic!()
    };
    assert_eq!(env.keys().collect::<Vec<_>>(), ["API_KEY", "LOUD"]);
}

#[test]
fn gives_every_input_a_key_of_its_own() {
    let plan = package(&format!(
        r#"{NPM},"environmentVariables":[{{"name":"A","value":"{{x}}","variables":{{"x":{{}}}}}},
        {{"name":"B","value":"{{x}}","variables":{{"x":{{}}}}}},
        {{"name":"C","value":"{{x}}","variables":{{"x":{{"description":"another"}}}}}}],
        "packageArguments":[{{"type":"positional","valueHint":"file"}},{{"type":"positional","valueHint":"file"}},
        {{"type":"named","name":"--","description":"d"}}]"#
    ));
    let mut found = keys(&plan);
    found.sort_unstable();
    assert_eq!(found, ["file", "file-2", "value", "x", "x-2"]);
}

#[test]
fn marks_deprecated_versions_and_refuses_deleted_ones() {
    let entry = |status: &str| {
        Entry::from_json(&format!(
            r#"{{"server":{{"name":"a.b/c","version":"1","packages":[{{{NPM}}}]}},"_meta":{{"status":"{status}","statusMessage":"m"}}}}"#
        ))
        .unwrap()
    };
    assert_eq!(entry("deprecated").plans()[0].warnings, ["its publisher advises against it: m"]);
    assert_eq!(entry("deleted").plans()[0].obstacle.as_deref(), Some("its registry has taken it back"));
}

#[test]
fn puts_what_can_be_added_first() {
    let text = format!(
        r#"{{"name":"a.b/c","version":"1","packages":[{{"registryType":"mcpb","identifier":"x"}},{{{NPM}}}],
        "remotes":[{{"type":"sse","url":"https://x.example/sse"}},{{"type":"streamable-http","url":"ftp://x"}}]}}"#
    );
    let plans = plans(&text).unwrap();
    let open: Vec<bool> = plans.iter().map(|plan| plan.obstacle.is_none()).collect();
    assert_eq!(open, [true, true, false, false]);
    assert!(matches!(plans[0].offer, Offer::Remote { transport: Transport::Sse, .. }));
    for text in ["", "[]", "7"] {
        super::plans(text).unwrap_err();
    }
}

proptest! {
    #[test]
    fn no_value_makes_another_argument_or_an_option(value in "\\PC{1,30}|-{1,2}[a-z]{1,5}|[{}a-z ]{1,10}") {
        let plan = package(&format!(
            r#"{OCI},"runtimeArguments":[{{"type":"named","name":"-w","value":"{{dir}}","variables":{{"dir":{{"isRequired":true}}}}}},
            {{"type":"named","name":"--name","value":"x{{dir}}","variables":{{"dir":{{"isRequired":true}}}}}}],
            "packageArguments":[{{"type":"positional","valueHint":"path","isRequired":true}}]"#
        ));
        match plan.recipe(&given(&[("dir", &value), ("path", &value)])) {
            Ok(Recipe::Command { args, .. }) => {
                let named = format!("x{value}");
                let expected = ["run", "-i", "--rm", "-w", &value, "--name", &named, "ghcr.io/a/c:1.2.3", &value];
                prop_assert_eq!(args, expected);
                prop_assert!(!value.starts_with('-') || fill::is_number(&value));
            }
            Ok(Recipe::Remote { .. }) => prop_assert!(false),
            Err(error) => prop_assert!(matches!(error, PlanError::Unfit { .. }), "{}", error),
        }
    }

    #[test]
    fn no_document_makes_planning_fail_in_another_way(word in "\\PC{0,20}", hint in "[-a-z{}=/:@.0-9]{0,15}") {
        let word = serde_json::to_string(&word).unwrap();
        for kind in ["npm", "pypi", "oci", "nuget", "mcpb"] {
            let field = format!(r#"{{"type":"named","name":{word},"value":"{hint}","valueHint":{word},"default":{word}}}"#);
            let members = format!(
                r#""registryType":"{kind}","identifier":"{hint}","version":{word},"runtimeArguments":[{field}],
                "packageArguments":[{field}],"environmentVariables":[{field}]"#
            );
            for plan in plans(&format!(r#"{{"packages":[{{{members}}}]}}"#)).unwrap() {
                drop((plan.shown(), plan.shown_values(), plan.recipe(&BTreeMap::new())));
            }
        }
        let members = format!(r#""type":"sse","url":"{hint}","headers":[{{"name":{word},"value":"{hint}"}}]"#);
        for plan in plans(&format!(r#"{{"remotes":[{{{members}}}]}}"#)).unwrap() {
            drop((plan.shown(), plan.shown_values(), plan.recipe(&BTreeMap::new())));
        }
    }
}
