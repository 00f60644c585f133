//! Lines of standard input, one after the other, without holding anybody up.

use std::io::{self, BufRead as _};

use tokio::sync::{Mutex, mpsc, oneshot};

/// How many lines wait to be read.
const WAITING: usize = 4;

/// Reads standard input on a thread of its own from the first question on. The thread is left behind when the command
/// ends: a read of a terminal cannot be called off.
#[derive(Default)]
pub(crate) struct Input(Mutex<Option<mpsc::Receiver<String>>>);

impl Input {
    /// Returns the next line; nothing at the end.
    pub(crate) async fn line(&self) -> Option<String> {
        let mut lines = self.0.lock().await;
        lines.get_or_insert_with(read).recv().await
    }
}

fn read() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(WAITING);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Returns one line of standard input, and leaves what comes after it; nothing at the end.
pub(crate) async fn one_line() -> Option<String> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).is_ok_and(|read| read > 0) {
            // Whoever asked may be gone.
            drop(sender.send(line));
        }
    });
    receiver.await.ok()
}
