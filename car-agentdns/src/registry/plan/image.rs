//! References to container images: `host/path:tag@digest`.

/// The host whose name is left out of references.
const DEFAULT_HOST: &str = "docker.io";

/// The longest reference (the path alone has at most 255 characters).
const MAX: usize = 512;

/// A reference, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Image<'a> {
    /// The host; nothing where it is left out.
    pub(super) host: Option<&'a str>,
    /// The path at the host.
    pub(super) path: &'a str,
    /// The tag.
    pub(super) tag: Option<&'a str>,
    /// The digest, `sha256:…`: the only part that names one image for ever.
    pub(super) digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    /// Takes a reference apart, or says nothing where it is none.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > MAX {
            return None;
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // The first part is a host if it looks like one: it has a dot or a port, or is this machine.
        let (host, rest) = match rest.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), rest),
            _ => (None, rest),
        };
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        let is_image = host.is_none_or(is_host)
            && path.split('/').all(is_component)
            && tag.is_none_or(is_tag)
            && digest.is_none_or(is_digest);
        is_image.then_some(Self { host, path, tag, digest })
    }

    /// Returns whether two references lead to the same images but for tag and digest.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let host =
            |image: &Self| image.host.filter(|host| *host != DEFAULT_HOST).map(str::to_ascii_lowercase);
        host(self) == host(other) && self.path == other.path
    }

    /// Returns whether a URL or a host is the one that is left out.
    pub(super) fn is_default_host(base: &str) -> bool {
        let host = base.trim_start_matches("https://").trim_end_matches('/');
        host == DEFAULT_HOST || host.strip_suffix(DEFAULT_HOST).is_some_and(|before| before.ends_with('.'))
    }
}

fn is_host(host: &str) -> bool {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_name =
        |part: &str| !part.is_empty() && part.chars().all(|one| one.is_ascii_alphanumeric() || one == '-');
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    name.split('.').all(|part| is_name(part) && !part.starts_with('-')) && port.is_none_or(is_port)
}

/// Lower-case letters and digits, with `.`, `_` and `-` between them.
fn is_component(part: &str) -> bool {
    let is_end = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit();
    part.starts_with(is_end)
        && part.ends_with(is_end)
        && part.chars().all(|one| is_end(one) || matches!(one, '.' | '_' | '-'))
}

pub(super) fn is_tag(tag: &str) -> bool {
    let is_word = |one: char| one.is_ascii_alphanumeric() || one == '_';
    tag.len() <= 128
        && tag.starts_with(is_word)
        && tag.chars().all(|one| is_word(one) || matches!(one, '.' | '-'))
}

fn is_digest(digest: &str) -> bool {
    let is_hex = |one: char| one.is_ascii_digit() || matches!(one, 'a'..='f');
    digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.chars().all(is_hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_references_apart() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let pinned = format!("ghcr.io/o/i:1@{digest}");
        for (text, host, path, tag, pin) in [
            ("ghcr.io/o/i:1.0", Some("ghcr.io"), "o/i", Some("1.0"), None),
            ("o/i", None, "o/i", None, None),
            ("i:latest", None, "i", Some("latest"), None),
            ("localhost:5000/i", Some("localhost:5000"), "i", None, None),
            (&pinned, Some("ghcr.io"), "o/i", Some("1"), Some(digest.as_str())),
        ] {
            assert_eq!(Image::parse(text), Some(Image { host, path, tag, digest: pin }), "{text}");
        }
        for text in [
            "",
            "-v",
            "--privileged",
            "O/I",
            "o//i",
            "o/i:",
            "o/i:-x",
            "o/i@sha256:1",
            "o/i x",
            "https://ghcr.io/o/i",
            "o/../i",
            "a:b:c",
        ] {
            assert_eq!(Image::parse(text), None, "{text}");
        }
    }

    #[test]
    fn knows_the_same_image_under_another_tag() {
        let image = |text| Image::parse(text).unwrap();
        assert!(image("docker.io/o/i:1").is_same(&image("o/i")));
        assert!(image("ghcr.io/o/i:1").is_same(&image("GHCR.io/o/i:2")));
        assert!(!image("ghcr.io/o/i:1").is_same(&image("o/i:1")));
        assert!(
            Image::is_default_host("https://docker.io/")
                && Image::is_default_host("https://registry-1.docker.io")
        );
        assert!(!Image::is_default_host("https://evildocker.io"));
    }
}
