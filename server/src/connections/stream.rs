//! One connection, with its descriptor, which can be closed at any moment, and the time of its last use.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicIsize, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::Connections;
use crate::budgets::Network;

/// The longest head of a request, in octets. hyper would keep 400 KiB for each connection that never ends its head;
/// browsers send 2 KiB.
const HEAD: usize = 32 * 1024;
/// The value in the place of a count when the input is not a head.
const NO_HEAD: usize = usize::MAX;

/// A client's TCP connection, as HTTP reads and writes it. Once closed from outside, it reads as ended by the client.
///
/// The connection's stream. One task reads and writes it, and is the one that is woken.
pub(crate) struct ClientStream {
    shared: Arc<Shared>,
    /// `None` once the connection is a socket.
    counted: Option<Counted>,
}

/// Counts a connection as open until it is dropped. A socket keeps no more of its connection.
pub(crate) struct Counted {
    connections: Connections,
    number: u64,
}

/// The state that the connection's task, its requests and [`Connections`] share.
pub(super) struct Shared {
    connections: Connections,
    number: u64,
    network: Network,
    /// The octets of a head that has not come whole, or [`NO_HEAD`].
    head: AtomicUsize,
    /// The last octet read or written, in [`Connections::now`].
    spoke: AtomicU64,
    /// Requests that have come whole and are not answered.
    requests: AtomicIsize,
    descriptor: Mutex<Descriptor>,
}

struct Descriptor {
    /// None when it is closed.
    stream: Option<TcpStream>,
    /// The task that waits to read or write.
    waiting: Option<Waker>,
}

impl Shared {
    pub(super) fn new(connections: Connections, number: u64, network: Network, stream: TcpStream) -> Self {
        let now = connections.now();
        Self {
            connections,
            number,
            network,
            head: AtomicUsize::new(0),
            spoke: AtomicU64::new(now),
            requests: AtomicIsize::new(0),
            descriptor: Mutex::new(Descriptor { stream: Some(stream), waiting: None }),
        }
    }

    pub(super) fn spoke(&self) -> u64 {
        self.spoke.load(Ordering::Relaxed)
    }

    /// Returns whether a request is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.requests.load(Ordering::Acquire) > 0
    }

    /// One more request is under way.
    pub(super) fn begin_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one request less, which is activity, because its answer is yet to be written.
    pub(super) fn end_request(&self) {
        // The order keeps it from looking silent between the two.
        self.speaks();
        self.requests.fetch_sub(1, Ordering::Release);
    }

    pub(super) fn network(&self) -> Network {
        self.network
    }

    /// The next input is the head of another request.
    pub(super) fn expect_head(&self) {
        self.head.store(0, Ordering::Relaxed);
    }

    /// The next input is not a head.
    pub(super) fn expect_no_head(&self) {
        self.head.store(NO_HEAD, Ordering::Relaxed);
    }

    /// Returns whether so much of a head has come that no more is read.
    fn is_head_too_long(&self) -> bool {
        (HEAD..NO_HEAD).contains(&self.head.load(Ordering::Relaxed))
    }

    fn count(&self, octets: usize) {
        let head = self.head.load(Ordering::Relaxed);
        if head != NO_HEAD {
            // Nobody else counts, because one task reads. A store in the meantime begins anew.
            let counted = head.saturating_add(octets).min(NO_HEAD - 1);
            let _ = self.head.compare_exchange(head, counted, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    pub(super) fn becomes_socket(&self) {
        self.expect_no_head();
        self.connections.upgrade(self.number);
    }

    /// Frees the descriptor at once, and has the connection's task see that it ended.
    pub(super) fn close(&self) {
        // Neither is dropped or woken while the lock is held.
        if let (_, Some(waiting)) = self.take() {
            waiting.wake();
        }
    }

    fn take(&self) -> (Option<TcpStream>, Option<Waker>) {
        let mut descriptor = self.lock();
        (descriptor.stream.take(), descriptor.waiting.take())
    }

    fn speaks(&self) {
        self.spoke.store(self.connections.now(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Descriptor> {
        self.descriptor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientStream {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let counted = Counted { connections: shared.connections.clone(), number: shared.number };
        Self { shared, counted: Some(counted) }
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// Returns the descriptor, for a socket that reads and writes it without this; `None` if it was closed. The
    /// connection counts as open until the other part is dropped.
    #[must_use]
    pub(crate) fn into_socket(mut self) -> Option<(TcpStream, Counted)> {
        let (stream, _) = self.shared.take();
        Some((stream?, self.counted.take()?))
    }

    /// Uses the descriptor, or returns `gone` when it was closed.
    fn attempt<T>(
        &self,
        context: &mut Context<'_>,
        gone: impl FnOnce() -> io::Result<T>,
        operation: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let mut descriptor = self.shared.lock();
        let Some(stream) = &mut descriptor.stream else { return Poll::Ready(gone()) };
        let polled = operation(Pin::new(stream), context);
        if polled.is_pending() {
            match &mut descriptor.waiting {
                Some(waiting) => waiting.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
        }
        polled
    }

    fn written(&self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(polled, Poll::Ready(Ok(1..))) {
            self.shared.speaks();
        }
        polled
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.shared.is_head_too_long() {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let polled = self.attempt(context, || Ok(()), |stream, context| stream.poll_read(context, buffer));
        let read = buffer.filled().len() - before;
        if read > 0 {
            self.shared.speaks();
            self.shared.count(read);
        }
        polled
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.written(self.attempt(context, broken, |stream, context| stream.poll_write(context, octets)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let operation = |stream: Pin<&mut TcpStream>, context: &mut Context<'_>| {
            stream.poll_write_vectored(context, slices)
        };
        self.written(self.attempt(context, broken, operation))
    }

    /// As `TcpStream`'s.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.attempt(context, broken, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.attempt(context, || Ok(()), |stream, context| stream.poll_shutdown(context))
    }
}

impl Drop for ClientStream {
    fn drop(&mut self) {
        // A request may still hold what is shared; the descriptor is free all the same. Nobody waits any more.
        drop(self.shared.take());
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.connections.leave(self.number);
    }
}

fn broken<T>() -> io::Result<T> {
    Err(io::ErrorKind::BrokenPipe.into())
}
