//! Runs every example of every crate. An example that does not run teaches something wrong.

use std::process::Stdio;
use std::time::Duration;

use cargo_metadata::{MetadataCommand, Target, TargetKind};

use crate::shell::{Background, Failure, cargo, run as run_command};
use crate::{place, server};

/// Examples that measure: a debug build's figures say nothing and take long. Clippy builds them all the same.
const MEASURE: &[&str] = &["compare", "parse_speed"];

/// What examples are given that ask for something; `URL` stands for a running server's, `FOLDER` for an empty folder,
/// `LOCAL` for the program of a local server.
const ARGUMENTS: &[(&str, &str, &[&str])] = &[
    ("car-connectors", "find_and_add", &["FOLDER", "URL"]),
    ("car-connectors", "governed_call", &["FOLDER", "URL", "echo", r#"{"message":"hello"}"#]),
    ("car-http", "get", &["URL"]),
    ("car-mcp-stdio", "local_server", &["--call", "echo", r#"{"text":"hello"}"#, "--", "LOCAL"]),
    ("car-mcp-http", "call_tool", &["URL", "echo", r#"{"message":"hello"}"#]),
];

/// How long an example may take to be built and to say where it is.
const BUILD_TIME: Duration = Duration::from_secs(300);

/// Examples that serve until they are ended. They are given an address to listen at, and say where they are.
const SERVE: &[(&str, &str)] = &[("car-mcp-http", "serve_http")];

/// What an example reads from standard input.
const INPUT: &[(&str, &str, &str)] = &[
    ("car-mcp-proto", "read_message", r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#),
    ("car-mcp-stdio", "serve_tools", r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#),
];

pub(crate) fn run() -> Result<(), Failure> {
    let metadata = MetadataCommand::new().manifest_path(place::root().join("Cargo.toml")).no_deps().exec()?;
    let (_server, url) = server::start("double-server")?;
    let mut failed = Vec::new();
    for package in metadata.workspace_packages() {
        for target in package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Example)) {
            if MEASURE.contains(&target.name.as_str()) {
                continue;
            }
            println!("{} · {}", package.name, target.name);
            if let Err(failure) = run_example(&package.name, target, &url) {
                println!("{failure}");
                failed.push(format!("{} · {}", package.name, target.name));
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("examples failed: {}", failed.join(", ")).into()) }
}

fn run_example(package: &str, target: &Target, url: &str) -> Result<(), Failure> {
    let name = target.name.as_str();
    let folder = place::target().join("examples").join(package);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let mut command = cargo(&["run", "--quiet", "--package", package, "--example", name]);
    if !target.required_features.is_empty() {
        command.args(["--features", &target.required_features.join(",")]);
    }
    command.arg("--");
    if SERVE.contains(&(package, name)) {
        command.arg("127.0.0.1:0");
        let found = Background::start(&mut command, BUILD_TIME, |line| {
            line.starts_with("http").then(|| line.to_owned())
        });
        return found.map(|(_server, line)| println!("{line}"));
    }
    let arguments = ARGUMENTS.iter().find(|(of, example, _)| (*of, *example) == (package, name));
    for argument in arguments.map_or(&[][..], |(_, _, arguments)| arguments) {
        match *argument {
            "URL" => command.arg(url),
            "FOLDER" => command.arg(&folder),
            "LOCAL" => command.arg(server::build_local()?),
            other => command.arg(other),
        };
    }
    match INPUT.iter().find(|(of, example, _)| (*of, *example) == (package, name)) {
        None => run_command(command.stdin(Stdio::null())),
        Some((_, _, text)) => {
            let file = folder.join("input.json");
            std::fs::write(&file, text)?;
            run_command(command.stdin(std::fs::File::open(file)?))
        }
    }
}
