//! A listener's fold. The frames that it receives add up to the server's state.

use domain::{Change, Event, Incident, LineIncidents, Source, body::Body};
use proptest::prelude::*;

use crate::{
    history::{Conflicts, Sighting, delivery, fold, history, line},
    oracle,
};

/// Through the very bytes of the frames.
pub(crate) fn receive(client: &mut LineIncidents, body: &Body) -> Vec<Change> {
    match Body::parse(&body.to_json()).expect("what was written can be read") {
        Body::Event { event, first } => client.apply(event, Source::Server { first }),
        Body::First { alert, target, id, .. } => {
            client.assign_first(alert, target.as_ref(), id);
            Vec::new()
        }
        Body::SnapshotEnd { .. } => Vec::new(),
    }
}

fn body(change: Change) -> Body {
    match change {
        Change::Event { event, first } => Body::Event { event, first },
        Change::First { alert, accept } => {
            let target = Some(accept.target);
            Body::First { line: accept.line, alert, target, accept: accept.accept, id: accept.id }
        }
    }
}

/// A call as a snapshot has it, with these words of it.
pub(crate) fn snapshot_with(
    words: Vec<(Event, Option<bool>)>,
    hub: &LineIncidents,
    incident: &Incident,
) -> Vec<Body> {
    let mut events = vec![(Event::Alert(incident.alert.clone()), None)];
    events.extend(words);
    events.extend(hub.moved(&incident.alert).cloned().map(|moved| (Event::Moved(moved), None)));
    events.extend(hub.moved_helpers(incident).cloned().map(|moved| (Event::Moved(moved), None)));
    events.extend(hub.merged_receipt(&incident.alert).map(|receipt| (Event::Receipt(receipt), None)));
    events.into_iter().map(|(event, first)| Body::Event { event, first }).collect()
}

/// A call with every word.
fn snapshot(hub: &LineIncidents, incident: &Incident) -> Vec<Body> {
    snapshot_with(hub.history(&incident.alert), hub, incident)
}

pub(crate) fn listener(hub: &mut LineIncidents, delivery: &[Sighting]) -> LineIncidents {
    let mut client = LineIncidents::new(line(), 1);
    for (event, seen) in delivery {
        for change in hub.apply(event.clone(), *seen) {
            receive(&mut client, &body(change));
        }
    }
    client
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_client_that_listened_from_the_start_knows_the_same_as_the_server(
        delivery in history(Conflicts::LeftOut).prop_flat_map(delivery),
        partitions in 1..4_i32,
        grown in 1..4_i32,
    ) {
        let mut hub = LineIncidents::new(line(), partitions);
        let mut client = listener(&mut hub, &delivery);
        prop_assert_eq!(oracle::sorted(&client), oracle::sorted(&hub));
        for change in hub.set_partitions(grown) {
            receive(&mut client, &body(change));
        }
        prop_assert_eq!(oracle::sorted(&client), oracle::sorted(&hub));
    }

    #[test]
    fn a_client_with_the_snapshot_knows_the_same_as_the_server(
        history in history(Conflicts::Included),
        partitions in 1..4_i32,
    ) {
        let hub = fold(&history, partitions);
        let mut client = LineIncidents::new(line(), 1);
        for body in hub.incidents().iter().flat_map(|incident| snapshot(&hub, incident)) {
            receive(&mut client, &body);
        }
        prop_assert_eq!(oracle::sorted(&client), oracle::sorted(&hub));
    }

    /// Where two records of one event differ, listeners keep the one that they received first, until they connect
    /// again.
    #[test]
    fn a_snapshot_after_listening_resolves_records_of_one_event_that_disagree(
        delivery in history(Conflicts::Included).prop_flat_map(delivery),
        partitions in 1..4_i32,
    ) {
        let mut hub = LineIncidents::new(line(), partitions);
        let mut client = listener(&mut hub, &delivery);
        for body in hub.incidents().iter().flat_map(|incident| snapshot(&hub, incident)) {
            receive(&mut client, &body);
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
            prop_assert_eq!(receive(&mut client, &body), vec![], "{:?}", body);
        }
    }
}
