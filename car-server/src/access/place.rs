//! Where the daemon is: its own URL, the one that others use, and so which hosts and origins are its own. Pure.

use std::net::{Ipv4Addr, SocketAddr};

use car_mcp_http::server::{Guard, Stranger, socket};
use http::header::ORIGIN;
use http::request::Parts;
use url::Url;

use crate::error::Error;
use crate::options::DaemonOptions;

/// Where the daemon is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The URL without a path, for programs of this machine.
    own: String,
    /// The URL without a path, for others.
    public: Option<String>,
    guard: Guard,
    /// The origins that the daemon's own page can have.
    origins: Vec<String>,
}

impl Place {
    /// Checks the options: where others than this machine can reach the daemon, it has to be said under which name, or no
    /// request of theirs would pass.
    ///
    /// # Errors
    /// [`Error::Exposed`], and [`Error::Setting`] for a URL or host that is none.
    pub(crate) fn check(options: &DaemonOptions) -> Result<(), Error> {
        let loopback = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        Self::new(loopback, options)?;
        let is_named = options.public_url.is_some() || !options.allowed_hosts.is_empty();
        match is_named || Self::is_of_this_machine(options) {
            true => Ok(()),
            false => Err(Error::Exposed { address: options.listen.clone() }),
        }
    }

    /// Tells whether other machines cannot reach the address that a daemon is to listen at.
    pub(crate) fn is_of_this_machine(options: &DaemonOptions) -> bool {
        match options.listen.parse::<SocketAddr>() {
            Ok(address) => address.ip().to_canonical().is_loopback(),
            Err(_) => {
                let host = options.listen.rsplit_once(':').map(|(host, _)| host);
                host.is_some_and(|host| host.eq_ignore_ascii_case("localhost"))
            }
        }
    }

    /// Describes where a daemon is that listens at an address.
    ///
    /// # Errors
    /// [`Error::Setting`] for a URL or host that is none.
    pub(crate) fn new(address: SocketAddr, options: &DaemonOptions) -> Result<Self, Error> {
        let port = address.port();
        let own = socket::url(address);
        let mut place = Self { own, public: None, guard: Guard::default(), origins: Vec::new() };
        for name in ["127.0.0.1", "localhost", "[::1]"] {
            place.own_origin(&format!("http://{name}:{port}"));
        }
        place.own_origin(&place.own.clone());
        for host in &options.allowed_hosts {
            place.allow(host, port)?;
        }
        if let Some(url) = &options.public_url {
            let (host, origin) = read_public(url)?;
            place.guard.allow_host(&host);
            place.own_origin(&origin);
            place.public = Some(origin);
        }
        Ok(place)
    }

    fn allow(&mut self, host: &str, port: u16) -> Result<(), Error> {
        if !self.guard.allow_host(host) {
            let expected = "a host such as `car.example` or `car.example:8443`";
            return Err(Error::Setting { name: "allowed host", value: host.to_owned(), expected });
        }
        for origin in [format!("http://{host}"), format!("https://{host}"), format!("http://{host}:{port}")] {
            self.own_origin(&origin);
        }
        Ok(())
    }

    fn own_origin(&mut self, origin: &str) {
        // As browsers write it: lower case, and no port that is the scheme's own.
        let Ok(url) = Url::parse(origin) else { return };
        let origin = url.origin().ascii_serialization();
        self.guard.allow_origin(&origin);
        self.origins.push(origin);
    }

    /// Returns the URL without a path, for programs of this machine.
    pub(crate) fn own(&self) -> &str {
        &self.own
    }

    /// Returns the URL without a path under which a person or another program reaches the daemon.
    pub(crate) fn url(&self) -> &str {
        self.public.as_deref().unwrap_or(&self.own)
    }

    /// Returns where the MCP endpoint is.
    pub(crate) fn mcp_url(&self) -> String {
        format!("{}/mcp", self.url())
    }

    /// Checks whom a request goes to, and which page it comes from.
    ///
    /// # Errors
    /// Says which of the two is not served.
    pub(crate) fn guard(&self, head: &Parts) -> Result<(), Stranger> {
        self.guard.check(head)
    }

    /// Tells whether a request comes from the daemon's own page, and says so.
    pub(crate) fn is_own_page(&self, head: &Parts) -> bool {
        let origin = head.headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        origin.is_some_and(|origin| self.origins.iter().any(|own| own.eq_ignore_ascii_case(origin)))
    }
}

/// Reads a public URL, and returns its host as the `Host` header has it, and its origin.
fn read_public(text: &str) -> Result<(String, String), Error> {
    let refuse = || {
        let expected = "an http or https URL without a path, such as `https://car.example`";
        Error::Setting { name: "public URL", value: text.to_owned(), expected }
    };
    let url = Url::parse(text).map_err(|_| refuse())?;
    let has_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
    let has_user = !url.username().is_empty() || url.password().is_some();
    let host = url.host_str().ok_or_else(refuse)?;
    if has_more || has_user || !matches!(url.scheme(), "http" | "https") {
        return Err(refuse());
    }
    Ok((host.to_owned(), url.origin().ascii_serialization()))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn options(public: Option<&str>, hosts: &[&str]) -> DaemonOptions {
        let mut options = DaemonOptions::new();
        options.public_url = public.map(str::to_owned);
        options.allowed_hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        options
    }

    fn place(public: Option<&str>, hosts: &[&str]) -> Place {
        Place::new("127.0.0.1:7000".parse().unwrap(), &options(public, hosts)).unwrap()
    }

    fn head(host: &str, origin: Option<&str>) -> Parts {
        let request = Request::get("/").header("host", host);
        let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_page_is_own_at_its_own_port_only() {
        let place = place(Some("https://Car.Example"), &["car.lan", "car.lan:8443"]);
        for own in [
            "http://127.0.0.1:7000",
            "http://localhost:7000",
            "http://[::1]:7000",
            "https://car.example",
            "http://car.lan:7000",
            "https://car.lan:8443",
        ] {
            assert!(place.is_own_page(&head("localhost:7000", Some(own))), "{own}");
            assert_eq!(place.guard(&head("localhost:7000", Some(own))), Ok(()), "{own}");
        }
        for other in ["http://127.0.0.1:7001", "https://127.0.0.1:7000", "http://car.example", "null", ""] {
            assert!(!place.is_own_page(&head("localhost:7000", Some(other))), "{other}");
        }
        assert!(!place.is_own_page(&head("localhost:7000", None)));
    }

    #[test]
    fn hosts_are_let_in_that_were_named() {
        let place = place(Some("https://car.example:8443"), &["car.lan"]);
        for host in ["127.0.0.1:7000", "localhost", "car.example", "car.example:8443", "car.lan:9"] {
            assert_eq!(place.guard(&head(host, None)), Ok(()), "{host}");
        }
        assert_eq!(place.guard(&head("evil.example", None)), Err(Stranger::Host));
        let evil = head("car.example", Some("https://evil.example"));
        assert_eq!(place.guard(&evil), Err(Stranger::Origin));
    }

    #[test]
    fn says_where_it_is() {
        let all = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 80);
        assert_eq!(Place::new(all, &options(None, &[])).unwrap().own(), "http://127.0.0.1:80");
        let place = place(Some("https://car.example/"), &[]);
        assert_eq!(
            (place.own(), place.mcp_url()),
            ("http://127.0.0.1:7000", "https://car.example/mcp".to_owned())
        );
    }

    #[test]
    fn others_are_let_in_only_under_a_name() {
        let check = |listen: &str, public: Option<&str>, hosts: &[&str]| {
            let mut options = options(public, hosts);
            options.listen = listen.to_owned();
            Place::check(&options)
        };
        for listen in ["127.0.0.1:0", "[::1]:80", "localhost:80", "127.8.9.1:1", "[::ffff:127.0.0.1]:1"] {
            check(listen, None, &[]).unwrap();
        }
        for listen in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80", "car.lan:80", "localhost.evil.example:80"] {
            assert!(matches!(check(listen, None, &[]), Err(Error::Exposed { .. })), "{listen}");
            check(listen, Some("https://car.example"), &[]).unwrap();
            check(listen, None, &["car.lan"]).unwrap();
        }
        for public in
            ["car.example", "ftp://car.example", "https://car.example/x", "https://me@car.example", ""]
        {
            assert!(
                matches!(check("127.0.0.1:0", Some(public), &[]), Err(Error::Setting { .. })),
                "{public}"
            );
        }
        assert!(matches!(check("127.0.0.1:0", None, &["http://a"]), Err(Error::Setting { .. })));
    }
}
