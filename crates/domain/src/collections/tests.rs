//! The browser's maps and sets do what the standard library's do.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use proptest::{prelude::*, test_runner::TestCaseResult};

use super::{arrange, map::Map, set::Set, sorted_places};

/// One change of a map or a set of small numbers.
#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(u8, u8),
    Remove(u8),
    Entry(u8, u8),
    Retain(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = || 0..12u8;
    let step = prop_oneof![
        (number(), any::<u8>()).prop_map(|(key, value)| Step::Insert(key, value)),
        number().prop_map(Step::Remove),
        (number(), any::<u8>()).prop_map(|(key, value)| Step::Entry(key, value)),
        (1..4u8).prop_map(Step::Retain),
    ];
    prop::collection::vec(step, 0..40)
}

fn bound() -> impl Strategy<Value = Bound<u8>> {
    prop_oneof![
        Just(Bound::Unbounded),
        (0..12u8).prop_map(Bound::Included),
        (0..12u8).prop_map(Bound::Excluded)
    ]
}

/// The standard library refuses these ranges.
fn is_refused(range: (Bound<u8>, Bound<u8>)) -> bool {
    match range {
        (Bound::Excluded(from), Bound::Excluded(to)) => from >= to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
            from > to
        }
        _ => false,
    }
}

fn same_map(ours: &Map<u8, u8>, theirs: &BTreeMap<u8, u8>) -> TestCaseResult {
    prop_assert_eq!(ours.iter().collect::<Vec<_>>(), theirs.iter().collect::<Vec<_>>());
    prop_assert_eq!(ours.keys().rev().collect::<Vec<_>>(), theirs.keys().rev().collect::<Vec<_>>());
    prop_assert_eq!(ours.values().collect::<Vec<_>>(), theirs.values().collect::<Vec<_>>());
    prop_assert_eq!((ours.len(), ours.is_empty()), (theirs.len(), theirs.is_empty()));
    for key in 0..12 {
        prop_assert_eq!(
            (ours.get(&key), ours.contains_key(&key)),
            (theirs.get(&key), theirs.contains_key(&key))
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn sorting_places_sorts_and_leaves_equal_ones_in_their_order(numbers in prop::collection::vec(0..9u8, 0..40)) {
        let mut ours: Vec<_> = numbers.iter().copied().enumerate().collect();
        let mut theirs = ours.clone();
        theirs.sort_by_key(|(_, number)| *number);
        let places = sorted_places(ours.len(), &|one, other| ours[one].1.cmp(&ours[other].1));
        arrange(places, &mut |one, other| ours.swap(one, other));
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn a_map_is_the_standard_librarys(steps in steps(), from in bound(), to in bound()) {
        let (mut ours, mut theirs) = (Map::new(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Insert(key, value) => prop_assert_eq!(ours.insert(key, value), theirs.insert(key, value)),
                Step::Remove(key) => prop_assert_eq!(ours.remove(&key), theirs.remove(&key)),
                Step::Entry(key, value) => {
                    let (one, other) = (ours.entry(key).or_insert(value), theirs.entry(key).or_insert(value));
                    (*one, *other) = (one.wrapping_add(1), other.wrapping_add(1));
                }
                Step::Retain(parts) => {
                    ours.retain(|key, value| { *value = value.wrapping_add(1); key % parts == 0 });
                    theirs.retain(|key, value| { *value = value.wrapping_add(1); key % parts == 0 });
                }
            }
            same_map(&ours, &theirs)?;
        }
        if !is_refused((from, to)) {
            prop_assert_eq!(ours.range((from, to)).collect::<Vec<_>>(), theirs.range((from, to)).collect::<Vec<_>>());
        }
        let written = serde_json::to_string(&ours).expect("text");
        prop_assert_eq!(&written, &serde_json::to_string(&theirs).expect("text"));
        prop_assert_eq!(serde_json::from_str::<Map<u8, u8>>(&written).expect("ours"), ours);
    }

    #[test]
    fn a_set_is_the_standard_librarys(steps in steps(), other in any::<[u8; 4]>(), from in bound(), to in bound()) {
        let (mut ours, mut theirs) = (Set::new(), BTreeSet::new());
        for step in steps {
            match step {
                Step::Insert(key, _) => prop_assert_eq!(ours.insert(key), theirs.insert(key)),
                Step::Remove(key) => prop_assert_eq!(ours.remove(&key), theirs.remove(&key)),
                Step::Entry(key, value) => { ours.extend([key, value]); theirs.extend([key, value]); }
                Step::Retain(parts) => {
                    ours.retain(|key| key % parts == 0);
                    theirs.retain(|key| key % parts == 0);
                }
            }
            prop_assert_eq!(ours.iter().collect::<Vec<_>>(), theirs.iter().collect::<Vec<_>>());
            prop_assert_eq!((ours.first(), ours.len()), (theirs.first(), theirs.len()));
            prop_assert!((0..12).all(|key| ours.contains(&key) == theirs.contains(&key)));
        }
        if !is_refused((from, to)) {
            prop_assert_eq!(ours.range((from, to)).collect::<Vec<_>>(), theirs.range((from, to)).collect::<Vec<_>>());
        }
        let (small, large) = (Set::from(other), BTreeSet::from(other));
        prop_assert_eq!(ours.is_subset(&small), theirs.is_subset(&large));
        let written = serde_json::to_string(&ours).expect("text");
        prop_assert_eq!(&written, &serde_json::to_string(&theirs).expect("text"));
        prop_assert_eq!(serde_json::from_str::<Set<u8>>(&written).expect("ours"), ours);
    }
}
