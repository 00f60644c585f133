//! Starting: what a server gets, and what is said when it does not start.

use std::collections::BTreeMap;
use std::ffi::OsString;

use car_mcp::transport::TransportError;
use car_mcp_stdio::{Command, StartError, StdioTransport};

use crate::server::{call, client, command, server_program};

async fn start_error(command: Command) -> StartError {
    let error = StdioTransport::builder(command).build().start().await.unwrap_err();
    let TransportError::Misconfigured { source } = error else { panic!("{error}") };
    *source.downcast().unwrap()
}

#[tokio::test]
async fn a_server_gets_the_listed_variables_and_those_it_is_given() {
    let lookup = |name: &str| match name {
        "PATH" => Some(OsString::from("/usr/bin:/bin")),
        "HOME" => Some(OsString::from("/folder/of/ada")),
        // Asked for by no list.
        _ => name.contains("TOKEN").then(|| OsString::from("secret")),
    };
    let command = command("good").inherit(lookup).env("API_KEY", "k").env("HOME", "/elsewhere");
    let session = client().connect(StdioTransport::builder(command).build()).await.unwrap();
    let environment = call(&session, "environment", "{}").await.unwrap();
    let mut environment: BTreeMap<String, String> = serde_json::from_str(&environment).unwrap();
    if cfg!(windows) {
        environment.retain(|name, _| name != "SYSTEMROOT" && name != "SystemRoot");
    }
    let expected = [("API_KEY", "k"), ("HOME", "/elsewhere"), ("PATH", "/usr/bin:/bin")];
    let expected =
        expected.iter().filter(|(name, value)| cfg!(unix) || *name != "HOME" || *value == "/elsewhere");
    assert_eq!(environment, expected.map(|(name, value)| (name.to_string(), value.to_string())).collect());
}

#[tokio::test]
async fn a_server_runs_where_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let transport = StdioTransport::builder(command("good").cwd(&folder)).build();
    let session = client().connect(transport).await.unwrap();
    assert_eq!(call(&session, "folder", "{}").await.unwrap(), folder.to_string_lossy());
}

#[tokio::test]
async fn what_is_missing_is_named_with_what_to_do() {
    let error = start_error(Command::new("no-such-server-anywhere").env("PATH", "/usr/bin")).await;
    assert!(
        matches!(&error, StartError::NotFound { program } if program == "no-such-server-anywhere"),
        "{error}"
    );
    assert!(error.to_string().contains("install it"), "{error}");

    let error = start_error(Command::new(server_program()).cwd("/no/such/folder")).await;
    assert!(matches!(&error, StartError::NoFolder { folder } if folder.ends_with("folder")), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_no_program_is_told_apart_from_one_that_is_missing() {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    for (name, text, mode) in [
        ("forbidden", "#!/bin/sh\n", 0o600),
        ("headless", "#!/no/such/interpreter\n", 0o700),
        ("garbage", "\u{7f}ELF and no more", 0o700),
    ] {
        let file = folder.path().join(name);
        let mut written =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&file).unwrap();
        written.write_all(text.as_bytes()).unwrap();
        drop(written);
        let error = start_error(Command::new(&file)).await;
        assert!(matches!(error, StartError::NotExecutable { .. }), "{name}: {error:?}");
    }
    let error = start_error(Command::new(folder.path())).await;
    assert!(matches!(error, StartError::NotExecutable { .. }), "{error:?}");
}
