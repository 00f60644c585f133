//! System packages: only where somebody asked for them, and only with the system's own means.

use std::process::Command;

use super::versions::APT;
use crate::shell::{Failure, exists, run};

pub(super) fn install() -> Result<(), Failure> {
    let list = APT.join(" ");
    if exists("dbus-run-session", "--version") && exists("gnome-keyring-daemon", "--version") {
        println!("a Secret Service is there");
        return Ok(());
    }
    if !exists("apt-get", "--version") {
        println!(
            "no apt-get here; the keychain tests want what Debian calls {list}: install it with your own tools"
        );
        return Ok(());
    }
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.starts_with(b"0\n"));
    let mut command = if is_root { Command::new("apt-get") } else { Command::new("sudo") };
    if !is_root {
        command.args(["-n", "apt-get"]);
    }
    println!("installing {list} with apt-get");
    command
        .args(["install", "--yes", "--no-install-recommends"])
        .args(APT)
        .env("DEBIAN_FRONTEND", "noninteractive");
    run(&mut command).or_else(|first| {
        // A fresh container has no package lists yet.
        println!("{first}; fetching the package lists and trying again");
        let mut update = Command::new(if is_root { "apt-get" } else { "sudo" });
        if !is_root {
            update.args(["-n", "apt-get"]);
        }
        run(update.args(["update", "--quiet"]))?;
        run(&mut command)
    })
}
