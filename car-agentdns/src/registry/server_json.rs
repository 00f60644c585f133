//! A `server.json`, read in every shape that was ever published. What is wrong costs itself and nothing around it.
//!
//! Members are looked up in camelCase and then in snake_case, which was written until July 2025; unknown ones are left out
//! of account (schemas 2025-07-09 to 2025-12-11, and the seed of May 2025).

use serde_json::{Map, Value};

use crate::service::Transport;

/// The longest description that is kept, in characters. The schema allows 100; other registries allow more.
pub(super) const MAX_DESCRIPTION: usize = 2_000;
/// The longest other text that is kept, in characters: a title, a placeholder, a choice.
const MAX_TEXT: usize = 4_000;
/// How many packages, and how many remotes, are read: far more than anybody publishes for one server.
const MAX_WAYS: usize = 64;
/// How many arguments, variables or headers are read of one list.
const MAX_INPUTS: usize = 256;
/// How many tags are kept.
const MAX_TAGS: usize = 32;
/// The longest tag, in characters.
const MAX_TAG: usize = 64;
/// Where a publisher's own members are.
const PUBLISHER_PROVIDED: &str = "io.modelcontextprotocol.registry/publisher-provided";

/// What is used of a `server.json`, but for its name and version.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerJson {
    pub(super) title: Option<String>,
    pub(super) description: String,
    pub(super) tags: Vec<String>,
    pub(super) packages: Vec<Package>,
    pub(super) remotes: Vec<Remote>,
    /// What could not be read, in words.
    pub(super) faults: Vec<String>,
}

/// A package that runs here.
#[derive(Clone, Debug, Default)]
pub(super) struct Package {
    /// `npm`, `pypi`, `oci` and so on; empty where nothing is said, which is no kind.
    pub(super) registry_type: String,
    pub(super) identifier: String,
    pub(super) version: Option<String>,
    pub(super) registry_base_url: Option<String>,
    pub(super) file_sha256: Option<String>,
    pub(super) runtime_hint: Option<String>,
    /// `stdio` where nothing is said, as it was until July 2025.
    pub(super) transport: String,
    pub(super) runtime_arguments: Vec<Argument>,
    pub(super) package_arguments: Vec<Argument>,
    pub(super) environment: Vec<Named>,
    pub(super) faults: Vec<String>,
}

/// A server elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    /// Nothing for a transport that is not spoken here.
    pub(super) transport: Option<Transport>,
    pub(super) url: String,
    pub(super) headers: Vec<Named>,
    pub(super) variables: Vec<(String, Field)>,
    pub(super) faults: Vec<String>,
}

/// A header or a variable of the environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) field: Field,
}

/// An argument of a command.
#[derive(Clone, Debug, Default)]
pub(super) struct Argument {
    /// Its name with its dashes; nothing for a positional one.
    pub(super) name: Option<String>,
    pub(super) value_hint: Option<String>,
    pub(super) is_repeated: bool,
    pub(super) field: Field,
}

/// A value that is fixed, made of variables, or asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    pub(super) description: Option<String>,
    pub(super) is_required: bool,
    pub(super) is_secret: bool,
    pub(super) format: Option<String>,
    pub(super) value: Option<String>,
    pub(super) default: Option<String>,
    pub(super) placeholder: Option<String>,
    pub(super) choices: Vec<String>,
    pub(super) variables: Vec<(String, Self)>,
}

impl ServerJson {
    /// Reads a document that is an object.
    pub(super) fn read(document: &Value) -> Self {
        let Some(object) = document.as_object() else { return Self::default() };
        let mut faults = Vec::new();
        let packages = list(object, "packages", MAX_WAYS, &mut faults, package);
        let remotes = list(object, "remotes", MAX_WAYS, &mut faults, remote);
        Self {
            title: text(object, "title", MAX_TEXT),
            description: text(object, "description", MAX_DESCRIPTION).unwrap_or_default(),
            tags: tags(object),
            packages,
            remotes,
            faults,
        }
    }
}

fn package(object: &Map<String, Value>) -> Result<Package, String> {
    let identifier = raw(object, "identifier").or_else(|| raw(object, "name"));
    let identifier = identifier.ok_or("expected an identifier, found none")?;
    let kind = raw(object, "registryType").or_else(|| raw(object, "registry_name")).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    let transport = match member(object, "transport") {
        None | Some(Value::Null) => "stdio".to_owned(),
        Some(Value::String(word)) => word.clone(),
        Some(Value::Object(inner)) => raw(inner, "type").unwrap_or_default(),
        Some(_) => return Err("expected a transport, found something else".to_owned()),
    };
    let mut faults = Vec::new();
    Ok(Package {
        registry_type: if matches!(kind.as_str(), "docker" | "docker-hub") { "oci".to_owned() } else { kind },
        identifier,
        version: raw(object, "version"),
        registry_base_url: raw(object, "registryBaseUrl"),
        file_sha256: raw(object, "fileSha256"),
        runtime_hint: raw(object, "runtimeHint"),
        transport,
        runtime_arguments: list(object, "runtimeArguments", MAX_INPUTS, &mut faults, argument),
        package_arguments: list(object, "packageArguments", MAX_INPUTS, &mut faults, argument),
        environment: list(object, "environmentVariables", MAX_INPUTS, &mut faults, named),
        faults,
    })
}

fn remote(object: &Map<String, Value>) -> Result<Remote, String> {
    let url = raw(object, "url").ok_or("expected a URL, found none")?;
    let word = ["type", "transportType", "transport"].iter().find_map(|name| raw(object, name));
    let word = word.unwrap_or_default();
    let transport = match word.as_str() {
        "streamable-http" | "streamable" | "streamableHttp" | "streamable_http" => {
            Some(Transport::StreamableHttp)
        }
        "sse" => Some(Transport::Sse),
        _ => None,
    };
    let mut faults = Vec::new();
    Ok(Remote {
        transport,
        url,
        headers: list(object, "headers", MAX_INPUTS, &mut faults, named),
        variables: variables(object),
        faults,
    })
}

fn named(object: &Map<String, Value>) -> Result<Named, String> {
    let name = raw(object, "name").ok_or("expected a name, found none")?;
    Ok(Named { name, field: field(object, true) })
}

fn argument(object: &Map<String, Value>) -> Result<Argument, String> {
    let kind = raw(object, "type").unwrap_or_default();
    let name = raw(object, "name");
    let name = match (kind.as_str(), name) {
        ("positional", _) => None,
        ("named", None) => return Err("expected the name of a named argument, found none".to_owned()),
        (_, name) => name,
    };
    Ok(Argument {
        name,
        value_hint: raw(object, "valueHint"),
        is_repeated: flag(object, "isRepeated"),
        field: field(object, true),
    })
}

fn field(object: &Map<String, Value>, has_variables: bool) -> Field {
    let choices = member(object, "choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    Field {
        description: text(object, "description", MAX_DESCRIPTION),
        is_required: flag(object, "isRequired"),
        is_secret: flag(object, "isSecret"),
        format: raw(object, "format"),
        value: raw(object, "value"),
        default: raw(object, "default"),
        placeholder: text(object, "placeholder", MAX_TEXT),
        choices: choices.iter().take(MAX_INPUTS).filter_map(scalar).collect(),
        variables: if has_variables { variables(object) } else { Vec::new() },
    }
}

fn variables(object: &Map<String, Value>) -> Vec<(String, Field)> {
    let Some(variables) = member(object, "variables").and_then(Value::as_object) else { return Vec::new() };
    let read =
        |(name, value): (&String, &Value)| value.as_object().map(|inner| (name.clone(), field(inner, false)));
    variables.iter().take(MAX_INPUTS).filter_map(read).collect()
}

fn tags(object: &Map<String, Value>) -> Vec<String> {
    let provided =
        object.get("_meta").and_then(|meta| meta.get(PUBLISHER_PROVIDED)).and_then(Value::as_object);
    let mut tags: Vec<String> = Vec::new();
    for holder in std::iter::once(object).chain(provided) {
        let lists =
            ["tags", "keywords", "categories"].iter().filter_map(|name| holder.get(*name)?.as_array());
        for tag in lists.flatten().filter_map(Value::as_str).map(|tag| one_line(tag, MAX_TAG)) {
            if !tag.is_empty() && !tags.contains(&tag) && tags.len() < MAX_TAGS {
                tags.push(tag);
            }
        }
    }
    tags
}

/// Reads a list of objects; what cannot be read is a fault, and so is what is too much.
fn list<T>(
    object: &Map<String, Value>,
    name: &str,
    most: usize,
    faults: &mut Vec<String>,
    read: impl Fn(&Map<String, Value>) -> Result<T, String>,
) -> Vec<T> {
    let items = match member(object, name) {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(items)) => items,
        Some(_) => {
            faults.push(format!("{name}: expected a list, found something else"));
            return Vec::new();
        }
    };
    if items.len() > most {
        faults.push(format!("{name}: expected at most {most}, found {}", items.len()));
    }
    let mut all = Vec::new();
    for (place, item) in items.iter().take(most).enumerate() {
        let item = item.as_object().ok_or_else(|| "expected an object, found something else".to_owned());
        match item.and_then(&read) {
            Ok(item) => all.push(item),
            Err(fault) => faults.push(format!("{name}, number {}: {fault}", place + 1)),
        }
    }
    all
}

/// Returns a member by its name in camelCase, or in snake_case where there is none.
pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let found = object.get(name).filter(|value| !value.is_null());
    found.or_else(|| object.get(&snake(name)))
}

fn snake(name: &str) -> String {
    let mut all = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            all.push('_');
        }
        all.push(character.to_ascii_lowercase());
    }
    all
}

/// Returns a text that is used as it is: nothing where it is empty or too long. Numbers and truth values are texts too, as
/// publishers write them so.
pub(super) fn raw(object: &Map<String, Value>, name: &str) -> Option<String> {
    member(object, name).and_then(scalar)
}

fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= MAX_TEXT).then_some(text)
}

/// Returns a text that is shown: on one line, and cut.
fn text(object: &Map<String, Value>, name: &str, most: usize) -> Option<String> {
    let text = one_line(member(object, name)?.as_str()?, most);
    (!text.is_empty()).then_some(text)
}

/// Puts a stranger's text on one line, without characters that command a terminal, and cuts it.
pub(super) fn one_line(text: &str, most: usize) -> String {
    let plain = text.chars().map(|character| if character.is_control() { ' ' } else { character });
    plain.take(most).collect::<String>().trim().to_owned()
}

fn flag(object: &Map<String, Value>, name: &str) -> bool {
    match member(object, name) {
        Some(Value::Bool(truth)) => *truth,
        Some(Value::String(word)) => word == "true",
        _ => false,
    }
}
