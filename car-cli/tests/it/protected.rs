//! A protected server, and a state folder that is signed in to it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use car_testkit::authority::{Authority, AuthorityConfig, Endpoint, ProtectionConfig};
use car_testkit::double::{Config, Double};
use car_testkit::location_of;
use serde_json::Value;
use url::Url;

use crate::car::{Car, Ended};

/// A call of the one tool that is enabled.
pub(crate) const CALL: [&str; 4] = ["call", "docs", "echo", "message=hi"];

/// What every secret that the authorization server gives out begins with.
pub(crate) const SECRETS: [&str; 5] = ["access-", "refresh-", "code-", "device-", "client_secret\":\""];

/// How long a command may take that has nobody to wait for.
pub(crate) const AT_ONCE: Duration = Duration::from_secs(10);

pub(crate) struct Protected {
    pub(crate) authority: Authority,
    pub(crate) server: Double,
    pub(crate) car: Car,
}

impl Protected {
    /// Starts the servers; the connector is added, and nobody has signed in.
    pub(crate) async fn start(change: impl FnOnce(&mut AuthorityConfig)) -> Self {
        let mut config = AuthorityConfig::default();
        change(&mut config);
        let authority = Authority::start(config).await.unwrap();
        let mut config = Config::default();
        config.protection = Some(authority.protection(ProtectionConfig::default()));
        let world = Self { server: Double::start(config).await.unwrap(), authority, car: Car::new() };
        world.car.run(&["add", "Docs", &world.server.url()]).ends(3);
        world
    }

    /// The same, with a person who signs in and enables a tool.
    pub(crate) async fn signed_in(change: impl FnOnce(&mut AuthorityConfig)) -> Self {
        let world = Self::start(change).await;
        world.sign_in(&[]).await.ends(0);
        world.car.run(&["enable", "docs", "echo"]).ends(0);
        world
    }

    /// Signs in without a browser: the address is taken from standard error, and the answer pasted.
    pub(crate) async fn sign_in(&self, options: &[&str]) -> Ended {
        let (mut login, page, told) = self.begin(options);
        let answer = location_of(&page).await.unwrap();
        writeln!(login.stdin.take().unwrap(), "{answer}").unwrap();
        let output = login.wait_with_output().unwrap();
        Ended {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: told.join().unwrap(),
        }
    }

    /// Begins a sign-in, and returns it with the page that a person is to open and what standard error says in the end.
    pub(crate) fn begin(&self, options: &[&str]) -> (Child, Url, std::thread::JoinHandle<String>) {
        let line: Vec<_> = ["login", "docs", "--no-browser"].iter().chain(options).copied().collect();
        let mut command = self.car.command(&line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut login = command.spawn().unwrap();
        let mut lines = BufReader::new(login.stderr.take().unwrap()).lines();
        let mut told = String::new();
        let page = loop {
            let Some(line) = lines.next() else { panic!("expected an address, found {told}") };
            let line = line.unwrap();
            told.push_str(&line);
            told.push('\n');
            // The log may name other addresses.
            if let Ok(page) = Url::parse(line.trim())
                && page.path() == "/authorize"
            {
                break page;
            }
        };
        let rest = std::thread::spawn(move || {
            for line in lines {
                told.push_str(&line.unwrap());
                told.push('\n');
            }
            told
        });
        (login, page, rest)
    }

    pub(crate) fn refreshes(&self) -> usize {
        let all = self.authority.requests(Endpoint::Token);
        all.iter().filter(|seen| seen.param("grant_type") == Some("refresh_token")).count()
    }

    pub(crate) fn visits(&self) -> usize {
        self.authority.count(Endpoint::Authorize)
    }

    /// The record that is kept of the sign-in.
    pub(crate) fn record(&self) -> Option<Value> {
        let text = std::fs::read_to_string(self.car.home().join("secrets.json")).ok()?;
        let secrets: Value = serde_json::from_str(&text).unwrap();
        find_tokens(&secrets)
    }

    /// The access token that is kept.
    pub(crate) fn access_token(&self) -> String {
        self.record().unwrap()["grant"]["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn manifest(&self) -> String {
        std::fs::read_to_string(self.car.home().join("connectors.json")).unwrap()
    }

    /// Runs a command that must not wait for anybody.
    #[track_caller]
    pub(crate) fn at_once(&self, line: &[&str]) -> Ended {
        let began = Instant::now();
        let ended = self.car.run(line);
        assert!(began.elapsed() < AT_ONCE, "{line:?} took {:?}", began.elapsed());
        ended
    }
}

/// Finds the record of tokens, wherever in the file it stands.
fn find_tokens(secrets: &Value) -> Option<Value> {
    match secrets {
        Value::String(text) => {
            serde_json::from_str(text).ok().filter(|record: &Value| record.get("grant").is_some())
        }
        Value::Object(members) => members.values().find_map(find_tokens),
        _ => None,
    }
}
