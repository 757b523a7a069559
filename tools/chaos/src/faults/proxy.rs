//! A TCP proxy that fails on command. It stands between the servers and one broker.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

use super::fault::Harm;
use testkit::Error;

const BUFFER: usize = 16 * 1024;

/// Passes connections on, except while it fails on command. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Proxy {
    port: u16,
    harm: watch::Sender<Option<Harm>>,
    upstream: watch::Sender<Option<SocketAddr>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of loopback. Connections wait until [`Proxy::lead_to`] names their destination.
    ///
    /// # Errors
    /// [`Error::System`].
    pub(super) async fn bind() -> Result<Self, Error> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(Error::system("listen"))?;
        let port = listener.local_addr().map_err(Error::system("listen"))?.port();
        let (harm, upstream) = (watch::Sender::new(None), watch::Sender::new(None));
        let accepting = tokio::spawn(accept(listener, harm.subscribe(), upstream.subscribe()));
        Ok(Self { port, harm, upstream, accepting })
    }

    /// Where it listens.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Passes connections on to this address.
    pub(super) fn lead_to(&self, upstream: SocketAddr) {
        self.upstream.send_replace(Some(upstream));
    }

    /// Fails in this way from now on; `None` ends it.
    pub(super) fn fail(&self, harm: Option<Harm>) {
        self.harm.send_replace(harm);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

type Harms = watch::Receiver<Option<Harm>>;

async fn accept(listener: TcpListener, harms: Harms, upstream: watch::Receiver<Option<SocketAddr>>) {
    // Accepting fails for a connection that is gone already; the next one is accepted.
    loop {
        if let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, harms.clone(), upstream.clone()));
        }
    }
}

/// Serves one connection until either end closes it, or it is reset.
async fn serve(client: TcpStream, mut harms: Harms, mut upstream: watch::Receiver<Option<SocketAddr>>) {
    if *harms.borrow() == Some(Harm::Reset) {
        return reset(&[&client]);
    }
    // Dropping or stalling begins with the connection itself.
    if harms.wait_for(|harm| harm.is_none() || *harm == Some(Harm::Reset)).await.is_err() {
        return;
    }
    let Ok(address) = upstream.wait_for(Option::is_some).await.map(|address| *address) else { return };
    let Some(address) = address else { return };
    let Ok(server) = TcpStream::connect(address).await else { return reset(&[&client]) };
    // Only slower without; and what must not linger is set again when it is reset.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let has_hole = AtomicBool::new(false);
    let up = pass(client_reads, server_writes, harms.clone(), &has_hole);
    let down = pass(server_reads, client_writes, harms.clone(), &has_hole);
    let (up, down) = tokio::join!(up, down);
    if let (Some((client, to_server)), Some((server, to_client))) = (up, down)
        && let (Ok(client), Ok(server)) = (client.reunite(to_client), server.reunite(to_server))
    {
        reset(&[&client, &server]);
    }
}

/// Closes without a FIN, so that the other end sees a reset.
fn reset(streams: &[&TcpStream]) {
    for stream in streams {
        // It ends either way.
        let _ = stream.set_zero_linger();
    }
}

/// Passes octets on in one direction until there are no more; or gives both halves back to be reset.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut harms: Harms,
    has_hole: &AtomicBool,
) -> Option<(OwnedReadHalf, OwnedWriteHalf)> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let harm = *harms.borrow_and_update();
        match harm {
            Some(Harm::Reset) => return Some((from, to)),
            Some(Harm::Stall) => {
                harms.changed().await.ok()?;
                continue;
            }
            // A connection in which something is missing is good for nothing.
            None if has_hole.load(Relaxed) => return Some((from, to)),
            None | Some(Harm::Drop) => {}
        }
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            changed = harms.changed() => {
                changed.ok()?;
                continue;
            }
        };
        match read {
            Ok(0) | Err(_) => {
                // The other end may be gone, too.
                let _ = to.shutdown().await;
                return None;
            }
            Ok(_) if harm == Some(Harm::Drop) => has_hole.store(true, Relaxed),
            Ok(length) => {
                let written = tokio::select! {
                    written = to.write_all(&buffer[..length]) => written,
                    // A peer that does not read must not hold a reset up.
                    _ = harms.wait_for(|harm| *harm == Some(Harm::Reset)) => return Some((from, to)),
                };
                written.ok()?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    /// A proxy to a server that sends back what it gets, and a connection through it.
    async fn connected() -> (Proxy, TcpStream) {
        let echo = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let proxy = Proxy::bind().await.unwrap();
        proxy.lead_to(echo.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (stream, _) = echo.accept().await.unwrap();
                tokio::spawn(async move {
                    let (mut reads, mut writes) = stream.into_split();
                    tokio::io::copy(&mut reads, &mut writes).await
                });
            }
        });
        let stream = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        (proxy, stream)
    }

    async fn echo(stream: &mut TcpStream, octet: u8) -> Option<u8> {
        stream.write_u8(octet).await.ok()?;
        timeout(SHORT, stream.read_u8()).await.ok()?.ok()
    }

    #[tokio::test]
    async fn it_passes_on_what_it_gets() {
        let (_proxy, mut stream) = connected().await;
        assert_eq!(echo(&mut stream, 1).await, Some(1));
    }

    #[tokio::test]
    async fn stalled_octets_come_when_the_fault_is_over() {
        let (proxy, mut stream) = connected().await;
        assert_eq!(echo(&mut stream, 1).await, Some(1));
        proxy.fail(Some(Harm::Stall));
        assert_eq!(echo(&mut stream, 2).await, None);
        proxy.fail(None);
        assert_eq!(timeout(SHORT * 10, stream.read_u8()).await.unwrap().unwrap(), 2);
    }

    #[tokio::test]
    async fn dropped_octets_never_come_and_the_connection_ends_with_the_fault() {
        let (proxy, mut stream) = connected().await;
        assert_eq!(echo(&mut stream, 1).await, Some(1));
        proxy.fail(Some(Harm::Drop));
        assert_eq!(echo(&mut stream, 2).await, None);
        proxy.fail(None);
        let ended = timeout(SHORT * 10, stream.read_u8()).await.unwrap().unwrap_err();
        assert_eq!(ended.kind(), std::io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn connections_are_reset_and_new_ones_at_once() {
        let (proxy, mut stream) = connected().await;
        assert_eq!(echo(&mut stream, 1).await, Some(1));
        proxy.fail(Some(Harm::Reset));
        assert!(timeout(SHORT * 10, stream.read_u8()).await.unwrap().is_err());
        let mut next = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        assert!(timeout(SHORT * 10, next.read_u8()).await.unwrap().is_err());
    }
}
