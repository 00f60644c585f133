//! Stands between the suite, which knows no tokens, and the daemon, which lets nobody in without one: adds the header, and
//! passes everything else on as it is.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread;

use crate::shell::Failure;

/// The largest head of a request that the suite sends, many times over.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Listens on a free port and passes connections on to `daemon` for as long as the program runs; returns the port.
pub(super) fn start(daemon: String, token: String) -> Result<u16, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (daemon, token) = (daemon.clone(), token.clone());
            // A connection that breaks is the suite's or the daemon's to complain of.
            thread::spawn(move || drop(pass_on(client, &daemon, &token)));
        }
    });
    Ok(port)
}

/// Passes one request on, and its answer back. Each has a connection of its own: only its head has to be read.
fn pass_on(mut client: TcpStream, daemon: &str, token: &str) -> std::io::Result<()> {
    let mut daemon = TcpStream::connect(daemon)?;
    for socket in [&client, &daemon] {
        socket.set_nodelay(true)?;
    }
    let read = read_head(&mut client)?;
    daemon.write_all(&with_token(&read, token))?;
    let (from_client, to_daemon) = (client.try_clone()?, daemon.try_clone()?);
    thread::spawn(move || copy(from_client, to_daemon));
    copy(daemon, client);
    Ok(())
}

/// Passes bytes on as they come. When either side has gone, so has the other.
fn copy(mut from: TcpStream, mut to: TcpStream) {
    // How a side went does not matter.
    drop(std::io::copy(&mut from, &mut to));
    for socket in [from, to] {
        drop(socket.shutdown(Shutdown::Both));
    }
}

/// Reads until the head is there, and perhaps some of the body.
fn read_head(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while find_end(&read).is_none() {
        let count = client.read(&mut buffer)?;
        if count == 0 || read.len() > MAX_HEAD_BYTES {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        read.extend_from_slice(&buffer[..count]);
    }
    Ok(read)
}

fn find_end(read: &[u8]) -> Option<usize> {
    read.windows(4).position(|window| window == b"\r\n\r\n")
}

/// Adds the token to a head, and says that no other request follows on the connection.
fn with_token(read: &[u8], token: &str) -> Vec<u8> {
    let end = find_end(read).unwrap_or(read.len());
    let (head, rest) = read.split_at(end);
    let head = String::from_utf8_lossy(head);
    let kept = head.split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let mut text = kept.collect::<Vec<_>>().join("\r\n");
    text.push_str(&format!("\r\nConnection: close\r\nAuthorization: Bearer {token}"));
    let mut message = text.into_bytes();
    message.extend_from_slice(rest);
    message
}

#[cfg(test)]
mod tests {
    use super::with_token;

    #[test]
    fn adds_the_token_and_keeps_the_rest() {
        let read = b"POST /mcp HTTP/1.1\r\nHost: evil.example\r\nConnection: keep-alive\r\n\r\n{\"a\":1}";
        let expected = "POST /mcp HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\
             Authorization: Bearer s3cret\r\n\r\n{\"a\":1}";
        assert_eq!(String::from_utf8(with_token(read, "s3cret")).unwrap(), expected);
    }
}
