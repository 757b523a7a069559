//! The hashing of passwords. argon2 needs tens of milliseconds and 19 MiB for each, and must not keep the cores from
//! the calls. Few are therefore hashed at once, on threads that run when no other thread wants to. The caller bounds
//! how many wait, which the server does for strangers and residents (`server::budgets`).

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use parking_lot::Mutex;
use rustix::process::nice;
use tokio::sync::oneshot;

use super::argon::Hasher;

/// The addition to the niceness of a hashing thread. Beside a busy thread of the ordinary priority it still gets about
/// a tenth of a core (sched(7)), so that signing in goes on.
const NICE: i32 = 10;

/// The time for which a thread keeps the memory of a hash for the next one, because new memory adds two thirds to the
/// time of a hash. After that it goes back to the system.
const KEPT: Duration = Duration::from_secs(2);

type Work = Box<dyn FnOnce(&Hasher) + Send>;

/// Hashes on threads of its own. Clones share them.
#[derive(Clone)]
pub(crate) struct Hashing(Sender<Work>);

impl Hashing {
    /// On no more than half the cores at once.
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::on_threads((cores / 2).max(1))
    }

    fn on_threads(count: usize) -> Self {
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..count {
            let receiver = receiver.clone();
            let thread = thread::Builder::new().name("hashing".into()).spawn(move || work_off(&receiver));
            // With no thread at all, the receiver is gone and every request is answered with that.
            if let Err(error) = thread {
                tracing::error!(%error, "the system gives no thread for hashing; those that started go on");
            }
        }
        Self(sender)
    }

    /// Does the work when it is its turn.
    ///
    /// # Errors
    /// Why it was not done, when there is no thread or the work panicked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hasher) -> T + Send + 'static,
    ) -> Result<T, String> {
        let (reply, done) = oneshot::channel();
        let work = move |hasher: &Hasher| {
            // Nobody waits for it any more when the client has gone.
            if !reply.is_closed() {
                let _ = reply.send(work(hasher));
            }
        };
        self.0.send(Box::new(work)).map_err(|_| "no thread for hashing could be started".to_owned())?;
        done.await.map_err(|_| "hashing panicked".to_owned())
    }
}

/// Runs what comes, one after another, until every [`Hashing`] is dropped.
fn work_off(queue: &Mutex<Receiver<Work>>) {
    // On Linux it is the thread's own (nice(2)). Where it cannot be, hashing is only less polite.
    if let Err(error) = nice(NICE) {
        tracing::debug!(%error, "hashing keeps its priority");
    }
    let hasher = Hasher::default();
    while let Some(work) = next(queue, &hasher) {
        // A panic has been logged by the hook, and the caller learns of it by the reply that never comes.
        let _ = catch_unwind(AssertUnwindSafe(|| work(&hasher)));
    }
}

/// Waits for work; `None` when every [`Hashing`] is dropped. The memory is released meanwhile if it takes long. A
/// thread may wait for the queue as well as in it.
fn next(queue: &Mutex<Receiver<Work>>, hasher: &Hasher) -> Option<Work> {
    while hasher.has_memory() {
        let received = queue.try_lock_for(KEPT).map(|queue| queue.recv_timeout(KEPT));
        match received {
            Some(Ok(work)) => return Some(work),
            Some(Err(RecvTimeoutError::Disconnected)) => return None,
            Some(Err(RecvTimeoutError::Timeout)) | None => hasher.release(),
        }
    }
    queue.lock().recv().ok()
}

#[cfg(test)]
mod tests {
    use argon2::{
        PasswordHasher,
        password_hash::{SaltString, rand_core::OsRng},
    };

    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_ends_no_thread() {
        let hashing = Hashing::on_threads(1);
        assert!(hashing.run(|_| -> u8 { panic!("as a test") }).await.is_err());
        assert_eq!(hashing.run(|_| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn without_a_thread_every_request_is_refused() {
        assert!(Hashing::on_threads(0).run(|_| 7).await.is_err());
    }

    #[tokio::test]
    async fn the_same_threads_do_all_the_work() {
        let hashing = Hashing::on_threads(1);
        let first = hashing.run(|_| thread::current().id()).await;
        assert!(first.is_ok());
        assert_eq!(hashing.run(|_| thread::current().id()).await, first);
    }

    #[tokio::test]
    async fn a_thread_without_work_gives_its_memory_back_and_goes_on() {
        let hashing = Hashing::on_threads(1);
        let hash = |hasher: &Hasher| {
            let salt = SaltString::generate(&mut OsRng);
            hasher.hash_password(b"correct horse", &salt).map(|_| hasher.has_memory())
        };
        assert_eq!(hashing.run(hash).await, Ok(Ok(true)));
        let mut tries = 0;
        // Each question is work, too, so it is not asked more often.
        while hashing.run(Hasher::has_memory).await == Ok(true) {
            tries += 1;
            assert!(tries < 20, "the memory is kept");
            tokio::time::sleep(2 * KEPT).await;
        }
        assert_eq!(hashing.run(hash).await, Ok(Ok(true)));
    }
}
