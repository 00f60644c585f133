//! The programs that run packages, and the options of theirs that are known here.

use super::image::Image;

/// A program that runs packages of one kind. Lists of words have blanks between them.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) program: &'static str,
    /// What it is always given first.
    pub(super) before: &'static str,
    /// What is left out where a publisher writes it, as it is given anyway, or would take away the pipe.
    pub(super) given: &'static str,
    /// Options without a value.
    pub(super) flags: &'static str,
    /// Options with a value.
    valued: &'static str,
    /// Those of both kinds that a person should know of.
    pub(super) risky: &'static str,
    /// The options that name the package, where its command has another name.
    pub(super) package: &'static str,
}

const NPX: Runner = Runner {
    program: "npx",
    before: "-y",
    given: "-y --yes",
    flags: "-q --quiet --silent --offline --prefer-offline --prefer-online --ignore-scripts",
    valued: "--registry --userconfig --node-options --cache --loglevel",
    risky: "--registry --userconfig --node-options --cache",
    package: "-p --package",
};

const UVX: Runner = Runner {
    program: "uvx",
    before: "",
    given: "",
    flags: "-q --quiet --isolated --no-cache -n --refresh --offline --no-progress --native-tls",
    valued: "-p --python --python-preference --prerelease --exclude-newer --with --with-editable \
        --with-requirements --index --index-url -i --default-index --extra-index-url --find-links -f \
        --constraints -c --overrides --directory --project --env-file",
    risky: "--with --with-editable --with-requirements --index --index-url -i --default-index \
        --extra-index-url --find-links -f --constraints -c --overrides --directory --project --env-file",
    package: "--from",
};

const DOCKER: Runner = Runner {
    program: "docker",
    before: "run -i --rm",
    given: "-i --interactive --rm -t --tty -it -ti",
    flags: "--init --read-only --no-healthcheck --privileged",
    valued: "--name --platform --label -l --memory -m --cpus --tmpfs --hostname -h --workdir -w --cap-drop \
        --pull --stop-timeout -v --volume --mount --network --net --user -u -p --publish --entrypoint \
        --cap-add --device --security-opt --add-host --env-file --pid --ipc --group-add --volumes-from \
        --gpus --userns",
    risky: "--privileged -v --volume --mount --network --net --user -u -p --publish --entrypoint --cap-add \
        --device --security-opt --add-host --env-file --pid --ipc --group-add --volumes-from --gpus \
        --userns",
    package: "",
};

const DNX: Runner = Runner {
    program: "dnx",
    before: "",
    given: "-y --yes",
    flags: "--allow-roll-forward --prerelease",
    valued: "--source --add-source --configfile --verbosity -v --framework",
    risky: "--source --add-source --configfile",
    package: "",
};

impl Runner {
    /// Returns what runs packages of a kind.
    pub(super) fn of(registry_type: &str) -> Option<&'static Self> {
        match registry_type {
            "npm" => Some(&NPX),
            "pypi" => Some(&UVX),
            "oci" => Some(&DOCKER),
            "nuget" => Some(&DNX),
            _ => None,
        }
    }

    pub(super) fn is_docker(&self) -> bool {
        self.program == DOCKER.program
    }

    /// Whether a text names the package itself, whatever its version.
    pub(super) fn is_package(&self, identifier: &str, text: &str) -> bool {
        if self.is_docker() {
            return match (Image::parse(identifier), Image::parse(text)) {
                (Some(one), Some(other)) => one.is_same(&other),
                _ => false,
            };
        }
        let rest = text.strip_prefix(identifier);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['@', '[', '=']))
    }

    /// Whether an option has a value.
    pub(super) fn has_value(&self, name: &str) -> bool {
        let is_variable = self.is_docker() && matches!(name, "-e" | "--env");
        is_variable || has(self.valued, name) || has(self.package, name)
    }
}

/// Whether a word is in a list of words.
pub(super) fn has(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word && !one.is_empty())
}
