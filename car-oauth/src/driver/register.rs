//! Which client we are to an authorization server; becoming one where none is known.

use car_http::HeaderMap;

use super::authorizer::Inner;
use super::plan::Plan;
use crate::error::Error;
use crate::registration::{ClientChoice, Identification, KnownClient, PreRegistered, RegistrationRequest};

impl Inner {
    /// Finds the client for an authorization server, and registers one where that is the way. The order is that of MCP
    /// 2026-07-28, client registration: given by hand, metadata document, dynamic, ask.
    pub(super) async fn identify(&self, plan: &Plan, redirect_uri: &str) -> Result<KnownClient, Error> {
        let record = self.load().await?;
        let given = self.settings.pre_registered.as_ref().map(|given| PreRegistered {
            issuer: given.issuer.clone().or_else(|| record.bound_issuer(&given.client_id)),
            ..given.clone()
        });
        let choice = ClientChoice {
            pre_registered: given.as_ref(),
            metadata_document: self.settings.metadata_document.as_deref(),
            known: &record.known_clients(),
            redirect_uri,
            now: self.ambient.now(),
        };
        match choice.decide(plan.server()) {
            Ok(Identification::Known(client)) => Ok(client),
            Ok(Identification::Register) if plan.quirk.no_registration => {
                Err(with_hint(choice.unknown(plan.server()), plan))
            }
            Ok(Identification::Register) => self.register(plan, redirect_uri).await,
            Err(error) => Err(with_hint(error, plan)),
        }
    }

    async fn register(&self, plan: &Plan, redirect_uri: &str) -> Result<KnownClient, Error> {
        let what = "registration endpoint";
        let missing = || Error::EndpointMissing { issuer: plan.issuer().to_string(), what };
        let endpoint = plan.server().registration_endpoint().ok_or_else(missing)?;
        let name = plan.quirk.client_name.as_ref().unwrap_or(&self.settings.client_name);
        let mut request = RegistrationRequest::new(name, vec![redirect_uri.to_owned()], plan.server());
        request.software_version = Some(self.settings.software_version.clone());
        request.scope.clone_from(&plan.scopes);
        if let Some(method) = &plan.quirk.token_auth_method {
            request.auth_method = method.clone();
        }
        let body = request.to_json();
        let answer = self.web.post(what, endpoint.url(), "application/json", HeaderMap::new(), body).await?;
        if let Some(tried) = plan.discovered.assumed().filter(|_| matches!(answer.status, 404 | 405)) {
            return Err(Error::NoMetadata { server: self.settings.server.to_string(), tried });
        }
        // Kept with the tokens, when there are some: a sign-in that is given up leaves nothing behind.
        RegistrationRequest::parse_answer(answer.status, &answer.body, plan.issuer(), &request)
    }
}

/// Adds to the ways to a client what is known of this server.
fn with_hint(mut error: Error, plan: &Plan) -> Error {
    if let Error::ClientUnknown { ways, .. } = &mut error {
        ways.extend(plan.quirk.hint.clone());
    }
    error
}
