//! A package that is run here: its command line and environment.

use std::collections::BTreeMap;

use super::check::{decides_code, decides_trust, is_name, is_version};
use super::draft::{Asking, Draft, is_secret_name};
use super::fill::{Values, is_number};
use super::image::{Image, is_tag};
use super::options::Runner;
use super::runner::{Given, Reader, asks, fixed};
use super::template::Template;
use super::{Input, Plan, PlanError, Recipe, Shape};
use crate::registry::server_json::{Argument, Named, Package};
use crate::service::Offer;

/// A command line, and the variables of its environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Command {
    /// Nothing for a package that cannot be run.
    pub(super) program: String,
    pub(super) args: Vec<Arg>,
    pub(super) env: Vec<(String, Template)>,
    /// Where the names of the variables go that are handed on to a container.
    names_at: Option<usize>,
}

/// An argument: an option, an option with its value, or a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Arg {
    name: Option<String>,
    value: Option<Template>,
}

/// Plans a package.
pub(super) fn plan(package: &Package, offer: Offer) -> Plan {
    let mut draft = Draft::default();
    for fault in &package.faults {
        draft.warn(format!("left out: {fault}"));
    }
    let command = match Runner::of(&package.registry_type) {
        Some(runner) => command(package, runner, &mut draft),
        None => {
            draft.block(unknown(&package.registry_type));
            Command::default()
        }
    };
    let Draft { inputs, warnings, obstacle } = draft;
    Plan { offer, inputs, warnings, obstacle, shape: Shape::Command(command) }
}

fn unknown(registry_type: &str) -> String {
    match registry_type {
        "mcpb" => {
            "bundles (mcpb) have to be downloaded and their hash checked, which is not supported".to_owned()
        }
        "cargo" => "packages of cargo have to be built first, which is not supported".to_owned(),
        "" => "it does not say what kind of package it is".to_owned(),
        other => format!("packages of the kind {other:?} are not known here"),
    }
}

fn command(package: &Package, runner: &'static Runner, draft: &mut Draft) -> Command {
    remarks(package, runner, draft);
    let mut environment = package.environment.clone();
    let reader = Reader::new(runner, &package.identifier, draft, &mut environment);
    let given = reader.read(&package.runtime_arguments);
    let mut args: Vec<Arg> = runner.before.split_whitespace().map(fixed).collect();
    let names_at = (package.registry_type == "oci").then_some(args.len());
    args.extend(target(package, given, draft));
    if package.registry_type == "nuget" && !package.package_arguments.is_empty() {
        args.push(fixed("--"));
    }
    args.extend(package.package_arguments.iter().filter_map(|argument| own_argument(argument, draft)));
    let env = environment_of(&environment, draft);
    Command { program: runner.program.to_owned(), args, env, names_at }
}

/// Says what a person should know of where a package is from and how it is run.
fn remarks(package: &Package, runner: &Runner, draft: &mut Draft) {
    let program = runner.program;
    if package.transport != "stdio" {
        draft
            .block(format!("it starts a server of its own ({}); only stdio is supported", package.transport));
    }
    if let Some(hint) = package.runtime_hint.as_deref().filter(|hint| *hint != program) {
        draft.warn(format!("its publisher suggests to run it with {hint:?}; it is run with {program}"));
    }
    if let Some(base) = &package.registry_base_url {
        draft.warn(format!(
            "it was published at {base}; where it is fetched from is as {program} is set up here"
        ));
    }
    if package.file_sha256.is_some() {
        draft.warn(format!("its publisher names the hash of its file, which {program} does not check"));
    }
}

/// Returns what names the package and its version, with what the runner is given before that.
fn target(package: &Package, given: Given, draft: &mut Draft) -> Vec<Arg> {
    let Given { mut args, command, extras } = given;
    let identifier = &package.identifier;
    if package.registry_type == "oci" {
        args.push(fixed(image(package, draft)));
        return args;
    }
    let kind = package.registry_type.as_str();
    if !is_name(kind, identifier) {
        draft.block(format!("{identifier:?} is no name of a package of the kind {kind}"));
    }
    let version = package.version.as_deref().unwrap_or_default();
    if version.is_empty() {
        draft.block("it names no version, so that it would be another program tomorrow");
    } else if !is_version(kind, version) {
        draft.block(format!("{version:?} is not exactly one version"));
    }
    match (kind, command) {
        ("npm", Some(command)) => {
            args.extend([fixed(format!("--package={identifier}@{version}")), fixed(command)]);
        }
        ("pypi", command) if command.is_some() || !extras.is_empty() => {
            let command = command.unwrap_or_else(|| identifier.clone());
            args.extend([fixed("--from"), fixed(format!("{identifier}{extras}=={version}")), fixed(command)]);
        }
        ("nuget", _) => args.extend([fixed(format!("{identifier}@{version}")), fixed("--yes")]),
        _ => args.push(fixed(format!("{identifier}@{version}"))),
    }
    args
}

/// Returns the reference of an image. Its version is its tag where it has neither a tag nor a digest, as until October
/// 2025.
fn image(package: &Package, draft: &mut Draft) -> String {
    let identifier = &package.identifier;
    let Some(image) = Image::parse(identifier) else {
        draft.block(format!("{identifier:?} is no reference of an image"));
        return identifier.clone();
    };
    if let Some(base) = package.registry_base_url.as_deref().filter(|base| !Image::is_default_host(base)) {
        let host = base.trim_start_matches("https://").trim_end_matches('/');
        if image.host != Some(host) {
            draft.block(format!("its image is at {base}, and the reference {identifier:?} leads elsewhere"));
        }
    }
    match (image.tag, image.digest, package.version.as_deref()) {
        (None, None, Some(version)) if is_tag(version) => format!("{identifier}:{version}"),
        (None | Some("latest"), None, _) => {
            draft.warn("its image has no version: whatever is newest is run");
            identifier.clone()
        }
        _ => identifier.clone(),
    }
}

/// Takes an argument of the package itself.
fn own_argument(argument: &Argument, draft: &mut Draft) -> Option<Arg> {
    let field = &argument.field;
    let shown = argument.name.as_deref().or(argument.value_hint.as_deref()).unwrap_or("argument");
    if [argument.name.as_deref(), field.value.as_deref()]
        .into_iter()
        .flatten()
        .any(|text| text.contains('\0'))
    {
        draft.block("an argument holds a zero byte");
        return None;
    }
    if let (Some(name), None, false) = (&argument.name, &field.value, asks(field)) {
        return Some(Arg::flag(name));
    }
    let is_secret = field.is_secret || field.variables.iter().any(|(_, variable)| variable.is_secret);
    if is_secret && (field.value.is_none() || !field.variables.is_empty()) {
        let is_required =
            field.is_required || field.variables.iter().any(|(_, variable)| variable.is_required);
        let reason = "would hold a secret, and other users of the machine can see arguments";
        if is_required {
            draft.block(format!("{shown} {reason}"));
        } else {
            draft.warn(format!("{shown} is left out: it {reason}"));
        }
        return None;
    }
    let asking = Asking { name: shown, is_repeated: argument.is_repeated, ..Asking::default() };
    let value = draft.template(field, asking);
    Some(match &argument.name {
        Some(name) => Arg::named(name, value),
        None => Arg::positional(value),
    })
}

fn environment_of(variables: &[Named], draft: &mut Draft) -> Vec<(String, Template)> {
    let mut env: Vec<(String, Template)> = Vec::new();
    for Named { name, field } in variables {
        let is_name = !name.contains('=') && name.chars().all(|one| one.is_ascii_graphic());
        if !is_name || name.len() > 256 {
            draft.warn(format!("the variable {name:?} is left out: it is no name"));
        } else if env.iter().any(|(other, _)| other == name) {
            draft.warn(format!("the variable {name} is described twice; the first time counts"));
        } else if decides_code(name) {
            // One that is only offered can be done without.
            if field.value.is_some() || field.default.is_some() || field.is_required {
                draft.block(format!("it sets {name}, which decides which code is run"));
            } else {
                draft.warn(format!("the variable {name} is left out: it decides which code is run"));
            }
        } else {
            if decides_trust(name) {
                draft.warn(format!("it sets {name}, which decides whom it believes or where its files are"));
            }
            let is_plain = field.format.as_deref().is_none_or(|format| format == "string");
            let seems_secret =
                is_plain && field.default.is_none() && field.choices.is_empty() && is_secret_name(name);
            let is_secret = field.is_secret || (field.value.is_none() && seems_secret);
            let value = draft.template(field, Asking { name, is_secret, ..Asking::default() });
            env.push((name.clone(), value));
        }
    }
    env
}

impl Arg {
    pub(super) fn flag(name: &str) -> Self {
        Self { name: Some(name.to_owned()), value: None }
    }

    pub(super) fn named(name: &str, value: Template) -> Self {
        Self { name: Some(name.to_owned()), value: Some(value) }
    }

    pub(super) fn positional(value: Template) -> Self {
        Self { name: None, value: Some(value) }
    }

    /// Returns the words that it comes to: none where its value is not known.
    fn words(&self, values: &Values) -> Result<Vec<String>, PlanError> {
        let Some(value) = &self.value else { return Ok(self.name.iter().cloned().collect()) };
        let mut words = Vec::new();
        for turn in 0..value.turns(values) {
            let Some(filled) = value.fill(values, turn) else { return Ok(Vec::new()) };
            let text = filled.render(|_| None).map_err(|key| PlanError::Missing { key })?;
            // A value that begins like an option would be one.
            if value.begins_with_input() && text.starts_with('-') && !is_number(&text) {
                let key = value.keys().next().unwrap_or_default().to_owned();
                return Err(PlanError::Unfit {
                    key,
                    expected: "a value that does not begin with a dash".to_owned(),
                });
            }
            match &self.name {
                Some(name) if name.ends_with('=') => words.push(format!("{name}{text}")),
                name => words.extend(name.iter().cloned().chain([text])),
            }
        }
        Ok(words)
    }

    fn shown(&self, inputs: &[Input]) -> Vec<String> {
        let words: Vec<String> =
            self.name.iter().cloned().chain(self.value.iter().map(ToString::to_string)).collect();
        let is_optional = |key: &str| {
            inputs.iter().any(|input| input.key == key && !input.is_required && input.default.is_none())
        };
        match self.value.as_ref().is_some_and(|value| value.keys().any(is_optional)) {
            true => vec![format!("[{}]", words.join(" "))],
            false => words,
        }
    }
}

impl Command {
    pub(super) fn recipe(&self, values: &Values) -> Result<Recipe, PlanError> {
        let fill = |(name, value): &(String, Template)| Some((name.clone(), value.fill(values, 0)?));
        let env: BTreeMap<String, Template> = self.env.iter().filter_map(fill).collect();
        let mut args = Vec::new();
        for (place, arg) in self.args.iter().enumerate() {
            if self.names_at == Some(place) {
                args.extend(env.keys().flat_map(|name| ["-e".to_owned(), name.clone()]));
            }
            args.extend(arg.words(values)?);
        }
        Ok(Recipe::Command { program: self.program.clone(), args, env })
    }

    pub(super) fn shown(&self, inputs: &[Input]) -> Vec<String> {
        if self.program.is_empty() {
            return Vec::new();
        }
        let mut words = vec![self.program.clone()];
        for (place, arg) in self.args.iter().enumerate() {
            if self.names_at == Some(place) {
                words.extend(self.env.iter().flat_map(|(name, _)| ["-e".to_owned(), name.clone()]));
            }
            words.extend(arg.shown(inputs));
        }
        words
    }
}
