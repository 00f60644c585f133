//! A listener at an address that stands for a private one. Nothing may connect to it.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The address: on this machine, and not among those that count as public.
pub(crate) const PRIVATE: &str = "127.0.0.2";

/// Notes who connects, and hangs up.
pub(crate) struct Canary {
    address: SocketAddr,
    came: mpsc::UnboundedReceiver<SocketAddr>,
    _listening: JoinSet<()>,
}

impl Canary {
    /// Listens at the private address, on this port; 0 stands for any.
    pub(crate) async fn start(port: u16) -> Self {
        let listener = TcpListener::bind((PRIVATE, port)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (note, came) = mpsc::unbounded_channel();
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            while let Ok((_, peer)) = listener.accept().await {
                if note.send(peer).is_err() {
                    break;
                }
            }
        });
        Self { address, came, _listening: listening }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Asserts that nobody came. Whoever did was before us in the queue.
    pub(crate) async fn assert_untouched(&mut self, why: &str) {
        let ours = TcpStream::connect(self.address).await.unwrap().local_addr().unwrap();
        assert_eq!(self.came.recv().await, Some(ours), "somebody connected to the private address: {why}");
    }
}
