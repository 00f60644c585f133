//! A server on standard streams that speaks both eras, and misbehaves where it is told to: by its mode as a whole, by a
//! tool for one call.

use std::collections::HashMap;
use std::io::{self, BufRead as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde_json::{Value, json};

/// A server to try a client of standard streams with.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// How it behaves as a whole
    #[arg(long, value_enum, default_value = "good")]
    mode: Mode,
}

/// How a server behaves as a whole.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Well, in both eras.
    Good,
    /// Well, in the legacy era only.
    Legacy,
    /// Legacy; says nothing to the probe.
    SilentProbe,
    /// Legacy; ends when anything but `initialize` comes first.
    ExitsOnProbe,
    /// Legacy; refuses the probe and ends.
    RefusesAndExits,
    /// Ends after each answer to a call.
    ExitsAfterCall,
    /// Ends with each call, before it answers.
    ExitsOnCall,
    /// Ends at once, and says why on standard error.
    Dies,
    /// Writes a banner to standard output, and ends lines as Windows does.
    Banner,
    /// Ignores the end of its input.
    Lingers,
    /// Ignores the end of its input, and `SIGTERM`.
    Stubborn,
    /// No server: does nothing for ever, whatever it is asked.
    Sleeper,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mode = Arguments::parse().mode;
    let deaf = matches!(mode, Mode::Stubborn | Mode::Sleeper).then(ignore_signals).transpose()?;
    match mode {
        Mode::Sleeper => sleep_for_ever(),
        Mode::Dies => fail("no API key: set API_KEY"),
        Mode::Banner => io::stdout().write_all(b"Welcome!\r\n\r\n{\"level\":\"info\"}\r\nlistening\r\n")?,
        _ => {}
    }
    let mut server = Server::new(mode);
    for line in io::stdin().lock().lines() {
        server.handle(&serde_json::from_str(&line?).map_err(io::Error::other)?)?;
    }
    if matches!(mode, Mode::Lingers | Mode::Stubborn) {
        sleep_for_ever();
    }
    drop(deaf);
    Ok(())
}

#[cfg(unix)]
fn ignore_signals() -> io::Result<Vec<tokio::signal::unix::Signal>> {
    use tokio::signal::unix::{SignalKind, signal};
    // A signal that somebody listens to does not end the process.
    [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal).into_iter().collect()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same on every system")]
fn ignore_signals() -> io::Result<()> {
    Ok(())
}

fn sleep_for_ever() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn fail(words: &str) -> ! {
    drop(writeln!(io::stderr(), "{words}"));
    std::process::exit(3)
}

/// What one run remembers.
struct Server {
    mode: Mode,
    initialized: bool,
    cancelled: Vec<Value>,
    listens: Vec<Value>,
    /// A call that waits for the next one, which is answered before it.
    swapped: Option<Value>,
    /// Calls that wait for an answer of the client.
    asked: HashMap<String, Value>,
    /// Whether a ping outside of any call was answered.
    is_client_there: bool,
}

impl Server {
    fn new(mode: Mode) -> Self {
        let (cancelled, listens, asked) = (Vec::new(), Vec::new(), HashMap::new());
        Self { mode, initialized: false, cancelled, listens, swapped: None, asked, is_client_there: false }
    }

    const fn is_legacy_only(&self) -> bool {
        matches!(self.mode, Mode::Legacy | Mode::SilentProbe | Mode::ExitsOnProbe | Mode::RefusesAndExits)
    }

    fn handle(&mut self, message: &Value) -> io::Result<()> {
        let id = &message["id"];
        match message["method"].as_str() {
            None => self.handle_answer(id),
            Some("server/discover") => self.discover(id),
            Some("initialize") => self.say(&json!({"jsonrpc": "2.0", "id": id, "result": {
                "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": {"tools": {"listChanged": true}},
                "serverInfo": {"name": "stdio-server", "version": "1"}}})),
            Some("notifications/initialized") => {
                self.initialized = true;
                Ok(())
            }
            Some("notifications/cancelled") => {
                self.cancelled.push(message["params"]["requestId"].clone());
                Ok(())
            }
            Some(_) if self.is_legacy_only() && !self.initialized => {
                self.refuse(id, -32600, "not initialized")
            }
            Some("ping") => self.result(id, &json!({})),
            Some("tools/list") => self.result(
                id,
                &json!({"resultType": "complete", "tools": [
                {"name": "echo", "inputSchema": {"type": "object"}},
                {"name": "environment", "inputSchema": {"type": "object"}},
                {"name": "pids", "inputSchema": {"type": "object"}},
                {"name": "pids-and-hold", "inputSchema": {"type": "object"}}]}),
            ),
            Some("tools/call") => self.call(id, &message["params"]),
            Some("subscriptions/listen") => {
                self.listens.push(id.clone());
                self.say(&marked("notifications/subscriptions/acknowledged", id))
            }
            Some(_) => self.refuse(id, -32601, "no such method"),
        }
    }

    fn discover(&self, id: &Value) -> io::Result<()> {
        match self.mode {
            Mode::SilentProbe => Ok(()),
            Mode::ExitsOnProbe => fail("expected initialize"),
            Mode::RefusesAndExits => {
                self.refuse(id, -32601, "no such method")?;
                fail("expected initialize")
            }
            Mode::Legacy => self.refuse(id, -32601, "no such method"),
            _ => self.result(
                id,
                &json!({"resultType": "complete", "supportedVersions": ["2026-07-28"],
                "capabilities": {"tools": {"listChanged": true}}}),
            ),
        }
    }

    fn handle_answer(&mut self, id: &Value) -> io::Result<()> {
        self.is_client_there |= id == "idle";
        match id.as_str().and_then(|id| self.asked.remove(id)) {
            Some(call) => self.answer(&call, "the client is there"),
            None => Ok(()),
        }
    }

    fn call(&mut self, id: &Value, params: &Value) -> io::Result<()> {
        if self.mode == Mode::ExitsOnCall {
            fail("out of cheese");
        }
        let arguments = &params["arguments"];
        let bytes =
            usize::try_from(arguments["bytes"].as_u64().unwrap_or_default()).map_err(io::Error::other)?;
        match params["name"].as_str().unwrap_or_default() {
            "echo" => self.answer(id, arguments["text"].as_str().unwrap_or_default()),
            "environment" => self.answer(id, &environment()),
            "folder" => self.answer(id, &std::env::current_dir()?.to_string_lossy()),
            "pids" => self.answer(id, &format!("{} {}", std::process::id(), start_sleeper()?)),
            "hold" => Ok(()),
            "pids-and-hold" => start_sleeper().map(drop),
            "swap" => match self.swapped.take() {
                None => {
                    self.swapped = Some(id.clone());
                    Ok(())
                }
                Some(first) => {
                    self.answer(id, "second")?;
                    self.answer(&first, "first")
                }
            },
            "stderr" => {
                let line = format!("{}\n", "e".repeat(1023));
                (0..bytes / 1024).try_for_each(|_| io::stderr().write_all(line.as_bytes()))?;
                self.answer(id, "said")
            }
            "huge" if arguments["late"] == true => {
                let text = "x".repeat(bytes);
                self.write(&format!(
                    r#"{{"result":{{"content":[{{"type":"text","text":"{text}"}}]}},"id":{id}}}"#
                ))
            }
            "huge" => self.answer(id, &"x".repeat(bytes)),
            "broken" => {
                self.write(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[nothing]}}}}"#))
            }
            "noise" => {
                self.write("a line that is no message")?;
                self.answer(id, "said")
            }
            "cancelled" => self.answer(id, &Value::from(self.cancelled.clone()).to_string()),
            "ping" => {
                self.asked.insert("question".to_owned(), id.clone());
                self.say(&json!({"jsonrpc": "2.0", "id": "question", "method": "ping"}))
            }
            "ping-later" => {
                self.answer(id, "soon")?;
                self.say(&json!({"jsonrpc": "2.0", "id": "idle", "method": "ping"}))
            }
            "pinged" => self.answer(id, if self.is_client_there { "yes" } else { "no" }),
            "progress" => {
                self.say(&json!({"jsonrpc": "2.0", "method": "notifications/progress",
                    "params": {"progressToken": params["_meta"]["progressToken"], "progress": 1}}))?;
                self.answer(id, "done")
            }
            "change" => {
                self.tell_change()?;
                self.answer(id, "told")
            }
            "crash" => {
                drop(writeln!(io::stderr(), "out of cheese"));
                std::process::exit(7)
            }
            _ => self.refuse(id, -32602, "no such tool"),
        }
    }

    fn tell_change(&self) -> io::Result<()> {
        let method = "notifications/tools/list_changed";
        if self.initialized {
            return self.say(&json!({"jsonrpc": "2.0", "method": method}));
        }
        self.listens.iter().try_for_each(|listen| self.say(&marked(method, listen)))
    }

    fn answer(&self, id: &Value, text: &str) -> io::Result<()> {
        self.result(id, &json!({"resultType": "complete", "content": [{"type": "text", "text": text}]}))?;
        if self.mode == Mode::ExitsAfterCall {
            std::process::exit(0);
        }
        Ok(())
    }

    fn result(&self, id: &Value, result: &Value) -> io::Result<()> {
        // By hand: a member's place is what a client can see of a line that is too long for it.
        self.write(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#))
    }

    fn refuse(&self, id: &Value, code: i64, message: &str) -> io::Result<()> {
        match id {
            Value::Null => Ok(()),
            id => self.say(&json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})),
        }
    }

    fn say(&self, message: &Value) -> io::Result<()> {
        self.write(&message.to_string())
    }

    fn write(&self, line: &str) -> io::Result<()> {
        let end = if self.mode == Mode::Banner { "\r\n" } else { "\n" };
        let mut output = io::stdout().lock();
        output.write_all(line.as_bytes())?;
        output.write_all(end.as_bytes())?;
        output.flush()
    }
}

fn marked(method: &str, listen: &Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": {"notifications": {"toolsListChanged": true},
        "_meta": {"io.modelcontextprotocol/subscriptionId": listen}}})
}

fn environment() -> String {
    let variables = std::env::vars().map(|(name, value)| (name, Value::from(value)));
    Value::Object(variables.collect()).to_string()
}

/// Starts a process of the server's own, which nothing but a signal to its group ends.
fn start_sleeper() -> io::Result<u32> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--mode", "sleeper"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::inherit()).stderr(Stdio::inherit()).spawn()?;
    Ok(child.id())
}
