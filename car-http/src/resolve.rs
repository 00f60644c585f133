//! Looking a host name up.

use std::{future::Future, io, net::IpAddr, pin::Pin};

/// The addresses of a host, once they are known.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Looks host names up, in place of the operating system: over HTTPS, from a table, or as a test wants it.
///
/// What it answers is judged by the client's [`AddressPolicy`](crate::AddressPolicy) like any other answer, and what was
/// judged is what is dialed. Behind a proxy only the proxy's own name is looked up here.
pub trait Resolver: Send + Sync {
    /// Returns the addresses of a host, the first choice first.
    ///
    /// # Errors
    /// Says why there are none.
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a>;
}

/// The operating system's own resolver.
#[derive(Debug)]
pub(crate) struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
