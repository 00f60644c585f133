//! Starts a daemon on a state folder of its own, connects to it as a front end would, and asks what there is.

#![expect(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::error::Error;

use car_connectors::ManagerOptions;
use car_connectors::store::{DaemonAddress, Home};
use car_server::{Daemon, DaemonOptions};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let home = Home::resolve(Some(folder.path()), |_| None)?;
    let daemon = Daemon::start(&home, ManagerOptions::new(home.clone()), DaemonOptions::new()).await?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let front_end = async {
        let address = DaemonAddress::read(&home)?.ok_or("the daemon said nothing of itself")?;
        let url = address.url.as_deref().unwrap_or_default().replacen("http", "ws", 1);
        let mut request = format!("{url}/ws").into_client_request()?;
        request.headers_mut().insert("authorization", format!("Bearer {}", address.token.expose()).parse()?);
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
        socket.send(Message::text(r#"{"jsonrpc":"2.0","id":1,"method":"connectors.list"}"#)).await?;
        if let Some(answer) = socket.next().await {
            println!("{}", answer?);
        }
        drop(stop);
        Ok::<(), Box<dyn Error>>(())
    };
    let shutdown = async { drop(stopped.await) };
    let (served, asked) = tokio::join!(daemon.serve_until(shutdown), front_end);
    asked?;
    Ok(served?)
}
