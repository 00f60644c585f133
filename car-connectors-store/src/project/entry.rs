//! One entry of a project's file.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeTable;

use super::expand::is_name;
use super::secrecy::{inline, is_inline, is_secret, url_problem};
use super::value::{Problem, Value, seconds, table, text, texts, unknown};
use crate::{Connector, OauthClient, ProjectOrigin, StdioCommand};

/// The fields of an entry.
pub(super) const FIELDS: [&str; 15] = [
    "name",
    "url",
    "command",
    "args",
    "env",
    "cwd",
    "http_headers",
    "headers_env",
    "env_http_headers",
    "bearer_token_env_var",
    "scopes",
    "enabled_tools",
    "disabled_tools",
    "startup_timeout_sec",
    "tool_timeout_sec",
];

/// Fields that hold a secret elsewhere and are refused here, with the one to use.
const SECRET_FIELDS: [(&str, &str); 3] = [
    ("bearer_token", "bearer_token_env_var"),
    ("headers", "http_headers or headers_env"),
    ("api_key", "headers_env"),
];

/// The fields that only one kind of server has.
pub(super) const LOCAL: [&str; 4] = ["command", "args", "env", "cwd"];
pub(super) const REMOTE: [&str; 6] =
    ["url", "http_headers", "headers_env", "env_http_headers", "bearer_token_env_var", "scopes"];

/// Everything that an entry says, before it is known which kind of server it is.
#[derive(Default)]
struct Fields {
    url: Option<String>,
    command: Option<String>,
    args: Vec<String>,
    env: BTreeMap<String, String>,
    cwd: Option<String>,
    scopes: Vec<String>,
    enabled_tools: Vec<String>,
    origin: ProjectOrigin,
}

/// Reads an entry's fields into a connector that has no slug yet.
pub(super) fn read(
    name: &str,
    span: Range<usize>,
    members: &DeTable<'_>,
    origin: &ProjectOrigin,
) -> Result<Connector, Problem> {
    let mut fields = Fields { origin: origin.clone(), ..Fields::default() };
    for (key, value) in members {
        let field = key.get_ref().as_ref();
        if let Some((_, instead)) = SECRET_FIELDS.iter().find(|(refused, _)| *refused == field) {
            return Err((key.span(), format!("{field:?} would hold a secret here; use {instead}")));
        }
        if !FIELDS.contains(&field) {
            return Err(unknown(key, &FIELDS));
        }
        fields.take(field, value)?;
    }
    let misplaced = |kind: &str, fields: &[&str]| {
        let (key, _) = members.iter().find(|(key, _)| fields.contains(&key.get_ref().as_ref()))?;
        Some((key.span(), format!("{:?} does not fit an entry with {kind}", key.get_ref())))
    };
    let mut connector = match (fields.url, fields.command) {
        (Some(url), None) => match misplaced("url", &LOCAL) {
            Some(problem) => return Err(problem),
            None => Connector::remote("", name, url),
        },
        (None, Some(command)) => match misplaced("command", &REMOTE) {
            Some(problem) => return Err(problem),
            None => {
                let mut stdio = StdioCommand::default();
                (stdio.command, stdio.args) = (command, fields.args);
                (stdio.env, stdio.cwd) = (fields.env, fields.cwd);
                Connector::local("", name, stdio)
            }
        },
        (Some(_), Some(_)) => return Err((span, "expected url or command, found both".to_owned())),
        (None, None) => return Err((span, "expected url or command, found neither".to_owned())),
    };
    if !fields.scopes.is_empty() {
        let mut oauth = OauthClient::default();
        oauth.scopes = fields.scopes;
        connector.oauth = Some(oauth);
    }
    let disabled = &fields.origin.disabled_tools;
    connector.enabled_tools =
        fields.enabled_tools.into_iter().filter(|tool| !disabled.contains(tool)).collect();
    connector.project = Some(fields.origin);
    Ok(connector)
}

impl Fields {
    fn take(&mut self, field: &str, value: Value<'_, '_>) -> Result<(), Problem> {
        match field {
            "url" => self.url = Some(url(value)?),
            "command" => self.command = Some(text(value)?),
            "args" => self.args = texts(value)?,
            "env" => self.env = table(value, inline_value)?,
            "cwd" => self.cwd = Some(text(value)?),
            "http_headers" => self.add_headers(value, table(value, inline_value)?)?,
            "headers_env" | "env_http_headers" => {
                let headers = table(value, |_, variable| not_a_name(variable))?;
                let reference = |(header, variable): (String, String)| (header, format!("${{{variable}}}"));
                self.add_headers(value, headers.into_iter().map(reference).collect())?;
            }
            "bearer_token_env_var" => {
                let variable = text(value)?;
                if let Some(what) = not_a_name(&variable) {
                    return Err((value.span(), what));
                }
                let bearer = ("Authorization".to_owned(), format!("Bearer ${{{variable}}}"));
                self.add_headers(value, BTreeMap::from([bearer]))?;
            }
            "scopes" => self.scopes = texts(value)?,
            "enabled_tools" => self.enabled_tools = texts(value)?,
            "disabled_tools" => self.origin.disabled_tools = texts(value)?,
            "startup_timeout_sec" => self.origin.startup_timeout_sec = Some(seconds(value)?),
            "tool_timeout_sec" => self.origin.tool_timeout_sec = Some(seconds(value)?),
            // The name has been read already: without it there is nothing to call the entry.
            _ => {}
        }
        Ok(())
    }

    /// Takes headers from one of the fields that have them. A header that two of them set is set by none.
    fn add_headers(
        &mut self,
        value: Value<'_, '_>,
        headers: BTreeMap<String, String>,
    ) -> Result<(), Problem> {
        for (name, text) in headers {
            if self.origin.headers.keys().any(|known| known.eq_ignore_ascii_case(&name)) {
                return Err((value.span(), format!("the header {name:?} is given twice")));
            }
            self.origin.headers.insert(name, text);
        }
        Ok(())
    }
}

fn url(value: Value<'_, '_>) -> Result<String, Problem> {
    let url = text(value)?;
    match url_problem(&url) {
        Some(what) => Err((value.span(), what)),
        None => Ok(url),
    }
}

fn inline_value(name: &str, value: &str) -> Option<String> {
    (is_secret(name) && is_inline(value)).then(|| inline(&format!("{name:?}")))
}

fn not_a_name(variable: &str) -> Option<String> {
    // What stands here may be the secret itself: it is not repeated.
    (!is_name(variable)).then(|| "expected the name of a variable".to_owned())
}
