//! The browser, or where there is none, an address to open and a line to paste.

use std::future::Future;
use std::io::{self, IsTerminal as _};
use std::pin::Pin;

use car_connectors::oauth::Error;
use car_connectors::oauth::driver::{Invitation, Opener};
use car_connectors::oauth::identity::Identity;

use super::input::Input;
use crate::output::Screen;

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What is asked for when the browser may be on another machine.
const PROMPT: &str = "Paste the address that the browser ended at: ";

/// Whether somebody is there to be asked: standard input and error are a terminal.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Shows pages to the person at the terminal.
pub(crate) struct Terminal {
    screen: Screen,
    input: Input,
    uses_browser: bool,
    /// Whether a pasted address is taken.
    takes_lines: bool,
    /// Another account than before needs no question.
    other_account: bool,
}

impl Terminal {
    /// Shows pages in a browser, or without one only their addresses.
    pub(crate) fn new(screen: Screen, uses_browser: bool, other_account: bool) -> Self {
        let takes_lines = !uses_browser || can_ask();
        Self { screen, input: Input::default(), uses_browser, takes_lines, other_account }
    }

    async fn show(&self, invitation: &Invitation) -> Result<(), Error> {
        let opened = self.uses_browser && open_page(invitation.url.as_str().to_owned()).await;
        let (name, url) = (&invitation.name, &invitation.url);
        if opened {
            self.screen.ask(&format!(
                "A browser is opening to sign in to {name}. If it does not, open this address:\n\n  {url}\n"
            ));
            return Ok(());
        }
        if !self.takes_lines {
            let reason = "there is no browser and no terminal here to sign in with";
            return Err(Error::SignInRequired { reason: reason.to_owned() });
        }
        self.screen.ask(&format!(
            "To sign in to {name}, open this address in a browser, on any machine:\n\n  {url}\n\nIf the browser then \
             cannot reach a page on 127.0.0.1 or localhost, copy the address that it shows.\n{PROMPT}"
        ));
        Ok(())
    }
}

/// Opens the address without a shell; whether that worked is known only in part.
pub(crate) async fn open_page(url: String) -> bool {
    tokio::task::spawn_blocking(move || webbrowser::open(&url).is_ok()).await.unwrap_or(false)
}

/// Asks the person whether to go on with another account than before, unless they have said so.
pub(super) async fn confirm_account(
    screen: &Screen,
    input: &Input,
    is_welcome: bool,
    before: &Identity,
    now: &Identity,
) -> bool {
    if is_welcome || !can_ask() {
        return is_welcome;
    }
    screen.ask(&format!("{now} signed in, where {before} was before. Go on as {now}? [y/N] "));
    let answer = input.line().await.unwrap_or_default();
    matches!(answer.trim(), "y" | "Y" | "yes")
}

impl Opener for Terminal {
    fn open<'a>(&'a self, invitation: &'a Invitation) -> Later<'a, Result<(), Error>> {
        Box::pin(self.show(invitation))
    }

    fn pasted(&self) -> Later<'_, Result<String, Error>> {
        Box::pin(async move {
            if !self.takes_lines {
                return std::future::pending().await;
            }
            match self.input.line().await {
                Some(line) => Ok(line),
                // The browser may still come back by itself.
                None if self.uses_browser => std::future::pending().await,
                None => Err(Error::SignInRequired {
                    reason: "standard input ended before the address was pasted".to_owned(),
                }),
            }
        })
    }

    fn ignored<'a>(&'a self, why: &'a Error) -> Later<'a, ()> {
        Box::pin(async move {
            self.screen.warning(&why.to_string());
            if self.takes_lines {
                self.screen.ask(PROMPT);
            }
        })
    }

    fn confirm_account<'a>(&'a self, before: &'a Identity, now: &'a Identity) -> Later<'a, bool> {
        Box::pin(confirm_account(&self.screen, &self.input, self.other_account, before, now))
    }
}
