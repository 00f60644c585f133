//! A real Secret Service: gnome-keyring on a session bus of its own, unlocked with a line from standard input.

use std::{env, fs, path::PathBuf, process::Command};

use car_connectors_store::{EntryName, Home, Secret, SecretMode, SecretStore};

use crate::home;

/// Tells the half that runs on the bus which state folder to use.
const FOLDER: &str = "CAR_STORE_KEYCHAIN_FOLDER";

/// Long enough for several entries, and easy to find if it leaks.
fn long_secret() -> String {
    "s3cr3t-é-".repeat(600)
}

/// Says whether the programs are there. Under `CI=true` they must be.
#[cfg(target_os = "linux")]
fn is_available() -> bool {
    let missing: Vec<&str> = ["dbus-run-session", "gnome-keyring-daemon"]
        .into_iter()
        .filter(|program| Command::new(program).arg("--version").output().is_err())
        .collect();
    if missing.is_empty() {
        return true;
    }
    assert!(env::var("CI").as_deref() != Ok("true"), "missing under CI: {}", missing.join(", "));
    eprintln!("skipped: {} not found; `cargo xtask setup --system` installs it", missing.join(", "));
    false
}

/// Runs one test of this binary on a fresh bus, with the given set-up before it.
#[cfg(target_os = "linux")]
fn on_a_bus(set_up: &str, test: &str, home: &Home, data: &std::path::Path) {
    let script = format!("{set_up} && exec \"$0\" --exact {test} --include-ignored --nocapture");
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", &script])
        .arg(env::current_exe().unwrap())
        .env(FOLDER, home.path())
        // The keyring's own files go into the test's folder, not into the user's.
        .env("XDG_DATA_HOME", data.join("data"))
        .env("XDG_RUNTIME_DIR", data.join("run"))
        .env("HOME", data)
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[cfg(target_os = "linux")]
fn private_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("data/keyrings")).unwrap();
    fs::create_dir_all(folder.path().join("run")).unwrap();
    folder
}

#[cfg(target_os = "linux")]
#[test]
fn a_real_keychain_stores_splits_and_deletes_and_leaves_nothing_in_the_folder() {
    if !is_available() {
        return;
    }
    let ((_folder, home), data) = (home(), private_folder());
    let unlock = "printf '\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null";
    on_a_bus(unlock, "keychain::on_the_bus", &home, data.path());
    for entry in fs::read_dir(home.path()).unwrap() {
        let content = fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&content).contains("s3cr3t"));
    }
    assert!(!home.secrets_path().exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_bus_without_a_keychain_falls_back_to_the_file() {
    if !is_available() {
        return;
    }
    let ((_folder, home), data) = (home(), private_folder());
    // A bus without service files: nothing can be started on demand.
    let configuration = data.path().join("bus.conf");
    fs::write(&configuration, BARE_BUS).unwrap();
    let output = Command::new("dbus-run-session")
        .arg(format!("--config-file={}", configuration.display()))
        .args(["--", "sh", "-c", "exec \"$0\" --exact keychain::without_keychain --include-ignored"])
        .arg(env::current_exe().unwrap())
        .env(FOLDER, home.path())
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert!(home.secrets_path().exists());
}

#[cfg(target_os = "linux")]
const BARE_BUS: &str = "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>
<policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/>
<allow own=\"*\"/></policy></busconfig>";

fn given_home() -> Option<Home> {
    let folder = PathBuf::from(env::var_os(FOLDER)?);
    Some(Home::resolve(Some(&folder), |_| None).unwrap())
}

#[test]
#[ignore = "the half of a_real_keychain_stores_splits_and_deletes that runs on the bus"]
fn on_the_bus() {
    let Some(home) = given_home() else { return };
    let (short, long) = (EntryName::header("docs", "Authorization"), EntryName::tokens("docs"));
    let store = SecretStore::new(&home, SecretMode::Auto);
    store.set(&short, &Secret::new("s3cr3t")).unwrap();
    store.set(&long, &Secret::new(long_secret())).unwrap();
    assert!(store.fallback().is_none(), "{:?}", store.fallback());
    // Called straight from a task, where it should not be, it blocks the task but does not panic: the keychain's
    // library brings no runtime that could be nested.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { assert_eq!(store.get(&short).unwrap().unwrap().expose(), "s3cr3t") });
    drop(store);
    let again = SecretStore::new(&home, SecretMode::Keychain);
    assert_eq!(again.get(&short).unwrap().unwrap().expose(), "s3cr3t");
    assert_eq!(again.get(&long).unwrap().unwrap().expose(), long_secret());
    again.set(&long, &Secret::new("s3cr3t-shorter")).unwrap();
    assert_eq!(again.get(&long).unwrap().unwrap().expose(), "s3cr3t-shorter");
    again.delete_all([&short, &long]).unwrap();
    assert!(again.get(&short).unwrap().is_none() && again.get(&long).unwrap().is_none());
    // Left in the keychain, so that the outer half can look for it in the state folder.
    again.set(&short, &Secret::new("s3cr3t")).unwrap();
}

#[test]
#[ignore = "the half of a_bus_without_a_keychain that runs on the bus"]
fn without_keychain() {
    let Some(home) = given_home() else { return };
    let store = SecretStore::new(&home, SecretMode::Auto);
    let name = EntryName::tokens("docs");
    store.set(&name, &Secret::new("s3cr3t")).unwrap();
    assert_eq!(store.get(&name).unwrap().unwrap().expose(), "s3cr3t");
    assert!(store.fallback().is_some());
    assert!(SecretStore::new(&home, SecretMode::Keychain).get(&name).is_err());
}
