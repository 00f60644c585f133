//! The one place that writes to standard output and standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use console::{Style, Term};
use serde::Serialize;

use super::plain::plain;
use super::table::Table;
use super::wait::Wait;
use crate::exit::Exit;
use crate::failure::Failure;

/// Where results, warnings and errors go, and in which form.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    json: bool,
    quiet: bool,
    /// The width of the terminal, if standard output is one.
    width: Option<u16>,
    /// Whether standard error is a terminal.
    is_watched: bool,
    /// Whether standard error may be colored.
    color: bool,
    /// Whether nobody reads standard output any more.
    is_closed: Arc<AtomicBool>,
    /// Whether something of the result could not be written, as on a full disk.
    is_cut: Arc<AtomicBool>,
}

impl Screen {
    /// Looks at what the standard streams are connected to.
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        let is_watched = io::stderr().is_terminal();
        // https://no-color.org: any value but an empty one.
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = io::stdout().is_terminal().then(|| Term::stdout().size().1);
        Self {
            json,
            quiet,
            width,
            is_watched,
            color: is_watched && !no_color,
            is_closed: Arc::default(),
            is_cut: Arc::default(),
        }
    }

    /// Returns whether a program reads standard output.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Returns whether standard error may be colored.
    pub(crate) const fn has_color(&self) -> bool {
        self.color
    }

    /// Returns whether nobody reads standard output any more, as in `car events --follow | head -1`.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Returns whether something of the result could not be written. The person has been told.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }

    /// Writes the one result: the document for a program, the text for a person.
    pub(crate) fn result(&self, document: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json { self.document(document) } else { self.text(&text()) }
    }

    /// Writes a JSON document of its own line.
    pub(crate) fn document(&self, document: &impl Serialize) {
        match serde_json::to_string(document) {
            Ok(text) => self.out(&text),
            Err(error) => unreachable!("what is shown is made of texts and JSON: {error}"),
        }
    }

    /// Writes text for a person.
    pub(crate) fn text(&self, text: &str) {
        match self.width {
            Some(_) => self.out(&plain(text)),
            // Whoever reads a pipe wants the bytes.
            None => self.out(text),
        }
    }

    /// Begins a table that fits the terminal.
    pub(crate) fn table<const N: usize>(&self, headings: [&str; N]) -> Table {
        Table::new(headings, self.width)
    }

    /// Says on standard error what a person may want to know. A program and the quiet do not.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet && !self.json {
            error(&plain(&text.to_string()));
        }
    }

    /// Warns on standard error.
    pub(crate) fn warning(&self, text: &str) {
        if !self.quiet {
            let label = self.paint(Style::new().yellow(), "warning:");
            error(&format!("car: {label} {}", plain(text)));
        }
    }

    /// Asks a person for something, on standard error: also where only errors are wanted, as nothing goes on without.
    pub(crate) fn ask(&self, text: &str) {
        let mut stream = io::stderr().lock();
        // A question that nobody sees is answered by nobody; that is told then.
        drop(write!(stream, "{}", text.replace(|c: char| c.is_control() && c != '\n', "")));
        drop(stream.flush());
    }

    /// Tells of a failure, and returns how the command ends.
    pub(crate) fn failure(&self, failure: &Failure) -> Exit {
        if self.json {
            self.document(&serde_json::json!({ "error": failure }));
            return failure.exit;
        }
        let mut text = self.paint(Style::new().red().bold(), "car:");
        if let Some(connector) = &failure.connector {
            text.push_str(&format!(" {}:", plain(connector)));
        }
        text.push_str(&format!(" {}", plain(&failure.message)));
        for cause in &failure.causes {
            text.push_str(&format!("\n  because: {}", plain(cause)));
        }
        if let Some(hint) = &failure.hint {
            text.push_str(&format!("\n  next: {}", plain(hint)));
        }
        error(&text);
        failure.exit
    }

    /// Makes what is shown during a wait: nothing, unless a person watches.
    pub(crate) fn wait(&self, what: impl Into<String>) -> Wait {
        Wait::new(what.into(), self.is_watched && !self.quiet && !self.json, self.color)
    }

    /// Writes a line to standard output. That nobody reads any more is no error; that it cannot be kept is.
    fn out(&self, text: &str) {
        let mut stream = io::stdout().lock();
        let ending = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        match write!(stream, "{text}{ending}").and_then(|()| stream.flush()) {
            Ok(()) => {}
            Err(problem) if problem.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed.store(true, Ordering::Relaxed);
            }
            Err(problem) => {
                self.is_cut.store(true, Ordering::Relaxed);
                error(&format!("car: the result cannot be written\n  because: {problem}"));
            }
        }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        match self.color {
            true => style.for_stderr().force_styling(true).apply_to(text).to_string(),
            false => text.to_owned(),
        }
    }
}

/// Writes a line to standard error; there is nowhere left to tell of a failure to.
fn error(text: &str) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}
