//! The address guard stands before every socket.

use crate::server::{echo, serve};
use car_http::{AddressPolicy, Client, Error, ProxyConfig, Request, Target};

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
