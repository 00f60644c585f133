//! What is kept of a sign-in: one JSON document, wholly secret.

use serde::{Deserialize, Serialize};

use super::grant::Grant;
use crate::client_auth::{AuthMethod, ClientCredential};
use crate::error::{Cause, Error};
use crate::identity::Identity;
use crate::issuer::Issuer;
use crate::registration::{ClientOrigin, KnownClient};
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::time::Timestamp;

/// The version that is written.
const VERSION: u32 = 1;

/// How many clients are remembered. A server has one authorization server, or a few; the oldest go first.
const MAX_CLIENTS: usize = 8;

/// Everything that outlives the program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    version: u32,
    /// Clients by issuer. They stay at a sign-out.
    #[serde(default)]
    pub(crate) clients: Vec<ClientRecord>,
    /// Which issuer a client that was registered by hand belongs to: the first that it was used with.
    #[serde(default)]
    pub(crate) bound: Vec<Bound>,
    #[serde(default)]
    pub(crate) grant: Option<Grant>,
    /// Who signed in last. It stays at a sign-out, so that a change is noticed.
    #[serde(default)]
    pub(crate) account: Option<AccountRecord>,
    /// Permissions that the server asked for when nobody was there to grant them.
    #[serde(default)]
    pub(crate) wanted: Option<Scopes>,
    #[serde(default)]
    pub(crate) last_failure: Option<Failure>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            version: VERSION,
            clients: Vec::new(),
            bound: Vec::new(),
            grant: None,
            account: None,
            wanted: None,
            last_failure: None,
        }
    }
}

/// A client as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ClientRecord {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    #[serde(default, with = "optional_secret", skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<Secret>,
    #[serde(default)]
    pub(crate) auth_method: Option<AuthMethod>,
    #[serde(default)]
    pub(crate) redirect_uris: Vec<String>,
    #[serde(default)]
    pub(crate) secret_expires_at: Option<Timestamp>,
    pub(crate) origin: ClientOrigin,
}

/// A client that was registered by hand, and whose it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bound {
    pub(crate) client_id: String,
    pub(crate) issuer: String,
}

/// Who signed in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccountRecord {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) label: Option<String>,
}

/// Why the last attempt to renew failed, for whoever looks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) at: Timestamp,
    pub(crate) text: String,
}

impl Record {
    /// Reads a record. One that an earlier program wrote in another shape counts as none: it lacks what is needed to
    /// renew a token safely.
    pub(crate) fn read(text: Option<&Secret>) -> Result<Self, Error> {
        let Some(text) = text else { return Ok(Self::default()) };
        let unreadable = |source: Cause| Error::Vault { action: "read", source };
        // The text of a parse error may hold a piece of a token, so only its place is told.
        let at = |error: &serde_json::Error| -> Cause {
            format!("it is not a record of tokens (line {}, column {})", error.line(), error.column()).into()
        };
        let head: Head = serde_json::from_str(text.expose()).map_err(|error| unreadable(at(&error)))?;
        match head.version {
            None => Ok(Self::default()),
            Some(VERSION) => serde_json::from_str(text.expose()).map_err(|error| unreadable(at(&error))),
            Some(newer) => {
                let text = format!("expected version {VERSION}, found {newer}: a newer release wrote it");
                Err(unreadable(text.into()))
            }
        }
    }

    pub(crate) fn write(&self) -> Result<Secret, Error> {
        serde_json::to_string(self)
            .map(Secret::new)
            .map_err(|error| Error::Vault { action: "stored", source: error.into() })
    }

    /// Returns the clients that can be used again.
    pub(crate) fn known_clients(&self) -> Vec<KnownClient> {
        self.clients.iter().filter_map(ClientRecord::to_known).collect()
    }

    /// Keeps a client in place of the one with the same issuer and origin.
    pub(crate) fn keep_client(&mut self, client: &KnownClient) {
        match client.origin {
            ClientOrigin::Dynamic => {
                self.clients.retain(|kept| kept.issuer != client.issuer.as_str());
                self.clients.push(ClientRecord::of(client));
                let surplus = self.clients.len().saturating_sub(MAX_CLIENTS);
                self.clients.drain(..surplus);
            }
            ClientOrigin::PreRegistered => {
                if !self.bound.iter().any(|bound| bound.client_id == client.client_id) {
                    let (client_id, issuer) = (client.client_id.clone(), client.issuer.to_string());
                    self.bound.push(Bound { client_id, issuer });
                }
            }
            // Its id says everything.
            ClientOrigin::MetadataDocument => {}
        }
    }

    pub(crate) fn forget_client(&mut self, issuer: &str) {
        self.clients.retain(|client| client.issuer != issuer);
    }

    pub(crate) fn bound_issuer(&self, client_id: &str) -> Option<Issuer> {
        let bound = self.bound.iter().find(|bound| bound.client_id == client_id)?;
        Issuer::parse(&bound.issuer).ok()
    }
}

/// As much of a record as says what it is.
#[derive(Deserialize)]
struct Head {
    version: Option<u32>,
}

impl ClientRecord {
    fn of(client: &KnownClient) -> Self {
        Self {
            issuer: client.issuer.to_string(),
            client_id: client.client_id.clone(),
            client_secret: match &client.credential {
                ClientCredential::Secret(secret) => Some(secret.clone()),
                _ => None,
            },
            auth_method: client.auth_method.clone(),
            redirect_uris: client.redirect_uris.clone(),
            secret_expires_at: client.secret_expires_at,
            origin: client.origin,
        }
    }

    fn to_known(&self) -> Option<KnownClient> {
        let mut client = KnownClient::new(Issuer::parse(&self.issuer).ok()?, &*self.client_id, self.origin);
        if let Some(secret) = &self.client_secret {
            client.credential = ClientCredential::Secret(secret.clone());
        }
        client.auth_method.clone_from(&self.auth_method);
        client.redirect_uris.clone_from(&self.redirect_uris);
        client.secret_expires_at = self.secret_expires_at;
        Some(client)
    }
}

impl AccountRecord {
    pub(crate) fn of(identity: &Identity) -> Self {
        Self {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            label: identity.label.clone(),
        }
    }

    pub(crate) fn to_identity(&self) -> Identity {
        Identity::new(&self.issuer, &self.subject, self.label.as_deref())
    }
}

/// A secret as text.
pub(super) mod secret {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::secret::Secret;

    pub(in crate::driver) fn serialize<S: Serializer>(
        secret: &Secret,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }

    pub(in crate::driver) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}

/// A secret as text, where there is one.
pub(super) mod optional_secret {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::secret::Secret;

    pub(in crate::driver) fn serialize<S: Serializer>(
        secret: &Option<Secret>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match secret {
            Some(secret) => serializer.serialize_some(secret.expose()),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::driver) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
    }
}
