//! Announcements to listeners, and how often they are made.

use std::collections::BTreeMap;

use domain::{Change, Event, LineIncidents, record};
use proptest::prelude::*;

use crate::history::{Conflicts, Sighting, delivery, history, identity, line};

fn changes(sightings: &[Sighting], partitions: i32) -> (LineIncidents, Vec<Change>) {
    let mut fold = LineIncidents::new(line(), partitions);
    let mut changes = Vec::new();
    for (event, seen) in sightings {
        changes.extend(fold.apply(event.clone(), *seen));
    }
    (fold, changes)
}

fn events(changes: &[Change]) -> impl Iterator<Item = &Event> {
    changes.iter().filter_map(|change| match change {
        Change::Event { event, .. } => Some(event),
        Change::First { .. } => None,
    })
}

/// Receipts grow and are announced again. Everything else is announced by its identity.
fn announced(changes: &[Change]) -> BTreeMap<String, usize> {
    let mut announced = BTreeMap::new();
    for event in events(changes).filter(|event| !matches!(event, Event::Receipt(_))) {
        *announced.entry(identity(event)).or_insert(0) += 1;
    }
    announced
}

fn any_delivery(conflicts: Conflicts) -> impl Strategy<Value = Vec<Sighting>> {
    history(conflicts).prop_flat_map(delivery)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn an_event_is_announced_once_even_if_it_arrives_often(
        delivery in history(Conflicts::LeftOut)
            .prop_map(|mut history| {
                // An accept that names no call is announced again when a newer call appears, which is the next test.
                history.retain(|(event, _)| event.alert().is_some());
                history
            })
            .prop_flat_map(delivery),
    ) {
        let (_, changes) = changes(&delivery, 2);
        prop_assert!(announced(&changes).values().all(|times| *times == 1), "{:?}", changes);
    }

    #[test]
    fn an_accept_that_names_no_call_is_announced_again_only_for_another_call(
        delivery in any_delivery(Conflicts::Included),
    ) {
        let (_, changes) = changes(&delivery, 2);
        let mut about = BTreeMap::new();
        for event in events(&changes) {
            if let Event::Accept(accept) = event {
                let original = accept.id.0.get_version_num() == 8;
                let before = about.insert((accept.id, original.then_some(&accept.accept)), accept.alert);
                prop_assert!(accept.alert.is_some());
                prop_assert!(!original || before != Some(accept.alert), "announced twice: {:?}", accept);
            }
        }
    }

    #[test]
    fn everything_a_known_call_has_was_announced_and_nothing_else(
        delivery in any_delivery(Conflicts::LeftOut),
    ) {
        let (fold, changes) = changes(&delivery, 2);
        let announced = announced(&changes);
        let mut expected = Vec::new();
        for incident in fold.incidents() {
            expected.push(Event::Alert(incident.alert.clone()));
            expected.extend(fold.history(&incident.alert).into_iter().map(|(event, _)| event));
        }
        for event in &expected {
            prop_assert!(announced.contains_key(&identity(event)), "not announced: {:?}", event);
        }
        let known: Vec<String> = expected.iter().map(identity).collect();
        for event in events(&changes) {
            let moves_on = match event {
                Event::Moved(_) | Event::Receipt(_) => {
                    fold.incidents().iter().any(|incident| event.fits(&incident.alert.key()))
                }
                Event::Accept(accept) => accept.id.0.get_version_num() == 8,
                _ => false,
            };
            prop_assert!(moves_on || known.contains(&identity(event)), "announced, but not so: {:?}", event);
        }
        for incident in fold.incidents() {
            let (alert, key) = (&incident.alert, incident.alert.key());
            let about: Vec<&Event> = events(&changes).filter(|event| event.fits(&key)).collect();
            let is_alone = fold.named(alert.id).len() == 1;
            let moves = |event: &&Event| match event {
                Event::Moved(moved) if moved.helper().is_some() => false,
                Event::Moved(moved) => is_alone || moved.target.is_some() || moved.house.is_some(),
                _ => false,
            };
            let latest = about.iter().copied().filter(moves).max_by_key(|event| (event.at(), record::write(event)));
            let moved = fold.moved(alert).cloned().map(Event::Moved);
            prop_assert_eq!(latest, moved.as_ref());
            let last = about.iter().copied().rfind(|event| matches!(event, Event::Receipt(_)));
            let receipt = fold.merged_receipt(alert).map(Event::Receipt);
            prop_assert_eq!(last, receipt.as_ref());
        }
    }

    #[test]
    fn nothing_is_announced_before_its_call(delivery in any_delivery(Conflicts::Included)) {
        let (_, changes) = changes(&delivery, 2);
        let mut calls = Vec::new();
        for change in &changes {
            match change {
                Change::Event { event: Event::Alert(alert), .. } => calls.push(alert.id),
                Change::Event { event, .. } => {
                    prop_assert!(event.alert().is_some_and(|alert| calls.contains(&alert)), "{:?}", event);
                }
                Change::First { alert, accept } => {
                    prop_assert!(calls.contains(alert));
                    prop_assert_eq!(accept.alert, Some(*alert));
                }
            }
        }
    }

    #[test]
    fn the_first_accept_is_announced_only_when_listeners_have_another(
        delivery in any_delivery(Conflicts::LeftOut),
        partitions in 1..4_i32,
    ) {
        let (_, changes) = changes(&delivery, partitions);
        let mut first = BTreeMap::new();
        for change in &changes {
            match change {
                Change::Event { event: Event::Accept(accept), first: Some(true) } => {
                    first.insert((accept.alert, accept.target.clone()), accept.id);
                }
                Change::First { alert, accept } => {
                    let before = first.insert((Some(*alert), accept.target.clone()), accept.id);
                    let moved_away = accept.id.0.get_version_num() == 8;
                    prop_assert!(moved_away || before != Some(accept.id), "{:?}", change);
                }
                Change::Event { .. } => {}
            }
        }
    }
}
