//! A policy that follows its file.

use std::fs;

use car_engine::{PolicyFile, PolicyRequest, Verdict};

fn is_denied(policy: &PolicyFile) -> bool {
    matches!(policy.current().decide(&PolicyRequest::new("mcp_a_b", "a", "b")), Verdict::Deny { .. })
}

#[test]
fn follows_its_file_and_denies_everything_while_it_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let policy = PolicyFile::new(&path);
    assert!(!is_denied(&policy), "no file is no limit");
    fs::write(&path, "deny_tool = ['a/b']").unwrap();
    assert!(is_denied(&policy));
    // The same length again: only the content differs.
    fs::write(folder.path().join("next"), "deny_tool = ['a/c']").unwrap();
    fs::rename(folder.path().join("next"), &path).unwrap();
    assert!(!is_denied(&policy));
    fs::write(&path, "deny_tool = ").unwrap();
    assert!(is_denied(&policy));
    fs::write(&path, [0xff, 0xfe, 0xfd]).unwrap();
    assert!(is_denied(&policy));
    fs::remove_file(&path).unwrap();
    assert!(!is_denied(&policy));
    fs::create_dir(&path).unwrap();
    assert!(is_denied(&policy), "a folder is no policy");
    assert!(policy.current().problem().unwrap().to_string().contains("cannot be read"));
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_denies_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    std::os::unix::fs::symlink("unmounted/policy.toml", &path).unwrap();
    assert!(is_denied(&PolicyFile::new(&path)));
}
