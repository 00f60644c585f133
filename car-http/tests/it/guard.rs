//! The address guard stands before every socket.

use crate::server::{echo, serve};
use car_http::{AddressPolicy, Client, Error, ProxyConfig, Request, Resolver, Resolving, Target};
use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

#[tokio::test]
async fn refuses_loopback_by_name_and_by_number() {
    let server = serve(echo).await;
    let port = server.address.port();
    let guarded = Client::builder().address_policy(AddressPolicy::PublicOnly).build().expect("a client");
    for host in ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"] {
        let target = Target::parse(&format!("http://{host}:{port}/")).expect(host);
        let error = guarded.send(Request::get(target)).await.expect_err(host);
        assert!(matches!(error, Error::AddressRefused { .. }), "{host}: {error:?}");
    }
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn refuses_a_forbidden_address_through_a_proxy_too() {
    let proxy = serve(echo).await;
    let url = proxy.url("");
    let config =
        ProxyConfig::from_variables(|name| (name == "http_proxy").then(|| url.clone())).expect("valid");
    let guarded =
        Client::builder().address_policy(AddressPolicy::PublicOnly).proxy(config).build().expect("a client");
    let target = Target::parse("http://169.254.169.254/latest/").expect("valid");
    let error = guarded.send(Request::get(target)).await.expect_err("refused");
    assert!(matches!(error, Error::AddressRefused { .. }), "{error:?}");
    assert_eq!(proxy.accepted(), 0);
}

/// Answers with one address after another, the last one for ever.
struct Changing(Mutex<Vec<IpAddr>>);

impl Resolver for Changing {
    fn resolve<'a>(&'a self, _host: &'a str) -> Resolving<'a> {
        let mut answers = self.0.lock().expect("not poisoned");
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
        Box::pin(async move { Ok(vec![answer]) })
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_reaches_only_what_was_checked() {
    // 127.0.0.1 stands for the public address here: it alone is allowed, the rest of loopback is not.
    let server = serve(echo).await;
    let changing = Changing(Mutex::new(vec![[127, 0, 0, 1].into(), [127, 0, 0, 2].into()]));
    let client = Client::builder()
        .address_policy(AddressPolicy::PublicOnly)
        .allow_addresses("127.0.0.1".parse().expect("a range"))
        .pool_max_idle_per_origin(0)
        .resolver(Arc::new(changing))
        .build()
        .expect("a client");
    let target =
        Target::parse(&format!("http://rebinding.example:{}/", server.address.port())).expect("a URL");
    assert_eq!(client.send(Request::get(target.clone())).await.expect("answered").status(), 200);
    let error = client.send(Request::get(target)).await.expect_err("another address now");
    assert!(matches!(&error, Error::AddressRefused { address, .. } if address.is_loopback()), "{error:?}");
    assert_eq!(server.accepted(), 1);
}
