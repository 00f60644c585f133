//! What a failed sign-in means, and what to do next.

use car_mcp::transport::TransportError;
use car_oauth::Error as OauthError;

use crate::error::{Error, ErrorKind};

/// Says what a failed sign-in, renewal or proof means.
pub(crate) fn sign_in_error(slug: &str, error: OauthError) -> Error {
    let kind = kind(&error);
    let hint = hint(slug, &error);
    Error::new(kind, error.to_string()).of(slug).hinted(hint).because_source(error)
}

/// Says what a request without credentials means, if that is what it is.
pub(crate) fn transport_meaning(slug: &str, error: TransportError) -> Result<Error, TransportError> {
    match error {
        TransportError::Credentials { sign_in, transient, source } => match source.downcast::<OauthError>() {
            Ok(error) => Ok(sign_in_error(slug, *error)),
            Err(source) => Err(TransportError::Credentials { sign_in, transient, source }),
        },
        other => Err(other),
    }
}

fn kind(error: &OauthError) -> ErrorKind {
    match error {
        _ if error.is_transient() => ErrorKind::Unreachable,
        OauthError::SignInRequired { .. }
        | OauthError::TooManyStepUps { .. }
        | OauthError::NoMetadata { .. }
        | OauthError::ClientUnknown { .. } => ErrorKind::AuthRequired,
        OauthError::NoSignInNeeded { .. }
        | OauthError::InvalidSettings { .. }
        | OauthError::InvalidKey { .. }
        | OauthError::InvalidRedirectUri { .. }
        | OauthError::ClientOfAnotherIssuer { .. }
        | OauthError::CallbackPort { .. } => ErrorKind::InvalidInput,
        OauthError::Vault { .. } => ErrorKind::Storage,
        OauthError::Http { .. } => ErrorKind::Unreachable,
        _ => ErrorKind::SignInFailed,
    }
}

fn hint(slug: &str, error: &OauthError) -> String {
    let again = format!("sign in with `car login {slug}`");
    match error {
        _ if error.is_transient() => {
            "the sign-in is kept; try again in a moment, or ask the server's operator".to_owned()
        }
        OauthError::SignInRequired { .. } => again,
        OauthError::TooManyStepUps { .. } => {
            "the account may lack the permission: ask the server's operator, or sign in with another account"
                .to_owned()
        }
        OauthError::NoMetadata { .. } => {
            "if the server takes a token or key of its own, remove the connector and add it again with \
             `--header-env 'Authorization=VARIABLE'`; else ask its operator how clients sign in"
                .to_owned()
        }
        OauthError::ClientUnknown { ways, .. } => client_ways(slug, ways),
        OauthError::ClientOfAnotherIssuer { .. } => {
            format!("register a client there and give its id with `car login {slug} --client-id ID`")
        }
        OauthError::RegistrationRefused { redirect_uri: true, .. } => {
            format!("register a client by hand, then `car login {slug} --client-id ID --callback-port PORT`")
        }
        OauthError::RegistrationRefused { .. } => {
            format!("register a client by hand and give its id with `car login {slug} --client-id ID`")
        }
        OauthError::CallbackPort { .. } => {
            format!(
                "end the program that has the port, or choose another with `car login {slug} --callback-port PORT`"
            )
        }
        OauthError::SignInTimedOut { .. } => format!("{again}; without a browser here, add `--no-browser`"),
        OauthError::AuthorizationRefused { error, .. } if error == "access_denied" => {
            format!("nothing was changed; to try again, {again}")
        }
        OauthError::IdentityChanged { .. } => format!(
            "nothing was changed; to use the other account from now on, `car login {slug} --switch-account`; to use \
             both, add the server once more under another name"
        ),
        OauthError::IssuerMismatch { .. }
        | OauthError::ResourceMismatch { .. }
        | OauthError::ForeignResponse { .. } => {
            "this is how an attack on a sign-in looks: do not go on, and tell the server's operator"
                .to_owned()
        }
        OauthError::Vault { action: "stored", .. } => format!(
            "you are signed in until this program ends, but the tokens could not be kept: unlock the keychain, or keep \
             them in a file with CAR_SECRETS=file, then `car login {slug}` (`car doctor` tells more)"
        ),
        OauthError::Vault { .. } => {
            "unlock the keychain, or keep secrets in a file with CAR_SECRETS=file (`car doctor` tells more)"
                .to_owned()
        }
        _ if error.is_private_address() => format!(
            "if the server and its sign-in are in your own network, say so with `car login {slug} --allow-private`"
        ),
        OauthError::Http { .. } => {
            "check that the authorization server can be reached from here, and try again".to_owned()
        }
        OauthError::InsecureEndpoint { .. } => {
            "tell the server's operator: sign-in works over https only, except on this machine".to_owned()
        }
        OauthError::NoSignInNeeded { .. } => {
            format!("nothing needs to be done; look at its tools with `car tools {slug}`")
        }
        OauthError::InvalidSettings { .. } | OauthError::InvalidKey { .. } => {
            format!("`car login {slug} --help` says what can be given")
        }
        _ => format!("tell the server's operator; to try again, {again}"),
    }
}

/// Says which of the three ways to a client are open.
fn client_ways(slug: &str, ways: &[String]) -> String {
    let own =
        format!("register a client there by hand and give its id with `car login {slug} --client-id ID`");
    match ways {
        [] => own,
        ways => format!("{own} ({})", ways.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use car_oauth::Tried;

    use super::*;

    fn text(text: &str) -> String {
        text.to_owned()
    }

    fn refused(error: &str) -> OauthError {
        OauthError::TokenRefused { issuer: text("https://as.example"), error: text(error), description: None }
    }

    fn failed(status: u16) -> OauthError {
        let (issuer, what) = (text("https://as.example"), text("HTML"));
        OauthError::ServerFailed { issuer, endpoint: "token", status, what }
    }

    fn registration(redirect_uri: bool) -> OauthError {
        let (issuer, error) = (text("https://as.example"), text("invalid"));
        OauthError::RegistrationRefused { issuer, error, description: None, redirect_uri }
    }

    /// Every error that a sign-in or a renewal comes to, what kind of failure it is, and a piece of what is said next.
    fn table() -> Vec<(OauthError, ErrorKind, &'static str)> {
        use ErrorKind::{AuthRequired, InvalidInput, SignInFailed, Storage, Unreachable};
        let at = || text("https://as.example");
        let port = std::io::Error::from(std::io::ErrorKind::AddrInUse);
        vec![
            (failed(500), Unreachable, "the sign-in is kept"),
            (failed(429), Unreachable, "the sign-in is kept"),
            (failed(404), SignInFailed, "operator"),
            (refused("temporarily_unavailable"), Unreachable, "the sign-in is kept"),
            (refused("invalid_scope"), SignInFailed, "car login docs"),
            (OauthError::SignInRequired { reason: text("ended") }, AuthRequired, "car login docs"),
            (OauthError::TooManyStepUps { rounds: 2 }, AuthRequired, "another account"),
            (OauthError::NoMetadata { server: at(), tried: Tried::default() }, AuthRequired, "--header-env"),
            (
                OauthError::ClientUnknown { issuer: at(), ways: vec![text("by mail")] },
                AuthRequired,
                "(by mail)",
            ),
            (registration(true), SignInFailed, "--callback-port PORT"),
            (registration(false), SignInFailed, "--client-id ID"),
            (
                OauthError::ClientOfAnotherIssuer { client_id: text("id"), bound: at(), issuer: at() },
                InvalidInput,
                "--client-id ID",
            ),
            (OauthError::CallbackPort { port: 1, source: port }, InvalidInput, "--callback-port PORT"),
            (OauthError::SignInTimedOut { seconds: 300 }, SignInFailed, "--no-browser"),
            (
                OauthError::AuthorizationRefused { error: text("access_denied"), description: None },
                SignInFailed,
                "nothing was changed",
            ),
            (
                OauthError::IdentityChanged { expected: text("ada"), found: text("grace") },
                SignInFailed,
                "--switch-account",
            ),
            (OauthError::IssuerMismatch { expected: at(), found: None }, SignInFailed, "attack"),
            (OauthError::ResourceMismatch { server: at(), found: at() }, SignInFailed, "attack"),
            (OauthError::ForeignResponse { what: "the state" }, SignInFailed, "attack"),
            (
                OauthError::Vault { action: "stored", source: "locked".into() },
                Storage,
                "until this program ends",
            ),
            (OauthError::Vault { action: "read", source: "locked".into() }, Storage, "CAR_SECRETS=file"),
            (
                OauthError::InsecureEndpoint {
                    what: "token endpoint",
                    url: at(),
                    reason: OauthError::PRIVATE_ADDRESS,
                },
                SignInFailed,
                "--allow-private",
            ),
            (OauthError::InvalidSettings { what: text("nothing") }, InvalidInput, "--help"),
            (OauthError::InvalidKey { what: text("nothing") }, InvalidInput, "--help"),
            (OauthError::PkceNotSupported { issuer: at(), offered: Vec::new() }, SignInFailed, "operator"),
        ]
    }

    #[test]
    fn every_error_has_a_kind_a_connector_and_something_to_do_next() {
        for (error, kind, next) in table() {
            let (said, is_transient) = (error.to_string(), error.is_transient());
            let told = sign_in_error("docs", error);
            let hint = told.hint().unwrap_or_default();
            assert_eq!((told.kind(), told.connector()), (kind, Some("docs")), "{said}");
            assert!(hint.contains(next), "{said}: {hint}");
            assert_eq!(told.is_transient(), is_transient, "{said}");
            assert_eq!(told.is_auth_required(), kind == ErrorKind::AuthRequired, "{said}");
            // With what it is about, and without what the cause says again.
            assert_eq!(told.to_string(), said);
        }
    }
}
