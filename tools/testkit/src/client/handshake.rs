//! The upgrade of a TCP connection to a WebSocket, at `/an-ws` unless another server is spoken to.

use std::net::SocketAddr;

use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{ClientRequestBuilder, protocol::WebSocketConfig},
};

use crate::{Error, client::Client};

/// The stream of WebSocket messages under a [`super::Socket`].
pub type WebSocket = WebSocketStream<TcpStream>;

/// Small buffers, because a thousand clients live in one process; larger messages make them grow.
const BUFFER: usize = 4 * 1024;

/// The place of the server's sockets.
const PATH: &str = "/an-ws";

/// The path and the headers of the upgrade.
#[derive(Clone, Debug)]
pub struct Handshake {
    /// Where the WebSocket is.
    pub path: &'static str,
    /// Subprotocols to offer, the best first; with none offered, the header is absent.
    pub subprotocols: Vec<String>,
    /// Further headers, such as `Origin` or `Cookie`.
    pub headers: Vec<(String, String)>,
    /// The octets that the system keeps for a client that does not read (socket(7), SO_RCVBUF); `None` is the system's
    /// default.
    pub receive_buffer: Option<u32>,
}

/// Offers `v12.stomp` and sends no other header.
impl Default for Handshake {
    fn default() -> Self {
        Self {
            path: PATH,
            subprotocols: vec![stomp::Version::V1_2.subprotocol().into()],
            headers: Vec::new(),
            receive_buffer: None,
        }
    }
}

impl Handshake {
    /// Offers no subprotocol.
    #[must_use]
    pub const fn without_subprotocol() -> Self {
        Self { path: PATH, subprotocols: Vec::new(), headers: Vec::new(), receive_buffer: None }
    }

    /// Upgrades at another path, as the sockets of another program need it.
    #[must_use]
    pub const fn path(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Brings a session's token, as a browser brings its cookie, so that the socket is not a stranger's before CONNECT.
    #[must_use]
    pub fn signed_in(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// Leaves a client that does not read no more than so many octets.
    #[must_use]
    pub const fn receive_buffer(mut self, octets: u32) -> Self {
        self.receive_buffer = Some(octets);
        self
    }

    /// Opens the WebSocket; the second value is the subprotocol the server chose.
    pub async fn open(&self, client: &Client) -> Result<(WebSocket, Option<String>), Error> {
        let stream = self.connect(client).await?;
        let url = format!("ws://{}{}", client.authority(), self.path);
        let uri = url.parse().map_err(|error: tokio_tungstenite::tungstenite::http::uri::InvalidUri| {
            Error::Address { address: url.clone(), reason: error.to_string() }
        })?;
        let mut request = ClientRequestBuilder::new(uri);
        for subprotocol in &self.subprotocols {
            request = request.with_sub_protocol(subprotocol);
        }
        for (name, value) in &self.headers {
            request = request.with_header(name, value);
        }
        let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(0);
        let (stream, response) = client_async_with_config(request, stream, Some(config)).await?;
        let chosen = response.headers().get("sec-websocket-protocol");
        let chosen = chosen.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Ok((stream, chosen))
    }

    async fn connect(&self, client: &Client) -> Result<TcpStream, Error> {
        let addresses =
            client.url().socket_addrs(|| None).map_err(Error::system("find the server's address"))?;
        let is_plain = self.receive_buffer.is_none() && client.source().is_none();
        let stream = match addresses.first() {
            Some(address) if !is_plain => self.prepared(client, *address)?.connect(*address).await,
            _ => TcpStream::connect(addresses.as_slice()).await,
        };
        let stream = stream.map_err(Error::system("connect"))?;
        stream.set_nodelay(true).map_err(Error::system("set TCP_NODELAY"))?;
        Ok(stream)
    }

    /// Makes a socket with what must be set before it connects.
    fn prepared(&self, client: &Client, to: SocketAddr) -> Result<TcpSocket, Error> {
        let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let socket = socket.map_err(Error::system("make a socket"))?;
        if let Some(octets) = self.receive_buffer {
            // The window is agreed on when it connects (tcp(7)).
            socket.set_recv_buffer_size(octets).map_err(Error::system("set SO_RCVBUF"))?;
        }
        if let Some(source) = client.source() {
            socket.bind(SocketAddr::new(source, 0)).map_err(Error::system(format!("bind to {source}")))?;
        }
        Ok(socket)
    }
}
