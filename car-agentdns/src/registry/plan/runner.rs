//! What runs a package, and which arguments it may be given before the package's name.
//!
//! What stands there is the publisher's, and decides which code is run and what it can reach. So only known options are
//! passed on: an unknown one might take the package's name for its value. Those that let other code run, or open the
//! machine to it, are pointed out; a word that would be run in the package's place stands in the way.

use super::command::Arg;
use super::draft::{Asking, Draft};
use super::options::{Runner, has};
use super::template::Template;
use crate::registry::server_json::{Argument, Field, Named};

/// What the runner is given before the package.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) args: Vec<Arg>,
    /// The command of the package, where it is not called as the package is.
    pub(super) command: Option<String>,
    /// The package's extras, `[cli]`.
    pub(super) extras: String,
}

/// Reads what a publisher wants a runner to be given.
pub(super) struct Reader<'a> {
    pub(super) runner: &'static Runner,
    pub(super) identifier: &'a str,
    pub(super) draft: &'a mut Draft,
    /// The variables of the environment: containers are given them as arguments.
    pub(super) environment: &'a mut Vec<Named>,
    given: Given,
    /// An option whose value is the next word.
    open: Option<String>,
    /// Whether the package was named by an option, so that the next word is its command.
    awaits_command: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        runner: &'static Runner,
        identifier: &'a str,
        draft: &'a mut Draft,
        environment: &'a mut Vec<Named>,
    ) -> Self {
        let given = Given::default();
        Self { runner, identifier, draft, environment, given, open: None, awaits_command: false }
    }

    pub(super) fn read(mut self, arguments: &[Argument]) -> Given {
        for (place, argument) in arguments.iter().enumerate() {
            match &argument.name {
                Some(name) => {
                    let opens = opens(argument, arguments.get(place + 1));
                    self.named(name, argument, opens);
                }
                None => self.positional(argument),
            }
        }
        if let Some(name) = self.open.take() {
            self.block_word(&name);
        }
        self.given
    }

    fn positional(&mut self, argument: &Argument) {
        if let Some(name) = self.open.take() {
            return self.option(&name, argument);
        }
        let Some(word) = argument.field.value.clone() else {
            let hint = argument.value_hint.as_deref().unwrap_or("a value");
            return self.block_word(hint);
        };
        if word.starts_with('-') {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            let field = Field { value, ..argument.field.clone() };
            let argument = Argument { field, ..Argument::default() };
            let opens = argument.field.value.is_none();
            return self.named(name, &argument, opens);
        }
        let is_first = self.given.args.is_empty();
        if self.awaits_command && is_command(&word) {
            self.given.command = Some(word);
            self.awaits_command = false;
        } else if (self.runner.is_docker() && is_first && word == "run") || self.is_package(&word) {
            // It is given anyway.
        } else {
            self.block_word(&word);
        }
    }

    /// Takes an option. `opens` says whether its value is the next word.
    fn named(&mut self, name: &str, argument: &Argument, opens: bool) {
        let value = argument.field.value.as_deref();
        let is_on = matches!(value, None | Some("true"));
        let runner = self.runner;
        if has(runner.given, name) {
            if !is_on && value != Some("false") && !value.is_some_and(|value| self.is_package(value)) {
                self.block_word(value.unwrap_or_default());
            }
        } else if has(runner.flags, name) {
            match value {
                _ if is_on => {
                    self.point_out(name);
                    self.given.args.push(Arg::flag(name));
                }
                Some("false") => {}
                _ => self.block_word(value.unwrap_or_default()),
            }
        } else if runner.has_value(name) {
            match opens {
                true => self.open = Some(name.to_owned()),
                false => self.option(name, argument),
            }
        } else {
            self.draft.block(format!("{} would be given {name}, which is not known here", runner.program));
        }
    }

    /// Takes an option with its value.
    fn option(&mut self, name: &str, argument: &Argument) {
        let value = argument.field.value.as_deref();
        if has(self.runner.package, name) {
            match value.filter(|value| self.is_package(value)) {
                Some(value) => {
                    let extras =
                        value.find('[').zip(value.find(']')).and_then(|(from, to)| value.get(from..=to));
                    self.given.extras =
                        extras.filter(|extras| are_extras(extras)).unwrap_or_default().to_owned();
                    self.awaits_command = true;
                }
                None => self.draft.block(format!("{name} names another package than {:?}", self.identifier)),
            }
            return;
        }
        if self.runner.is_docker() && matches!(name, "-e" | "--env") {
            return self.variable(argument);
        }
        self.point_out(name);
        let key = argument.value_hint.as_deref().unwrap_or(name);
        let asking = Asking { name: key, is_repeated: argument.is_repeated, ..Asking::default() };
        let value = self.draft.template(&argument.field, asking);
        if value.is_secret() {
            self.draft.block(format!(
                "{name} would hold a secret, and other users of the machine can see arguments"
            ));
        }
        self.given.args.push(Arg::named(name, value));
    }

    /// Takes a container's variable, `NAME=value` or `NAME`. It goes through the environment, where nobody sees it.
    fn variable(&mut self, argument: &Argument) {
        let text = argument.field.value.clone().unwrap_or_default();
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (text, None),
        };
        if name.is_empty() || name.contains(['{', '}']) {
            return self.draft.block("a variable of the environment has no name of its own".to_owned());
        }
        if !self.environment.iter().any(|variable| variable.name == name) {
            let field = Field { value, ..argument.field.clone() };
            self.environment.push(Named { name, field });
        }
    }

    fn is_package(&self, text: &str) -> bool {
        self.runner.is_package(self.identifier, text)
    }

    fn point_out(&mut self, name: &str) {
        if has(self.runner.risky, name) {
            let program = self.runner.program;
            self.draft.warn(format!(
                "{program} is given {name}, which opens the machine to it or changes what is run"
            ));
        }
    }

    fn block_word(&mut self, word: &str) {
        let program = self.runner.program;
        self.draft.block(format!(
            "{program} would run {word:?}, or take it for something else, before it comes to the package"
        ));
    }
}

/// Whether the value of an option is the next word: it has none, and asks for none; or it is only described, and a word
/// that can be its value follows.
fn opens(argument: &Argument, next: Option<&Argument>) -> bool {
    let field = &argument.field;
    let described = Field { description: None, ..field.clone() };
    let is_value = |next: &Argument| {
        next.name.is_none() && next.field.value.as_deref().is_some_and(|word| !word.starts_with('-'))
    };
    field.value.is_none() && (!asks(field) || (!asks(&described) && next.is_some_and(is_value)))
}

/// Whether something of a field is asked for: it says more than that it is there.
pub(super) fn asks(field: &Field) -> bool {
    field.value.is_none()
        && (field.description.is_some()
            || field.default.is_some()
            || field.placeholder.is_some()
            || field.format.is_some()
            || field.is_required
            || field.is_secret
            || !field.choices.is_empty()
            || !field.variables.is_empty())
}

/// Whether a word can be the name of a command in a package, and nothing else.
fn is_command(word: &str) -> bool {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '.' | '-');
    word.starts_with(|one: char| one.is_ascii_alphanumeric()) && word.chars().all(is_plain)
}

fn are_extras(extras: &str) -> bool {
    let inner = extras.trim_start_matches('[').trim_end_matches(']');
    inner.split(',').all(|extra| is_command(extra.trim()))
}

/// Makes a text that is given as it is.
pub(super) fn fixed(word: impl Into<String>) -> Arg {
    Arg::positional(Template::text(word))
}
