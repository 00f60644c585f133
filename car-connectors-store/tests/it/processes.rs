//! Two processes at once: this test binary starts itself.

use std::{
    env,
    path::PathBuf,
    process::{Child, Command},
};

use car_connectors_store::{Connector, EntryName, Home, ManifestStore, Secret, SecretMode, SecretStore};

use crate::home;

/// Tells the second half of a test which state folder to use, and under which name to work.
const FOLDER: &str = "CAR_STORE_TEST_FOLDER";
const WORKER: &str = "CAR_STORE_TEST_WORKER";

/// What one process adds.
const EACH: usize = 50;

fn start(test: &str, home: &Home, worker: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--include-ignored"])
        .env(FOLDER, home.path())
        .env(WORKER, worker)
        .spawn()
        .unwrap()
}

#[test]
fn two_processes_that_each_add_fifty_connectors_make_a_hundred() {
    let (_folder, home) = home();
    let children = ["left", "right"].map(|worker| start("processes::worker_adds_connectors", &home, worker));
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let manifest = ManifestStore::new(&home).read().unwrap();
    assert_eq!(manifest.connectors().len(), 2 * EACH);
    let secrets = SecretStore::new(&home, SecretMode::File);
    for connector in manifest.connectors() {
        let secret = secrets.get(&EntryName::tokens(&connector.slug)).unwrap().unwrap();
        assert_eq!(secret.expose(), connector.slug);
    }
}

#[test]
#[ignore = "the other half of two_processes_that_each_add_fifty_connectors_make_a_hundred"]
fn worker_adds_connectors() {
    let (Some(folder), Ok(worker)) = (env::var_os(FOLDER), env::var(WORKER)) else { return };
    let home = Home::resolve(Some(&PathBuf::from(folder)), |_| None).unwrap();
    let (store, secrets) = (ManifestStore::new(&home), SecretStore::new(&home, SecretMode::File));
    for number in 0..EACH {
        let slug = format!("{worker}_{number}");
        store.update(|manifest| manifest.add(Connector::remote(&*slug, "N", "https://example.com"))).unwrap();
        secrets.set(&EntryName::tokens(&slug), &Secret::new(&*slug)).unwrap();
    }
}
