//! The calls of a snapshot, in which no house hides the call of another.

use super::*;

#[test]
fn a_call_whose_end_came_first_is_open_nowhere() {
    let hub = Hub::new();
    let (over, open) = (call("1203", 0), call("1203", 1));
    apply(&hub, ended(&over));
    apply(&hub, Event::Alert(over.clone()));
    assert_eq!(hub.newest_open_of(&line(), &over.house), None);
    apply(&hub, Event::Alert(open.clone()));
    let newest = hub.newest_open_of(&line(), &open.house);
    assert_eq!(newest.map(|incident| incident.alert), Some(open.clone()));
    let (sender, _receiver) = queue(200);
    let subscribed = hub.subscribe(&line(), subscription("calls", Some(house("1204"))), sender);
    let expected = [("1203".to_owned(), vec![open.id])].into();
    assert_eq!(listed(subscribed.snapshot), (expected, false));
}

#[test]
fn a_house_that_calls_hundreds_of_times_hides_no_call_from_a_snapshot() {
    let hub = Hub::new();
    let (mine, others) = (call("1204", 0), call("1301", 1));
    apply(&hub, Event::Alert(mine.clone()));
    apply(&hub, Event::Alert(others.clone()));
    let flood: Vec<Alert> = (0..300).map(|number| call("1203", 10 + number)).collect();
    for alert in &flood {
        apply(&hub, Event::Alert(alert.clone()));
    }
    let newest = flood[102..].iter().map(|alert| alert.id).collect::<Vec<_>>();
    for listener in ["1204", "1203"] {
        let subscribed = hub.subscribe(&line(), subscription_of(listener), queue(16).0);
        let (calls, is_truncated) = listed(subscribed.snapshot);
        assert!(is_truncated);
        assert_eq!(calls["1204"], [mine.id], "{listener}");
        assert_eq!(calls["1301"], [others.id], "{listener}");
        assert_eq!(calls["1203"], newest, "{listener}: the newest ones, the oldest first");
    }
    let everywhere = hub.subscribe_everywhere(None, subscription("office", None), queue(16).0);
    let (calls, is_truncated) = listed(everywhere.snapshot);
    assert!(is_truncated && calls["1204"] == [mine.id] && calls["1301"] == [others.id]);
}

#[test]
fn the_own_calls_are_listed_however_many_houses_call() {
    let hub = Hub::new();
    let own: Vec<Alert> = (0..3).map(|number| call("1204", number)).collect();
    for alert in &own {
        apply(&hub, Event::Alert(alert.clone()));
    }
    for number in 0..250 {
        apply(&hub, Event::Alert(call(&format!("2{number:03}"), 10 + number)));
    }
    let subscribed = hub.subscribe(&line(), subscription_of("1204"), queue(16).0);
    let (calls, is_truncated) = listed(subscribed.snapshot);
    assert!(is_truncated);
    assert_eq!(calls["1204"], own.iter().map(|alert| alert.id).collect::<Vec<_>>());
    assert_eq!(calls.values().map(Vec::len).sum::<usize>(), 200);
}

#[test]
fn a_snapshot_has_the_open_calls_and_on_request_those_that_ended() {
    let hub = Hub::new();
    let (over, open) = (call("1203", 0), call("1203", 1));
    for event in [Event::Alert(over.clone()), Event::Alert(open.clone()), ended(&over)] {
        apply(&hub, event);
    }
    let begin = |replay_ended| {
        let subscription = Subscription { replay_ended, ..subscription_of("1204") };
        let subscribed = hub.subscribe(&line(), subscription, queue(16).0);
        listed(subscribed.snapshot)
    };
    assert_eq!(begin(false), (BTreeMap::from([("1203".into(), vec![open.id])]), false));
    assert_eq!(begin(true), (BTreeMap::from([("1203".into(), vec![over.id, open.id])]), false));
}

#[test]
fn news_of_a_call_come_with_the_snapshot_until_it_has_sent_the_call() {
    let hub = Hub::new();
    let (called, other) = (call("1203", 0), call("1301", 1));
    apply(&hub, Event::Alert(called.clone()));
    let (to_late, mut frames) = queue(8);
    let mut late = hub.subscribe(&line(), subscription_of("1204"), to_late);
    apply(&hub, ended(&called));
    assert_eq!(frames.queued(), None);
    apply(&hub, Event::Alert(other.clone()));
    let body = Body::Event { event: Event::Alert(other), first: None };
    assert_eq!(frames.queued().map(|frame| read(&frame).1), Some(body), "another call waits for nothing");
    let ends = |body: &Body| matches!(body, Body::Event { event: Event::Status(_), .. });
    assert_eq!(late.snapshot.by_ref().filter(|frame| ends(&read(frame).1)).count(), 1);
    apply(&hub, ended(&called));
    assert!(frames.queued().is_some(), "the snapshot has sent the call");
}
