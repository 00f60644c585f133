//! Fields: the texts of a service that are searched, and what a word in each of them is worth.

use crate::service::Service;

use super::words::StopWords;

/// How much of one field of one service is read, in bytes: far more than a description that is meant to be read. A
/// service that lists thousands of tools is found by the first of them.
const MAX_FIELD_BYTES: usize = 64 * 1024;

/// One of the texts of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Description,
    CapabilityName,
    CapabilityDescription,
    Tags,
}

/// What a field is worth.
pub(super) struct Weighing {
    /// What one mention of a word counts, beside one in a description.
    pub(super) weight: f32,
    /// How much a field that is longer than others of its kind counts for less, from 0 to 1 (`b` of BM25).
    pub(super) length: f32,
}

impl Field {
    pub(super) const ALL: [Self; 5] =
        [Self::Name, Self::Description, Self::CapabilityName, Self::CapabilityDescription, Self::Tags];

    /// Returns the field's name in the index.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Description => "description",
            Self::CapabilityName => "capability_name",
            Self::CapabilityDescription => "capability_description",
            Self::Tags => "tags",
        }
    }

    /// Returns what a mention in this field is worth. Chosen on the dev halves of the sets in docs/ranking.md.
    pub(super) const fn weighing(self) -> Weighing {
        match self {
            Self::Name => Weighing { weight: 2.0, length: 0.4 },
            Self::Description => Weighing { weight: 1.0, length: 0.75 },
            Self::CapabilityName => Weighing { weight: 2.0, length: 0.4 },
            Self::CapabilityDescription => Weighing { weight: 0.4, length: 0.4 },
            Self::Tags => Weighing { weight: 1.5, length: 0.4 },
        }
    }

    /// Returns whether words that say nothing count in it: in names they may be all there is.
    pub(super) const fn stop_words(self) -> StopWords {
        match self {
            Self::Name | Self::CapabilityName | Self::Tags => StopWords::Kept,
            Self::Description | Self::CapabilityDescription => StopWords::Left,
        }
    }
}

/// Namespaces that a host gives to whoever has an account there, in both orders of their labels.
const HOSTED: &[(&str, &str)] = &[("io.github.", ".github.io"), ("io.gitlab.", ".gitlab.io")];

/// Top-level domains that are also words, or that most names have: finding a service by them is finding it by chance.
const TOP_LEVELS: &[&str] =
    &["ai", "app", "cloud", "co", "com", "dev", "io", "me", "net", "org", "so", "tech", "tools"];

/// Returns what is an organization's own in its name: a service of `io.github.ann` or `ann.github.io` is not found by
/// `github`, nor one of `com.example` or `example.com` by `com`.
fn own_name_of(organization: &str) -> &str {
    let hosted = HOSTED.iter().find_map(|(before, after)| {
        organization
            .strip_prefix(before)
            .or_else(|| organization.strip_suffix(after))
            .filter(|own| !own.is_empty())
    });
    if let Some(own) = hosted {
        return own;
    }
    match (organization.split_once('.'), organization.rsplit_once('.')) {
        (Some((first, own)), _) if TOP_LEVELS.contains(&first) => own,
        (_, Some((own, last))) if TOP_LEVELS.contains(&last) => own,
        _ => organization,
    }
}

/// Returns whether two names have the same letters and digits: an identifier writes `Great Things` as `great-things`.
fn is_same_name(one: &str, other: &str) -> bool {
    fn plain(name: &str) -> impl Iterator<Item = char> {
        name.chars().filter(|one| one.is_alphanumeric()).map(|one| one.to_ascii_lowercase())
    }
    plain(one).eq(plain(other))
}

/// Hands over the texts of a service, each with its field and the number of the capability that it is from. The texts of
/// one field come one after the other and are together no longer than is read.
pub(super) fn each_text<'a>(service: &'a Service, mut take: impl FnMut(Field, Option<usize>, &'a str)) {
    for field in Field::ALL {
        let mut left = MAX_FIELD_BYTES;
        let mut give = |capability: Option<usize>, text: &'a str| {
            let text = &text[..text.floor_char_boundary(left)];
            left -= text.len();
            if !text.is_empty() {
                take(field, capability, text);
            }
        };
        let capabilities = service.capabilities.iter().enumerate();
        match field {
            Field::Name => {
                // Most sources make the name of the identifier's: it does not count twice, and a namespace before it is
                // the organization.
                let (name, own) = (service.name.as_str(), service.identifier.name());
                let last = name.rsplit('/').next().unwrap_or(name);
                if is_same_name(last, own) {
                    give(None, last);
                } else {
                    give(None, name);
                    give(None, own);
                }
            }
            Field::Description => give(None, &service.description),
            Field::CapabilityName => capabilities.for_each(|(place, one)| give(Some(place), &one.name)),
            Field::CapabilityDescription => {
                capabilities.for_each(|(place, one)| give(Some(place), &one.description))
            }
            Field::Tags => {
                service.tags.iter().for_each(|tag| give(None, tag));
                give(None, own_name_of(service.identifier.organization()));
                service.identifier.category().iter().for_each(|segment| give(None, segment));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Capability, Provenance, SourceKind};

    fn texts(service: &Service) -> Vec<(Field, Option<usize>, &str)> {
        let mut texts = Vec::new();
        each_text(service, |field, capability, text| texts.push((field, capability, text)));
        texts
    }

    fn service(identifier: &str, name: &str) -> Service {
        Service::new(identifier.parse().unwrap(), name, Provenance::new(SourceKind::Root, "r", 1, 2))
    }

    #[test]
    fn reads_every_text_of_a_service_once() {
        let mut mail = service("agentdns://com.example/office/mail", "Mail");
        mail.description = "Sends mail".to_owned();
        mail.tags = vec!["post".to_owned()];
        mail.capabilities = vec![Capability::new("send", "Sends it"), Capability::new("read", "")];
        let expected = [
            (Field::Name, None, "Mail"),
            (Field::Description, None, "Sends mail"),
            (Field::CapabilityName, Some(0), "send"),
            (Field::CapabilityName, Some(1), "read"),
            (Field::CapabilityDescription, Some(0), "Sends it"),
            (Field::Tags, None, "post"),
            (Field::Tags, None, "example"),
            (Field::Tags, None, "office"),
        ];
        assert_eq!(texts(&mail), expected);
    }

    #[test]
    fn takes_a_name_without_its_namespace_and_a_title_beside_it() {
        let plain = service("agentdns://io.github.ann/demo", "io.github.ann/demo");
        assert_eq!(texts(&plain)[0], (Field::Name, None, "demo"));
        assert_eq!(texts(&plain)[1], (Field::Tags, None, "ann"));
        let spelt = service("agentdns://io.github.ann/great-things", "Great Things");
        assert_eq!(texts(&spelt)[..2], [(Field::Name, None, "Great Things"), (Field::Tags, None, "ann")]);
        let titled = service("agentdns://io.github.ann/demo", "Great Things");
        assert_eq!(texts(&titled)[..2], [(Field::Name, None, "Great Things"), (Field::Name, None, "demo")]);
    }

    #[test]
    fn leaves_out_of_an_organization_what_is_its_hosts() {
        for (organization, own) in [
            ("io.github.ann", "ann"),
            ("io.github.github", "github"),
            ("ann.github.io", "ann"),
            ("com.example", "example"),
            ("example.com", "example"),
            ("com.github", "github"),
            ("example", "example"),
            ("ai", "ai"),
            ("mail.example.org", "mail.example"),
        ] {
            assert_eq!(own_name_of(organization), own, "{organization}");
        }
    }

    #[test]
    fn reads_no_more_of_a_field_than_its_bound() {
        let mut long = service("agentdns://example.com/a", "a");
        long.description = "ä".repeat(MAX_FIELD_BYTES);
        long.tags = vec!["x".repeat(MAX_FIELD_BYTES - 1), "ä".to_owned()];
        let texts = texts(&long);
        assert_eq!(texts[1].2.len(), MAX_FIELD_BYTES);
        let tags: usize = texts.iter().filter(|text| text.0 == Field::Tags).map(|text| text.2.len()).sum();
        assert_eq!(tags, MAX_FIELD_BYTES);
    }
}
