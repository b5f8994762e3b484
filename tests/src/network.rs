use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A network between a host and a server that can fall silent: connections stay
/// open, and nothing arrives any more.
pub struct SilentNetwork {
    address: SocketAddr,
    is_silent: Arc<watch::Sender<bool>>,
}

impl SilentNetwork {
    /// Passes on what is sent to its own port.
    ///
    /// # Panics
    ///
    /// When there is no port.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let is_silent = Arc::new(watch::Sender::new(false));
        let silence = Arc::clone(&is_silent);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let silence = silence.subscribe();
                tokio::spawn(async move {
                    let mut wait = silence.clone();
                    let _ = wait.wait_for(|is_silent| !is_silent).await;
                    if let Ok(server) = TcpStream::connect(server).await {
                        let (from_client, to_client) = client.into_split();
                        let (from_server, to_server) = server.into_split();
                        tokio::join!(
                            pass_on(from_client, to_server, silence.clone()),
                            pass_on(from_server, to_client, silence),
                        );
                    }
                });
            }
        });
        Self { address, is_silent }
    }

    /// The port that it passes on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Falls silent, or passes on again what was held up.
    pub fn set_silent(&self, is_silent: bool) {
        self.is_silent.send_replace(is_silent);
    }
}

async fn pass_on(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut silence: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let _ = silence.wait_for(|is_silent| !is_silent).await;
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
