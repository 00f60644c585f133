//! Signing in: the front end brings the browser and the address that it comes back to.

use car_connectors::{ConnectorStatus, NewConnector, SignInOptions, slugify};
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;

use super::{About, Desk, params};
use crate::notices::Notice;
use crate::rpc::RpcError;
use crate::visitor::Visitor;

const AUTHENTICATE: &str = "connectors.authenticate";

/// A sign-in that is to be begun.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Authenticate {
    /// The connector's name; it is added if there is none.
    name: String,
    /// The server's URL, for one that is to be added.
    url: Option<String>,
    /// Where the browser comes back to; to the daemon itself where nothing is said, and then nothing needs to be completed.
    redirect_uri: Option<String>,
}

/// The page to send the person to.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Begun {
    /// The connector.
    slug: String,
    /// The page.
    authorize_url: String,
    /// Under which the answer comes.
    state: String,
    /// Where the browser comes back to.
    redirect_uri: String,
}

pub(super) async fn authenticate(
    desk: &Desk,
    visitor: &Visitor,
    wanted: Authenticate,
) -> Result<Begun, RpcError> {
    let slug = connector(desk, visitor, &wanted).await?;
    let redirect_uri = wanted.redirect_uri.unwrap_or_else(|| desk.callback_url());
    let begun = desk.manager.begin_sign_in(&slug, &SignInOptions::new(), &redirect_uri).await?;
    Ok(Begun { slug, authorize_url: begun.authorize_url.into(), state: begun.state, redirect_uri })
}

/// Finds the connector that is meant, or adds it.
async fn connector(desk: &Desk, visitor: &Visitor, wanted: &Authenticate) -> Result<String, RpcError> {
    let known = desk.manager.list().await?.into_iter().filter(|known| visitor.sees(&known.slug));
    let slug = slugify(&wanted.name);
    let all: Vec<_> = known.filter(|known| known.name == wanted.name || known.slug == slug).collect();
    // Names need not be unique; slugs are, and where one name is another's slug, the slug is meant.
    let meant = all.iter().find(|known| known.slug == wanted.name).or_else(|| all.first());
    if let Some(known) = meant {
        return match (&wanted.url, &known.url) {
            (Some(wanted), Some(url)) if wanted != url => {
                let text = format!("url: the connector {} has another URL already", known.slug);
                Err(RpcError::invalid_params(AUTHENTICATE, &text))
            }
            _ => Ok(known.slug.clone()),
        };
    }
    let Some(url) = &wanted.url else { return Err(desk.missing(visitor, &slug).await) };
    if !visitor.sees_all() {
        return Err(RpcError::forbidden(AUTHENTICATE, "all connectors", "some connectors"));
    }
    match desk.manager.add(NewConnector::remote(&wanted.name, url)).await {
        Ok(added) => Ok(added.slug),
        Err(error) if error.is_auth_required() => Ok(error.connector().map_or(slug, str::to_owned)),
        Err(error) => Err(error.into()),
    }
}

/// What came to the front end's address: everything of the query.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Came {
    /// What `connectors.authenticate` said.
    state: String,
    /// The authorization code.
    code: Option<String>,
    /// Which authorization server answers.
    iss: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// The same in more words.
    error_description: Option<String>,
}

pub(super) async fn complete_authentication(
    desk: &Desk,
    visitor: &Visitor,
    came: Came,
) -> Result<ConnectorStatus, RpcError> {
    let slug = desk.manager.waiting_sign_in(&came.state).filter(|slug| visitor.sees(slug));
    let Some(slug) = slug else {
        return Err(RpcError::no_sign_in());
    };
    let outcome = desk.manager.complete_sign_in(&came.query()).await;
    let status = desk.manager.status(&slug).await;
    let error = outcome.as_ref().err().map(ToString::to_string);
    let state = status.as_ref().ok().map(|status| status.state);
    desk.notices.tell(Notice::SignInCompleted { slug, state, error });
    outcome?;
    Ok(status?)
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Out {
    /// The connector.
    slug: String,
    /// Whether there were tokens.
    was_signed_in: bool,
    /// Whether the authorization server took the tokens back.
    revoked: bool,
    /// Why it did not.
    refusal: Option<String>,
}

pub(super) async fn sign_out(desk: &Desk, _: &Visitor, about: About) -> Result<Out, RpcError> {
    let out = desk.manager.sign_out(&about.slug).await?;
    let refusal = out.refusal.as_ref().map(ToString::to_string);
    Ok(Out { slug: about.slug, was_signed_in: out.was_signed_in, revoked: out.revoked, refusal })
}

params!(about a connector:; about none: Authenticate, Came);
