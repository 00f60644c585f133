//! The code for another device, on the terminal.

use std::future::Future;
use std::pin::Pin;

use car_connectors::oauth::driver::DeviceDisplay;
use car_connectors::oauth::identity::Identity;
use car_connectors::oauth::{Error, Timestamp};
use url::Url;

use super::agent::confirm_account;
use super::input::Input;
use crate::output::Screen;

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Shows the code to the person at the terminal.
pub(crate) struct DeviceScreen {
    screen: Screen,
    input: Input,
    other_account: bool,
}

impl DeviceScreen {
    pub(crate) fn new(screen: Screen, other_account: bool) -> Self {
        Self { screen, input: Input::default(), other_account }
    }
}

impl DeviceDisplay for DeviceScreen {
    fn show<'a>(
        &'a self,
        name: &'a str,
        verification_uri: &'a Url,
        complete: Option<&'a Url>,
        user_code: &'a str,
        _expires_at: Timestamp,
    ) -> Later<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut text = format!(
                "To sign in to {name}, open this address on any device:\n\n  {verification_uri}\n\nand enter the code:\n\n  \
                 {user_code}\n"
            );
            if let Some(complete) = complete {
                text.push_str(&format!("\nOr open this address, which holds the code:\n\n  {complete}\n"));
            }
            self.screen.ask(&text);
            Ok(())
        })
    }

    fn confirm_account<'a>(&'a self, before: &'a Identity, now: &'a Identity) -> Later<'a, bool> {
        Box::pin(confirm_account(&self.screen, &self.input, self.other_account, before, now))
    }
}
