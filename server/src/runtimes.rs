//! Two tokio runtimes in one process, so that ten thousand sockets cannot slow a press down.
//!
//! `calls` owns the listener, reads HTTP and runs the commands. `sockets` runs upgraded sockets, pages and sign-in.

use std::{
    convert::Infallible,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{extract::Request, response::Response};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;
use tower::{Layer, Service, ServiceExt};

/// The two runtimes.
pub struct Runtimes {
    /// Takes calls.
    pub calls: Runtime,
    /// Does everything else.
    pub sockets: Runtime,
}

impl Runtimes {
    /// Starts both, each with as many threads as there are cores: the scheduler shares the cores out, and neither waits
    /// in the other's queue.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start() -> io::Result<Self> {
        let runtime = |name: &str| Builder::new_multi_thread().thread_name(name).enable_all().build();
        Ok(Self { calls: runtime("calls")?, sockets: runtime("sockets")? })
    }
}

/// Layer: runs the handlers below on another runtime.
#[derive(Clone)]
pub struct RunOn(pub Handle);

impl<S> Layer<S> for RunOn {
    type Service = RunsOn<S>;

    fn layer(&self, inner: S) -> RunsOn<S> {
        RunsOn { runtime: self.0.clone(), inner }
    }
}

/// See [`RunOn`].
#[derive(Clone)]
pub struct RunsOn<S> {
    runtime: Handle,
    inner: S,
}

impl<S> Service<Request> for RunsOn<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // Nobody waits for a page any more when its client has gone: then its task ends, too.
        let task = AbortOnDropHandle::new(self.runtime.spawn(self.inner.clone().oneshot(request)));
        Box::pin(async move {
            match task.await {
                Ok(response) => response,
                // The layer that turns panics into answers is further out, on the runtime that waits here.
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => std::future::pending().await,
                },
            }
        })
    }
}
