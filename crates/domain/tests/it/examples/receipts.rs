//! Receipts of a call merge, and leave out the caller's own house.

use domain::{Change, Event, Neighbour, Receipt, Source};

use super::{a_house, alert_of, direct, only};
use crate::history::{alert_id, line};

#[test]
fn receipts_are_merged_without_the_callers_own_house() {
    let receipt = |reached: &[&str], sounded: &[&str], seen: &[&str]| {
        let houses = |names: &[&str]| names.iter().map(|name| Neighbour::from(a_house(name))).collect();
        Event::Receipt(Receipt {
            line: line(),
            alert: alert_id(0),
            target: Some(a_house("1203")),
            pushed: [].into(),
            reached: houses(reached),
            sounded: houses(sounded),
            seen: houses(seen),
            after: None,
        })
    };
    let mut fold = direct([receipt(&["1204", "1203"], &["1203"], &[])]);
    let changes = fold.apply(Event::Alert(alert_of("1203", 0)), Source::Direct);
    assert_eq!(changes.last(), Some(&Change::Event { event: receipt(&["1204"], &[], &[]), first: None }));
    let changes = fold.apply(receipt(&["1301"], &["1301"], &["1204"]), Source::Direct);
    let merged = receipt(&["1204", "1301"], &["1301"], &["1204"]);
    assert_eq!(changes, [Change::Event { event: merged, first: None }]);
    let own = receipt(&["1203"], &["1203"], &["1203"]);
    assert_eq!(fold.apply(own, Source::Direct), [], "the caller's own is no news");
}

#[test]
fn what_a_push_service_took_is_a_number_of_its_own_and_reaches_nobody() {
    let flats = |names: &[&str]| names.iter().map(|name| Neighbour::from(a_house(name))).collect();
    let pushed = |names: &[&str]| {
        Event::Receipt(Receipt {
            line: line(),
            alert: alert_id(0),
            target: Some(a_house("1203")),
            pushed: flats(names),
            reached: [].into(),
            sounded: [].into(),
            seen: [].into(),
            after: None,
        })
    };
    let mut fold = direct([Event::Alert(alert_of("1203", 0))]);
    assert_eq!(fold.apply(pushed(&["1203"]), Source::Direct), [], "the caller's own is no news");
    let changes = fold.apply(pushed(&["1204", "1203"]), Source::Direct);
    assert_eq!(changes, [Change::Event { event: pushed(&["1204"]), first: None }]);
    fold.apply(pushed(&["1301"]), Source::Direct);
    let call = only(&fold);
    assert_eq!(call.pushed, flats(&["1204", "1301"]));
    assert!(call.reached.is_empty() && call.sounded.is_empty() && call.seen.is_empty(), "{call:?}");
}
