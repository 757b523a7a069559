//! The delivery ledger, which has the houses that a call has reached. The line and, by the log, the other nodes get it
//! a few times a second at most.

mod flat;

use std::{
    collections::HashMap,
    iter,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{CallKey, Event, Flats, Millis, Neighbour, Receipt, record};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use self::flat::Flat;
pub use self::flat::FlatReceipts;
use super::hub::{Arrival, Hub};
use crate::delivery::log::{Log, Outgoing};

/// The first receipt of a call waits until no device has reported for this long. It goes to everybody, and would compete
/// with the call's own frames and with the reports that are still coming.
const GATHERING: Duration = Duration::from_millis(30);
/// The most of these waits in a row, because in a crowd some device may report at any time.
const GATHERINGS: u32 = 4;
/// Those that follow so soon go together.
const TOGETHER: Duration = Duration::from_millis(250);
/// Receipts that are applied at once. More go in parts over that time, because a thousand at once, each to all of its line,
/// would keep an alarm waiting.
const AT_ONCE: usize = 8;
/// The most parts into which waiting receipts are divided.
const PARTS: usize = 100;
/// The time that the log may need for a receipt. The flats of one that it does not accept may report the call again.
const LOG_MAY_TAKE: Duration = Duration::from_secs(30);

/// Collects receipts for the hub. Clones share the ledger.
#[derive(Clone, Default)]
pub struct Receipts(Arc<Ledger>);

#[derive(Default)]
struct Ledger {
    waiting: Mutex<HashMap<Arc<CallKey>, Waiting>>,
    arrived: Notify,
    /// The flats that report now, by their names outside of their lines.
    flats: Mutex<HashMap<Neighbour, Weak<Flat>>>,
    /// The number of receipts that the log did not accept.
    lost: AtomicU64,
    /// A device has reported since the last wait for receipts began.
    is_reporting: AtomicBool,
}

impl Ledger {
    /// Records that a device reports. Everybody does at the same moment, and all threads read the mark, so it is written
    /// once.
    fn mark_report(&self) {
        if !self.is_reporting.load(Ordering::Relaxed) {
            self.is_reporting.store(true, Ordering::Relaxed);
        }
    }

    /// Waits until no device has reported for a while, but not for long.
    async fn gather(&self) {
        for _ in 0..GATHERINGS {
            self.is_reporting.store(false, Ordering::Relaxed);
            tokio::time::sleep(GATHERING).await;
            if !self.is_reporting.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// A receipt that the hub does not have yet.
struct Waiting {
    receipt: Receipt,
    /// When it first named another flat than the caller's.
    reached: Option<Instant>,
}

impl Waiting {
    fn new(call: &CallKey) -> Self {
        let receipt = Receipt {
            line: call.line.clone(),
            alert: call.id,
            target: Some(call.house.clone()),
            pushed: Flats::new(),
            reached: Flats::new(),
            sounded: Flats::new(),
            seen: Flats::new(),
            after: None,
        };
        Self { receipt, reached: None }
    }

    fn has_reached_a_neighbour(&self, call: &CallKey) -> bool {
        self.receipt.reached.iter().any(|flat| flat.line.is_some() || flat.house != call.house)
    }

    /// Returns the receipt, with how long the call took to another flat, in milliseconds. No other machine's clock takes
    /// part in it.
    fn finish(self, call: &CallKey, hub: &Hub) -> Receipt {
        let took = || Some(hub.age(call)?.saturating_sub(self.reached?.elapsed()));
        let after = took().and_then(|took| Millis::try_from(took.as_millis()).ok());
        Receipt { after, ..self.receipt }
    }
}

impl Receipts {
    /// Records that a push service took the call for a device of `flat`, as the records of the call's line name it. No
    /// device has reported anything with that.
    pub(crate) fn pushed(&self, call: &CallKey, flat: Neighbour) {
        self.add(&Arc::new(call.clone()), |receipt| receipt.pushed.insert(flat));
    }

    /// Applies a change that returns whether the receipt has grown.
    fn add(&self, call: &Arc<CallKey>, change: impl FnOnce(&mut Receipt) -> bool) {
        let mut waiting = self.0.waiting.lock();
        let waiting = waiting.entry(call.clone()).or_insert_with(|| Waiting::new(call));
        if change(&mut waiting.receipt) {
            if waiting.reached.is_none() && waiting.has_reached_a_neighbour(call) {
                waiting.reached = Some(Instant::now());
            }
            self.0.arrived.notify_one();
        }
    }

    /// Applies receipts to the hub, and appends what was new there to the log, until it is cancelled.
    pub(crate) async fn run(self, hub: Hub, log: Log, stopping: CancellationToken) {
        let collecting = async {
            loop {
                self.0.arrived.notified().await;
                self.0.gather().await;
                let waiting = std::mem::take(&mut *self.0.waiting.lock());
                for (part, pause) in parts(waiting) {
                    for (call, waiting) in part {
                        let event = Event::Receipt(waiting.finish(&call, &hub));
                        if hub.apply(Arrival::direct(event.clone())) {
                            tokio::spawn(self.clone().append(log.clone(), event));
                        }
                    }
                    tokio::time::sleep(pause).await;
                }
            }
        };
        stopping.run_until_cancelled(collecting).await;
    }

    async fn append(self, log: Log, receipt: Event) {
        let (topic, value) = record::write(&receipt);
        let outgoing = Outgoing::new(topic, receipt.line().as_str(), &value);
        match tokio::time::timeout(LOG_MAY_TAKE, log.append(outgoing)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => tracing::warn!(%error, "a receipt is not in the log"),
            Err(_) => tracing::warn!("a receipt is not in the log, which did not accept it in time"),
        }
        self.0.lost.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns what is waiting in parts, with the pause behind each. All take as long as [`TOGETHER`].
fn parts<T>(waiting: impl IntoIterator<Item = T>) -> impl Iterator<Item = (Vec<T>, Duration)> {
    let mut waiting: Vec<T> = waiting.into_iter().collect();
    let size = waiting.len().div_ceil(PARTS).max(AT_ONCE);
    let pauses = u32::try_from(waiting.len().div_ceil(size)).unwrap_or(u32::MAX).max(1);
    iter::repeat_with(move || waiting.split_off(waiting.len().saturating_sub(size)))
        .take(pauses as usize)
        .map(move |part| (part, TOGETHER / pauses))
}

#[cfg(test)]
mod tests {
    use domain::{Alert, AlertId, House, Line};

    use super::*;
    use crate::clock;

    #[test]
    fn the_time_to_a_neighbour_ends_with_the_word_of_the_neighbour_and_not_with_the_receipt() {
        let (line, house) = (Line::new("101-1").unwrap(), House::new("1203").unwrap());
        let alert = Alert::new(AlertId::generate(), line, house, clock::now());
        let (hub, call) = (Hub::new(), alert.key());
        hub.apply(Arrival::direct(Event::Alert(alert)).aged(Duration::from_secs(10)));
        let mut waiting = Waiting::new(&call);
        waiting.receipt.reached.insert(call.house.clone().into());
        assert!(!waiting.has_reached_a_neighbour(&call));
        waiting.receipt.reached.insert(House::new("1204").unwrap().into());
        assert!(waiting.has_reached_a_neighbour(&call));
        waiting.reached = Instant::now().checked_sub(Duration::from_secs(4));
        let after = waiting.finish(&call, &hub).after.unwrap();
        assert!((6_000..9_000).contains(&after), "{after}");
    }

    #[test]
    fn few_receipts_go_at_once_and_many_in_parts_in_the_same_time() {
        for (waiting, expected) in
            [(0, 1), (1, 1), (AT_ONCE, 1), (AT_ONCE + 1, 2), (AT_ONCE * PARTS * 3, PARTS)]
        {
            let parts: Vec<_> = parts(0..waiting).collect();
            let pauses: Duration = parts.iter().map(|(_, pause)| *pause).sum();
            assert_eq!(parts.len(), expected, "{waiting}");
            assert!(pauses <= TOGETHER && pauses > TOGETHER - Duration::from_millis(1), "{pauses:?}");
            let mut all: Vec<_> = parts.into_iter().flat_map(|(part, _)| part).collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..waiting));
        }
    }

    #[tokio::test]
    async fn receipts_wait_while_devices_report_but_not_without_end() {
        let receipts = Receipts::default();
        let began = Instant::now();
        receipts.0.gather().await;
        assert!(began.elapsed() >= GATHERING);
        let (began, reporting) = (Instant::now(), receipts.clone());
        let reporting = tokio::spawn(async move { reporting.0.mark_report() });
        receipts.0.gather().await;
        assert!(reporting.is_finished() && began.elapsed() >= 2 * GATHERING);
        let (began, reporting) = (Instant::now(), receipts.clone());
        let reporting = tokio::spawn(async move {
            loop {
                reporting.0.mark_report();
                tokio::task::yield_now().await;
            }
        });
        receipts.0.gather().await;
        assert!(began.elapsed() >= GATHERINGS * GATHERING);
        reporting.abort();
    }
}
