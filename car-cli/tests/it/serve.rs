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
        let mut command = car.command(&["serve", "--json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
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
