//! The outline of a call, which is a few of its words with the same incident.

use domain::{Event, Incident, LineIncidents, Position, Source, Stance, body::Body};
use proptest::prelude::*;

use crate::{
    client::{listener, receive, snapshot_with},
    examples::{accept_of, alert_of, withdrawn},
    history::{Conflicts, MORNING, delivery, event_id, fold, history, line},
    oracle,
};

/// A call as a snapshot sends it.
pub(crate) fn snapshot(hub: &LineIncidents, incident: &Incident) -> Vec<Body> {
    snapshot_with(hub.outline(&incident.alert), hub, incident)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_client_with_the_outlines_knows_what_the_server_knows(
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

    #[test]
    fn outlines_after_listening_resolve_records_of_one_event_that_disagree(
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
    fn an_outline_is_a_part_of_the_history_in_its_order(history in history(Conflicts::Included)) {
        let hub = fold(&history, 1);
        for incident in hub.incidents() {
            let mut words = hub.history(&incident.alert).into_iter();
            for word in hub.outline(&incident.alert) {
                prop_assert!(words.any(|other| other == word), "{:?}", word);
            }
        }
    }
}

/// A house that accepts and withdraws so many times.
fn hesitant(times: usize) -> LineIncidents {
    let mut fold = LineIncidents::new(line(), 1);
    fold.apply(Event::Alert(alert_of("1203", 0)), Source::Direct);
    for number in 0..times {
        let passed = i64::try_from(2 * number + 1).expect("few times");
        let position = Position { timestamp: MORNING + passed, partition: 0, offset: passed };
        let accept = Event::Accept(accept_of(2 * number + 1, "1204", passed));
        fold.apply(accept, Source::Log(position));
        fold.apply(Event::Status(withdrawn(2 * number + 2, "1204", passed + 1)), Source::Direct);
    }
    fold
}

#[test]
fn a_house_that_changes_its_mind_a_thousand_times_has_two_words() {
    let mut fold = hesitant(1_000);
    let alert = alert_of("1203", 0);
    let words = |fold: &LineIncidents| -> Vec<_> {
        fold.outline(&alert).into_iter().map(|(event, first)| (event.id(), first)).collect()
    };
    let first = (Some(event_id(1).0), Some(true));
    assert_eq!(words(&fold), [first, (Some(event_id(2_000).0), None)]);
    fold.apply(Event::Accept(accept_of(2_001, "1204", 2_001)), Source::Direct);
    assert_eq!(words(&fold), [first, (Some(event_id(2_001).0), None)]);
}

#[test]
fn later_words_mean_the_same_to_a_client_with_the_outline() {
    let mut hub = hesitant(10);
    let mut client = LineIncidents::new(line(), 1);
    for body in hub.incidents().iter().flat_map(|incident| snapshot(&hub, incident)) {
        receive(&mut client, &body);
    }
    // One word is the last, the other comes late and is between those that the outline left out.
    let last = Event::Status(withdrawn(100, "1204", 100));
    for (event, stance) in [
        (Event::Accept(accept_of(101, "1204", 8)), Stance::Withdrawn),
        (Event::Accept(accept_of(99, "1204", 99)), Stance::Coming),
        (last, Stance::Withdrawn),
    ] {
        hub.apply(event.clone(), Source::Direct);
        client.apply(event, Source::Server { first: None });
        assert_eq!(hub.incidents(), client.incidents());
        assert_eq!(hub.incidents()[0].responses[0].stance, stance);
    }
}
