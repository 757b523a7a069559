//! The delivery ledger: which houses a call has reached. Told to the line, and to the other nodes by the log, a few times
//! a second at most.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use wire::{AlertId, Event, House, Line, Receipt, Seen, record};

use crate::{
    calls::hub::{Arrival, Hub},
    clock,
    delivery::log::producer::Outgoing,
    delivery::relay::Relay,
};

/// The first receipt of a call goes out at once; those that follow so soon go together.
const TOGETHER: Duration = Duration::from_millis(250);
/// The log has so long to take a receipt; the next one of the call tells the same houses again.
const LOG_MAY_TAKE: Duration = Duration::from_secs(30);

/// Collects receipts for the hub. Clones share the ledger.
#[derive(Clone, Default)]
pub struct Receipts(Arc<Ledger>);

#[derive(Default)]
struct Ledger {
    waiting: Mutex<HashMap<(Line, AlertId), Receipt>>,
    arrived: Notify,
}

impl Receipts {
    /// A device of `house` took the call.
    pub fn reached(&self, line: &Line, alert: AlertId, house: &House) {
        self.add(line, alert, |receipt| receipt.reached.insert(house.clone()));
    }

    /// A person of `house` looked at the call: so it has reached the house, too.
    pub fn seen(&self, line: &Line, alert: AlertId, house: &House) {
        self.add(line, alert, |receipt| {
            receipt.reached.insert(house.clone());
            receipt.seen.insert(house.clone())
        });
    }

    fn add(&self, line: &Line, alert: AlertId, change: impl FnOnce(&mut Receipt) -> bool) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let receipt = waiting.entry((line.clone(), alert)).or_insert_with(|| Receipt {
            line: line.clone(),
            alert,
            reached: BTreeSet::new(),
            seen: BTreeSet::new(),
        });
        if change(receipt) {
            self.0.arrived.notify_one();
        }
    }

    /// Tells the hub, and the log what was new to it, until it is cancelled.
    pub(crate) async fn run(self, hub: Hub, relay: Relay, stopping: CancellationToken) {
        let telling = async {
            loop {
                self.0.arrived.notified().await;
                let waiting =
                    std::mem::take(&mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner));
                for receipt in waiting.into_values() {
                    let event = Event::Receipt(receipt);
                    let arrival = Arrival {
                        event: event.clone(),
                        seen: Seen::Direct,
                        message_id: None,
                        late: false,
                        replay: false,
                    };
                    if hub.apply(arrival) {
                        tokio::spawn(publish(relay.clone(), event));
                    }
                }
                tokio::time::sleep(TOGETHER).await;
            }
        };
        stopping.run_until_cancelled(telling).await;
    }
}

async fn publish(relay: Relay, receipt: Event) {
    let (topic, value) = record::write(&receipt);
    let outgoing = Outgoing {
        topic,
        key: receipt.line().as_str(),
        value: &value,
        timestamp: clock::now(),
        id: None,
        republished: false,
    };
    match tokio::time::timeout(LOG_MAY_TAKE, relay.publish_once(outgoing)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a receipt is not told to other nodes"),
        Err(_) => tracing::warn!("a receipt is not told to other nodes: the log did not take it"),
    }
}
