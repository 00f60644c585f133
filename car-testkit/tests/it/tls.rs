//! The servers over https.

use std::net::SocketAddr;
use std::sync::Arc;

use car_testkit::authority::{Authority, AuthorityConfig};
use car_testkit::double::{Config, Double};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A certificate for localhost, as files, and a client that trusts it.
fn localhost() -> (Arc<rustls::ServerConfig>, rustls::ClientConfig) {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (car_testkit::server_config(&certificate, &key).unwrap(), client)
}

async fn connect(client: rustls::ClientConfig, address: SocketAddr) -> TlsStream<TcpStream> {
    let socket = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(client)).connect(name, socket).await.unwrap()
}

#[tokio::test]
async fn serves_https_and_offers_http_2() {
    let (server, mut client) = localhost();
    let mut config = Config::default();
    config.tls = Some(server);
    let server = Double::start(config).await.unwrap();
    assert!(server.url().starts_with("https://127.0.0.1:"));
    client.alpn_protocols = vec![b"h2".to_vec()];
    let stream = connect(client, server.address()).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn an_authorization_server_over_https_says_so_in_its_metadata() {
    let (server, client) = localhost();
    let mut config = AuthorityConfig::default();
    config.tls = Some(server);
    let authority = Authority::start(config).await.unwrap();
    let address = authority.issuer().strip_prefix("https://").unwrap().parse().unwrap();
    let mut stream = connect(client, address).await;
    let request = format!("GET /.well-known/oauth-authorization-server HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    // A server that does not say goodbye has still answered.
    let _abrupt = stream.read_to_end(&mut reply).await;
    let endpoint = format!("\"token_endpoint\":\"{}/token\"", authority.issuer());
    assert!(String::from_utf8(reply).unwrap().contains(&endpoint));
}

#[test]
fn names_the_file_that_cannot_be_read() {
    let missing = std::path::Path::new("no-such-file.pem");
    let error = car_testkit::server_config(missing, missing).unwrap_err();
    assert!(error.to_string().contains("no-such-file.pem"), "{error}");
}
