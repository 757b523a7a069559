//! Rows and figures over arbitrary histories. Neither order nor repetition matters, and everything adds up.

use std::collections::BTreeMap;

use domain::{
    Event, Position, Progress, Source,
    statistics::{Ended, Held, Percentiles, Period, Query, Row, Utc, rows},
};
use proptest::{collection::vec, option, prelude::*};

use crate::{
    history::{Conflicts, MORNING, Sighting, history, identity, line, two_deliveries},
    statistics::{Berlin, DAY, HOUR, asked, row},
};

/// Returns what statistics hold of the records of the log.
fn held(sightings: &[Sighting]) -> impl Iterator<Item = Held> {
    sightings.iter().filter_map(|(event, seen)| match seen {
        Source::Log(position) => Held::new(event.clone(), *position),
        Source::Direct | Source::Server { .. } => None,
    })
}

/// The events as the table holds them. Each is there once, merged in the order in which they came, and read again.
fn stored(sightings: &[Sighting]) -> Vec<Held> {
    let mut table: BTreeMap<String, (Vec<u8>, Position)> = BTreeMap::new();
    for held in held(sightings) {
        let key = held.key();
        let merged = match table.get(&key) {
            None => held,
            Some((json, position)) => {
                let mut known = Held::from_json(json, *position).expect("what was held can be read");
                known.merge(held);
                known
            }
        };
        table.insert(key, (merged.to_json(), merged.position()));
    }
    let read = |(json, position): (Vec<u8>, Position)| Held::from_json(&json, position);
    table.into_values().map(|entry| read(entry).expect("what was held can be read")).collect()
}

/// Calls of a few days around the begin of a month, some of them drills.
fn some_row() -> impl Strategy<Value = Row> {
    let how = prop::sample::select(&[Progress::Cancelled, Progress::Resolved, Progress::Expired]);
    let ended = option::of((how, 0..DAY));
    let times = (option::of(-HOUR..HOUR), option::of(-HOUR..HOUR), option::of(0..HOUR));
    (0..40_usize, -4 * DAY..4 * DAY, any::<bool>(), ended, times, 0..4_u32).prop_map(
        |(number, passed, drill, ended, (accept, arrived, reached), words)| {
            let begun = MORNING + passed;
            Row {
                drill,
                ended: ended.map(|(how, after)| Ended { how, at: begun + after }),
                accepts: u32::from(accept.is_some()),
                came: u32::from(accept.is_some() || arrived.is_some()),
                first_accept: accept.or(arrived).map(|after| begun + after),
                first_arrived: arrived.map(|after| begun + after),
                first_reached: reached.map(|after| begun + after),
                words,
                ..row(number, begun)
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_order_and_repetition_of_records_gives_the_same_rows(
        (one, other) in two_deliveries(Conflicts::Included),
    ) {
        let expected = rows(&line(), held(&one));
        prop_assert_eq!(&rows(&line(), held(&other)), &expected);
        prop_assert_eq!(&rows(&line(), stored(&one)), &expected);
        prop_assert_eq!(&rows(&line(), stored(&other)), &expected);
    }

    #[test]
    fn an_event_has_the_key_of_its_identity(history in history(Conflicts::Included)) {
        let words = history.iter().filter(|(event, _)| !matches!(event, Event::Moved(_) | Event::Receipt(_)));
        let words: Vec<&Event> = words.map(|(event, _)| event).collect();
        for one in &words {
            for other in &words {
                let same = identity(one) == identity(other);
                prop_assert_eq!(one.fold_key() == other.fold_key(), same, "{:?} {:?}", one, other);
            }
        }
    }

    #[test]
    fn rows_of_one_call_merge_in_any_order_and_lose_nothing(
        (one, other, third) in (some_row(), some_row(), some_row()),
    ) {
        let same = |row: Row| Row { id: one.id, begun: one.begun, ..row };
        let (one, other, third) = (one.clone(), same(other), same(third));
        let merged = one.clone().merge(other.clone()).merge(third.clone());
        prop_assert_eq!(&third.clone().merge(other.clone()).merge(one.clone()), &merged);
        prop_assert_eq!(&one.clone().merge(third.clone()).merge(other.clone()), &merged);
        prop_assert_eq!(&merged.clone().merge(one.clone()), &merged);
        prop_assert_eq!(merged.words, one.words.max(other.words).max(third.words));
        let reached = [one, other, third].iter().any(|row| row.first_reached.is_some());
        prop_assert_eq!(merged.first_reached.is_some(), reached);
    }

    #[test]
    fn percentiles_are_those_of_the_definition(values in vec(-50..50_i64, 0..300)) {
        let nearest = |percent: u64| {
            let fits = |candidate: &i64| {
                let within = values.iter().filter(|value| *value <= candidate).count() as u64;
                100 * within >= percent * values.len() as u64
            };
            values.iter().copied().filter(fits).min()
        };
        let expected = Percentiles {
            count: values.len() as u64,
            p50: nearest(50),
            p90: nearest(90),
            p99: nearest(99),
            max: nearest(100),
        };
        prop_assert_eq!(Percentiles::of(values), expected);
    }

    #[test]
    fn a_period_and_the_one_before_add_up_to_both(
        rows in vec(some_row(), 0..40),
        days in 1..4_i64,
        as_of in MORNING + 4 * DAY..MORNING + 6 * DAY,
    ) {
        let of = |from, to| Query::new(Period::new(from, to).expect("a period"));
        let parts = asked(&rows, &of(MORNING, MORNING + days * DAY), &Berlin, as_of);
        let whole = asked(&rows, &of(MORNING - days * DAY, MORNING + days * DAY), &Berlin, as_of).counts;
        let (now, then) = (&parts.counts, &parts.previous.counts);
        prop_assert_eq!((parts.previous.from, parts.previous.to), (MORNING - days * DAY, MORNING));
        prop_assert_eq!(now.calls + then.calls, whole.calls);
        prop_assert_eq!(now.drills + then.drills, whole.drills);
        prop_assert_eq!(now.accepted + then.accepted, whole.accepted);
        prop_assert_eq!(now.nobody.len() + then.nobody.len(), whole.nobody.len());
        prop_assert_eq!(now.clamped + then.clamped, whole.clamped);
        prop_assert_eq!(now.to_reached_ms.count + then.to_reached_ms.count, whole.to_reached_ms.count);
        let hours = |hour: usize| now.by_hour[hour] + then.by_hour[hour];
        prop_assert_eq!(whole.by_hour, std::array::from_fn::<u64, 24, _>(hours));
    }

    #[test]
    fn the_figures_of_a_period_add_up(rows in vec(some_row(), 0..40), passed in -5 * DAY..6 * DAY) {
        let query = Query::new(Period::new(MORNING - 5 * DAY, MORNING + 5 * DAY).expect("a period"));
        let counts = asked(&rows, &query, &Berlin, MORNING + passed).counts;
        prop_assert_eq!(counts.calls + counts.drills, rows.len() as u64);
        prop_assert_eq!(counts.cancelled + counts.resolved + counts.expired + counts.unfinished, counts.calls);
        prop_assert_eq!(counts.accepted + counts.unaccepted, counts.calls);
        prop_assert_eq!(counts.taken_back + counts.nobody_came + counts.waiting, counts.unaccepted);
        prop_assert_eq!(counts.to_first_accept_ms.count, counts.accepted);
        prop_assert_eq!(counts.nobody.len() as u64, counts.nobody_came);
        for sum in [
            counts.by_hour.iter().sum::<u64>(),
            counts.by_weekday.iter().sum(),
            counts.heat_map.iter().flatten().sum(),
            counts.by_line.values().sum(),
            counts.by_kind.values().sum(),
            counts.lines.values().map(|line| line.calls).sum(),
            counts.by_day.iter().map(|day| day.tally.calls).sum(),
        ] {
            prop_assert_eq!(sum, counts.calls);
        }
        let mut reversed: Vec<Row> = rows.clone();
        reversed.reverse();
        prop_assert_eq!(asked(&reversed, &query, &Utc, MORNING + passed), asked(&rows, &query, &Utc, MORNING + passed));
    }
}

#[test]
fn the_words_of_stored_keys_are_those_of_records() {
    for progress in Progress::ALL {
        let written = serde_json::to_value(progress).expect("a word is JSON");
        assert_eq!(written, progress.as_str());
    }
}
