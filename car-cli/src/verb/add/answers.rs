//! What a service asks for: typed, taken from variables or standard input, and asked for where somebody is there.

use std::collections::BTreeMap;

use car_connectors::discovery::{Answers, Asked, Way};
use car_connectors::store::Secret;

use super::secret;
use super::shown::{asks, line};
use crate::context::Context;
use crate::failure::Failure;
use crate::header::secret_line;
use crate::sign_in::one_line;
use crate::suggestion;

/// What can be given to a service.
#[derive(clap::Args)]
#[group(skip)]
pub(super) struct Options {
    /// Give what the service asks for (other users of this machine may see what is typed)
    #[arg(long, value_name = "KEY=VALUE", value_parser = secret)]
    set: Vec<Secret>,
    /// Give what the service asks for, from an environment variable
    #[arg(long, value_name = "KEY=VARIABLE")]
    set_from: Vec<String>,
    /// Give what the service asks for, from a line of standard input; asked for on a terminal
    #[arg(long, value_name = "KEY")]
    set_stdin: Vec<String>,
}

/// Where a value is from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// The command line, which others can see.
    Typed,
    /// Anywhere else.
    Elsewhere,
}

/// The answers that come together, for one way.
struct Gathered<'a> {
    way: &'a Way,
    answers: Answers,
    given: BTreeMap<String, Secret>,
    shows_secret: bool,
}

impl Options {
    /// Whether nothing is given.
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.set_from.is_empty() && self.set_stdin.is_empty()
    }

    /// Adds to the answers what was given, and asks for what must be given and was not, if somebody is there.
    pub(super) async fn gather(
        &self,
        context: &Context,
        way: &Way,
        answers: Answers,
        can_ask: bool,
    ) -> Result<Answers, Failure> {
        let mut gathered = Gathered { way, answers, given: BTreeMap::new(), shows_secret: false };
        for typed in &self.set {
            let (key, value) = typed.expose().split_once('=').ok_or_else(|| {
                // What was typed may be a secret: it is not repeated.
                Failure::usage("expected --set KEY=VALUE, found no '='")
                    .hinted("--set-from KEY=VARIABLE takes it from a variable")
            })?;
            gathered.give(key, Secret::new(value), From::Typed)?;
        }
        for typed in &self.set_from {
            let (key, variable) = typed.split_once('=').ok_or_else(|| {
                Failure::usage(format!("expected --set-from KEY=VARIABLE, found {typed:?}"))
            })?;
            let value = std::env::var(variable).map_err(|_| {
                Failure::usage(format!("the variable {variable} for {key} is not set here"))
                    .hinted(format!("set it, as in `export {variable}=…`, and try again"))
            })?;
            gathered.give(key, Secret::new(value), From::Elsewhere)?;
        }
        for key in &self.set_stdin {
            gathered.expect(key)?;
            let value = secret_line(key)?;
            gathered.give(key, value, From::Elsewhere)?;
        }
        if gathered.shows_secret {
            context.screen.warning(
                "other processes can see the secret given with --set, and the shell keeps it in its history; --set-from \
                 and --set-stdin avoid that",
            );
        }
        gathered.ask(context, can_ask).await?;
        Ok(gathered.answers)
    }
}

impl Gathered<'_> {
    fn expect(&self, key: &str) -> Result<&Asked, Failure> {
        let known = self.way.inputs.iter();
        known.clone().find(|asked| asked.key == key).ok_or_else(|| {
            let failure = Failure::usage(format!("it does not ask for {key:?}"));
            match self.way.inputs.is_empty() {
                true => failure.hinted("it asks for nothing"),
                false => failure.hinted(suggestion::hint("keys", key, known.map(|asked| asked.key.as_str()))),
            }
        })
    }

    fn give(&mut self, key: &str, value: Secret, from: From) -> Result<(), Failure> {
        let Asked { is_secret, is_repeated, .. } = *self.expect(key)?;
        let value = match self.given.get(key) {
            None => value,
            Some(before) if is_repeated => Secret::new(format!("{}\n{}", before.expose(), value.expose())),
            Some(_) => return Err(Failure::usage(format!("{key} is given twice"))),
        };
        self.given.insert(key.to_owned(), value.clone());
        self.shows_secret |= is_secret && from == From::Typed;
        let answers = std::mem::take(&mut self.answers);
        self.answers = match is_secret {
            true => answers.with_secret(key, value),
            false => answers.with_value(key, value.expose()),
        };
        Ok(())
    }

    /// Asks for what is missing, one after the other.
    async fn ask(&mut self, context: &Context, can_ask: bool) -> Result<(), Failure> {
        let way = self.way;
        let is_missing = |asked: &&Asked| asked.is_required && asked.default.is_none();
        let missing: Vec<&Asked> = way
            .inputs
            .iter()
            .filter(is_missing)
            .filter(|asked| !self.given.contains_key(&asked.key))
            .collect();
        if !missing.is_empty() && !can_ask {
            let keys: Vec<_> = missing.iter().map(|asked| line(&asked.key)).collect();
            return Err(Failure::usage(format!("it asks for {}", keys.join(", ")))
                .hinted("give each with --set-from KEY=VARIABLE, --set-stdin KEY or --set KEY=VALUE"));
        }
        for asked in missing {
            let value = match asked.is_secret {
                true => secret_line(&asks(asked))?,
                false => {
                    context.screen.ask(&format!("{}: ", asks(asked)));
                    let line = one_line().await.unwrap_or_default();
                    Secret::new(line.trim_end_matches(['\r', '\n']))
                }
            };
            self.give(&asked.key, value, From::Elsewhere)?;
        }
        Ok(())
    }
}
