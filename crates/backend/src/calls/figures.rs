//! Counts the calls that this node takes, and measures how long neighbours take to accept them.

use std::{collections::HashMap, time::Duration};

use domain::{AlertId, Change, Event, House, Kind, Line, event::OPEN_FOR};
use tokio::{sync::broadcast::error::RecvError, time::Instant};

use super::hub::{Changed, Freshness, Hub};

/// The calls taken here that nobody has accepted yet, with when this node learned of each.
#[derive(Default)]
struct Unaccepted(HashMap<(Line, House, AlertId), Instant>);

/// Counts until it is dropped. Each node counts what it took itself, so that the sum over all nodes is right.
pub(crate) async fn run(hub: Hub) {
    let mut changes = hub.changes();
    let mut unaccepted = Unaccepted::default();
    loop {
        match changes.recv().await {
            Ok(changed) => unaccepted.apply(changed, Instant::now()),
            // Some calls are not counted, and that shows.
            Err(RecvError::Lagged(lost)) => metrics::counter!("iutsai_changes_lost_total").increment(lost),
            Err(RecvError::Closed) => return,
        }
    }
}

impl Unaccepted {
    fn apply(&mut self, changed: Changed, now: Instant) {
        let Changed { line, change: Change::Event { event, .. }, freshness, taken_here } = changed else {
            return;
        };
        match event {
            Event::Alert(alert) if taken_here && freshness == Freshness::Live => {
                let kind = if alert.drill { "drill" } else { alert.kind.map_or("none", Kind::as_str) };
                metrics::counter!("iutsai_calls_total", "kind" => kind).increment(1);
                self.forget(now);
                self.0.insert((line, alert.house, alert.id), now);
            }
            Event::Accept(accept) => {
                let call = accept.alert.and_then(|alert| self.0.remove(&(line, accept.target, alert)));
                if let Some(since) = call {
                    metrics::histogram!("iutsai_first_accept_seconds").record(now - since);
                }
            }
            _ => {}
        }
    }

    /// Forgets the calls that are over by their age.
    fn forget(&mut self, now: Instant) {
        let open_for = Duration::from_millis(u64::try_from(OPEN_FOR).unwrap_or_default());
        self.0.retain(|_, since| now - *since < open_for);
    }
}
