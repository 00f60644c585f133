//! From what was typed to how it ended.

use std::ffi::OsString;
use std::time::Duration;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::arguments::{Arguments, Verb};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::logging::{self, LogFormat, LogLevel};
use crate::output::Screen;
use crate::verb;

/// How long the library may take, after Ctrl-C, to tell the server that the call is off. It is one small request.
const FAREWELL: Duration = Duration::from_millis(400);

/// Runs the command line, and says how it ended. Everything is printed by then.
pub(crate) fn run(line: Vec<OsString>) -> Exit {
    let wants_json = line.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let arguments = match Arguments::try_parse_from(line) {
        Ok(arguments) => arguments,
        Err(error) => return misread(&error, wants_json),
    };
    let screen = Screen::new(arguments.global.json, arguments.global.quiet);
    start_log(&arguments, &screen);
    let is_daemon = matches!(arguments.verb, Verb::Serve(_));
    // One person's command is one thing at a time; a daemon has many callers.
    let mut builder = match is_daemon {
        true => tokio::runtime::Builder::new_multi_thread(),
        false => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return screen.failure(&Failure::io("the program's runtime cannot be started", &error));
        }
    };
    if matches!(arguments.verb, Verb::Supervise(_)) {
        // It has no state, and Ctrl-C is for the command beside it.
        let ended = runtime.block_on(verb::supervise::run());
        return ended.unwrap_or_else(|failure| screen.failure(&failure));
    }
    let context = match Context::new(&arguments.global, screen.clone()) {
        Ok(context) => context,
        Err(failure) => return screen.failure(&failure),
    };
    // What never ends by itself is ended with Ctrl-C: that is no failure to tell of.
    let is_endless = matches!(&arguments.verb, Verb::Events(events) if events.is_endless());
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = perform(&context, arguments.verb) => ended,
            // The daemon ends by itself when it is told to, in good order.
            _ = tokio::signal::ctrl_c(), if !is_daemon => {
                if is_endless {
                    return Ok(Exit::Interrupted);
                }
                // The verb's future is gone, and with it the call; what the server must be told goes out meanwhile.
                tokio::time::sleep(FAREWELL).await;
                Err(Failure::interrupted())
            }
        }
    });
    // A keychain that waits for its owner must not keep the command from ending.
    runtime.shutdown_background();
    match ended {
        Ok(Exit::Done) if screen.is_cut() => Exit::Failed,
        Ok(exit) => exit,
        Err(failure) => screen.failure(&failure),
    }
}

/// Starts the log: the daemon's always, a command's if it is asked for.
fn start_log(arguments: &Arguments, screen: &Screen) {
    let asked = LogLevel::of_verbosity(arguments.global.verbose);
    match &arguments.verb {
        Verb::Serve(serve) => {
            let level = asked.map_or(serve.log_level, |asked| asked.max(serve.log_level));
            logging::start(level, serve.log_format, screen);
        }
        _ => {
            if let Some(level) = asked {
                logging::start(level, LogFormat::Text, screen);
            }
        }
    }
}

#[expect(clippy::cognitive_complexity, reason = "a table: one arm for each verb, and nothing else")]
async fn perform(context: &Context, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Find(arguments) => Box::pin(verb::find::run(context, arguments)).await,
        Verb::Add(arguments) => Box::pin(verb::add::run(context, arguments)).await,
        Verb::Trust(arguments) => verb::trust::run(context, arguments).await,
        Verb::Login(arguments) => Box::pin(verb::login::run(context, arguments)).await,
        Verb::Logout(arguments) => verb::logout::run(context, arguments).await,
        Verb::List(_) => verb::list::run(context).await,
        Verb::Status(arguments) => verb::status::run(context, arguments).await,
        Verb::Tools(arguments) => verb::tools::run(context, arguments).await,
        Verb::Enable(arguments) => verb::enable::run(context, arguments).await,
        Verb::Disable(arguments) => verb::disable::run(context, arguments).await,
        Verb::Approve(arguments) => verb::approve::run(context, arguments).await,
        Verb::Call(arguments) => verb::call::run(context, arguments).await,
        Verb::Refresh(arguments) => verb::refresh::run(context, arguments).await,
        Verb::Remove(arguments) => verb::remove::run(context, arguments).await,
        Verb::Logs(arguments) => verb::logs::run(context, arguments).await,
        Verb::Policy(arguments) => verb::policy::run(context, arguments).await,
        Verb::Sources(arguments) => Box::pin(verb::sources::run(context, arguments)).await,
        Verb::Events(arguments) => verb::events::run(context, arguments).await,
        Verb::Doctor(arguments) => verb::doctor::run(context, arguments).await,
        Verb::Serve(arguments) => verb::serve::run(context, &arguments).await,
        Verb::Ui(arguments) => verb::ui::run(context, arguments).await,
        Verb::Token(arguments) => verb::token::run(context, arguments).await,
        Verb::Supervise(_) => verb::supervise::run().await,
        Verb::RenewTokens(arguments) => verb::renew_tokens::run(context, arguments).await,
        Verb::Completions(arguments) => verb::completions::run(context, &arguments),
    }
}

/// Answers a command line that clap would not take: help and version are no errors.
fn misread(error: &clap::Error, wants_json: bool) -> Exit {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A pipe that was closed is all that can go wrong, and then nobody reads.
        drop(error.print());
        return Exit::Done;
    }
    if !wants_json {
        drop(error.print());
        return Exit::Usage;
    }
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or("the command line makes no sense");
    let mut failure = Failure::usage(message.strip_prefix("error: ").unwrap_or(message))
        .hinted("`car help` lists the verbs; `car help VERB` says what one takes");
    failure.causes = lines
        .filter(|line| !line.starts_with("Usage:") && !line.starts_with("For more"))
        .map(str::to_owned)
        .collect();
    Screen::new(true, false).failure(&failure)
}
