//! The way to services outside: HTTP/1.1 with connections that are kept, over TLS with the system's authorities. The
//! addresses that a host's name leads to are checked when a connection is opened.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, rt};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connected, Connection},
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use openssl::{
    error::ErrorStack,
    ssl::{SslConnector, SslMethod},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_openssl::SslStream;
use tower_service::Service;

use super::reach::Reach;
use crate::database::Cause;

/// The longest wait for an answer, connecting included.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// The time for which a connection is kept for the next message.
const KEPT_FOR: Duration = Duration::from_secs(60);
/// The octets of an answer that are read, so that its connection can be used again.
const ANSWER_LIMIT: usize = 16 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// Nothing came in time.
    #[error("no answer within {ANSWERS_WITHIN:?}")]
    Silent,
    /// It cannot be reached, or broke off.
    #[error(transparent)]
    Failed(#[from] hyper_util::client::legacy::Error),
    /// Its body broke off, or is longer than is read.
    #[error("the answer cannot be read to its end: {0}")]
    Broken(#[source] Cause),
}

/// Sends requests. Clones share the connections.
#[derive(Clone)]
pub(crate) struct HttpClient(Client<Connector, Full<Bytes>>);

impl HttpClient {
    /// Makes a client that reaches these addresses only, and keeps so many connections to a host.
    ///
    /// # Errors
    /// OpenSSL's.
    pub(crate) fn new(reach: Reach, connections: usize) -> Result<Self, ErrorStack> {
        let tls = SslConnector::builder(SslMethod::tls_client())?.build();
        let connector = Connector { reach, tls };
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(KEPT_FOR)
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(connections)
            .build(connector);
        Ok(Self(client))
    }

    /// Sends a request and returns the head of the answer.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<()>, NoAnswer> {
        let sending = async {
            let answer = self.0.request(request).await?;
            Ok::<_, NoAnswer>(drained(answer).await)
        };
        timeout(ANSWERS_WITHIN, sending).await.unwrap_or(Err(NoAnswer::Silent))
    }

    /// Sends a request and returns the answer with its body, which has `limit` octets at most.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub(crate) async fn fetch(
        &self,
        request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<Response<Bytes>, NoAnswer> {
        let fetching = async {
            let (head, body) = self.0.request(request).await?.into_parts();
            let body = Limited::new(body, limit).collect().await.map_err(NoAnswer::Broken)?;
            Ok::<_, NoAnswer>(Response::from_parts(head, body.to_bytes()))
        };
        timeout(ANSWERS_WITHIN, fetching).await.unwrap_or(Err(NoAnswer::Silent))
    }
}

/// Reads the body away. Where that fails, only the connection is lost.
async fn drained(answer: Response<Incoming>) -> Response<()> {
    let (head, body) = answer.into_parts();
    if let Err(error) = Limited::new(body, ANSWER_LIMIT).collect().await {
        tracing::debug!(%error, "the rest of an answer is not read");
    }
    Response::from_parts(head, ())
}

/// Opens connections.
#[derive(Clone)]
struct Connector {
    reach: Reach,
    tls: SslConnector,
}

impl Service<Uri> for Connector {
    type Response = Wire;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, io::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.open(&uri).await })
    }
}

impl Connector {
    async fn open(&self, uri: &Uri) -> io::Result<Wire> {
        let host = uri.host().ok_or_else(|| io::Error::other("the endpoint has no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let stream = self.connect(host, port).await?;
        stream.set_nodelay(true)?;
        if !is_secure {
            return Ok(Wire(TokioIo::new(Box::new(stream))));
        }
        let session = self.tls.configure().and_then(|session| session.into_ssl(host))?;
        let mut stream = Box::pin(SslStream::new(session, stream)?);
        stream.as_mut().connect().await.map_err(io::Error::other)?;
        Ok(Wire(TokioIo::new(Box::new(stream))))
    }

    /// Connects to the first address that answers, of those that may be reached.
    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let found: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
        let mut failure = io::Error::other(format!("{host} leads to no address that may be reached"));
        for address in found.into_iter().filter(|address| self.reach.allows(address.ip())) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// The abilities of a stream of octets.
trait Octets: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Octets for T {}

/// A connection, with or without TLS.
struct Wire(TokioIo<Box<dyn Octets>>);

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl rt::Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        rt::Read::poll_read(Pin::new(&mut self.0), context, buffer)
    }
}

impl rt::Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        rt::Write::poll_write(Pin::new(&mut self.0), context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        rt::Write::poll_flush(Pin::new(&mut self.0), context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        rt::Write::poll_shutdown(Pin::new(&mut self.0), context)
    }
}
