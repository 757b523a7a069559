//! What a listener knows in the end: the one fold over what it was told, as the browser keeps it.

use std::collections::BTreeSet;

use wire::{AlertId, Event, Incident, LineIncidents, Seen, body::Body};

use super::history::{Listener, Subscription};

/// Folds all subscriptions of a listener, one after the other. What a whole snapshot does not list is dropped.
pub(super) fn known(listener: &Listener) -> Vec<Incident> {
    // A listener reads no log: a server tells it which accept is first.
    let mut incidents = LineIncidents::new(listener.line.clone(), 1);
    for subscription in &listener.subscriptions {
        take(&mut incidents, subscription);
    }
    incidents.incidents()
}

fn take(incidents: &mut LineIncidents, subscription: &Subscription) {
    let mut listed = BTreeSet::<AlertId>::new();
    for heard in &subscription.heard {
        match &heard.body {
            Body::Event { event, first } => {
                if let Event::Alert(alert) = event {
                    listed.insert(alert.id);
                }
                incidents.apply(event.clone(), Seen::Told { first: *first });
            }
            Body::First { alert, id, .. } => incidents.settle_first(*alert, *id),
            Body::SnapshotEnd { truncated, .. } => {
                if !truncated {
                    incidents.retain(&listed);
                }
            }
        }
    }
}

/// An incident without what is no part of the comparison: places are sent of open calls only, whom a call has reached
/// is told while it happens, and who was first is asked for itself.
pub(super) fn comparable(mut incident: Incident) -> Incident {
    incident.location = None;
    incident.alert.location = None;
    incident.reached.clear();
    incident.seen.clear();
    incident.first = None;
    for response in &mut incident.responses {
        response.first = false;
    }
    incident
}
