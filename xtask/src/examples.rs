//! Runs every example of every crate. An example that does not run teaches something wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use cargo_metadata::{MetadataCommand, Package, Target, TargetKind};

use crate::shell::{Background, Failure, cargo, run as run_command};
use crate::{place, server};

/// Examples that measure: a debug build's figures say nothing and take long. Clippy builds them all the same.
const MEASURE: &[&str] = &["compare", "parse_speed"];

/// What examples are given that ask for something; `URL` stands for a running server's, `FOLDER` for an empty folder,
/// `LOCAL` for the program of a local server; `ROOT`, `REGISTRY` and `CATALOG` for the URLs of sources of services.
const ARGUMENTS: &[(&str, &str, &[&str])] = &[
    ("car-connectors", "find_and_add", &["FOLDER", "URL"]),
    ("car-agentdns", "read_catalog", &["CATALOG"]),
    ("car-agentdns", "read_registry", &["REGISTRY"]),
    ("car-agentdns", "resolve_need", &["ROOT", "open an issue in my bug tracker"]),
    ("car-connectors", "governed_call", &["FOLDER", "URL", "echo", r#"{"message":"hello"}"#]),
    ("car-http", "get", &["URL"]),
    ("car-mcp-stdio", "local_server", &["--call", "echo", r#"{"text":"hello"}"#, "--", "LOCAL"]),
    ("car-mcp-http", "call_tool", &["URL", "echo", r#"{"message":"hello"}"#]),
];

/// Examples that serve until they are ended. They are given an address to listen at, and say where they are.
const SERVE: &[(&str, &str)] = &[("car-mcp-http", "serve_http")];

/// What an example reads from standard input.
const INPUT: &[(&str, &str, &str)] = &[
    ("car-mcp-proto", "read_message", r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#),
    ("car-mcp-stdio", "serve_tools", r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#),
];

/// What examples are tried with: servers that end with this, and their URLs.
struct Servers {
    server: (Background, String),
    root: (Background, String),
    registry: (Background, String),
    catalog: (Background, String),
}

impl Servers {
    fn start() -> Result<Self, Failure> {
        Ok(Self {
            server: server::start("double-server")?,
            root: server::start("reference-root")?,
            registry: server::start("registry-server")?,
            catalog: server::start("catalog-server")?,
        })
    }
}

pub(crate) fn run() -> Result<(), Failure> {
    let metadata = MetadataCommand::new().manifest_path(place::root().join("Cargo.toml")).no_deps().exec()?;
    let packages = metadata.workspace_packages();
    build(&packages)?;
    let servers = Servers::start()?;
    let mut failed = Vec::new();
    for package in packages {
        for target in examples(package).filter(|target| !MEASURE.contains(&target.name.as_str())) {
            println!("{} · {}", package.name, target.name);
            if let Err(failure) = run_example(&package.name, &target.name, &servers) {
                println!("{failure}");
                failed.push(format!("{} · {}", package.name, target.name));
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("examples failed: {}", failed.join(", ")).into()) }
}

fn examples(package: &Package) -> impl Iterator<Item = &Target> {
    package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Example))
}

/// Builds all examples at once, with the dependencies that the tests were built with. Where a crate has features, its
/// examples are checked by themselves, too: one that uses more than it says builds only as long as others want the same.
fn build(packages: &[&Package]) -> Result<(), Failure> {
    let mut needed = BTreeSet::new();
    for package in packages.iter().filter(|package| !package.features.is_empty()) {
        let mut alike: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for target in examples(package) {
            alike.entry(&target.required_features).or_default().push(&target.name);
        }
        for (features, names) in alike {
            let mut check = cargo(&["check", "--quiet", "--locked", "--package", &package.name]);
            check.args(["--features", &features.join(",")]);
            check.args(names.iter().flat_map(|name| ["--example", name]));
            run_command(&mut check)?;
            needed.extend(features.iter().map(|feature| format!("{}/{feature}", package.name)));
        }
    }
    let needed = needed.into_iter().collect::<Vec<_>>().join(",");
    run_command(&mut cargo(&[
        "build",
        "--quiet",
        "--locked",
        "--workspace",
        "--examples",
        "--features",
        &needed,
    ]))
}

fn run_example(package: &str, name: &str, servers: &Servers) -> Result<(), Failure> {
    let folder = place::target().join("examples").join(package);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let mut command = Command::new(place::example(name));
    command.current_dir(place::root());
    if SERVE.contains(&(package, name)) {
        command.arg("127.0.0.1:0");
        let found = Background::start(&mut command, server::START_TIME, |line| {
            line.starts_with("http").then(|| line.to_owned())
        });
        return found.map(|(_server, line)| println!("{line}"));
    }
    let arguments = ARGUMENTS.iter().find(|(of, example, _)| (*of, *example) == (package, name));
    for argument in arguments.map_or(&[][..], |(_, _, arguments)| arguments) {
        match *argument {
            "URL" => command.arg(&servers.server.1),
            "ROOT" => command.arg(&servers.root.1),
            "REGISTRY" => command.arg(&servers.registry.1),
            "CATALOG" => command.arg(&servers.catalog.1),
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
