//! Calls through our own daemon while connectors come and go: memory and descriptors have to stay as they are.
//!
//! The long run is for a person, with a release build; its figures and its picture go into `docs/`. The quick one is for
//! CI and looks at the same bounds.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::picture::{self, Curve};
use crate::server::START_TIME;
use crate::shell::{Background, Failure, cargo, heading, run as run_command};
use crate::{place, programs};

/// How many calls the long run makes.
const MANY: u64 = 1_000_000;

/// How many calls the quick run makes.
const FEW: u64 = 20_000;

/// The largest picture that is kept, in bytes.
const MAX_PICTURE_BYTES: u64 = 100 * 1024;

pub(crate) fn run(is_quick: bool, calls: Option<u64>) -> Result<(), Failure> {
    let calls = calls.unwrap_or(if is_quick { FEW } else { MANY });
    heading("building the daemon, a server to put behind it, and its clients");
    let profile = if is_quick { "debug" } else { "release" };
    if is_quick {
        programs::build(&["car", "siege", "everything-server"])?;
    } else {
        // Only these: the release build of a program takes its time.
        let programs = ["--bin", "car", "--bin", "siege", "--bin", "everything-server"];
        let mut build = cargo(&["build", "--quiet", "--release", "--package", "car-cli"]);
        run_command(build.args(["--package", "car-testkit"]).args(programs))?;
    }
    let program = |name: &str| -> PathBuf {
        place::built().join(profile).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    };

    heading(&format!("{calls} calls while connectors come and go"));
    let home = place::target().join("soak-daemon");
    if home.exists() {
        std::fs::remove_dir_all(&home)?;
    }
    let url_of = |line: &str| line.starts_with("http").then(|| line.trim().to_owned());
    let (_server, upstream) =
        Background::start(&mut Command::new(program("everything-server")), START_TIME, url_of)?;
    let mut serve = Command::new(program("car"));
    serve.args(["serve", "--json", "--no-project"]).env("CAR_HOME", &home).env("CAR_SECRETS", "file");
    let (daemon, url) = Background::start(&mut serve, START_TIME, |line| {
        serde_json::from_str::<Value>(line).ok()?["url"].as_str().map(str::to_owned)
    })?;
    let mut siege = Command::new(program("siege"));
    siege.args(["daemon", &url, &daemon.id().to_string(), &upstream, "--calls", &calls.to_string()]);
    siege.arg("--announced").arg(home.join("run/daemon.json"));
    let output = siege.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let summary = text.lines().last().unwrap_or_default().trim_start_matches("# ");
    println!("{summary}");
    drop(daemon);
    if !output.status.success() {
        return Err(format!("the daemon did not stay as it was, or a call failed:\n{text}").into());
    }
    let verified = verify(&program("car"), &home)?;
    println!("{verified}");
    if !is_quick {
        write(&rows(&text)?, summary, &verified)?;
    }
    std::fs::remove_dir_all(&home)?;
    Ok(())
}

/// Looks whether the log of all those calls is whole. The daemon was ended without a word.
fn verify(car: &Path, home: &Path) -> Result<String, Failure> {
    let mut command = Command::new(car);
    command.args(["events", "verify", "--no-project"]).env("CAR_HOME", home).env("CAR_SECRETS", "file");
    let output = command.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?.trim().to_owned();
    if output.status.success() { Ok(text) } else { Err(format!("the event log is not whole: {text}").into()) }
}

/// What was seen at one moment: seconds, calls, resident KiB, descriptors, connectors that came and went.
type Row = [f64; 5];

fn rows(text: &str) -> Result<Vec<Row>, Failure> {
    let lines = text.lines().skip(1).filter(|line| !line.starts_with('#'));
    let row = |line: &str| {
        let numbers: Vec<f64> = line.split(',').map_while(|number| number.parse().ok()).collect();
        Row::try_from(numbers).map_err(|_| format!("expected a row of five numbers, found {line:?}"))
    };
    Ok(lines.map(row).collect::<Result<_, _>>()?)
}

fn write(rows: &[Row], summary: &str, verified: &str) -> Result<(), Failure> {
    let docs = place::root().join("docs");
    let column = |index: usize, scale: f64| rows.iter().map(|row| (row[1], row[index] / scale)).collect();
    let curves = [
        Curve { title: "resident memory, MiB", points: column(2, 1024.0) },
        Curve { title: "file descriptors", points: column(3, 1.0) },
        Curve { title: "connectors added and removed so far", points: column(4, 1.0) },
    ];
    picture::draw(&curves, "calls", &docs.join("soak-daemon.png"))?;
    let length = std::fs::metadata(docs.join("soak-daemon.png"))?.len();
    if length > MAX_PICTURE_BYTES {
        return Err(format!("the picture has {length} bytes, expected at most {MAX_PICTURE_BYTES}").into());
    }
    let Some([seconds, calls, .., connectors]) = rows.last() else { return Err("nothing was seen".into()) };
    let mut page = String::from(
        "# A daemon over many calls\n\n\
         Written by `cargo xtask soak daemon`. Eight MCP clients call a tool through the daemon's `/mcp`, each on a new connection after 500 calls,\n\
         while a front end adds a connector over `/ws`, enables a tool, calls it, adds and removes a rule, and removes the connector, over and\n\
         over, each time under another name. The daemon is the release build; everything is on one machine.\n\n\
         ![Memory, descriptors and connectors over the calls](soak-daemon.png)\n\n",
    );
    writeln!(
        page,
        "{calls} calls in {seconds:.0} s ({:.0} a second), {connectors} connectors came and went.\n",
        calls / seconds
    )?;
    writeln!(page, "- {summary}\n- event log: {verified}\n")?;
    writeln!(
        page,
        "| calls | seconds | resident MiB | descriptors | connectors so far |\n|---|---|---|---|---|"
    )?;
    for [seconds, calls, resident, descriptors, connectors] in rows.iter().step_by((rows.len() / 20).max(1)) {
        writeln!(
            page,
            "| {calls} | {seconds:.0} | {:.1} | {descriptors} | {connectors} |",
            resident / 1024.0
        )?;
    }
    std::fs::write(docs.join("soak-daemon.md"), page)?;
    Ok(())
}
