//! The delivery ledger, which has the houses that a call has reached. The line and, by the log, the other nodes get it
//! a few times a second at most.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{CallKey, Event, House, Line, Millis, Neighbour, Receipt, record};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::hub::{Arrival, Hub};
use crate::{
    clock,
    delivery::log::{Log, Outgoing},
};

/// The first receipt of a call goes out at once; those that follow so soon go together.
const TOGETHER: Duration = Duration::from_millis(250);
/// The time that the log may need for a receipt. The next one of the call holds the same houses again.
const LOG_MAY_TAKE: Duration = Duration::from_secs(30);

/// Collects receipts for the hub. Clones share the ledger.
#[derive(Clone, Default)]
pub struct Receipts(Arc<Ledger>);

#[derive(Default)]
struct Ledger {
    waiting: Mutex<HashMap<CallKey, Receipt>>,
    arrived: Notify,
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
        let receipt = waiting.entry(call.clone()).or_insert_with(|| Receipt {
            line: call.line.clone(),
            alert: call.id,
            target: Some(call.house.clone()),
            pushed: BTreeSet::new(),
            reached: BTreeSet::new(),
            sounded: BTreeSet::new(),
            seen: BTreeSet::new(),
            after: None,
        });
        if change(receipt) {
            self.0.arrived.notify_one();
        }
    }

    /// Applies receipts to the hub, and appends what was new there to the log, until it is cancelled.
    pub(crate) async fn run(self, hub: Hub, log: Log, stopping: CancellationToken) {
        let collecting = async {
            loop {
                self.0.arrived.notified().await;
                let waiting =
                    std::mem::take(&mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner));
                for (call, mut receipt) in waiting {
                    receipt.after = after(&hub, &call, &receipt);
                    let event = Event::Receipt(receipt);
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

/// Returns how long ago the call was received, in milliseconds, if the receipt names another flat than the caller's. No
/// other machine's clock takes part in it.
fn after(hub: &Hub, call: &CallKey, receipt: &Receipt) -> Option<Millis> {
    let caller = Neighbour::from(call.house.clone());
    receipt.reached.iter().find(|flat| **flat != caller)?;
    Millis::try_from(hub.age(call)?.as_millis()).ok()
}

/// Returns a flat as the records of the call's line name it.
fn named(call: &CallKey, line: &Line, house: &House) -> Neighbour {
    Neighbour { line: Some(line.clone()), house: house.clone() }.seen_from(&call.line)
}

async fn append(log: Log, receipt: Event) {
    let (topic, value) = record::write(&receipt);
    let outgoing = Outgoing {
        topic,
        key: receipt.line().as_str(),
        value: &value,
        timestamp: clock::now(),
        id: None,
        republished: false,
        age: Duration::ZERO,
        traceparent: None,
    };
    match tokio::time::timeout(LOG_MAY_TAKE, log.append(outgoing)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a receipt is not in the log"),
        Err(_) => tracing::warn!("a receipt is not in the log, which did not accept it in time"),
    }
}
