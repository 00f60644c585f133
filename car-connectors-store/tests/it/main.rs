//! Behaviour of the store, on real folders, among real processes and with a real keychain.
#![expect(clippy::disallowed_methods, reason = "tests prepare files and start processes")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![expect(clippy::print_stderr, reason = "a test whose program is missing says so")]

mod access;
mod agreements;
mod discovery;
mod keychain;
mod manifest;
mod manifest_text;
mod processes;
mod project;
mod secrets;

use car_connectors_store::Home;
use tempfile::TempDir;

/// Makes a state folder that does not exist yet, in a temporary one.
fn home() -> (TempDir, Home) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = Home::resolve(Some(&folder.path().join("state")), |_| None).expect("an explicit folder");
    (folder, home)
}
