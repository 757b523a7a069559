//! Accepts connections, makes room for each, and gives its peer to the handlers.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::net::{TcpListener, TcpStream};

use super::{ClientStream, Connections, Peer};

/// The pause before accepting again, where nothing could be done about the failure.
const PAUSE: Duration = Duration::from_secs(1);

/// A TCP listener whose connections are bounded.
pub(crate) struct BoundedListener {
    listener: TcpListener,
    connections: Connections,
}

impl BoundedListener {
    /// Returns what `listener` accepts is among `connections`.
    #[must_use]
    pub(crate) const fn new(listener: TcpListener, connections: Connections) -> Self {
        Self { listener, connections }
    }

    async fn recover(&self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        // The client went away before it was accepted, which is not a failure of ours.
        if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
            return;
        }
        tracing::error!(%error, "cannot accept a connection");
        // Descriptors or memory are short in spite of the bound. Closing one frees what accepting one needs.
        if !self.connections.shed_one() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Listener for BoundedListener {
    type Io = ClientStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (ClientStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    without_delay(&stream);
                    return (self.connections.enter(stream), address);
                }
                Err(error) => self.recover(&error).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, BoundedListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, BoundedListener>) -> Self {
        Self { address: *stream.remote_addr(), connection: stream.io().shared() }
    }
}

/// A frame must not wait for the acknowledgement of the one before it (Nagle).
fn without_delay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps Nagle's delay");
    }
}
