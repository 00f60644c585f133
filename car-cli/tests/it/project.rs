//! A project's connectors on the command line: shown, agreed to, used; and in unattended runs never passed over.

use std::path::PathBuf;

use car_testkit::double::{Config, Double};

use crate::car::{Car, Ended, ended};

/// A repository in the state folder's parent, and the command run in it.
struct Project {
    car: Car,
    folder: tempfile::TempDir,
}

impl Project {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("sub")).unwrap();
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        std::fs::create_dir(folder.path().join(".car")).unwrap();
        let project = Self { car: Car::new(), folder };
        project.put(text);
        project
    }

    fn path(&self) -> PathBuf {
        std::fs::canonicalize(self.folder.path()).unwrap().join(".car/connectors.toml")
    }

    fn put(&self, text: &str) {
        crate::bad_input::put(&self.folder.path().join(".car/connectors.toml"), text);
    }

    /// Runs the command in a folder of the repository.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.car.command(arguments);
        command.current_dir(self.folder.path().join("sub"));
        ended(command)
    }
}

fn docs(url: &str) -> String {
    format!("[[connector]]\nname = \"Docs\"\nurl = \"{url}\"\nenabled_tools = [\"echo\"]\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_asks_and_uses() {
    let server = Double::start(Config::default()).await.unwrap();
    let project = Project::new(&docs(&server.url()));
    let run = project.run(&["trust", "--show"]).ends(0);
    assert!(run.out.contains("trusted no\n\ndocs (line 1): \"Docs\"\n"), "{}", run.out);
    assert!(
        run.out.contains(&format!("  contacts: \"{}\"\n  enables: \"echo\"", server.url())),
        "{}",
        run.out
    );
    assert_eq!(project.run(&["list", "--json"]).ends(0).json()["connectors"][0]["state"], "untrusted");

    let run = project.run(&["trust", "--yes"]).ends(0);
    assert!(run.out.ends_with(&format!("trusted {}\n", project.path().display())), "{}", run.out);
    assert_eq!(server.ledger().requests(), 0);
    let listed = project.run(&["list", "--json"]).ends(0).json();
    assert_eq!(
        (&listed["connectors"][0]["source"], &listed["connectors"][0]["state"]),
        (&"project".into(), &"not_connected".into())
    );
    let run = project.run(&["call", "docs", "echo", "message=hi"]).ends(0);
    assert!(run.out.contains("hi"), "{}", run.out);
    project.run(&["enable", "docs", "add"]).ends(0);
    let run = project.run(&["status", "docs"]).ends(0);
    assert!(run.out.contains(&format!("file       {}\n", project.path().display())), "{}", run.out);
    assert!(run.out.contains("2 enabled"), "{}", run.out);
    // What the user acted on goes with them.
    project.car.run(&["call", "docs", "add", "a=1", "b=2"]).ends(0);
    project.car.run(&["--no-project", "call", "docs", "add", "a=1", "b=2"]).ends(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn says_in_an_unattended_run_that_nobody_agreed() {
    let server = Double::start(Config::default()).await.unwrap();
    let project = Project::new(&docs(&server.url()));
    let run = project.run(&["list"]).ends(0);
    assert!(run.out.contains("untrusted") && run.out.contains("project"), "{}", run.out);
    assert!(run.err.ends_with(": 1; next: `car trust`\n"), "{}", run.err);
    let listed = &project.run(&["list", "--json"]).ends(0).json()["connectors"][0];
    assert_eq!(listed["next_action"], "look at what it would do with `car trust`");
    for line in [
        &["call", "docs", "echo", "message=hi"][..],
        &["tools", "docs"],
        &["enable", "docs", "--all"],
        &["login", "docs"],
    ] {
        let line: Vec<&str> = line.iter().copied().chain(["--json"]).collect();
        let error = &project.run(&line).ends(1).json()["error"];
        assert_eq!((&error["kind"], &error["connector"]), (&"untrusted".into(), &"docs".into()), "{line:?}");
    }
    let run = project.run(&["trust"]).ends(1);
    assert!(
        run.err.contains("nobody is here to agree to what ") && run.err.contains("`car trust --yes`"),
        "{}",
        run.err
    );
    assert_eq!(project.run(&["trust", "--json"]).ends(1).json()["error"]["kind"], "untrusted");
    assert_eq!(server.ledger().requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_again_after_a_change_and_shows_it() {
    let server = Double::start(Config::default()).await.unwrap();
    let project = Project::new(&docs("http://127.0.0.1:1/mcp"));
    project.run(&["trust", "--yes"]).ends(0);
    project.put(&docs(&server.url()));
    project.run(&["call", "docs", "echo", "message=hi"]).ends(1);
    let run = project.run(&["trust", "--show"]).ends(0);
    let expected = format!("- url = \"http://127.0.0.1:1/mcp\"\n+ url = \"{}\"\n", server.url());
    assert!(run.out.contains(&expected), "{}", run.out);
    assert_eq!(server.ledger().requests(), 0);
}

#[test]
fn shows_a_hostile_command_whole_and_visibly_and_runs_nothing() {
    let project = Project::new("");
    let marker = project.folder.path().join("ran");
    let long = "x".repeat(3000);
    project.put(&format!(
        "[[connector]]\nname = \"Run\"\ncommand = \"touch\"\nargs = [\"{}\", \"{long}\", \"\u{202e}gpj\u{200b}\\u001b[2J\"]\n",
        marker.display()
    ));
    for line in [
        &["list"][..],
        &["status"],
        &["doctor"],
        &["tools", "run"],
        &["call", "run", "x"],
        &["refresh", "run"],
    ] {
        project.run(line);
    }
    let run = project.run(&["trust", "--show"]).ends(0);
    assert!(
        run.out.contains(&format!("  starts: \"touch\"\n    with: \"{}\"\n", marker.display())),
        "{}",
        run.out
    );
    assert!(
        run.out.contains(&format!("    with: \"{long}\"\n    with: \"<U+202E>gpj<U+200B><U+001B>[2J\"\n")),
        "{}",
        run.out
    );
    assert!(!marker.exists());
    // The same after the person agreed: it was trust that kept it from running.
    project.run(&["trust", "--yes"]).ends(0);
    assert!(!marker.exists(), "trust itself starts nothing");
    project.run(&["tools", "run"]).ends(1);
    assert!(marker.exists());
}

#[test]
fn starts_a_local_server_of_the_project_in_its_folder_with_its_variables() {
    let program = crate::local::server().to_str().unwrap();
    let project = Project::new(&format!(
        "[[connector]]\nname = \"Files\"\ncommand = \"{program}\"\nargs = [\"--mode\", \"${{MODE:-good}}\"]\n\
         env = {{ API_KEY = \"${{SECRET}}\", PLACE = \"here\" }}\nenabled_tools = [\"environment\"]\n"
    ));
    let run = |line: &[&str]| {
        let mut command = project.car.command(line);
        command.current_dir(project.folder.path()).env("SECRET", "s3cret");
        ended(command)
    };
    run(&["call", "files", "environment"]).ends(1);
    run(&["trust", "--yes"]).ends(0);
    let listed = run(&["list", "--json"]).ends(0).json();
    assert_eq!(listed["connectors"][0]["command"], format!("{program} --mode ${{MODE:-good}}"));
    let seen = run(&["call", "files", "environment"]).ends(0).out;
    assert!(seen.contains("s3cret") && seen.contains("here"), "{seen}");
    run(&["enable", "files", "echo"]).ends(0);
    assert_eq!(run(&["call", "files", "echo", "text=hi"]).ends(0).out, "hi\n");
    let manifest = std::fs::read_to_string(project.car.home().join("connectors.json")).unwrap();
    assert!(manifest.contains("${SECRET}") && !manifest.contains("s3cret"), "{manifest}");
    let error = project.run(&["call", "files", "echo", "text=hi"]).ends(1).err;
    assert!(error.contains("env.API_KEY cannot be used: the variable SECRET is not set"), "{error}");
}

#[test]
fn explains_a_file_that_cannot_be_used_and_goes_on_with_the_users_own() {
    let project = Project::new("[[connector]]\nname = oops\n");
    let run = project.run(&["list"]).ends(0);
    assert!(
        run.err.contains("warning: the project's connectors are not used: ")
            && run.err.contains("line 2, column 8"),
        "{}",
        run.err
    );
    assert!(project.run(&["trust", "--show"]).ends(1).err.contains("line 2, column 8"));
    let run = project.run(&["list", "--no-project"]).ends(0);
    assert_eq!(run.err, "no connectors yet; next: `car add NAME URL`\n");

    project.put("[[connector]]\nname = \"X\"\nurl = \"https://x.example\"\nhttp_headers = { Authorization = \"Bearer s3cret\" }\n");
    let run = project.run(&["list"]).ends(0);
    assert!(run.err.contains("x is not used: line 4, column ") && !run.err.contains("s3cret"), "{}", run.err);
}

#[test]
fn says_that_there_is_no_project() {
    let car = Car::new();
    let mut command = car.command(&["trust"]);
    command.current_dir(car.home());
    assert!(ended(command).ends(1).err.starts_with("car: there is no project file here\n  next: "));
    let mut command = car.command(&["trust", "--no-project"]);
    command.current_dir(car.home());
    assert!(ended(command).ends(1).err.ends_with("next: leave `--no-project` out\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn adds_to_the_projects_file_and_keeps_what_is_there() {
    let server = Double::start(Config::default()).await.unwrap();
    let project = Project::new("");
    std::fs::remove_file(project.path()).unwrap();
    let text = || std::fs::read_to_string(project.path()).unwrap();
    let run = project.run(&["add", "Docs", &server.url(), "--project"]).ends(0);
    assert_eq!(run.out, format!("added docs to {}\n", project.path().display()));
    assert_eq!(server.ledger().requests(), 0);
    project.run(&["enable", "docs", "echo"]).ends(0);
    project.run(&["call", "docs", "echo", "message=hi"]).ends(0);

    let commented = format!("# of the whole team\n{}# the end", text());
    project.put(&commented);
    let run = project.run(&["add", "More", "https://x.example/mcp", "--project"]).ends(1);
    assert!(run.err.contains("entries you have not agreed to") && text() == commented, "{}", run.err);
    project.run(&["trust", "--yes"]).ends(0);
    project
        .run(&["add", "More", "https://x.example/mcp", "--project", "--header-env", "X-Key=MORE_KEY"])
        .ends(0);
    let more = "\n\n[[connector]]\nname = \"More\"\nurl = \"https://x.example/mcp\"\nhttp_headers = { X-Key = \"${MORE_KEY}\" }\n";
    assert_eq!(text(), format!("{commented}{more}"));
    project.run(&["add", "Run", "--project", "--env-from", "TOKEN", "--", "serve", "--fast"]).ends(0);
    assert!(text().ends_with("args = [\"--fast\"]\nenv = { TOKEN = \"${TOKEN}\" }\n"), "{}", text());

    let before = text();
    for line in [
        &["add", "Bad", "https://me:s3cret@x.example", "--project"][..],
        &["add", "docs", "https://x.example", "--project"],
        &["add", "Bad", "https://x.example", "--project", "--header", "X-Key: s3cret"],
    ] {
        let run = project.run(line);
        assert!(run.status != 0 && !run.err.contains("s3cret"), "{line:?}: {}", run.err);
        assert_eq!(text(), before, "{line:?}");
    }
    assert_eq!(project.run(&["list", "--json"]).ends(0).json()["connectors"].as_array().unwrap().len(), 3);
}
