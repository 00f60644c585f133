//! Local servers: started by a command, governed like any other, and gone when the command is.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::car::{Car, ended};

fn changed(file: &Path) -> Option<SystemTime> {
    file.metadata().and_then(|metadata| metadata.modified()).ok()
}

/// The server of the test kit. A test run of this package alone does not build it.
pub(crate) fn server() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let built = Path::new(env!("CARGO_BIN_EXE_car")).with_file_name("stdio-server");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../car-testkit/src/bin/stdio-server.rs");
        if changed(&built) < changed(&source) {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["build", "--quiet", "--package", "car-testkit", "--bin", "stdio-server"]);
            assert!(cargo.status().unwrap().success());
        }
        built
    })
}

fn write(path: &Path, text: &str) {
    let mut file = std::fs::File::options().create(true).write(true).truncate(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn add(car: &Car, mode: &str) {
    let server = server().to_str().unwrap();
    car.run(&["add", "files", "--", server, "--mode", mode]).ends(0);
}

#[test]
fn a_local_server_is_added_enabled_called_and_removed_like_any_other() {
    let car = Car::new();
    add(&car, "good");
    let refused = car.run(&["call", "files", "echo", "text=hi"]).ends(1);
    assert!(refused.err.contains("not an enabled tool"), "{}", refused.err);
    car.run(&["enable", "files", "echo"]).ends(0);
    assert_eq!(car.run(&["call", "files", "echo", "text=hi"]).ends(0).out, "hi\n");
    let listed = car.run(&["list", "--json"]).ends(0).json();
    assert_eq!(listed["connectors"][0]["url"], serde_json::Value::Null);
    assert!(listed["connectors"][0]["command"].as_str().unwrap().ends_with("--mode good"));
    assert!(car.run(&["events"]).ends(0).out.contains("files"));
    write(&car.home().join("policy.toml"), "deny_connector = [\"files\"]\n");
    car.run(&["call", "files", "echo", "text=hi"]).ends(4);
    car.run(&["remove", "files"]).ends(0);
    assert!(car.run(&["list", "--json"]).ends(0).json()["connectors"].as_array().unwrap().is_empty());
}

#[test]
fn a_variable_reaches_the_server_and_no_file_that_is_shared() {
    let car = Car::new();
    let program = server().to_str().unwrap();
    let line = ["add", "files", "--env-from", "API_KEY", "--", program, "--mode", "good"];
    let mut command = car.command(&line);
    command.env("API_KEY", "s3cret").env("PRIVATE", "not for servers");
    ended(command).ends(0);
    car.run(&["enable", "files", "environment"]).ends(0);
    let mut call = car.command(&["call", "files", "environment"]);
    call.env("PRIVATE", "not for servers");
    let seen = ended(call).ends(0).out;
    assert!(seen.contains("s3cret") && !seen.contains("not for servers"), "{seen}");
    let manifest = std::fs::read_to_string(car.home().join("connectors.json")).unwrap();
    assert!(manifest.contains("API_KEY") && !manifest.contains("s3cret"), "{manifest}");
    let missing = car.run(&["add", "more", "--env-from", "NOT_SET", "--", program]).ends(2);
    assert!(missing.err.contains("NOT_SET"), "{}", missing.err);
}

#[test]
fn what_a_server_says_when_it_dies_is_in_its_log() {
    let car = Car::new();
    add(&car, "good");
    let manifest = car.home().join("connectors.json");
    let text = std::fs::read_to_string(&manifest).unwrap().replace("\"good\"", "\"dies\"");
    write(&manifest, &text);
    let failed = car.run(&["tools", "files"]).ends(1);
    assert!(failed.err.contains("car logs files"), "{}", failed.err);
    assert!(car.run(&["logs", "files"]).ends(0).out.contains("no API key: set API_KEY"));
}

#[test]
fn a_command_that_cannot_be_started_is_told_and_not_kept() {
    let car = Car::new();
    let gone = car.run(&["add", "files", "--", "no-such-command"]).ends(1);
    assert!(gone.err.contains("`no-such-command` was not found"), "{}", gone.err);
    let folder = car.home().to_str().unwrap().to_owned();
    let refused = car.run(&["add", "files", "--", &folder]).ends(1);
    assert!(refused.err.contains("cannot be run"), "{}", refused.err);
    assert!(car.run(&["list", "--json"]).ends(0).json()["connectors"].as_array().unwrap().is_empty());
    car.run(&["add", "files", "http://127.0.0.1:1/mcp", "--", "x"]).ends(2);
    car.run(&["add", "files"]).ends(2);
}

#[cfg(target_os = "linux")]
mod killed {
    use std::time::{Duration, Instant};

    use super::*;

    /// How many commands are killed.
    const KILLS: u32 = 100;

    /// The processes that carry the mark: every process gets `TMPDIR` from the one that starts it.
    fn marked(mark: &Path) -> Vec<u32> {
        let mark = format!("TMPDIR={}", mark.display());
        let carries = |pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        let pids = std::fs::read_dir("/proc").unwrap();
        pids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter(carries).collect()
    }

    /// A call that holds, with the mark that its processes carry.
    struct Call {
        mark: tempfile::TempDir,
        command: std::process::Child,
    }

    impl Call {
        fn start(car: &Car) -> Self {
            let mark = tempfile::tempdir().unwrap();
            let mut command = car.command(&["call", "files", "pids-and-hold"]);
            Self { command: command.env("TMPDIR", mark.path()).spawn().unwrap(), mark }
        }

        /// Waits until the command, its supervisor, its server and that one's child are there.
        fn is_whole(&self) {
            let started = Instant::now();
            while marked(self.mark.path()).len() < 4 {
                assert!(started.elapsed() < Duration::from_secs(30), "the server never got its child");
            }
        }

        fn kill(mut self) {
            self.command.kill().unwrap();
            self.command.wait().unwrap();
            let killed = Instant::now();
            while let left = marked(self.mark.path())
                && !left.is_empty()
            {
                assert!(killed.elapsed() < Duration::from_secs(2), "{left:?} still run");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    #[test]
    fn nothing_is_left_of_a_call_that_is_killed_at_any_moment() {
        let car = Car::new();
        add(&car, "stubborn");
        car.run(&["enable", "files", "pids-and-hold"]).ends(0);
        // How long a call takes to get there depends on the machine and on what else it does.
        let (call, started) = (Call::start(&car), Instant::now());
        call.is_whole();
        let whole = started.elapsed();
        call.kill();
        for kill in 0..KILLS {
            let call = Call::start(&car);
            // The moment is the test's own choice, spread over what a call takes, and a little beyond.
            std::thread::sleep(whole.mul_f64(1.2) * kill / KILLS);
            call.kill();
        }
    }
}
