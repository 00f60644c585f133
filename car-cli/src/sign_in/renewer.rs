//! Renews tokens in a process of its own, which outlives the command that needs them.
//!
//! Many servers take a refresh token once. A command that is killed between sending it and keeping the answer would have
//! lost the sign-in; the process that is started here is in a group of its own, does nothing else, and is done in a moment.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::Stdio;

use car_connectors::RenewTokens;
use car_connectors::oauth::Error;
use car_connectors::oauth::driver::Fingerprint;
use car_connectors::store::{Home, SecretMode};
use serde::Deserialize;
use tokio::process::Command;

use crate::exit::Exit;

/// Starts this program again with the verb that renews.
pub(crate) struct ProcessRenewer {
    program: PathBuf,
    home: Home,
    secrets: &'static str,
}

/// What the process says when it fails.
#[derive(Deserialize)]
struct Answer {
    error: Told,
}

#[derive(Deserialize)]
struct Told {
    kind: String,
    message: String,
}

impl ProcessRenewer {
    /// Finds the program. Without it tokens are renewed where they are needed.
    pub(crate) fn new(home: &Home, secrets: SecretMode) -> Option<Self> {
        let program = std::env::current_exe().ok()?;
        let secrets = match secrets {
            SecretMode::Keychain => "keychain",
            SecretMode::File => "file",
            _ => "auto",
        };
        Some(Self { program, home: home.clone(), secrets })
    }

    async fn run(&self, slug: &str, refused: Option<&Fingerprint>) -> Result<(), Error> {
        let mut command = Command::new(&self.program);
        command.arg("--json").arg("--home").arg(self.home.path()).args(["--secrets", self.secrets]);
        // Whoever has tokens is in the manifest.
        command.args(["--no-project", "renew-tokens", slug]);
        if let Some(refused) = refused {
            command.arg(format!("--refused={}", refused.as_str()));
        }
        // Ctrl-C is for the command that asked, and so is its end.
        #[cfg(unix)]
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(false);
        let failed = |error: std::io::Error| Error::Vault { action: "renewed", source: error.into() };
        let output = command.spawn().map_err(failed)?.wait_with_output().await.map_err(failed)?;
        if output.status.success() {
            return Ok(());
        }
        let told = serde_json::from_slice(&output.stdout).map(|answer: Answer| answer.error);
        Err(match told {
            Ok(told) if told.kind == "unreachable" => Error::NotNow { reason: told.message },
            Ok(told) if output.status.code() == Some(Exit::SignIn.code().into()) => {
                let reason = told.message.strip_prefix("a sign-in is needed: ").unwrap_or(&told.message);
                Error::SignInRequired { reason: reason.to_owned() }
            }
            Ok(told) => Error::Vault { action: "renewed", source: told.message.into() },
            Err(_) => {
                let text = format!("the process that renews ended with {}", output.status);
                Error::Vault { action: "renewed", source: text.into() }
            }
        })
    }
}

impl RenewTokens for ProcessRenewer {
    fn renew<'a>(
        &'a self,
        slug: &'a str,
        refused: Option<&'a Fingerprint>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>> {
        Box::pin(self.run(slug, refused))
    }
}
