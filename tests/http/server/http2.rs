//! A client of HTTP/2 that does what others do not.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::{Method, Request};
use tokio::net::TcpStream;

/// Connects, and lets the host send so much of each answer without being asked
/// for more.
pub(super) async fn connect(address: SocketAddr, window: u32) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(address).await.expect("connects");
    let mut builder = Builder::new();
    builder.initial_window_size(window);
    let (client, connection) = builder.handshake(stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    client.ready().await.expect("ready")
}

pub(super) fn request(method: Method, path: &str) -> Request<()> {
    let uri = format!("http://localhost{path}");
    let request = Request::builder().method(method).uri(uri);
    request.body(()).expect("a request")
}

/// The status of an answer, and its bytes or how it broke off.
pub(super) async fn answer(
    client: &SendRequest<Bytes>,
    request: Request<()>,
) -> Result<(http::response::Parts, Vec<u8>), h2::Error> {
    let mut client = client.clone().ready().await?;
    let (response, _) = client.send_request(request, true)?;
    let (head, mut body) = response.await?.into_parts();
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        bytes.extend_from_slice(&data);
        body.flow_control().release_capacity(data.len())?;
    }
    Ok((head, bytes))
}
