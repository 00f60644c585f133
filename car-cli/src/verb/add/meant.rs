//! What the words of `car add` mean: a server's URL, a command, or a service that somebody else describes.

use car_connectors::agentdns::registry::RegistryReference;

use crate::failure::Failure;

/// How an identifier begins.
const SCHEME: &str = "agentdns://";

/// What is to be added.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meant<'a> {
    /// A server, by the name that it gets.
    Server(&'a str, Server<'a>),
    /// A service, by its identifier or its name in a registry.
    Service { reference: &'a str, name: Option<&'a str> },
}

/// Where a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server<'a> {
    /// At a URL.
    Remote(&'a str),
    /// Here, once a command has started it.
    Local { program: &'a str, words: &'a [String] },
}

/// Finds out what two words and a command mean.
///
/// A service is meant by what looks like nothing else: an identifier, or a registry's name, whose namespace is a domain
/// written backwards and so has a dot.
pub(super) fn meant<'a>(
    first: &'a str,
    second: Option<&'a str>,
    command: &'a [String],
) -> Result<Meant<'a>, Failure> {
    if let Some((program, words)) = command.split_first() {
        return Ok(Meant::Server(first, Server::Local { program, words }));
    }
    match second {
        Some(second) if is_reference(second) => Ok(Meant::Service { reference: second, name: Some(first) }),
        Some(second) if is_reference(first) && !second.contains("://") => {
            Ok(Meant::Service { reference: first, name: Some(second) })
        }
        Some(url) => Ok(Meant::Server(first, Server::Remote(url))),
        None if is_reference(first) => Ok(Meant::Service { reference: first, name: None }),
        None => Err(Failure::usage(format!(
            "expected a URL after {first:?}, or a command after --, or a service such as io.github.owner/server"
        ))
        .hinted("`car find NEED` finds services by what you need")),
    }
}

fn is_reference(word: &str) -> bool {
    let begins_so = word.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME));
    begins_so
        || word.parse::<RegistryReference>().is_ok_and(|reference| reference.name.namespace().contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_urls_commands_and_services_apart() {
        let service = |reference, name| Meant::Service { reference, name };
        let remote = |name, url| Meant::Server(name, Server::Remote(url));
        let table = [
            ("docs", Some("https://example.com/mcp"), remote("docs", "https://example.com/mcp")),
            ("docs", Some("nonsense"), remote("docs", "nonsense")),
            // A slash alone makes no service: a namespace is a domain.
            ("docs", Some("a/b"), remote("docs", "a/b")),
            ("a.b/c", Some("https://example.com/mcp"), remote("a.b/c", "https://example.com/mcp")),
            ("io.github.owner/server", None, service("io.github.owner/server", None)),
            ("io.github.owner/server@1.2.3", None, service("io.github.owner/server@1.2.3", None)),
            ("io.github.owner/server", Some("mine"), service("io.github.owner/server", Some("mine"))),
            ("mine", Some("io.github.owner/server"), service("io.github.owner/server", Some("mine"))),
            ("agentdns://example.com/mail", None, service("agentdns://example.com/mail", None)),
            // What is wrong with it is told by whoever reads it.
            ("AgentDNS://", None, service("AgentDNS://", None)),
            ("mine", Some("agentdns://x.example/a/b"), service("agentdns://x.example/a/b", Some("mine"))),
        ];
        for (first, second, expected) in table {
            assert_eq!(meant(first, second, &[]).unwrap(), expected, "{first} {second:?}");
        }
        let command = ["npx".to_owned(), "-y".to_owned()];
        let expected = Meant::Server("files", Server::Local { program: "npx", words: &command[1..] });
        assert_eq!(meant("files", None, &command).unwrap(), expected);
    }

    #[test]
    fn says_what_a_lone_name_lacks() {
        for word in ["docs", "a/b", "", "ä/ö", "https://example.com/mcp"] {
            let failure = meant(word, None, &[]).unwrap_err();
            assert!(failure.message.contains("io.github.owner/server"), "{word}: {failure:?}");
        }
    }
}
