//! Ends the calls that nobody has ended within a day, so that they do not stay open in lists and figures.
//!
//! Every node with the producer role does it, without a leader. The event's id is derived from the call, so the fold
//! drops the doubles, and each node waits a random time first, so that there are few. A call's age is measured by the
//! monotonic clock, because a wall clock that is set ahead for some minutes must not end a call whose caller is
//! waiting.

use std::time::Duration;

use domain::{Actor, Alert, Event, EventId, Progress, Status, event::OPEN_FOR};

use super::{Calls, hub::Hub};
use crate::clock;

/// The time between two inspections of the calls.
const INSPECT_EVERY: Duration = Duration::from_secs(10 * 60);
/// The greatest random pause before a node writes.
const SPREAD: Duration = Duration::from_secs(3);

/// Ends calls that are a day old, until it is dropped.
pub(crate) async fn run(calls: Calls, hub: Hub) {
    let open_for = Duration::from_millis(u64::try_from(OPEN_FOR).unwrap_or_default());
    loop {
        tokio::time::sleep(clock::random_part(SPREAD)).await;
        for alert in hub.unended(open_for) {
            match calls.by_service(expired(&alert)).await {
                Ok(()) => metrics::counter!("iutsai_expired_total").increment(1),
                Err(error) => {
                    tracing::warn!(%error, "a call of more than a day cannot be ended, retrying later");
                }
            }
        }
        tokio::time::sleep(INSPECT_EVERY).await;
    }
}

/// Makes the event that ends a call after a day. Every node makes the same one.
fn expired(alert: &Alert) -> Event {
    Event::Status(Status {
        id: EventId::of_service(&alert.line, &alert.house, alert.id, "expired"),
        line: alert.line.clone(),
        alert: alert.id,
        target: Some(alert.house.clone()),
        status: Progress::Expired,
        by: Actor::Service,
        by_line: None,
        note: None,
        escalation: None,
        at: alert.at.saturating_add(OPEN_FOR),
    })
}

#[cfg(test)]
mod tests {
    use domain::{AlertId, House, Line};

    use super::*;
    use crate::calls::hub::Arrival;

    #[test]
    fn a_call_that_only_the_wall_clock_makes_old_is_not_ended() {
        let open_for = Duration::from_millis(OPEN_FOR.unsigned_abs());
        let alert = |house: &str| {
            Alert::new(
                AlertId::generate(),
                Line::new("101-1").unwrap(),
                House::new(house).unwrap(),
                clock::now() - OPEN_FOR - 1_000,
            )
        };
        let (fresh, old) = (alert("1203"), alert("1204"));
        let hub = Hub::new();
        hub.apply(Arrival::direct(Event::Alert(fresh)));
        assert_eq!(hub.unended(open_for), [], "the clock was set ahead after it was received");
        hub.apply(Arrival::replayed(Event::Alert(old.clone()), None));
        assert_eq!(hub.unended(open_for), [old], "it was received before the start");
    }
}
