//! Every route, and everybody who is not let in.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use car_connectors::store::DaemonAddress;
use car_server::{DaemonOptions, Error};

use crate::support::{Running, home, start};

/// Sends a request as written, and returns the status.
async fn status(daemon: &Running, path: &str, headers: &[(&str, &str)]) -> u16 {
    let mut socket = TcpStream::connect(daemon.address()).await.unwrap();
    let mut request = format!("GET {path} HTTP/1.1\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n");
    request.push_str("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    socket.read_exact(&mut head).await.unwrap();
    std::str::from_utf8(&head[9..]).unwrap().parse().unwrap()
}

#[tokio::test]
async fn lets_nobody_in_without_token_or_from_elsewhere_on_any_route() {
    let daemon = Running::start().await;
    let own = daemon.address().to_string();
    let token = format!("Bearer {}", daemon.token);
    let wrong = format!("{token}x");
    let (host, auth) = (("host", own.as_str()), ("authorization", token.as_str()));
    let evil = ("host", "evil.example");
    let page = ("origin", "https://evil.example");
    // Route, then: with everything, no token, a wrong one, another host, another origin, no host.
    let table = [
        ("/ws", [101, 401, 401, 403, 403, 400]),
        ("/health", [200, 200, 200, 403, 403, 400]),
        ("/other", [404, 401, 401, 403, 403, 400]),
    ];
    for (path, expected) in table {
        let cases: [&[(&str, &str)]; 6] = [
            &[host, auth],
            &[host],
            &[host, ("authorization", &wrong)],
            &[evil, auth],
            &[host, auth, page],
            &[auth],
        ];
        for (headers, expected) in cases.into_iter().zip(expected) {
            assert_eq!(status(&daemon, path, headers).await, expected, "{path} {headers:?}");
        }
    }
    let in_query = format!("/ws?token={}", daemon.token);
    assert_eq!(status(&daemon, &in_query, &[host]).await, 401, "a token in the URL would end in logs");
}

#[tokio::test]
async fn is_the_only_one_of_its_folder_and_keeps_its_token() {
    let daemon = Running::start().await;
    let token = daemon.token.clone();
    let place = home(&daemon.folder);
    let second = start(&place, DaemonOptions::new()).await.unwrap_err();
    assert!(
        matches!(&second, Error::State { .. })
            && second.hint().contains("runs for this state folder already"),
        "{second}"
    );
    let folder = daemon.stop().await;
    let left = DaemonAddress::read(&home(&folder)).unwrap().unwrap();
    assert_eq!(left.url, None, "nobody is sent to a daemon that is gone");
    let again = Running::start_in(folder).await;
    assert_eq!(again.token, token);
}

#[tokio::test]
async fn says_that_a_port_is_taken() {
    let daemon = Running::start().await;
    let folder = tempfile::tempdir().unwrap();
    let place = home(&folder);
    let mut options = DaemonOptions::new();
    options.listen = daemon.address().to_string();
    let error = start(&place, options).await.unwrap_err();
    assert!(
        matches!(&error, Error::Listen { .. }) && error.hint().contains("another program has that port"),
        "{error}"
    );
}
