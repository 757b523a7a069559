//! Somebody without a right to a call changes nothing in it, in any order of the events.

use domain::{Actor, Alert, Event, Moved, Progress, Source, Status};
use proptest::prelude::*;

use super::other_line;
use crate::{
    examples::{a_house, moved, status},
    history::{Conflicts, Sighting, delivery, fold, history, line},
    oracle,
};

/// Events about the call 0 by somebody who has no right to them. They name no house where `named` is false.
fn strangers_events(named: bool) -> impl Strategy<Value = Vec<Event>> {
    let target = named.then(|| a_house("1203"));
    let event = (0..4_usize, 10..20_usize, 0..40_i64, -80.0..80.0_f64);
    let event = event.prop_map(move |(kind, id, passed, lat)| {
        let stranger = Actor::House(a_house("1204"));
        let status = |progress, by| Status { target: target.clone(), ..status(id, progress, by, passed) };
        match kind {
            0 => Event::Status(status(Progress::Cancelled, stranger)),
            1 => Event::Status(status(Progress::Resolved, stranger)),
            2 => {
                let by_line = Some(other_line());
                let by = Actor::House(a_house("1203"));
                Event::Status(Status { by_line, ..status(Progress::Cancelled, by) })
            }
            _ => Event::Moved(Moved {
                target: target.clone(),
                // 1505 accepts no call here, so it is nobody's helper.
                house: Some(a_house("1505")),
                ..moved(passed, lat)
            }),
        }
    });
    prop::collection::vec(event, 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn strangers_change_no_call_in_any_order(
        history in history(Conflicts::Included),
        (named, nameless) in (strangers_events(true), strangers_events(false)),
    ) {
        // 1204 calls nobody here, so it is a stranger to every call.
        let of_1204 = |event: &Event| matches!(event, Event::Alert(alert) if alert.house == a_house("1204"));
        let history: Vec<Sighting> = history.into_iter().filter(|(event, _)| !of_1204(event)).collect();
        let before = oracle::sorted(&fold(&history, 2));
        let strangers = named.into_iter().chain(nameless).map(|event| (event, Source::Direct));
        let early: Vec<Sighting> = strangers.clone().chain(history.iter().cloned()).collect();
        prop_assert_eq!(&oracle::sorted(&fold(&early, 2)), &before);
        let late: Vec<Sighting> = history.into_iter().chain(strangers).collect();
        prop_assert_eq!(oracle::sorted(&fold(&late, 2)), before);
    }

    #[test]
    fn only_the_callers_own_locations_count_in_any_order(
        delivery in history(Conflicts::Included).prop_flat_map(delivery),
    ) {
        let fold = fold(&delivery, 2);
        for incident in fold.incidents() {
            let Alert { house, location, .. } = &incident.alert;
            let states = |event: &Event| match event {
                Event::Moved(moved) => {
                    let who = moved.house.as_ref().or(moved.target.as_ref());
                    let is_of_line = moved.house_line.as_ref().is_none_or(|own| *own == line());
                    is_of_line
                        && who.is_none_or(|who| who == house)
                        && moved.location.is_some()
                        && incident.location == moved.location
                }
                _ => false,
            };
            let is_stated = delivery.iter().any(|(event, _)| states(event));
            prop_assert!(is_stated || incident.location == *location, "{:?}", incident);
        }
    }
}
