//! One connection of the client: prepared bytes out, one answer in, no more understood of it than its end.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Failure;

/// A connection that is kept.
pub(super) struct Wire {
    socket: TcpStream,
    answer: Vec<u8>,
}

impl Wire {
    pub(super) async fn connect(address: &str) -> Result<Self, Failure> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, answer: Vec::with_capacity(4096) })
    }

    /// Sends a request and reads its answer to the end.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<&[u8], Failure> {
        self.socket.write_all(request).await?;
        self.read(is_whole).await
    }

    /// Sends a request and reads the head of its answer, whose body does not end.
    pub(super) async fn open(&mut self, request: &[u8]) -> Result<&[u8], Failure> {
        self.socket.write_all(request).await?;
        self.read(|answer| head_end(answer).is_some()).await
    }

    async fn read(&mut self, is_whole: fn(&[u8]) -> bool) -> Result<&[u8], Failure> {
        self.answer.clear();
        loop {
            if self.socket.read_buf(&mut self.answer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if is_whole(&self.answer) {
                return Ok(&self.answer);
            }
        }
    }
}

/// Checks the status, and that a text is in the answer.
pub(super) fn check(answer: &[u8], status: &str, text: &str) -> Result<(), Failure> {
    let is_fine = answer.get(9..12) == Some(status.as_bytes())
        && memchr::memmem::find(answer, text.as_bytes()).is_some();
    match is_fine {
        true => Ok(()),
        false => {
            Err(format!("expected {status} and {text}, found {}", String::from_utf8_lossy(answer)).into())
        }
    }
}

/// Returns the value of a header, whose name is given in lower case.
pub(super) fn header<'a>(answer: &'a [u8], name: &str) -> Option<&'a str> {
    let head = std::str::from_utf8(&answer[..head_end(answer)?]).ok()?;
    head.split("\r\n").find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn head_end(answer: &[u8]) -> Option<usize> {
    memchr::memmem::find(answer, b"\r\n\r\n").map(|end| end + 4)
}

/// Whether an answer is there to its last byte: by its length, or by the last piece of one that has none.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = head_end(answer) else { return false };
    match memchr::memmem::find(&answer[..end], b"content-length: ") {
        Some(start) => {
            let digits = answer[start + 16..end].iter().take_while(|byte| byte.is_ascii_digit());
            let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
            answer.len() >= end + length
        }
        None => answer.ends_with(b"\r\n0\r\n\r\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_by_its_length_or_its_last_piece() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n"));
        assert!(!is_whole(format!("{head}hell").as_bytes()));
        assert!(is_whole(format!("{head}hello").as_bytes()));
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        assert!(!is_whole(format!("{head}5\r\nhello\r\n").as_bytes()));
        assert!(is_whole(format!("{head}5\r\nhello\r\n0\r\n\r\n").as_bytes()));
        assert_eq!(header(head.as_bytes(), "transfer-encoding"), Some("chunked"));
    }
}
