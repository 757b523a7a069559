//! Dropping calls leaves the others as they were.

use std::collections::BTreeSet;

use domain::{Event, LineIncidents, Source};
use proptest::prelude::*;

use crate::{
    history::{Conflicts, MORNING, alert_id, fold, history, line},
    oracle,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn forgetting_old_calls_leaves_the_rest_untouched(
        history in history(Conflicts::Included),
        passed in 0..32_i64,
    ) {
        let before = MORNING + passed;
        let mut fold = fold(&history, 2);
        let mut kept = oracle::sorted(&fold);
        kept.retain(|incident| incident.alert.at >= before);
        fold.forget(before);
        prop_assert_eq!(oracle::sorted(&fold), kept);
    }

    #[test]
    fn events_waiting_for_their_call_are_kept_while_they_are_new(history in history(Conflicts::Included)) {
        let (calls, others): (Vec<_>, Vec<_>) =
            history.into_iter().partition(|(event, _)| matches!(event, Event::Alert(_) | Event::Receipt(_)));
        let mut waiting = fold(&others, 2);
        waiting.forget(MORNING);
        for (event, seen) in &calls {
            waiting.apply(event.clone(), *seen);
        }
        let all: Vec<_> = others.into_iter().chain(calls).collect();
        prop_assert_eq!(oracle::sorted(&waiting), oracle::incidents(&all, 2));
    }

    #[test]
    fn nothing_is_left_of_what_is_forgotten(history in history(Conflicts::Included)) {
        let mut emptied = fold(&history, 2);
        emptied.forget(MORNING + 1_000);
        let empty = LineIncidents::new(line(), 2);
        prop_assert_eq!(format!("{emptied:?}"), format!("{empty:?}"));
    }

    #[test]
    fn a_client_keeps_the_listed_calls_as_they_were(
        history in history(Conflicts::LeftOut),
        listed in prop::collection::btree_set((0..4_usize).prop_map(alert_id), 0..4),
    ) {
        let mut client = LineIncidents::new(line(), 1);
        for (event, _) in history.into_iter().filter(|(event, _)| event.alert().is_some()) {
            client.apply(event, Source::Server { first: None });
        }
        let mut kept = oracle::sorted(&client);
        kept.retain(|incident| listed.contains(&incident.alert.id));
        client.retain(&listed);
        prop_assert_eq!(oracle::sorted(&client), kept);
        client.retain(&BTreeSet::new());
        let empty = LineIncidents::new(line(), 1);
        prop_assert_eq!(format!("{client:?}"), format!("{empty:?}"));
    }
}
