//! The hashing of passwords. argon2 needs tens of milliseconds and 19 MiB for each, and must not keep the cores from
//! the calls. Few are therefore hashed at once, on threads that run when no other thread wants to. The caller bounds
//! how many wait, which the server does for strangers and residents (`server::budgets`).

use std::sync::Arc;

use rustix::process::nice;
use tokio::sync::{Semaphore, oneshot};

/// The addition to the niceness of a hashing thread. Beside a busy thread of the ordinary priority it still gets about
/// a tenth of a core (sched(7)), so that signing in goes on.
const NICE: i32 = 10;

/// Hashes on threads of its own. Clones share them.
#[derive(Clone)]
pub(crate) struct Hashing(Arc<Semaphore>);

impl Hashing {
    /// On no more than half the cores at once.
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((cores / 2).max(1))))
    }

    /// Does the work when it is its turn.
    ///
    /// # Errors
    /// Why it was not done, when the system gives no thread or the work panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let turn = self.0.clone().acquire_owned().await.map_err(|error| error.to_string())?;
        let (reply, done) = oneshot::channel();
        let hashing = move || {
            // The turn goes along, because a client that gives up does not make room for one more hash at the same
            // time.
            let _turn = turn;
            // On Linux it is the thread's own (nice(2)). Where it cannot be, hashing is only less polite.
            if let Err(error) = nice(NICE) {
                tracing::debug!(%error, "hashing keeps its priority");
            }
            // Nobody waits for it any more when the client has gone.
            let _ = reply.send(work());
        };
        let thread = std::thread::Builder::new().name("hashing".into()).spawn(hashing);
        thread.map_err(|error| error.to_string())?;
        done.await.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_gives_its_turn_back() {
        let hashing = Hashing::new();
        let turns = hashing.0.available_permits();
        assert!(hashing.run(|| -> u8 { panic!("as a test") }).await.is_err());
        assert_eq!(hashing.run(|| 7).await, Ok(7));
        for _ in 0..turns {
            hashing.0.acquire().await.expect("it is never closed").forget();
        }
    }
}
