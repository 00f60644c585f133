//! Signing in: the front end brings the browser and the address that it comes back to.

use car_connectors::{ConnectorManager, ConnectorStatus, NewConnector, SignInOptions, slugify};
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;

use super::About;
use crate::rpc::RpcError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authenticate {
    /// The connector's name; it is added if there is none.
    name: String,
    /// The server's URL, for one that is to be added.
    url: Option<String>,
    /// Where the browser comes back to.
    redirect_uri: String,
}

/// The page to send the person to.
#[derive(Serialize)]
pub(crate) struct Begun {
    slug: String,
    authorize_url: String,
    state: String,
}

pub(crate) async fn authenticate(
    manager: &ConnectorManager,
    wanted: Authenticate,
) -> Result<Begun, RpcError> {
    let slug = connector(manager, &wanted).await?;
    let begun = manager.begin_sign_in(&slug, &SignInOptions::new(), &wanted.redirect_uri).await?;
    Ok(Begun { slug, authorize_url: begun.authorize_url.into(), state: begun.state })
}

/// Finds the connector that is meant, or adds it.
async fn connector(manager: &ConnectorManager, wanted: &Authenticate) -> Result<String, RpcError> {
    let known = manager.list().await?;
    let slug = slugify(&wanted.name);
    if let Some(known) = known.into_iter().find(|known| known.name == wanted.name || known.slug == slug) {
        return match (&wanted.url, &known.url) {
            (Some(wanted), Some(url)) if wanted != url => {
                let text = format!("url: the connector {} has another URL already", known.slug);
                Err(RpcError::invalid_params("connectors.authenticate", &text))
            }
            _ => Ok(known.slug),
        };
    }
    let Some(url) = &wanted.url else { return Ok(manager.status(&slug).await?.slug) };
    match manager.add(NewConnector::remote(&wanted.name, url)).await {
        Ok(added) => Ok(added.slug),
        Err(error) if error.is_auth_required() => Ok(error.connector().map_or(slug, str::to_owned)),
        Err(error) => Err(error.into()),
    }
}

/// What came to the front end's address.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Came {
    state: String,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

pub(crate) async fn complete_authentication(
    manager: &ConnectorManager,
    came: Came,
) -> Result<ConnectorStatus, RpcError> {
    let slug = manager.waiting_sign_in(&came.state);
    manager.complete_sign_in(&came.query()).await?;
    Ok(manager.status(&slug.unwrap_or_default()).await?)
}

impl Came {
    /// Returns the query that the browser brought.
    fn query(self) -> String {
        let members = [
            ("state", Some(self.state)),
            ("code", self.code),
            ("iss", self.iss),
            ("error", self.error),
            ("error_description", self.error_description),
        ];
        let given = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Serializer::new(String::new()).extend_pairs(given).finish()
    }
}

/// How signing out went.
#[derive(Serialize)]
pub(crate) struct Out {
    slug: String,
    was_signed_in: bool,
    /// Whether the authorization server took the tokens back.
    revoked: bool,
    refusal: Option<String>,
}

pub(crate) async fn sign_out(manager: &ConnectorManager, about: About) -> Result<Out, RpcError> {
    let out = manager.sign_out(&about.slug).await?;
    let refusal = out.refusal.as_ref().map(ToString::to_string);
    Ok(Out { slug: about.slug, was_signed_in: out.was_signed_in, revoked: out.revoked, refusal })
}
