//! TLS: whom the client trusts, what it shows, and HTTP/2 where the server chooses it.

use crate::server::{Server, echo, listen, serve_connection};
use car_http::{Client, Error, Request, Target, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use std::{convert::Infallible, sync::Arc};
use tokio_rustls::TlsAcceptor;

/// A certificate authority of the test's own.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// Returns a certificate and its key in PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("parameters");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    fn server_config(&self, protocols: &[&str], ask_for_certificate: bool) -> ServerConfig {
        let (chain, key) = self.issue("localhost");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("versions");
        let config = if ask_for_certificate {
            let mut roots = RootCertStore::empty();
            let root = CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("a certificate");
            roots.add(root).expect("a root");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            config.with_client_cert_verifier(verifier.build().expect("a verifier"))
        } else {
            config.with_no_client_auth()
        };
        let chain = vec![CertificateDer::from_pem_slice(chain.as_bytes()).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let mut config = config.with_single_cert(chain, key).expect("a pair");
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

/// Serves TLS with a certificate for `localhost`, HTTP/2 where it was negotiated.
pub(crate) async fn serve_tls(authority: &Authority, protocols: &[&str], ask: bool) -> Server {
    let acceptor = TlsAcceptor::from(Arc::new(authority.server_config(protocols, ask)));
    listen(move |_, socket| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(socket).await else { return };
            if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                return serve_connection(stream, echo).await;
            }
            let service =
                hyper::service::service_fn(|request| async { Ok::<_, Infallible>(echo(request).await) });
            // An error here is the client going away.
            let _gone = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })
    .await
}

fn target(server: &Server) -> Target {
    Target::parse(&format!("https://localhost:{}/path", server.address.port())).expect("valid")
}

fn trusting(authority: &Authority) -> Client {
    Client::builder().extra_ca_pem(authority.pem().as_bytes()).build().expect("a client")
}

#[tokio::test]
async fn trusts_the_extra_authority_and_reuses_the_connection() {
    let authority = Authority::new();
    let server = serve_tls(&authority, &[], false).await;
    let client = trusting(&authority);
    for _ in 0..10 {
        let response = client.send(Request::post(target(&server), "hello")).await.expect("an answer");
        assert_eq!(response.version(), Version::HTTP_11);
        assert_eq!(response.into_body().collect(100).await.expect("a body"), "hello");
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn refuses_an_unknown_authority_and_another_name() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = serve_tls(&authority, &[], false).await;
    let by_number = Target::parse(&format!("https://{}/", server.address)).expect("valid");
    for (client, target) in [(trusting(&other), target(&server)), (trusting(&authority), by_number)] {
        let error = client.send(Request::get(target)).await.expect_err("untrusted");
        assert!(matches!(error, Error::Tls { .. }) && error.is_connect(), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_a_tls_error() {
    let server = crate::server::serve(echo).await;
    let authority = Authority::new();
    let error = trusting(&authority).send(Request::get(target(&server))).await.expect_err("no TLS");
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn shows_its_certificate_where_one_is_asked_for() {
    let authority = Authority::new();
    let server = serve_tls(&authority, &["h2"], true).await;
    let (chain, key) = authority.issue("client");
    let with_identity = Client::builder()
        .extra_ca_pem(authority.pem().as_bytes())
        .client_identity_pem(chain.as_bytes(), key.as_bytes())
        .build()
        .expect("a client");
    let response = with_identity.send(Request::post(target(&server), "me")).await.expect("an answer");
    assert_eq!(response.into_body().collect(100).await.expect("a body"), "me");
    assert!(trusting(&authority).send(Request::get(target(&server))).await.is_err());
}

#[tokio::test]
async fn refuses_settings_that_are_not_pem() {
    for builder in [
        Client::builder().extra_ca_pem(b"nothing"),
        Client::builder().client_identity_pem(b"nothing", b"secret key"),
        Client::builder().client_identity_pem(Authority::new().pem().as_bytes(), b"secret key"),
    ] {
        let error = builder.build().expect_err("not PEM");
        assert!(matches!(error, Error::InvalidConfiguration { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("secret key"));
    }
}

#[tokio::test]
async fn sixty_four_calls_at_once_share_one_http2_connection() {
    let authority = Authority::new();
    let server = serve_tls(&authority, &["h2", "http/1.1"], false).await;
    let client = trusting(&authority);
    let first = client.send(Request::post(target(&server), "first")).await.expect("an answer");
    assert_eq!(first.version(), Version::HTTP_2);
    assert_eq!(first.into_body().collect(100).await.expect("a body"), "first");
    let calls: Vec<_> = (0..64)
        .map(|number| {
            let (client, target) = (client.clone(), target(&server));
            crate::server::spawn(async move {
                let response = client.send(Request::post(target, vec![b'x'; 100 * number])).await?;
                response.into_body().collect(1 << 20).await
            })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate().skip(1) {
        assert_eq!(call.await.expect("no panic").expect("an answer").len(), 100 * number);
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn http2_can_be_turned_off() {
    let authority = Authority::new();
    let server = serve_tls(&authority, &["h2", "http/1.1"], false).await;
    let builder = Client::builder().extra_ca_pem(authority.pem().as_bytes()).http2(false);
    let client = builder.build().expect("a client");
    let response = client.send(Request::get(target(&server))).await.expect("an answer");
    assert_eq!(response.version(), Version::HTTP_11);
}

#[tokio::test]
async fn an_idle_http2_connection_is_closed_and_the_next_call_makes_another() {
    let authority = Authority::new();
    let server = serve_tls(&authority, &["h2"], false).await;
    let idle_timeout = std::time::Duration::from_millis(150);
    let builder = Client::builder().extra_ca_pem(authority.pem().as_bytes()).pool_idle_timeout(idle_timeout);
    let client = builder.build().expect("a client");
    for expected in 1..=3 {
        let response = client.send(Request::post(target(&server), "x")).await.expect("an answer");
        assert_eq!(response.into_body().collect(100).await.expect("a body"), "x");
        assert_eq!(server.accepted(), expected);
        server.ended.acquire().await.expect("open").forget();
    }
}

#[tokio::test]
async fn a_shared_connection_ends_with_the_client() {
    let authority = Authority::new();
    let server = serve_tls(&authority, &["h2"], false).await;
    for close in [Client::close_idle, |_: &Client| {}] {
        let client = trusting(&authority);
        let response = client.send(Request::post(target(&server), "x")).await.expect("an answer");
        assert_eq!(response.into_body().collect(100).await.expect("a body"), "x");
        close(&client);
        drop(client);
        server.ended.acquire().await.expect("open").forget();
    }
}
