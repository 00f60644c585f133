//! Finds services by need and adds them by name, as a person would: from npm, from PyPI and elsewhere, out of a registry
//! and a root on this machine. What is run is not ours.

mod entries;

use std::path::{Path, PathBuf};

use serde_json::Value;

use self::entries::{WANTED, Wanted};
use super::arguments::least;
use super::{shortened, tools};
use crate::car::{Car, typed};
use crate::shell::{Failure, heading};
use crate::{place, server, setup};

/// Finds, adds and calls one of each kind.
pub(crate) fn run() -> Result<(), Failure> {
    heading("interop: services found by need and added by name");
    let car = Car::build(&place::target().join("interop-discovery"))?;
    let (_remote, url) = server::start("everything-server")?;
    let registry = write(&car, "registry.json", &entries::registry(&url))?;
    let root = write(&car, "root.json", &entries::root(&url))?;
    let (_registry, registry) = server::start_with("registry-server", &["--entries", &registry])?;
    let (_root, root) = server::start_with("reference-root", &["--records", &root])?;
    // There `npx` finds what is installed, and `uvx` what was fetched, so that nobody waits for a network.
    let car = reaching(car, &registry)?
        .with("CAR_AGENTDNS_ROOT", root)
        .with("HOME", setup::uv::home())
        .inside(&setup::node::folder());
    car.show(&["sources", "sync"], 0)?;
    car.show(&["sources"], 0)?;
    let mut failed = Vec::new();
    for wanted in WANTED {
        heading(wanted.need);
        if let Err(failure) = find_and_add(&car, wanted) {
            println!("FAILED: {failure}");
            failed.push(wanted.reference);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed with {}", failed.join(", ")).into()) }
}

/// Serves a file of entries, and adds those that are named, with the machine's own `npx` and `uvx`.
pub(crate) fn entries(file: &Path, add: &[String]) -> Result<(), Failure> {
    heading("interop: entries of a file");
    let car = Car::build(&place::target().join("interop-entries"))?;
    let file = std::path::absolute(file)?.display().to_string();
    let (_registry, registry) = server::start_with("registry-server", &["--entries", &file])?;
    let car = reaching(car, &registry)?;
    car.show(&["sources", "sync"], 0)?;
    let mut failed = Vec::new();
    for reference in add {
        heading(reference);
        if let Err(failure) = add_entry(&car, reference) {
            println!("FAILED: {failure}");
            failed.push(reference.as_str());
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed with {}", failed.join(", ")).into()) }
}

/// Lets `car` find services in a registry, and run what it finds.
fn reaching(car: Car, registry: &str) -> Result<Car, Failure> {
    let node = setup::node::program("node").parent().map(PathBuf::from).unwrap_or_default();
    let folders = std::iter::once(node).chain(std::env::split_paths(&setup::uv::path()?).collect::<Vec<_>>());
    let path = std::env::join_paths(folders)?;
    Ok(car.with("CAR_MCP_REGISTRY", registry).with("CAR_SECRETS", "file").with("PATH", path))
}

fn write(car: &Car, name: &str, document: &Value) -> Result<String, Failure> {
    let path = car.home().join(name);
    std::fs::write(&path, document.to_string())?;
    Ok(path.display().to_string())
}

fn find_and_add(car: &Car, wanted: &Wanted) -> Result<(), Failure> {
    car.show(&["find", wanted.need, "--limit", "3"], 0)?;
    let found = car.run(&["--json", "find", wanted.need, "--limit", "3"])?;
    let found: Value = serde_json::from_str(&found.stdout)?;
    let first = &found["services"][0]["service"]["reference"];
    if first != wanted.reference {
        return Err(format!("expected {} to be found first, found {first}", wanted.reference).into());
    }
    car.show(&["add", wanted.reference, wanted.name, "--yes"], 0)?;
    let slug = wanted.name.replace(' ', "_");
    car.show(&["enable", &slug, wanted.tool], 0)?;
    let mut call = vec!["call", &slug, wanted.tool];
    call.extend(wanted.arguments);
    match car.show(&call, 0)?.stdout.contains(wanted.expected) {
        true => Ok(()),
        false => Err(format!("expected an answer with \"{}\"", wanted.expected).into()),
    }
}

/// Adds a real entry, and calls its tools with the least that their schemas ask for, until one answers. `wanted` is the entry's
/// name, or `NAME=WAY` for another way than the best.
fn add_entry(car: &Car, wanted: &str) -> Result<(), Failure> {
    let (reference, way) =
        wanted.split_once('=').map_or((wanted, None), |(reference, way)| (reference, Some(["--way", way])));
    let mut add = vec!["add", reference];
    add.extend(way.into_iter().flatten());
    car.show(&[&add[..], &["--show"]].concat(), 0)?;
    let added = car.run(&[&["--json"], &add[..], &["--yes"]].concat())?;
    let document: Value = serde_json::from_str(&added.stdout)?;
    let slug = document["connector"]["slug"].as_str();
    let slug = slug.ok_or_else(|| format!("it was not added: {}{}", added.stdout, added.stderr))?;
    let tools = tools(&car.run(&["--json", "tools", slug])?)?;
    println!("{} tools", tools.len());
    car.show(&["enable", slug, "--all"], 0)?;
    for (tool, schema) in &tools {
        let arguments = least(schema).to_string();
        let call = ["call", slug, tool.as_str(), arguments.as_str()];
        let seen = car.run(&call)?;
        println!("$ car {}\n[{}] {}", typed(&call), seen.status, shortened(&seen));
        // 5: the tool itself answered with an error, as one may that is given next to nothing.
        if matches!(seen.status, 0 | 5) {
            return Ok(());
        }
    }
    Err("none of its tools answered".into())
}
