//! Sets: services, what is asked, and which services are right.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

use car_agentdns::{Capability, Provenance, Service, ServiceIdentifier, SourceKind};
use clap::ValueEnum;
use serde::Deserialize;

use crate::metrics::Judgements;

/// Which half of the queries. Whatever is chosen is chosen on one half, and stated for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Split {
    Dev,
    Test,
    All,
}

/// A set, or half of it.
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) services: Vec<Service>,
    /// The id of each service.
    pub(crate) ids: Vec<String>,
    pub(crate) queries: Vec<Judged>,
}

/// A query, and what is right for it.
pub(crate) struct Judged {
    pub(crate) text: String,
    pub(crate) right: Judgements,
}

#[derive(Deserialize)]
struct Line {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    server: Option<String>,
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    tools: Vec<Tool>,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Asked {
    id: String,
    text: String,
}

impl Split {
    /// Returns whether a query is in this half: in the dev half if the first byte of the SHA-256 of its id is even. So a
    /// query is in the same half whatever order or selection a set comes in.
    fn has(self, id: &str) -> bool {
        let is_even =
            ring::digest::digest(&ring::digest::SHA256, id.as_bytes()).as_ref()[0].is_multiple_of(2);
        match self {
            Self::Dev => is_even,
            Self::Test => !is_even,
            Self::All => true,
        }
    }
}

impl Set {
    pub(crate) fn read(folder: &Path, split: Split, without_server: bool) -> Result<Self, Box<dyn Error>> {
        let lines: Vec<Line> = read_lines(&folder.join("corpus.jsonl"))?;
        let asked: Vec<Asked> = read_lines(&folder.join("queries.jsonl"))?;
        let mut judgements: HashMap<String, Judgements> = HashMap::new();
        for line in std::fs::read_to_string(folder.join("qrels.tsv"))?.lines().skip(1) {
            let mut cells = line.split('\t');
            if let (Some(query), Some(id), Some(gain)) = (cells.next(), cells.next(), cells.next()) {
                judgements.entry(query.to_owned()).or_default().insert(id.to_owned(), gain.trim().parse()?);
            }
        }
        let queries = asked.into_iter().filter(|query| split.has(&query.id)).filter_map(|query| {
            let right = judgements.remove(&query.id)?;
            Some(Judged { text: query.text, right })
        });
        let queries = queries.collect();
        let (services, ids) = lines.into_iter().map(|line| (service(&line, without_server), line.id)).unzip();
        let name =
            folder.components().rev().take(2).map(|part| part.as_os_str().to_string_lossy().into_owned());
        let name = name.collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/");
        Ok(Self { name, services, ids, queries })
    }
}

/// Makes the record that discovery would have: name, description, the tools, and the server as the organization.
fn service(line: &Line, without_server: bool) -> Service {
    let segment = |text: &str| -> String {
        let plain = text.chars().map(|one| if one.is_ascii_alphanumeric() { one } else { '-' }).take(100);
        let plain: String = plain.collect();
        if plain.is_empty() { "unnamed".to_owned() } else { plain }
    };
    let server = line.server.as_deref().filter(|_| !without_server);
    let organization = server.map_or_else(|| "set".to_owned(), &segment);
    let category = line.category.as_deref().map(&segment);
    let identifier = ServiceIdentifier::new(organization, category, segment(&line.name));
    let identifier = identifier.expect("segments of letters, digits and hyphens name something");
    let mut service =
        Service::new(identifier, &line.name, Provenance::new(SourceKind::Registry, "set", 0, 0));
    service.description.clone_from(&line.description);
    service.capabilities =
        line.tools.iter().map(|tool| Capability::new(&tool.name, &tool.description)).collect();
    service
}

fn read_lines<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Vec<T>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_the_queries_into_two_halves_that_are_the_same_every_time() {
        let ids: Vec<String> = (0..1_000).map(|n| format!("q{n}")).collect();
        let dev = ids.iter().filter(|id| Split::Dev.has(id)).count();
        assert!((450..550).contains(&dev), "{dev}");
        assert!(ids.iter().all(|id| Split::Dev.has(id) != Split::Test.has(id) && Split::All.has(id)));
        // SHA-256 of "q1" begins with 0xc7, that of "q2" with 0xbe.
        assert!(Split::Test.has("q1"), "q1");
        assert!(Split::Dev.has("q2"), "q2");
    }
}
