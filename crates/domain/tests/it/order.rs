//! The fold trusts no order.

use domain::{Event, Incident, LineIncidents, Source};
use proptest::prelude::*;

use crate::{
    history::{Conflicts, Sighting, fold, history, line, two_deliveries},
    oracle,
};

type Everything = Vec<(Incident, Vec<(Event, Option<bool>)>)>;

fn everything(fold: &LineIncidents) -> Everything {
    fold.incidents().into_iter().map(|incident| (incident.clone(), fold.history(&incident.alert))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn every_shuffle_with_repeats_gives_the_same_incidents(
        (one, other) in two_deliveries(Conflicts::Included),
        partitions in 1..4_i32,
    ) {
        let (one, other) = (fold(&one, partitions), fold(&other, partitions));
        prop_assert_eq!(everything(&one), everything(&other));
    }

    #[test]
    fn the_incidents_follow_the_rules(
        history in history(Conflicts::Included),
        partitions in 1..4_i32,
    ) {
        prop_assert_eq!(oracle::sorted(&fold(&history, partitions)), oracle::incidents(&history, partitions));
    }

    #[test]
    fn the_number_of_partitions_may_become_known_at_any_time(
        history in history(Conflicts::Included),
        (before, after) in (1..4_i32, 1..4_i32),
        moment in any::<prop::sample::Index>(),
    ) {
        let (early, late) = history.split_at(moment.index(history.len() + 1));
        let mut grown = fold(early, before);
        grown.set_partitions(after);
        for (event, seen) in late {
            grown.apply(event.clone(), *seen);
        }
        prop_assert_eq!(everything(&grown), everything(&fold(&history, after)));
    }

    #[test]
    fn a_replay_leaves_what_the_same_events_leave(
        history in history(Conflicts::Included),
        moment in any::<prop::sample::Index>(),
        at_once in 1..30_usize,
    ) {
        let (early, late) = history.split_at(moment.index(history.len() + 1));
        let (mut replayed, mut applied) = (LineIncidents::new(line(), 2), fold(early, 2));
        for some in early.chunks(at_once) {
            replayed.replay(some.iter().cloned());
        }
        prop_assert_eq!(everything(&replayed), everything(&applied));
        for (event, seen) in late {
            prop_assert_eq!(replayed.apply(event.clone(), *seen), applied.apply(event.clone(), *seen));
        }
    }

    #[test]
    fn the_course_of_a_call_is_the_call_without_its_receipts(history in history(Conflicts::Included)) {
        let fold = fold(&history, 2);
        for incident in fold.incidents() {
            let mut calls = fold.named(incident.alert.id);
            for call in &mut calls {
                for flats in [&mut call.pushed, &mut call.reached, &mut call.sounded, &mut call.seen] {
                    flats.clear();
                }
            }
            prop_assert_eq!(fold.courses(incident.alert.id), calls);
        }
    }

    #[test]
    fn an_event_known_already_changes_nothing(history in history(Conflicts::Included)) {
        let mut fold = fold(&history, 2);
        let before = everything(&fold);
        for (event, seen) in history {
            prop_assert_eq!(fold.apply(event, seen), vec![]);
        }
        prop_assert_eq!(everything(&fold), before);
    }

    #[test]
    fn events_of_another_line_change_nothing(history in history(Conflicts::Included)) {
        let mut other = LineIncidents::new(domain::Line::new("101-2").expect("a valid line"), 2);
        for (event, seen) in history {
            prop_assert_eq!(event.line(), &line());
            prop_assert_eq!(other.apply(event, seen), vec![]);
        }
        prop_assert_eq!(other.incidents(), vec![]);
    }
}

/// The histories above would prove little if they held nothing but loose ends.
#[test]
fn arbitrary_histories_have_calls_with_answers_of_every_kind() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = [0_usize; 12];
    for _ in 0..2_000 {
        let tree = history(Conflicts::Included).new_tree(&mut runner).expect("a history");
        let sightings: Vec<Sighting> = tree.current();
        let fold = fold(&sightings, 2);
        for incident in fold.incidents() {
            seen[0] += usize::from(fold.named(incident.alert.id).len() == 2);
            seen[1] += usize::from(incident.end.is_some());
            seen[2] += usize::from(incident.escalated.is_some());
            seen[3] += usize::from(incident.first.is_some());
            seen[4] += usize::from(incident.responses.iter().any(|r| r.stance == domain::Stance::Withdrawn));
            seen[5] += usize::from(incident.responses.iter().any(|response| response.line.is_some()));
            seen[6] += usize::from(!incident.reached.is_empty());
            let key = incident.alert.key();
            let judged = |fits: bool| {
                let moved = sightings.iter().filter(|(event, _)| matches!(event, Event::Moved(_)));
                moved.filter(|(event, _)| event.alert() == Some(key.id) && event.fits(&key) == fits).count()
            };
            seen[8] += judged(true);
            seen[9] += judged(false);
            seen[10] += usize::from(incident.location != incident.alert.location);
            let of_elsewhere = |r: &domain::Response| r.line.is_some() && r.stance != domain::Stance::Coming;
            seen[11] += usize::from(incident.responses.iter().any(of_elsewhere));
            let nameless = sightings.iter().filter(|(event, seen)| {
                matches!((event, seen), (Event::Accept(accept), Source::Log(_)) if accept.alert.is_none())
            });
            let history = fold.history(&incident.alert);
            seen[7] += nameless
                .filter(|(event, _)| {
                    history
                        .iter()
                        .any(|(known_event, _)| known_event.at() == event.at() && known_event != event)
                })
                .count();
        }
    }
    assert!(seen.iter().all(|count| *count >= 10), "{seen:?}");
}
