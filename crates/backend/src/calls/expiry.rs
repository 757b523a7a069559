//! Ends the calls that nobody has ended within a day, so that no list and no figure counts them as open for ever.
//!
//! Every node with the producer role does it, without a leader: the event's id is derived from the call, so the fold drops
//! the doubles, and each node waits a random time first, so that there are few.

use std::{collections::BTreeSet, time::Duration};

use domain::{Actor, Alert, Change, Event, EventId, Incident, Millis, Progress, Status, event::OPEN_FOR};
use tokio::sync::broadcast::error::RecvError;

use super::{
    Calls,
    hub::{Changed, Hub},
};
use crate::clock;

/// How long after a call has become a day old nodes write that it is expired; each takes a random part of it.
const SPREAD: Duration = Duration::from_secs(3);
/// The pause before calls that could not be ended are tried again.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// The time at which a call becomes a day old, with its alert's place in the order of those of the same time.
type Due = (Millis, domain::Line, domain::House, domain::AlertId);

/// Ends calls as they become a day old, until it is dropped.
pub(crate) async fn run(calls: Calls, hub: Hub) {
    let mut changes = hub.changes();
    let mut due = look(&hub);
    loop {
        let next = due.first().map(|(at, ..)| *at);
        tokio::select! {
            changed = changes.recv() => match changed {
                Ok(changed) => due.extend(alert(&changed).map(when)),
                Err(RecvError::Lagged(_)) => due = look(&hub),
                Err(RecvError::Closed) => return,
            },
            () = until(next) => {
                if let Err(error) = expire(&calls, &hub).await {
                    tracing::warn!(%error, "calls of more than a day cannot be ended, retrying");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
                due = look(&hub);
            }
        }
    }
}

/// Returns when each call that nobody has ended becomes a day old.
fn look(hub: &Hub) -> BTreeSet<Due> {
    hub.unended().iter().map(|incident| when(&incident.alert)).collect()
}

fn alert(changed: &Changed) -> Option<&Alert> {
    match &changed.change {
        Change::Event { event: Event::Alert(alert), .. } => Some(alert),
        _ => None,
    }
}

fn when(alert: &Alert) -> Due {
    (alert.at.saturating_add(OPEN_FOR), alert.line.clone(), alert.house.clone(), alert.id)
}

/// Waits until the wall clock shows `at`, however it is moved meanwhile, and a random time more; for ever without `at`.
async fn until(at: Option<Millis>) {
    let Some(at) = at else { return std::future::pending().await };
    while clock::now() < at {
        let left = u64::try_from(at - clock::now()).unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(left).min(RETRY_AFTER)).await;
    }
    tokio::time::sleep(random_part(SPREAD)).await;
}

/// Returns a random part of `whole`; all of it where the system has no random number.
fn random_part(whole: Duration) -> Duration {
    whole.mul_f64(getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX)))
}

async fn expire(calls: &Calls, hub: &Hub) -> Result<(), super::Refusal> {
    for Incident { alert, .. } in hub.unended() {
        let (at, ..) = when(&alert);
        if at <= clock::now() {
            calls.by_service(expired(&alert, at)).await?;
            metrics::counter!("iutsai_expired_total").increment(1);
        }
    }
    Ok(())
}

/// Every node makes the same event of the same call.
fn expired(alert: &Alert, at: Millis) -> Event {
    Event::Status(Status {
        id: EventId::of_service(&alert.line, &alert.house, alert.id, "expired"),
        line: alert.line.clone(),
        alert: alert.id,
        status: Progress::Expired,
        by: Actor::Service,
        note: None,
        at,
    })
}
