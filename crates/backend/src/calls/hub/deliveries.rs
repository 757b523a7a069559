//! The pushing of one message to many sockets. Where there are thousands, threads help, because each socket is a call of
//! the system.

use std::{
    num::NonZeroUsize,
    sync::{Arc, LazyLock, mpsc},
    thread,
};

use parking_lot::{Condvar, Mutex};

use super::{Queue, SharedFrame};
use crate::traces::Delivering;

/// The sockets from which on threads help, because fewer take less time than to wake a thread for them is worth. With
/// [`usize::MAX`] none ever starts, by which their use is measured.
const MANY: usize = 512;
/// The sockets that a thread takes at once.
const TOGETHER: usize = 64;

/// A frame for one socket.
pub(super) struct Delivery {
    pub(super) queue: Queue,
    pub(super) frame: SharedFrame,
    /// The subscriber's number.
    pub(super) number: u64,
    /// The socket belongs to a house other than the one that the event speaks for.
    pub(super) is_neighbours: bool,
    /// The delivery to all of them, where it is traced.
    pub(super) delivering: Option<Delivering>,
}

/// The result of some deliveries.
#[derive(Default)]
pub(super) struct Outcome {
    /// The number of sockets that have the frame, or have it in a queue.
    pub(super) pushed: u64,
    /// One of them is a neighbour's.
    pub(super) is_delivered: bool,
    /// The subscribers whose queues take no more frames.
    pub(super) gone: Vec<u64>,
}

/// The threads that help.
static HELPERS: LazyLock<Vec<mpsc::Sender<Arc<Work>>>> = LazyLock::new(|| {
    let helpers = thread::available_parallelism().map_or(1, NonZeroUsize::get).saturating_sub(1);
    (0..helpers).filter_map(|_| help().ok()).collect()
});

/// Deliveries that several threads share.
struct Work {
    state: Mutex<State>,
    /// Nobody works at it any more.
    done: Condvar,
}

struct State {
    left: Vec<Vec<Delivery>>,
    working: usize,
    outcome: Outcome,
}

/// A thread at work, until it is dropped.
struct Working<'a>(&'a Work);

/// Hands all frames over and returns the result. A socket gets the next message only after that.
pub(super) fn deliver(deliveries: Vec<Delivery>) -> Outcome {
    if deliveries.len() < MANY { Outcome::of(deliveries) } else { deliver_with_help(deliveries) }
}

fn deliver_with_help(deliveries: Vec<Delivery>) -> Outcome {
    let work = Arc::new(Work::new(deliveries));
    for helper in HELPERS.iter() {
        // Without help it only takes longer.
        let _ = helper.send(work.clone());
    }
    work.help();
    work.finish()
}

/// Starts a thread.
fn help() -> std::io::Result<mpsc::Sender<Arc<Work>>> {
    let (sender, receiver) = mpsc::channel::<Arc<Work>>();
    let builder = thread::Builder::new().name("sockets".into());
    builder.spawn(move || receiver.iter().for_each(|work| work.help()))?;
    Ok(sender)
}

impl Outcome {
    fn of(deliveries: Vec<Delivery>) -> Self {
        let mut outcome = Self::default();
        for Delivery { queue, frame, number, is_neighbours, delivering } in deliveries {
            if queue.push_traced(&frame, delivering.as_ref()) {
                outcome.pushed += 1;
                outcome.is_delivered |= is_neighbours;
            } else {
                outcome.gone.push(number);
            }
        }
        outcome
    }

    fn add(&mut self, other: Self) {
        self.pushed += other.pushed;
        self.is_delivered |= other.is_delivered;
        self.gone.extend(other.gone);
    }
}

impl Work {
    fn new(mut deliveries: Vec<Delivery>) -> Self {
        let mut left = Vec::with_capacity(deliveries.len().div_ceil(TOGETHER));
        while !deliveries.is_empty() {
            left.push(deliveries.split_off(deliveries.len().saturating_sub(TOGETHER)));
        }
        let state = State { left, working: 0, outcome: Outcome::default() };
        Self { state: Mutex::new(state), done: Condvar::new() }
    }

    /// Takes part until nothing is left.
    fn help(&self) {
        while let Some((deliveries, _working)) = self.take() {
            let outcome = Outcome::of(deliveries);
            self.state.lock().outcome.add(outcome);
        }
    }

    fn take(&self) -> Option<(Vec<Delivery>, Working<'_>)> {
        let mut state = self.state.lock();
        let deliveries = state.left.pop()?;
        state.working += 1;
        Some((deliveries, Working(self)))
    }

    /// Waits for the threads that are still at work.
    fn finish(&self) -> Outcome {
        let mut state = self.state.lock();
        while state.working > 0 {
            self.done.wait(&mut state);
        }
        std::mem::take(&mut state.outcome)
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.state.lock().working -= 1;
        self.0.done.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::hub::{QueueReceiver, queue};

    fn deliveries(count: usize, frame: &'static str) -> (Vec<Delivery>, Vec<QueueReceiver>) {
        let one = |number| {
            let (queue, receiver) = queue(1);
            let is_neighbours = number == 7;
            let frame = SharedFrame::new(frame.as_bytes());
            (Delivery { queue, frame, number, is_neighbours, delivering: None }, receiver)
        };
        (0..count as u64).map(one).unzip()
    }

    #[test]
    fn every_socket_gets_the_frame_once_however_many_there_are() {
        type Way = fn(Vec<Delivery>) -> Outcome;
        let ways: [(usize, Way); 6] = [
            (0, deliver),
            (TOGETHER, deliver),
            (0, deliver_with_help),
            (1, deliver_with_help),
            (TOGETHER, deliver_with_help),
            (100 * TOGETHER + 1, deliver_with_help),
        ];
        for (count, way) in ways {
            let (all, receivers) = deliveries(count, "frame");
            let outcome = way(all);
            assert_eq!((outcome.pushed, outcome.is_delivered), (count as u64, count > 7));
            assert!(outcome.gone.is_empty());
            for mut receiver in receivers {
                assert!(receiver.queued().is_some() && receiver.queued().is_none());
            }
        }
    }

    #[test]
    fn sockets_that_take_no_more_are_named() {
        const COUNT: usize = 20 * TOGETHER;
        let (all, receivers) = deliveries(COUNT, "first");
        let queues: Vec<Queue> = all.iter().map(|delivery| delivery.queue.clone()).collect();
        deliver_with_help(all);
        let kept: Vec<_> = receivers.into_iter().skip(10).collect();
        let (mut again, _receivers) = deliveries(COUNT, "second");
        again.iter_mut().zip(queues).for_each(|(delivery, queue)| delivery.queue = queue);
        let mut outcome = deliver_with_help(again);
        assert_eq!((outcome.pushed, outcome.is_delivered), (0, false), "each holds one frame");
        outcome.gone.sort_unstable();
        assert_eq!(outcome.gone, (0..COUNT as u64).collect::<Vec<_>>());
        assert_eq!(kept.len(), COUNT - 10);
    }
}
