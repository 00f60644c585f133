//! A PyPI package as `uvx` runs it, fetched beforehand: a server that is added must not wait for the network.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::python;
use super::stamp::Stamp;
use super::versions::{PYPI, UVX};
use crate::place;
use crate::shell::{Failure, output, path_with, run};

/// Returns the home folder with which `uvx` finds the package without a network.
pub(crate) fn home() -> PathBuf {
    place::tools().join("uv-home")
}

/// Returns `PATH` with `uvx` on it.
pub(crate) fn path() -> Result<std::ffi::OsString, Failure> {
    path_with(python::program().parent().expect("a program is in a folder"))
}

pub(super) fn install() -> Result<(), Failure> {
    let home = home();
    let uv = PYPI.iter().find(|package| package.starts_with("uv==")).expect("uv is in the table");
    let stamp = Stamp::new(&home, &[uv, UVX]);
    if stamp.is_fresh() {
        println!("what uvx runs is there ({UVX})");
        return Ok(());
    }
    let settings = home.join(".config").join("uv");
    std::fs::create_dir_all(&settings)?;
    let text = settings_text()?;
    std::fs::write(settings.join("uv.toml"), &text)?;
    let mut fetch = Command::new(python::script("uvx"));
    run(fetch.args([UVX, "--help"]).env("HOME", &home).env("PATH", path()?).stdout(Stdio::null()))?;
    std::fs::write(settings.join("uv.toml"), format!("offline = true\n{text}"))?;
    stamp.set()
}

/// Returns uv's settings: packages come from where this machine's pip gets them, which uv does not look up by itself.
fn settings_text() -> Result<String, Failure> {
    let listed = output(Command::new(python::program()).args(["-m", "pip", "config", "list"]))?;
    let mut text =
        format!("cache-dir = {:?}\npython-downloads = \"never\"\n", place::tools().join("uv-cache"));
    if let Some(index) = setting(&listed, "index-url") {
        text.push_str(&format!("index-url = {index:?}\n"));
    }
    for (of_pip, of_uv) in [("extra-index-url", "extra-index-url"), ("find-links", "find-links")] {
        if let Some(urls) = setting(&listed, of_pip) {
            text.push_str(&format!("{of_uv} = {:?}\n", urls.split_whitespace().collect::<Vec<_>>()));
        }
    }
    Ok(text)
}

/// Finds a setting in `pip config list`, whose lines are `global.index-url='https://…'`, most important ones first.
fn setting<'a>(listed: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = listed.lines().filter_map(|line| line.split_once('='));
    let (_, value) = lines.find(|(key, _)| key.rsplit('.').next() == Some(name))?;
    Some(value.trim_matches('\'')).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::setting;

    #[test]
    fn finds_the_most_important_setting_of_a_name() {
        let listed = ":env:.index-url='https://a.example/simple'\nglobal.cert='/c'\nglobal.index-url='https://b.example'\n";
        assert_eq!(setting(listed, "index-url"), Some("https://a.example/simple"));
        assert_eq!(setting(listed, "extra-index-url"), None);
    }
}
