//! The final state of a listener, which is the one fold over its frames, as the browser keeps it.

use std::collections::{BTreeSet, HashMap};

use domain::{AlertId, Event, Incident, LineIncidents, Source, body::Body};
use uuid::Uuid;

use super::history::{History, Listener, Received};

/// The log's records of events, by type and id.
pub(super) type Records = HashMap<(&'static str, Uuid), Event>;

/// The events of rebuilt servers, of commands that were sent more than once.
///
/// A try that was not acknowledged may have been sent to listeners all the same, and the next one is a second record of
/// the same event. The earliest counts ([`LineIncidents::apply`]), but a listener who received another keeps that until
/// the next snapshot, and a power cut may lose the earlier record, which nobody had promised to keep. Such a listener
/// knows the same event by another time, and nothing else differs.
pub(super) fn records_of_retries(history: &History) -> Records {
    let retried = history.commands.iter().filter(|command| command.tries > 1);
    let retried: BTreeSet<Uuid> = retried.map(|command| command.id).collect();
    let announced = history.rebuilt.iter().flat_map(Listener::received);
    let records = announced.filter_map(|received| match &received.body {
        Body::Event { event, .. } => Some((received.event()?, event.clone())),
        _ => None,
    });
    records.filter(|((_, id), _)| retried.contains(id)).collect()
}

/// Folds all subscriptions of a listener, one after the other. A call that a whole snapshot does not list is dropped.
pub(super) fn known(listener: &Listener, records: &Records) -> Vec<Incident> {
    // A listener reads no log, so a server states which accept is first.
    let mut incidents = LineIncidents::new(listener.line.clone(), 1);
    for subscription in &listener.subscriptions {
        let mut listed = BTreeSet::<AlertId>::new();
        for received in &subscription.received {
            match &received.body {
                Body::Event { event, first } => {
                    if let Event::Alert(alert) = event {
                        listed.insert(alert.id);
                    }
                    incidents.apply(recorded(received, event, records), Source::Server { first: *first });
                }
                Body::First { alert, target, id, .. } => {
                    incidents.assign_first(*alert, target.as_ref(), *id);
                }
                Body::SnapshotEnd { truncated: false, .. } => incidents.retain(&listed),
                Body::SnapshotEnd { truncated: true, .. } => {}
            }
        }
    }
    incidents.incidents()
}

/// The event as the log has it, if all that differs is the time of the try.
fn recorded(received: &Received, event: &Event, records: &Records) -> Event {
    let record = received.event().and_then(|key| records.get(&key));
    let record = record.filter(|record| at(record, event) == *event);
    record.unwrap_or(event).clone()
}

/// An event with the time of another one.
fn at(event: &Event, of: &Event) -> Event {
    let mut event = event.clone();
    let at = match &mut event {
        Event::Alert(alert) => {
            // Places of calls that are over are not sent.
            if let Event::Alert(of) = of {
                alert.location = of.location;
            }
            &mut alert.at
        }
        Event::Accept(accept) => &mut accept.at,
        Event::Status(status) => {
            // A try at a node that did not know the call names no house.
            if let Event::Status(of) = of {
                status.target.clone_from(&of.target);
            }
            &mut status.at
        }
        Event::Moved(_) | Event::Receipt(_) => return event,
    };
    *at = of.at().unwrap_or(*at);
    event
}

/// Returns an incident without the parts that are not compared. Locations are sent of open calls only, receipts are sent
/// while they change, and the first accept is compared separately. A step of an escalation is promised to nobody, and
/// each node that writes it gives it a time of its own.
pub(super) fn comparable(mut incident: Incident) -> Incident {
    incident.location = None;
    incident.located = None;
    incident.alert.location = None;
    incident.pushed.clear();
    incident.reached.clear();
    incident.sounded.clear();
    incident.seen.clear();
    incident.first = None;
    incident.escalated = None;
    incident.steps.clear();
    for response in &mut incident.responses {
        response.first = false;
        (response.location, response.located) = (None, None);
    }
    incident
}
