//! A listener's fold: what it is told adds up to what the server knows.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Change, Event, House, Incident, LineIncidents, Seen, body::Body};
use proptest::prelude::*;

use crate::{
    history::{Conflicts, Sighting, delivery, fold, history, line},
    oracle,
};

/// Through the very bytes of the frames.
pub(crate) fn hear(client: &mut LineIncidents, body: &Body) -> Vec<Change> {
    match Body::parse(&body.to_json()).expect("what was written can be read") {
        Body::Event { event, first } => client.apply(event, Seen::Told { first }),
        Body::First { alert, id, .. } => {
            client.settle_first(alert, id);
            Vec::new()
        }
        Body::SnapshotEnd { .. } => Vec::new(),
    }
}

fn body(change: Change) -> Body {
    match change {
        Change::Event { event, first } => Body::Event { event, first },
        Change::First { alert, accept } => {
            Body::First { line: accept.line, alert, accept: accept.accept, id: accept.id }
        }
    }
}

/// A call as a snapshot tells it.
fn snapshot(hub: &LineIncidents, incident: &Incident) -> Vec<Body> {
    let mut told = vec![(Event::Alert(incident.alert.clone()), None)];
    told.extend(hub.history(&incident.alert));
    told.extend(hub.moved(incident.alert.id).cloned().map(|moved| (Event::Moved(moved), None)));
    told.extend(hub.merged_receipt(incident.alert.id).map(|receipt| (Event::Receipt(receipt), None)));
    told.into_iter().map(|(event, first)| Body::Event { event, first }).collect()
}

pub(crate) fn listener(hub: &mut LineIncidents, delivery: &[Sighting]) -> LineIncidents {
    let mut client = LineIncidents::new(line(), 1);
    for (event, seen) in delivery {
        for change in hub.apply(event.clone(), *seen) {
            hear(&mut client, &body(change));
        }
    }
    client
}

/// A `first` frame names a call's id and an accept's. Where both were used twice it cannot say which call it
/// means, and only the next snapshot can.
fn tellable(delivery: &[Sighting], mut incidents: Vec<Incident>) -> Vec<Incident> {
    let mut targets: BTreeMap<_, BTreeSet<&House>> = BTreeMap::new();
    for (event, _) in delivery {
        if let Event::Accept(accept) = event {
            targets.entry((accept.alert, accept.id)).or_default().insert(&accept.target);
        }
    }
    let ambiguous: BTreeSet<_> =
        targets.into_iter().filter(|(_, targets)| targets.len() > 1).map(|((alert, _), _)| alert).collect();
    for incident in incidents.iter_mut().filter(|incident| ambiguous.contains(&Some(incident.alert.id))) {
        incident.first = None;
        incident.responses.iter_mut().for_each(|response| response.first = false);
    }
    incidents
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn who_listened_from_the_start_knows_what_the_server_knows(
        delivery in history(Conflicts::LeftOut).prop_flat_map(delivery),
        partitions in 1..4_i32,
        grown in 1..4_i32,
    ) {
        let mut hub = LineIncidents::new(line(), partitions);
        let mut client = listener(&mut hub, &delivery);
        let tellable = |fold: &LineIncidents| tellable(&delivery, oracle::sorted(fold));
        prop_assert_eq!(tellable(&client), tellable(&hub));
        for change in hub.set_partitions(grown) {
            hear(&mut client, &body(change));
        }
        prop_assert_eq!(tellable(&client), tellable(&hub));
    }

    #[test]
    fn who_gets_the_snapshot_knows_what_the_server_knows(
        history in history(Conflicts::Included),
        partitions in 1..4_i32,
    ) {
        let hub = fold(&history, partitions);
        let mut client = LineIncidents::new(line(), 1);
        for body in hub.incidents().iter().flat_map(|incident| snapshot(&hub, incident)) {
            hear(&mut client, &body);
        }
        prop_assert_eq!(oracle::sorted(&client), oracle::sorted(&hub));
    }

    /// Where two records of one event differ, listeners have what they were told first: until they connect again.
    #[test]
    fn a_snapshot_after_listening_settles_what_records_of_one_event_disagreed_about(
        delivery in history(Conflicts::Included).prop_flat_map(delivery),
        partitions in 1..4_i32,
    ) {
        let mut hub = LineIncidents::new(line(), partitions);
        let mut client = listener(&mut hub, &delivery);
        for body in hub.incidents().iter().flat_map(|incident| snapshot(&hub, incident)) {
            hear(&mut client, &body);
        }
        prop_assert_eq!(oracle::sorted(&client), oracle::sorted(&hub));
    }

    #[test]
    fn a_snapshot_is_no_news_to_who_listened(
        delivery in history(Conflicts::LeftOut).prop_flat_map(delivery),
    ) {
        let mut hub = LineIncidents::new(line(), 2);
        let mut client = listener(&mut hub, &delivery);
        for body in hub.incidents().iter().flat_map(|incident| snapshot(&hub, incident)) {
            prop_assert_eq!(hear(&mut client, &body), vec![], "{:?}", body);
        }
    }
}
