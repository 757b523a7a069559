//! Three tokio runtimes in one process, so that neither ten thousand sockets nor a flood of pages can slow a press
//! down.
//!
//! `calls` owns the listener, reads HTTP and runs the commands. `sockets` runs upgraded sockets and the fan-out.
//! `pages` runs everything that anybody may ask for, which are pages, files and sign-in, and compresses answers.

mod carried;

use std::{
    convert::Infallible,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{extract::Request, response::Response};
use rustix::process::nice;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::task::AbortOnDropHandle;
use tower::{Layer, Service, ServiceExt};

/// The addition to the niceness of the threads for pages. Beside a busy thread of the ordinary priority they get about
/// a quarter of a core (sched(7)), so that a page comes while an alarm goes out.
const PAGES_NICE: i32 = 5;
/// The time for running tasks when a runtime ends.
const PATIENCE: Duration = Duration::from_secs(1);

/// The runtimes.
pub(crate) struct Runtimes {
    calls: Runtime,
    sockets: Runtime,
    pages: Runtime,
}

/// Where to run what.
#[derive(Clone)]
pub(crate) struct Handles {
    /// Takes calls.
    pub calls: Handle,
    /// Sends them to sockets.
    pub sockets: Handle,
    /// Answers whatever anybody may ask for.
    pub pages: Handle,
}

impl Runtimes {
    /// Starts them, each with as many threads as there are cores. The scheduler shares the cores out, and none waits in
    /// the queue of another.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = |name: &str| {
            let mut runtime = Builder::new_multi_thread();
            runtime.thread_name(name).enable_all();
            runtime
        };
        Ok(Self {
            calls: runtime("calls").build()?,
            sockets: runtime("sockets").build()?,
            pages: runtime("pages").on_thread_start(give_way).build()?,
        })
    }

    /// Runs `work` to its end, then ends the runtimes.
    pub(crate) fn run<T>(self, work: impl AsyncFnOnce(Handles) -> T) -> T {
        let handles = Handles {
            calls: self.calls.handle().clone(),
            sockets: self.sockets.handle().clone(),
            pages: self.pages.handle().clone(),
        };
        let done = self.sockets.block_on(work(handles));
        for runtime in [self.calls, self.pages, self.sockets] {
            runtime.shutdown_timeout(PATIENCE);
        }
        done
    }
}

/// On Linux the niceness is the thread's own (nice(2)). Where it cannot be changed, pages are only less polite.
fn give_way() {
    if let Err(error) = nice(PAGES_NICE) {
        tracing::debug!(%error, "pages keep their priority");
    }
}

/// A layer that runs the handlers below on another runtime, and makes their bodies there.
#[derive(Clone)]
pub(crate) struct RunOn(pub Handle);

impl<S> Layer<S> for RunOn {
    type Service = RunsOn<S>;

    fn layer(&self, inner: S) -> RunsOn<S> {
        RunsOn { runtime: self.0.clone(), inner }
    }
}

/// See [`RunOn`].
#[derive(Clone)]
pub(crate) struct RunsOn<S> {
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
        let answer = self.inner.clone().oneshot(request);
        // Nobody waits for a page any more when its client has gone, so its task ends, too.
        let task = AbortOnDropHandle::new(self.runtime.spawn(async move {
            match answer.await {
                Ok(response) => Ok(carried::carry(response).await),
                Err(never) => Err(never),
            }
        }));
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
