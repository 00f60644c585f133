//! A certificate for the loopback address, made anew for each run.

use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::Failure;

/// The file that clients are told to trust.
pub(crate) const TRUSTED: &str = "bench-ca.pem";

/// Makes an authority and a certificate, and writes the authority's to `folder`.
pub(crate) fn make(folder: &Path) -> Result<Arc<rustls::ServerConfig>, Failure> {
    let authority_key = rcgen::KeyPair::generate()?;
    let mut authority = rcgen::CertificateParams::new(Vec::<String>::new())?;
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "bench authority");
    let trusted = authority.self_signed(&authority_key)?;
    std::fs::write(folder.join(TRUSTED), trusted.pem())?;
    let key = rcgen::KeyPair::generate()?;
    let server = rcgen::CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let issuer = rcgen::Issuer::from_params(&authority, &authority_key);
    let certificate = server.signed_by(&key, &issuer)?;
    let chain = vec![certificate.der().clone()];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}
