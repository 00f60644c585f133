//! As much of a browser as a consent at once needs: it asks for a page and says where it is sent.

use std::io;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use url::Url;

/// Asks for a page without following where it sends the browser, and returns that place.
///
/// # Errors
/// Says that the page cannot be had, or sends the browser nowhere.
pub async fn location_of(page: &Url) -> io::Result<String> {
    let host = page.host_str().ok_or_else(|| io::Error::other("the page has no host"))?;
    let port = page.port_or_known_default().unwrap_or(80);
    let socket = tokio::net::TcpStream::connect((host, port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(io::Error::other)?;
    let path = &page[url::Position::BeforePath..url::Position::AfterQuery];
    let request =
        http::Request::get(path).header("host", format!("{host}:{port}")).body(Empty::<Bytes>::new());
    let request = request.map_err(io::Error::other)?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        location.map(str::to_owned).ok_or_else(|| io::Error::other(format!("status {}", response.status())))
    };
    tokio::select! {
        location = answered => location,
        ended = connection => Err(ended.err().map_or_else(|| io::Error::other("closed"), io::Error::other)),
    }
}
