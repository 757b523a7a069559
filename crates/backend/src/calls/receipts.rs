//! The delivery ledger, which has the houses that a call has reached. The line and, by the log, the other nodes get it
//! a few times a second at most.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::{CallKey, Event, House, Line, Millis, Neighbour, Receipt, record};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::hub::{Arrival, Hub};
use crate::delivery::log::{Log, Outgoing};

/// The time that the first receipt of a call waits for others. It would go to everybody while the call's own frames are
/// still on their way.
const GATHERING: Duration = Duration::from_millis(30);
/// Those that follow so soon go together.
const TOGETHER: Duration = Duration::from_millis(250);
/// The time that the log may need for a receipt. The next one of the call holds the same houses again.
const LOG_MAY_TAKE: Duration = Duration::from_secs(30);

/// Collects receipts for the hub. Clones share the ledger.
#[derive(Clone, Default)]
pub struct Receipts(Arc<Ledger>);

#[derive(Default)]
struct Ledger {
    waiting: Mutex<HashMap<CallKey, Waiting>>,
    arrived: Notify,
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
            pushed: BTreeSet::new(),
            reached: BTreeSet::new(),
            sounded: BTreeSet::new(),
            seen: BTreeSet::new(),
            after: None,
        };
        Self { receipt, reached: None }
    }

    fn has_reached_a_neighbour(&self, call: &CallKey) -> bool {
        let caller = Neighbour::from(call.house.clone());
        self.receipt.reached.iter().any(|flat| *flat != caller)
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
        self.add(call, |receipt| receipt.pushed.insert(flat));
    }

    /// Records that a device of a flat took the call.
    pub fn reached(&self, call: &CallKey, line: &Line, house: &House) {
        let flat = named(call, line, house);
        self.add(call, |receipt| receipt.reached.insert(flat));
    }

    /// Records that a device of a flat has begun to sound the call, which has thereby reached the flat.
    pub fn sounded(&self, call: &CallKey, line: &Line, house: &House) {
        let flat = named(call, line, house);
        self.add(call, |receipt| {
            receipt.reached.insert(flat.clone());
            receipt.sounded.insert(flat)
        });
    }

    /// Records that a person of a flat looked at the call, which has thereby reached the flat.
    pub fn seen(&self, call: &CallKey, line: &Line, house: &House) {
        let flat = named(call, line, house);
        self.add(call, |receipt| {
            receipt.reached.insert(flat.clone());
            receipt.seen.insert(flat)
        });
    }

    fn add(&self, call: &CallKey, change: impl FnOnce(&mut Receipt) -> bool) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
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
                tokio::time::sleep(GATHERING).await;
                let waiting =
                    std::mem::take(&mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner));
                for (call, waiting) in waiting {
                    let event = Event::Receipt(waiting.finish(&call, &hub));
                    if hub.apply(Arrival::direct(event.clone())) {
                        tokio::spawn(append(log.clone(), event));
                    }
                }
                tokio::time::sleep(TOGETHER).await;
            }
        };
        stopping.run_until_cancelled(collecting).await;
    }
}

/// Returns a flat as the records of the call's line name it.
fn named(call: &CallKey, line: &Line, house: &House) -> Neighbour {
    Neighbour { line: Some(line.clone()), house: house.clone() }.seen_from(&call.line)
}

async fn append(log: Log, receipt: Event) {
    let (topic, value) = record::write(&receipt);
    let outgoing = Outgoing::new(topic, receipt.line().as_str(), &value);
    match tokio::time::timeout(LOG_MAY_TAKE, log.append(outgoing)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a receipt is not in the log"),
        Err(_) => tracing::warn!("a receipt is not in the log, which did not accept it in time"),
    }
}

#[cfg(test)]
mod tests {
    use domain::{Alert, AlertId};

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
}
