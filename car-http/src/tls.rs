//! TLS: which certificates are trusted, which one is shown, which protocols are offered.

use crate::error::Error;
use rustls::{ClientConfig, crypto::CryptoProvider, pki_types::ServerName};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use rustls_platform_verifier::Verifier;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// The protocol name of HTTP/2 in ALPN.
const HTTP2: &[u8] = b"h2";
/// The protocol name of HTTP/1.1 in ALPN.
const HTTP1: &[u8] = b"http/1.1";

/// What a client was told about TLS, and the connector that is made of it at the first need.
///
/// Late, because reading the platform's certificates costs milliseconds and fails on a machine without any; a
/// client that only speaks plain HTTP should neither pay nor fail.
pub(crate) struct Tls {
    settings: Settings,
    connector: OnceLock<TlsConnector>,
}

/// The settings of TLS, read from PEM.
#[derive(Default)]
pub(crate) struct Settings {
    extra_roots: Vec<CertificateDer<'static>>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    http2: bool,
}

impl Settings {
    pub(crate) fn new(http2: bool) -> Self {
        Self { http2, ..Self::default() }
    }

    pub(crate) fn add_roots(&mut self, pem: &[u8]) -> Result<(), Error> {
        self.extra_roots.extend(certificates("the extra CA", pem)?);
        Ok(())
    }

    pub(crate) fn set_identity(&mut self, chain: &[u8], key: &[u8]) -> Result<(), Error> {
        let chain = certificates("the client certificate", chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| Error::InvalidConfiguration {
            what: "the client certificate's key is not a private key in PEM".to_owned(),
            source: Some(error.into()),
        })?;
        self.identity = Some((chain, key));
        Ok(())
    }

    fn connector(&self) -> Result<TlsConnector, Error> {
        let wrong = |what: &str| {
            let what = what.to_owned();
            move |error: rustls::Error| Error::InvalidConfiguration { what, source: Some(error.into()) }
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = self.verifier(&provider).map_err(wrong("no trusted certificates could be loaded"))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(wrong("the TLS versions do not fit the cryptography"))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.identity {
            None => config.with_no_client_auth(),
            Some((chain, key)) => config
                .with_client_auth_cert(chain.clone(), key.clone_key())
                .map_err(wrong("the client certificate and its key do not fit"))?,
        };
        config.alpn_protocols = vec![HTTP1.to_vec()];
        if self.http2 {
            config.alpn_protocols.insert(0, HTTP2.to_vec());
        }
        Ok(TlsConnector::from(Arc::new(config)))
    }

    #[cfg(not(target_os = "android"))]
    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Verifier, rustls::Error> {
        Verifier::new_with_extra_roots(self.extra_roots.clone(), Arc::clone(provider))
    }

    #[cfg(target_os = "android")]
    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Verifier, rustls::Error> {
        if !self.extra_roots.is_empty() {
            return Err(rustls::Error::General("Android takes no extra CA from an application".to_owned()));
        }
        Verifier::new(Arc::clone(provider))
    }
}

impl Tls {
    pub(crate) fn new(settings: Settings) -> Self {
        Self { settings, connector: OnceLock::new() }
    }

    /// Returns the connector, made at the first call. A failure is not kept: the cause may be mended meanwhile.
    pub(crate) fn connector(&self) -> Result<TlsConnector, Error> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector.clone());
        }
        let connector = self.settings.connector()?;
        Ok(self.connector.get_or_init(|| connector).clone())
    }
}

/// Performs the handshake on a connected socket.
pub(crate) async fn handshake(
    connector: &TlsConnector,
    host: &str,
    socket: TcpStream,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).map_err(std::io::Error::other)?;
    connector.connect(name, socket).await
}

/// Returns whether the server chose HTTP/2.
pub(crate) fn chose_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(HTTP2)
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| {
            Error::InvalidConfiguration {
                what: format!("{what} is not valid PEM"),
                source: Some(error.into()),
            }
        })?;
    if certificates.is_empty() {
        return Err(Error::configuration(format!("{what} holds no certificate in PEM")));
    }
    Ok(certificates)
}
