//! Carries out one way of misbehaving on a socket.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use super::answers::{good, page};
use super::mode::Mode;

/// How deep the deep answer is: far past any parser's limit, small on the wire.
const DEPTH: usize = 100_000;
/// One portion of an endless answer.
const PORTION: usize = 16 * 1024;
/// How long a server stays silent that never answers: longer than any client's patience in a test.
const FOR_EVER: Duration = Duration::from_secs(3_600);
const PAGE: &str = "<!doctype html><html><body><h1>Welcome</h1></body></html>";

/// Whether the connection can be used for another request.
pub(super) enum After {
    KeepOpen,
    Close,
}

/// What the misbehaviour needs to know beside the request.
pub(super) struct Place {
    /// Our own URL.
    pub(super) here: String,
    /// The URL of another origin.
    pub(super) elsewhere: String,
}

pub(super) async fn misbehave<S>(
    mode: Mode,
    socket: &mut S,
    message: &Value,
    place: &Place,
) -> io::Result<After>
where
    S: AsyncWrite + Unpin,
{
    let answer = good(message).to_string();
    match mode {
        Mode::Html => whole(socket, "200 OK", "text/html", PAGE.as_bytes()).await?,
        Mode::NotFound => whole(socket, "404 Not Found", "text/html", PAGE.as_bytes()).await?,
        Mode::ServerError => {
            whole(socket, "500 Internal Server Error", "text/plain", b"something broke").await?
        }
        Mode::Unauthorized => whole(socket, "401 Unauthorized", "text/plain", b"who are you?").await?,
        Mode::EmptyBody => whole(socket, "200 OK", "application/json", b"").await?,
        Mode::NotJson => json_body(socket, b"{\"jsonrpc\": \"2.0\", oops").await?,
        Mode::NotUtf8 => json_body(socket, b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xff\xfe\"}").await?,
        Mode::WrongShape => json_body(socket, b"[1, \"two\", {\"three\": null}]").await?,
        Mode::WrongContentType => whole(socket, "200 OK", "text/plain", answer.as_bytes()).await?,
        Mode::WrongTypes | Mode::WrongId | Mode::EndlessPages | Mode::SamePage | Mode::EndlessRounds => {
            json_body(socket, wrong_message(mode, message).to_string().as_bytes()).await?;
        }
        Mode::DeepJson => json_body(socket, deep(message).as_bytes()).await?,
        Mode::Compressed => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\n";
            socket.write_all(head.as_bytes()).await?;
            socket.write_all(&[0x0b, 0x01, 0x80, 0x03]).await?;
        }
        Mode::CutStream => {
            whole(socket, "200 OK", "text/event-stream", b": working on it\n\ndata: {\"jsonrpc\":").await?;
        }
        Mode::RedirectLoop => redirect(socket, "307 Temporary Redirect", &place.here).await?,
        Mode::RedirectElsewhere => redirect(socket, "307 Temporary Redirect", &place.elsewhere).await?,
        Mode::RedirectMoved => redirect(socket, "301 Moved Permanently", &place.here).await?,
        Mode::CloseAfter => {
            json_body(socket, answer.as_bytes()).await?;
            return Ok(After::Close);
        }
        _ => return never_good(mode, socket, &answer).await,
    }
    Ok(After::KeepOpen)
}

/// The modes after which the connection is of no use.
async fn never_good<S: AsyncWrite + Unpin>(mode: Mode, socket: &mut S, answer: &str) -> io::Result<After> {
    match mode {
        Mode::Silent => tokio::time::sleep(FOR_EVER).await,
        Mode::Trickle => {
            let head = head("200 OK", "application/json", answer.len());
            for byte in head.bytes().chain(answer.bytes()) {
                socket.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Mode::CutBody => {
            socket.write_all(head("200 OK", "application/json", answer.len()).as_bytes()).await?;
            socket.write_all(&answer.as_bytes()[..answer.len() / 2]).await?;
        }
        Mode::HugeLength => {
            socket.write_all(head("200 OK", "application/json", 1 << 40).as_bytes()).await?;
            endless(socket, &[b' '; PORTION]).await?;
        }
        Mode::EndlessBody => {
            chunked(socket, "application/json").await?;
            endless(socket, &chunk(&[b' '; PORTION])).await?;
        }
        Mode::EndlessHeaders => {
            socket.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            endless(socket, b"X-More: and more and more and more\r\n").await?;
        }
        Mode::EndlessStream => {
            chunked(socket, "text/event-stream").await?;
            let event = b"event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"info\",\"data\":\"still at it\"}}\n\n";
            endless(socket, &chunk(event)).await?;
        }
        Mode::EndlessLine => {
            chunked(socket, "text/event-stream").await?;
            socket.write_all(&chunk(b"data: ")).await?;
            endless(socket, &chunk(&[b'x'; PORTION])).await?;
        }
        Mode::NotHttp => socket.write_all(b"SSH-2.0-OpenSSH_9.9\r\n").await?,
        // The hang-up, and whatever else ends with a closed connection.
        _ => {}
    }
    Ok(After::Close)
}

fn wrong_message(mode: Mode, message: &Value) -> Value {
    let result = match mode {
        Mode::WrongId => {
            let mut answer = good(message);
            answer["id"] = json!("another id");
            return answer;
        }
        Mode::EndlessPages => {
            let turn =
                message["params"]["cursor"].as_str().and_then(|turn| turn.parse::<u64>().ok()).unwrap_or(0);
            page(Some((turn + 1).to_string()))
        }
        Mode::SamePage => page(Some("again".to_owned())),
        Mode::EndlessRounds => json!({ "resultType": "input_required", "requestState": "again" }),
        _ => json!({ "resultType": 7, "tools": "many", "content": { "no": "list" }, "capabilities": [] }),
    };
    json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })
}

fn deep(message: &Value) -> String {
    let (open, close) = ("[".repeat(DEPTH), "]".repeat(DEPTH));
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{open}{close}}}", message["id"])
}

fn head(status: &str, content_type: &str, length: usize) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n")
}

fn chunk(data: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
    chunk.extend_from_slice(data);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

async fn json_body<S: AsyncWrite + Unpin>(socket: &mut S, body: &[u8]) -> io::Result<()> {
    whole(socket, "200 OK", "application/json", body).await
}

async fn whole<S: AsyncWrite + Unpin>(
    socket: &mut S,
    status: &str,
    content_type: &str,
    body: &[u8],
) -> io::Result<()> {
    let mut bytes = head(status, content_type, body.len()).into_bytes();
    bytes.extend_from_slice(body);
    socket.write_all(&bytes).await
}

async fn redirect<S: AsyncWrite + Unpin>(socket: &mut S, status: &str, to: &str) -> io::Result<()> {
    let reply = format!("HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    socket.write_all(reply.as_bytes()).await
}

async fn chunked<S: AsyncWrite + Unpin>(socket: &mut S, content_type: &str) -> io::Result<()> {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n");
    socket.write_all(head.as_bytes()).await
}

/// Writes the same bytes until the client closes the connection.
async fn endless<S: AsyncWrite + Unpin>(socket: &mut S, portion: &[u8]) -> io::Result<()> {
    loop {
        socket.write_all(portion).await?;
    }
}
