//! From a proposal and what a person said to it to a connector that can be added.

use std::collections::BTreeMap;

use car_agentdns::Offer;
use car_agentdns::registry::{Given, Recipe, Template};
use car_connectors_store::{Origin, Secret, StdioCommand};

use super::changed::endpoint_of;
use super::look::private_obstacle;
use super::propose::{Answers, Proposal, Way};
use super::trouble::bad_answers;
use crate::error::{Error, ErrorKind};
use crate::options::NewConnector;

/// Fills in what a person gave.
pub(crate) fn new_connector(
    proposal: &Proposal,
    way: &Way,
    answers: &Answers,
) -> Result<NewConnector, Error> {
    let given = Filled::new(way, answers);
    let recipe = way.plan.recipe(&given.given()).map_err(|error| bad_answers(&error))?;
    let name = answers.name.clone().unwrap_or_else(|| proposal.suggested_name.clone());
    let mut new = match recipe {
        Recipe::Remote { url, headers } => {
            if !way.may_be_private
                && !given.names_host(&way.offer)
                && let Some(obstacle) = private_obstacle(&url)
            {
                let text = format!("it cannot be added: {obstacle}");
                return Err(Error::new(ErrorKind::InvalidInput, text)
                    .hinted("if you know the server, add it by its URL: `car add NAME URL`"));
            }
            let mut new = NewConnector::remote(name, url);
            new.is_public_only = !way.may_be_private && !given.names_host(&way.offer);
            for (header, template) in &headers {
                // Which header is a secret only the server knows: all are kept as one.
                new = new.with_header(header, given.fill(template)?);
            }
            new
        }
        Recipe::Command { program, args, env } => {
            let mut command = StdioCommand::new(program, args);
            let mut secrets = Vec::new();
            for (variable, template) in env {
                let value = given.fill(&template)?;
                match template.is_secret() {
                    true => secrets.push((variable, value)),
                    false => drop(command.env.insert(variable, value.expose().to_owned())),
                }
            }
            let mut new = NewConnector::local(name, command);
            new.variables = secrets;
            new
        }
        _ => {
            let text = "it cannot be added by this release";
            return Err(Error::new(ErrorKind::InvalidInput, text).hinted("use a newer release"));
        }
    };
    new.origin = Some(origin(proposal));
    Ok(new)
}

fn origin(proposal: &Proposal) -> Origin {
    let service = &proposal.service;
    let mut origin = Origin::new(&proposal.reference, service.identifier.to_string());
    origin.source.clone_from(&service.provenance.source);
    origin.source_url.clone_from(&proposal.source_url);
    origin.publisher.clone_from(&service.publisher.name);
    origin.version.clone_from(&service.version);
    origin.standing = service.standing();
    origin.fetched_at = service.provenance.fetched_at;
    origin
}

/// What a person gave, sorted by what the plan says of it: whoever asked may not have known what is a secret.
struct Filled<'a> {
    plain: BTreeMap<&'a str, &'a str>,
    secret: BTreeMap<&'a str, &'a str>,
}

impl<'a> Filled<'a> {
    fn new(way: &Way, answers: &'a Answers) -> Self {
        let is_secret = |key: &str| way.inputs.iter().any(|input| input.key == key && input.is_secret);
        let secrets = answers.secrets.iter().map(|(key, value)| (key.as_str(), value.expose()));
        let values = answers.values.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        // An empty value is as good as none.
        let given = secrets.chain(values).filter(|(_, value)| !value.is_empty());
        let (secret, plain) = given.partition(|(key, _)| is_secret(key));
        Self { plain, secret }
    }

    fn given(&self) -> BTreeMap<String, Given<'_>> {
        let plain = self.plain.iter().map(|(key, value)| ((*key).to_owned(), Given::Plain(value)));
        plain.chain(self.secret.keys().map(|key| ((*key).to_owned(), Given::Secret))).collect()
    }

    fn fill(&self, template: &Template) -> Result<Secret, Error> {
        let value = |key: &str| self.secret.get(key).or_else(|| self.plain.get(key)).copied();
        let filled = template.render(value).map_err(|key| {
            Error::new(ErrorKind::InvalidInput, format!("expected a value for {key}, found none"))
                .hinted("`--show` lists what is to be given")
        })?;
        Ok(Secret::new(filled))
    }

    /// Returns whether the person said themselves on which host it is.
    fn names_host(&self, offer: &Offer) -> bool {
        let Some(url) = endpoint_of(offer) else { return false };
        let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = host.split(['/', '?', '#']).next().unwrap_or_default();
        self.plain.keys().any(|key| host.contains(&format!("{{{key}}}")))
    }
}

#[cfg(test)]
mod tests {
    use car_agentdns::registry::Plan;
    use car_agentdns::{Provenance, Service, SourceKind, Transport};

    use super::*;

    fn proposal(url: &str, may_be_private: bool) -> Proposal {
        let provenance = Provenance::new(SourceKind::Root, "public", 1, 2);
        let plan = Plan::remote(Transport::StreamableHttp, url);
        Proposal {
            reference: "agentdns://a.example/b".to_owned(),
            service: Service::new("agentdns://a.example/b".parse().unwrap(), "B", provenance),
            ways: vec![Way::of(plan, may_be_private)],
            best: Some(0),
            changes: Vec::new(),
            is_known: false,
            notes: Vec::new(),
            suggested_name: "B".to_owned(),
            source_url: "https://root.example".to_owned(),
        }
    }

    fn filled(url: &str, may_be_private: bool, answers: &Answers) -> Result<NewConnector, Error> {
        let proposal = proposal(url, may_be_private);
        new_connector(&proposal, &proposal.ways[0], answers)
    }

    #[test]
    fn lets_no_public_source_name_places_in_this_network() {
        for url in ["http://127.0.0.1:1/mcp", "https://printer/mcp", "https://[::1]/mcp", "https://10.0.0.1/"]
        {
            let public = proposal(url, false);
            assert!(
                public.ways[0].obstacle.as_deref().is_some_and(|why| why.contains("its network")),
                "{url}"
            );
            let private = proposal(url, true);
            assert_eq!(private.ways[0].obstacle, None, "{url}");
            assert!(!filled(url, true, &Answers::new()).unwrap().is_public_only);
        }
        let public = filled("https://b.example.com/mcp", false, &Answers::new()).unwrap();
        assert!(public.is_public_only && public.url == "https://b.example.com/mcp");
        assert_eq!(public.origin.unwrap().source_url, "https://root.example");
    }

    #[test]
    fn looks_at_the_place_that_comes_out_and_not_at_what_was_shown() {
        let url = "https://a.example.com/{path}";
        let harmless = Answers::new().with_value("path", "mcp");
        assert!(filled(url, false, &harmless).unwrap().is_public_only);
        // Whoever says themselves on which host it is may mean their own.
        let own = Answers::new().with_value("host", "gitlab.internal");
        let new = filled("https://{host}/mcp", false, &own).unwrap();
        assert_eq!((new.url.as_str(), new.is_public_only), ("https://gitlab.internal/mcp", false));
    }
}
