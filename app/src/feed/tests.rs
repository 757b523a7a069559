//! A feed withstands any order, doubles and reconnects, and reports each event once.

use domain::{EventId, Neighbour, Stance};

use super::*;
use crate::samples::{
    AT, accept, administrator, call, house, incident, line, named_line, reached, resident, status,
};

fn feed() -> Feed {
    Feed::new(&Scope::Lines(vec![line()]))
}

fn event(event: Event) -> Body {
    Body::Event { event, first: None }
}

fn alert(number: u128) -> Body {
    event(Event::Alert(call(number)))
}

fn snapshot_end(truncated: bool) -> Body {
    Body::SnapshotEnd { line: Some(line()), truncated }
}

fn ids(feed: &Feed) -> Vec<u128> {
    feed.incidents().iter().map(|incident| incident.alert.id.0.as_u128()).collect()
}

#[test]
fn a_snapshot_and_then_live_events_add_up() {
    let mut feed = feed();
    feed.subscribed();
    assert_eq!(feed.apply(alert(1), false), [Notice::Called(call(1).id)]);
    assert!(!feed.is_complete());
    feed.apply(snapshot_end(false), false);
    assert!(feed.is_complete());
    assert_eq!(
        feed.apply(event(accept(&call(1), "1204")), false),
        [Notice::Coming(call(1).id, house("1204"))]
    );
    let incident = feed.call(&call(1).key()).expect("the call is known");
    assert_eq!(incident.responses[0].house, house("1204"));
    assert_eq!(incident.responses[0].stance, Stance::Coming);
}

#[test]
fn an_event_that_arrives_twice_is_announced_once() {
    let mut feed = feed();
    let coming = accept(&call(1), "1204");
    feed.apply(alert(1), false);
    feed.apply(event(coming.clone()), false);
    assert_eq!(feed.apply(alert(1), false), []);
    assert_eq!(feed.apply(event(coming), false), []);
    assert_eq!(feed.incidents().len(), 1);
    assert_eq!(feed.incidents()[0].responses.len(), 1);
}

#[test]
fn an_answer_that_comes_before_its_call_is_announced_with_it() {
    let mut feed = feed();
    assert_eq!(feed.apply(event(accept(&call(1), "1204")), false), []);
    let notices = feed.apply(alert(1), false);
    assert_eq!(notices, [Notice::Called(call(1).id), Notice::Coming(call(1).id, house("1204"))]);
}

#[test]
fn a_whole_snapshot_drops_what_it_did_not_list() {
    let mut feed = feed();
    feed.apply(alert(1), false);
    feed.apply(alert(2), false);
    feed.subscribed();
    feed.apply(alert(2), false);
    feed.apply(snapshot_end(false), false);
    assert_eq!(ids(&feed), [2]);
}

#[test]
fn a_truncated_snapshot_drops_nothing() {
    let mut feed = feed();
    feed.apply(alert(1), false);
    feed.subscribed();
    feed.apply(alert(2), false);
    feed.apply(snapshot_end(true), false);
    assert_eq!(ids(&feed), [2, 1]);
}

#[test]
fn a_snapshot_that_broke_off_drops_nothing_and_the_next_one_counts_anew() {
    let mut feed = feed();
    feed.apply(alert(1), false);
    feed.subscribed();
    feed.apply(alert(2), false);
    feed.subscribed();
    assert_eq!(ids(&feed), [2, 1]);
    feed.apply(alert(1), false);
    feed.apply(snapshot_end(false), false);
    assert_eq!(ids(&feed), [1]);
}

#[test]
fn a_snapshot_end_without_a_snapshot_drops_nothing() {
    let mut feed = feed();
    feed.apply(alert(1), false);
    feed.apply(snapshot_end(false), false);
    assert_eq!(ids(&feed), [1]);
}

#[test]
fn a_first_frame_decides_which_accept_was_first() {
    let mut feed = feed();
    let Event::Accept(one) = accept(&call(1), "1204") else { unreachable!("samples make accepts") };
    let Event::Accept(two) = accept(&call(1), "1301") else { unreachable!("samples make accepts") };
    feed.apply(alert(1), false);
    feed.apply(event(Event::Accept(one)), false);
    feed.apply(event(Event::Accept(two.clone())), false);
    let first = |feed: &Feed| -> Option<EventId> { feed.call(&call(1).key()).and_then(|call| call.first) };
    assert_eq!(first(&feed), None);
    let target = Some(two.target);
    let first_frame = Body::First { line: line(), alert: call(1).id, target, accept: two.accept, id: two.id };
    feed.apply(first_frame, false);
    assert_eq!(first(&feed), Some(two.id));
}

#[test]
fn receipts_merge_without_the_callers_own_house() {
    let mut feed = feed();
    feed.apply(alert(1), false);
    feed.apply(event(reached(&call(1), &["1204", "1203"])), false);
    feed.apply(event(reached(&call(1), &["1301"])), false);
    let incident = feed.call(&call(1).key()).expect("the call is known");
    assert_eq!(incident.reached, ["1204", "1301"].map(|name| Neighbour::from(house(name))).into());
}

#[test]
fn a_call_that_came_late_is_known_as_late() {
    let mut feed = feed();
    feed.apply(alert(1), true);
    feed.apply(alert(2), false);
    assert!(feed.is_late(&incident(&call(1), [])));
    assert!(!feed.is_late(&incident(&call(2), [])));
}

#[test]
fn a_late_answer_does_not_make_its_call_late() {
    let mut feed = feed();
    feed.apply(alert(1), false);
    feed.apply(event(accept(&call(1), "1204")), true);
    assert!(!feed.is_late(&incident(&call(1), [])));
}

#[test]
fn a_call_that_was_escalated_from_another_line_is_shown_until_a_snapshot_leaves_it_out() {
    let mut feed = feed();
    let foreign = domain::Alert { line: named_line("101-2"), ..call(1) };
    assert_eq!(feed.apply(event(Event::Alert(foreign.clone())), false).len(), 1);
    assert_eq!(feed.call(&foreign.key()).map(|call| call.alert), Some(foreign.clone()));
    feed.subscribed();
    feed.apply(event(Event::Alert(foreign)), false);
    assert!(!feed.is_complete());
    feed.apply(snapshot_end(false), false);
    assert!(feed.is_complete());
    assert_eq!(ids(&feed), [1], "it was listed");
    feed.subscribed();
    feed.apply(snapshot_end(false), false);
    assert!(feed.is_complete() && feed.incidents().is_empty());
}

#[test]
fn a_line_that_appears_within_a_snapshot_is_part_of_it() {
    let mut feed = feed();
    feed.subscribed();
    feed.apply(call_on("101-2", 1), false);
    assert!(!feed.is_complete());
    feed.apply(snapshot_end(false), false);
    assert!(feed.is_complete());
    assert_eq!(ids(&feed), [1]);
}

fn call_on(name: &str, number: u128) -> Body {
    event(Event::Alert(domain::Alert { line: named_line(name), ..call(number) }))
}

#[test]
fn a_snapshot_of_every_line_ends_with_one_frame_and_drops_what_no_line_listed() {
    let mut feed = Feed::new(&Scope::EveryLine);
    feed.apply(call_on("101-1", 1), false);
    feed.apply(call_on("101-2", 2), false);
    feed.subscribed();
    assert!(!feed.is_complete());
    feed.apply(call_on("101-2", 2), false);
    feed.apply(call_on("101-3", 3), false);
    assert!(!feed.is_complete());
    feed.apply(Body::SnapshotEnd { line: None, truncated: false }, false);
    assert!(feed.is_complete());
    assert_eq!(ids(&feed), [3, 2]);
}

#[test]
fn an_administrators_feed_is_incomplete_until_the_snapshot_has_ended_even_without_a_call() {
    let mut feed = Feed::new(&Scope::of(&administrator()));
    feed.subscribed();
    assert!(!feed.is_complete());
    feed.apply(Body::SnapshotEnd { line: None, truncated: true }, false);
    assert!(feed.is_complete());
}

#[test]
fn every_step_of_an_answer_is_announced() {
    let mut feed = feed();
    feed.apply(alert(1), false);
    feed.apply(event(accept(&call(1), "1204")), false);
    let id = call(1).id;
    let notices = feed.apply(event(status(&call(1), Progress::Arrived, "1204")), false);
    assert_eq!(notices, [Notice::Arrived(id, house("1204"))]);
    let notices = feed.apply(event(status(&call(1), Progress::Withdrawn, "1204")), false);
    assert_eq!(notices, [Notice::Withdrawn(id, house("1204"))]);
    let notices = feed.apply(event(status(&call(1), Progress::Cancelled, "1203")), false);
    assert_eq!(notices, [Notice::Ended(id, Progress::Cancelled)]);
}

#[test]
fn the_own_call_is_the_newest_open_one_of_the_own_house() {
    let mut feed = feed();
    let newer = domain::Alert { at: AT + 1, ..call(2) };
    feed.apply(alert(1), false);
    feed.apply(event(Event::Alert(newer.clone())), false);
    let own = |feed: &Feed, who: &str| {
        feed.own_call(&resident(who), AT + 60_000).map(|incident| incident.alert.id.0.as_u128())
    };
    assert_eq!(own(&feed, "1203"), Some(2));
    assert_eq!(own(&feed, "1204"), None);
    feed.apply(event(status(&newer, Progress::Resolved, "1203")), false);
    assert_eq!(own(&feed, "1203"), Some(1));
}

#[test]
fn a_call_is_as_old_as_its_last_frame_stated_plus_the_time_since() {
    let mut feed = feed();
    feed.apply(alert(1), false);
    assert_eq!(feed.age(&call(1), 5_000), None);
    feed.receive(alert(1), false, Some(60_000), 0);
    assert_eq!(feed.age(&call(1), 5_000), Some(65_000));
    feed.receive(alert(1), false, Some(600_000), 0);
    assert_eq!(feed.age(&call(1), 5_000), Some(605_000));
}

#[test]
fn a_call_of_known_age_is_open_for_a_day_under_any_clock() {
    let mut feed = feed();
    feed.receive(alert(1), false, Some(0), 0);
    let month = 30 * domain::event::OPEN_FOR;
    for now in [AT - month, AT, AT + month] {
        assert_eq!(feed.open_by_age(now, domain::event::OPEN_FOR - 1).len(), 1, "{now}");
        assert!(feed.open_by_age(now, domain::event::OPEN_FOR).is_empty(), "{now}");
    }
}

#[test]
fn a_late_call_does_not_make_another_houses_call_of_the_same_id_late() {
    let mut feed = feed();
    let foreign = domain::Alert { house: house("1301"), ..call(1) };
    feed.apply(event(Event::Alert(foreign.clone())), true);
    feed.apply(alert(1), false);
    assert!(feed.is_late(&incident(&foreign, [])));
    assert!(!feed.is_late(&incident(&call(1), [])));
}
