//! Counts the calls that this node takes, and measures how long neighbours take to accept them.

use std::{collections::HashMap, time::Duration};

use domain::{AlertId, Change, Event, House, Kind, Line, event::OPEN_FOR};
use tokio::{sync::broadcast::error::RecvError, time::Instant};

use super::hub::{Changed, Freshness, Hub};

/// The time between two deletions of calls that are over by their age. It is long, because each looks at every call.
const FORGET_EVERY: Duration = Duration::from_secs(10 * 60);

/// The calls taken here that nobody has accepted yet, with when this node learned of each.
struct Unaccepted {
    calls: HashMap<(Line, House, AlertId), Instant>,
    forgot: Instant,
}

/// Counts until it is dropped. Each node counts what it took itself, so that the sum over all nodes is right.
pub(crate) async fn run(hub: Hub) {
    let mut changes = hub.changes();
    let mut unaccepted = Unaccepted { calls: HashMap::new(), forgot: Instant::now() };
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
                self.calls.insert((line, alert.house, alert.id), now);
            }
            Event::Accept(accept) => {
                let call = accept.alert.and_then(|alert| self.calls.remove(&(line, accept.target, alert)));
                if let Some(since) = call {
                    metrics::histogram!("iutsai_first_accept_seconds").record(now - since);
                }
            }
            _ => {}
        }
    }

    /// Forgets the calls that are over by their age, now and then.
    fn forget(&mut self, now: Instant) {
        if now - self.forgot < FORGET_EVERY {
            return;
        }
        self.forgot = now;
        let open_for = Duration::from_millis(u64::try_from(OPEN_FOR).unwrap_or_default());
        self.calls.retain(|_, since| now - *since < open_for);
    }
}
