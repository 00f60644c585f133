//! `car serve`: says where it is, is the only one, and stops in good order.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::car::Car;

/// A daemon that is killed if the test does not stop it.
struct Daemon {
    child: Child,
    url: String,
}

impl Daemon {
    fn start(car: &Car) -> Self {
        Self::start_with(car, &[], Stdio::null())
    }

    fn start_with(car: &Car, arguments: &[&str], log: Stdio) -> Self {
        let mut command = car.command(&["serve", "--json"]);
        command.args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        Self { child, url: answer["url"].as_str().unwrap().to_owned() }
    }

    /// Asks for a path, and returns the whole answer.
    fn get(&self, path: &str) -> String {
        let address = self.url.strip_prefix("http://").unwrap();
        let mut socket = TcpStream::connect(address).unwrap();
        write!(socket, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has ended already where the test got to its end.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn file(car: &Car) -> Value {
    serde_json::from_slice(&std::fs::read(car.home().join("run/daemon.json")).unwrap()).unwrap()
}

#[test]
fn says_where_it_is_and_stops_in_good_order() {
    let car = Car::new();
    let mut daemon = Daemon::start(&car);
    assert_eq!(file(&car)["url"], daemon.url);
    assert!(file(&car)["token"].as_str().unwrap().len() > 40);
    let health = daemon.get("/health");
    assert!(health.starts_with("HTTP/1.1 200") && health.contains(r#"{"status":"ok""#), "{health}");
    assert!(daemon.get("/ws").starts_with("HTTP/1.1 401"));

    let second = car.run(&["serve"]).ends(1);
    assert!(second.err.contains("a daemon runs for this state folder already"), "{}", second.err);
    let address = daemon.url.strip_prefix("http://").unwrap();
    let elsewhere = Car::new().run(&["serve", "--listen", address]).ends(1);
    assert!(elsewhere.err.contains("another program has that port"), "{}", elsewhere.err);
    // What other commands do meanwhile is not in its way.
    car.run(&["list"]).ends(0);

    let id = daemon.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
    assert_eq!(file(&car)["url"], Value::Null, "nobody is sent to a daemon that is gone");
}

/// Changes the code of the page's address for a token, as the page does, and returns the status.
fn let_in(page: &str) -> String {
    let (url, code) = page.trim_end().split_once("/#code=").unwrap();
    let address = url.strip_prefix("http://").unwrap();
    let body = format!("{{\"code\":\"{code}\"}}");
    let mut socket = TcpStream::connect(address).unwrap();
    let head = format!("POST /session HTTP/1.1\r\nhost: {address}\r\norigin: {url}\r\nconnection: close");
    write!(socket, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn the_pages_address_lets_one_browser_in_once() {
    let car = Car::new();
    let run = car.run(&["ui"]).ends(1);
    assert!(
        run.err.contains("no daemon runs") && run.err.contains("next: start it with `car serve`"),
        "{}",
        run.err
    );

    let mut daemon = Daemon::start(&car);
    let page = car.run(&["ui", "--print"]).ends(0);
    assert!(page.out.starts_with(&format!("{}/#code=", daemon.url)), "{}", page.out);
    assert_eq!(let_in(&page.out), "200");
    assert_eq!(let_in(&page.out), "401", "a code is good once");
    let answer = car.run(&["ui", "--print", "--json"]).ends(0).json();
    assert_eq!(
        (let_in(answer["url"].as_str().unwrap()).as_str(), &answer["opened"]),
        ("200", &Value::Bool(false))
    );

    // What a killed daemon leaves behind leads nowhere: its port may be anybody's by now.
    daemon.child.kill().unwrap();
    daemon.child.wait().unwrap();
    assert_eq!(file(&car)["url"], daemon.url);
    let listener = std::net::TcpListener::bind(daemon.url.strip_prefix("http://").unwrap()).unwrap();
    listener.set_nonblocking(true).unwrap();
    assert!(car.run(&["ui", "--print"]).ends(1).err.contains("no daemon runs"));
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody came by");
}

#[test]
fn a_browser_that_opens_gets_the_address_and_the_screen_does_not() {
    use std::os::unix::fs::PermissionsExt as _;
    let car = Car::new();
    let _daemon = Daemon::start(&car);
    let (browser, seen) = (car.home().join("browser"), car.home().join("seen"));
    let script = format!("#!/bin/sh\nprintf %s \"$1\" > {0}.part && mv {0}.part {0}\n", seen.display());
    crate::bad_input::put(&browser, &script);
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = car.command(&["ui"]);
    command.env("BROWSER", &browser).env("PATH", "/usr/bin:/bin");
    let run = crate::car::ended(command).ends(0);
    assert!(run.out.contains("opening in a browser") && !run.out.contains("code="), "{}", run.out);
    // The command does not wait for the browser, which writes what it was given in one step.
    let began = std::time::Instant::now();
    while !seen.exists() {
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "the browser was not started");
        std::thread::yield_now();
    }
    assert_eq!(let_in(&std::fs::read_to_string(seen).unwrap()), "200");
}

#[test]
fn a_token_is_told_where_it_is_of_use() {
    let car = Car::new();
    let daemon = Daemon::start(&car);
    let run = car.run(&["token", "add", "laptop", "--scope", "read"]).ends(0);
    assert!(run.err.contains(&format!("{}/mcp", daemon.url)), "{}", run.err);
    let answer = car.run(&["token", "add", "ci", "--json"]).ends(0).json();
    assert_eq!(answer["mcp_url"], format!("{}/mcp", daemon.url));
}

/// Reads the log up to the line whose message is this, and returns that line.
fn logged(log: &mut impl std::io::BufRead, seen: &mut String, message: &str) -> Value {
    loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the log ended: {seen}");
        seen.push_str(&line);
        let entry: Value = serde_json::from_str(&line).unwrap();
        if entry["message"] == message {
            return entry;
        }
    }
}

fn signal(daemon: &Daemon, name: &str) {
    let id = daemon.child.id().to_string();
    assert!(std::process::Command::new("kill").args([name, &id]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_what_other_commands_do_and_no_secret() {
    let server = car_testkit::double::Double::start(car_testkit::double::Config::default()).await.unwrap();
    let url = server.url();
    let work = tokio::task::spawn_blocking(move || {
        let car = Car::new();
        let mut daemon = Daemon::start_with(&car, &["--log-format", "json"], Stdio::piped());
        let mut log = BufReader::new(daemon.child.stderr.take().unwrap());
        let mut seen = String::new();
        assert_eq!(logged(&mut log, &mut seen, "serving")["url"], daemon.url);
        car.run(&["add", "docs", &url, "--header", "x-key: s3cret-header"]).ends(0);
        assert_eq!(logged(&mut log, &mut seen, "added")["connector"], "docs");
        car.run(&["remove", "docs"]).ends(0);
        assert_eq!(logged(&mut log, &mut seen, "removed")["connector"], "docs");
        assert!(daemon.get("/ws?token=s3cret-query").starts_with("HTTP/1.1 401"));
        let refused = logged(&mut log, &mut seen, "refused a request");
        assert_eq!((&refused["path"], &refused["status"]), (&"/ws".into(), &401.into()));
        signal(&daemon, "-HUP");
        logged(&mut log, &mut seen, "looking at the state folder, as asked");
        signal(&daemon, "-TERM");
        logged(&mut log, &mut seen, "stopped");
        assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
        let token = file(&car)["token"].as_str().unwrap().to_owned();
        for secret in ["s3cret-header", "s3cret-query", token.as_str()] {
            assert!(!seen.contains(secret), "{secret}: {seen}");
        }
    });
    work.await.unwrap();
}

#[test]
fn refuses_to_be_reached_by_others_without_a_name() {
    let exposed = Car::new().run(&["serve", "--listen", "0.0.0.0:0"]).ends(1);
    assert!(exposed.err.contains("--public-url"), "{}", exposed.err);
    let wrong = Car::new().run(&["serve", "--public-url", "car.example"]).ends(1);
    assert!(wrong.err.contains("https://car.example"), "{}", wrong.err);
}
