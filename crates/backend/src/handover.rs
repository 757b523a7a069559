//! Past a slow log: what the hub has not heard from the log soon after it was recorded is handed to it
//! directly, so that the alarm waits for no broker. The fold drops the double when the log comes.
//!
//! This is the way within one process; roles in processes of their own need a way between them.

use std::time::Duration;

use tokio::{runtime::Handle, time::Instant};
use wire::{Event, Seen};

use crate::hub::{Arrival, Hub};

/// The log has so long, counted from when the request was received.
const LOG_MAY_TAKE: Duration = Duration::from_millis(300);

/// Hands events over to a hub of this process.
#[derive(Clone)]
pub struct Handover {
    hub: Hub,
    runtime: Handle,
}

impl Handover {
    /// To `hub`, on the runtime of its sockets.
    #[must_use]
    pub fn new(hub: Hub, runtime: Handle) -> Self {
        Self { hub, runtime }
    }

    /// Sees to it that the hub has `event`, which is durable, soon after `received`.
    pub(crate) fn ensure(&self, event: Event, received: Instant) {
        let hub = self.hub.clone();
        self.runtime.spawn(async move {
            tokio::time::sleep_until(received + LOG_MAY_TAKE).await;
            let direct = Arrival { event, seen: Seen::Direct, message_id: None, late: false, replay: false };
            if hub.apply(direct) {
                metrics::counter!("iutsai_handed_over_total").increment(1);
            }
        });
    }
}
