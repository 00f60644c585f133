//! Several processes, and one that may not write: this test binary starts itself.

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

/// A process that may write no byte to any file stands for a full disk: every write fails, the superuser's too.
#[cfg(unix)]
#[test]
fn a_full_disk_is_one_clear_error_and_loses_nothing() {
    let (_folder, home) = home();
    let store = ManifestStore::new(&home);
    store.update(|manifest| manifest.add(Connector::remote("kept", "Kept", "https://example.com"))).unwrap();
    SecretStore::new(&home, SecretMode::File)
        .set(&EntryName::tokens("kept"), &Secret::new("s3cr3t"))
        .unwrap();
    let before = [home.manifest_path(), home.secrets_path()].map(|path| std::fs::read(path).unwrap());
    let output = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 0; exec \"$0\" --exact processes::worker_cannot_write --include-ignored",
        ])
        .arg(env::current_exe().unwrap())
        .env(FOLDER, home.path())
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!([home.manifest_path(), home.secrets_path()].map(|path| std::fs::read(path).unwrap()), before);
    let names: Vec<_> =
        std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "two files and their locks, nothing half-written: {names:?}");
}

#[cfg(unix)]
#[test]
#[ignore = "the other half of a_full_disk_is_one_clear_error_and_loses_nothing"]
fn worker_cannot_write() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let home = Home::resolve(Some(&PathBuf::from(folder)), |_| None).unwrap();
    let (store, secrets) = (ManifestStore::new(&home), SecretStore::new(&home, SecretMode::File));
    let added = store.update(|manifest| manifest.add(Connector::remote("new", "New", "https://example.com")));
    assert_eq!(added.unwrap_err().to_string(), format!("cannot write {}", home.manifest_path().display()));
    let set = secrets.set(&EntryName::tokens("kept"), &Secret::new("other"));
    assert_eq!(set.unwrap_err().to_string(), format!("cannot write {}", home.secrets_path().display()));
    assert_eq!(store.read().unwrap().connectors().len(), 1);
}

/// Whoever a process of the superuser can become, to stand for any other user of the machine.
#[cfg(unix)]
const SOMEBODY: u32 = 4242;

/// Only the superuser can become somebody else; anybody else has the superuser's own folder to look into.
#[cfg(unix)]
#[test]
fn a_state_folder_of_somebody_else_is_called_so_at_every_file() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;
    let (folder, home) = home();
    std::fs::create_dir(home.path()).unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let owner = home.path().metadata().unwrap().uid();
    if owner != 0 {
        // Not the superuser: nobody may write into the root of the file system.
        return foreign(&Home::resolve(Some(&PathBuf::from("/")), |_| None).unwrap(), 0, owner);
    }
    // The test's own program may be in a folder that nobody else can enter.
    let program = folder.path().join("it");
    std::fs::copy(env::current_exe().unwrap(), &program).unwrap();
    let output = Command::new(program)
        .args(["--exact", "processes::worker_is_somebody_else", "--include-ignored"])
        .env(FOLDER, home.path())
        .current_dir("/")
        .uid(SOMEBODY)
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
#[ignore = "the other half of a_state_folder_of_somebody_else_is_called_so_at_every_file"]
fn worker_is_somebody_else() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    foreign(&Home::resolve(Some(&PathBuf::from(folder)), |_| None).unwrap(), 0, SOMEBODY);
}

#[cfg(unix)]
fn foreign(home: &Home, owner: u32, user: u32) {
    use car_connectors_store::{AccessFile, DaemonLock, Grant, GrantsFile, NewAccessToken, PinFiles, Scope};
    let expected = format!("the folder {} belongs to user {owner}, expected {user}", home.path().display());
    let store = ManifestStore::new(home);
    let errors = [
        store
            .update(|manifest| manifest.add(Connector::remote("a", "A", "https://example.com")))
            .unwrap_err(),
        SecretStore::new(home, SecretMode::File).set(&EntryName::tokens("a"), &Secret::new("s")).unwrap_err(),
        AccessFile::new(home).add(NewAccessToken::new("a", Scope::Read), 1).map(drop).unwrap_err(),
        GrantsFile::new(home).add(Grant::new("a", "b", "c", "d", 1)).map(drop).unwrap_err(),
        PinFiles::new(home).update("a", "s", |_| ()).unwrap_err(),
        DaemonLock::acquire(home).map(drop).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.to_string(), expected);
    }
}
