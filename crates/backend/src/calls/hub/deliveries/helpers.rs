//! The threads that help where a message is for many sockets, because each socket is a call of the system.

use std::{
    io, iter, mem,
    num::NonZeroUsize,
    ops::Range,
    sync::{
        Arc, LazyLock, Weak,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use parking_lot::{Condvar, Mutex};

use super::{Delivery, Outcome};

/// The members that a thread takes at once.
pub(super) const TOGETHER: usize = 64;
/// The members whose sockets are written before another thread is woken.
const FIRST: usize = 8;

/// The threads. A work that has ended keeps nothing while it waits for one of them.
static HELPERS: LazyLock<Vec<mpsc::Sender<Weak<Work>>>> = LazyLock::new(|| {
    let helpers = thread::available_parallelism().map_or(1, NonZeroUsize::get).saturating_sub(1);
    (0..helpers).filter_map(|_| start().ok()).collect()
});

/// A delivery that several threads share.
struct Work {
    delivery: Arc<Delivery>,
    /// The place of the first member that no thread has taken.
    next: AtomicUsize,
    state: Mutex<State>,
    /// Nobody works at it any more.
    done: Condvar,
}

#[derive(Default)]
struct State {
    working: usize,
    outcome: Outcome,
}

/// A thread at work, until it is dropped.
struct Working<'a> {
    work: &'a Work,
    outcome: Outcome,
}

/// Hands a message over to everybody who gets it, with help.
pub(super) fn deliver(delivery: &Arc<Delivery>) -> Outcome {
    // A thread that wakes competes for the processor, so the first sockets are written before.
    let first = FIRST.min(delivery.members.as_slice().len());
    let mut outcome = Outcome::default();
    delivery.push(0..first, &mut outcome);
    let work = Arc::new(Work::new(delivery.clone(), first));
    for helper in HELPERS.iter() {
        // Without help it only takes longer.
        let _ = helper.send(Arc::downgrade(&work));
    }
    work.help();
    outcome.add(work.finish());
    outcome
}

/// Starts a thread.
fn start() -> io::Result<mpsc::Sender<Weak<Work>>> {
    let (sender, receiver) = mpsc::channel::<Weak<Work>>();
    let help = move || receiver.iter().filter_map(|work| work.upgrade()).for_each(|work| work.help());
    thread::Builder::new().name("sockets".into()).spawn(help)?;
    Ok(sender)
}

impl Work {
    fn new(delivery: Arc<Delivery>, next: usize) -> Self {
        let (next, state, done) = (AtomicUsize::new(next), Mutex::default(), Condvar::new());
        Self { delivery, next, state, done }
    }

    /// Takes part until nothing is left.
    fn help(&self) {
        let mut working = Working::begin(self);
        let mut part = 0..0;
        let places = iter::from_fn(|| {
            if part.is_empty() {
                part = self.take();
            }
            part.next()
        });
        self.delivery.push(places, &mut working.outcome);
    }

    /// Takes the next part of the list; an empty one if nothing is left.
    fn take(&self) -> Range<usize> {
        let members = self.delivery.members.as_slice().len();
        let start = self.next.fetch_add(TOGETHER, Ordering::Relaxed).min(members);
        start..(start + TOGETHER).min(members)
    }

    /// Waits for the threads that are still at work. Nothing is left, so one that begins later changes nothing.
    fn finish(&self) -> Outcome {
        let mut state = self.state.lock();
        while state.working > 0 {
            self.done.wait(&mut state);
        }
        mem::take(&mut state.outcome)
    }
}

impl<'a> Working<'a> {
    /// Counts the thread before it takes anything, so that nobody believes the work done.
    fn begin(work: &'a Work) -> Self {
        work.state.lock().working += 1;
        Self { work, outcome: Outcome::default() }
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        let mut state = self.work.state.lock();
        state.outcome.add(mem::take(&mut self.outcome));
        state.working -= 1;
        if state.working == 0 {
            self.work.done.notify_all();
        }
    }
}
