//! The hub as a whole. The tests are about lookups and subscriptions while frames are pushed, fair snapshots, and whether a call reached
//! a neighbour.

use std::{collections::BTreeMap, sync::mpsc, thread, time::Duration};

use domain::{
    Accept, Actor, Alert, AlertId, Event, EventId, House, Kind, Line, Millis, Progress, Receipt, Status,
    body::Body,
};
use stomp::Version;

use super::*;
use crate::clock;

fn line() -> Line {
    Line::new("101-1").unwrap()
}

fn house(name: &str) -> House {
    House::new(name).unwrap()
}

/// A call of this house that began so many milliseconds after the others.
fn call(name: &str, after: Millis) -> Alert {
    Alert {
        id: AlertId::generate(),
        line: line(),
        house: house(name),
        text: String::new(),
        location: None,
        kind: None,
        drill: false,
        alone: false,
        at: clock::now() - 60_000 + after,
    }
}

fn subscription_of(name: &str) -> Subscription {
    subscription(name, Some(house(name)))
}

fn subscription(id: &str, house: Option<House>) -> Subscription {
    Subscription {
        id: id.into(),
        version: Version::V1_2,
        acknowledges: true,
        replay_ended: false,
        house,
        viewer: None,
    }
}

fn accept_of(call: &Alert, by: &str) -> Accept {
    Accept {
        id: EventId::generate(),
        line: line(),
        accept: house(by),
        accept_line: None,
        target: call.house.clone(),
        alert: Some(call.id),
        at: clock::now(),
    }
}

fn reached(call: &Alert, by: &str) -> Event {
    Event::Receipt(Receipt {
        line: line(),
        alert: call.id,
        target: Some(call.house.clone()),
        pushed: [].into(),
        reached: [house(by).into()].into(),
        sounded: [].into(),
        seen: [].into(),
        after: None,
    })
}

fn ended(call: &Alert) -> Event {
    Event::Status(Status {
        id: EventId::generate(),
        line: line(),
        alert: call.id,
        target: Some(call.house.clone()),
        status: Progress::Cancelled,
        by: Actor::House(call.house.clone()),
        by_line: None,
        note: None,
        escalation: None,
        at: clock::now(),
    })
}

fn apply(hub: &Hub, event: Event) {
    hub.apply(Arrival::direct(event));
}

/// Returns what a frame carries, with its header `subscription`.
fn read(frame: &[u8]) -> (String, Body) {
    let mut decoder = stomp::Decoder::new(stomp::Limits::default());
    decoder.push(frame);
    let Ok(Some(stomp::Incoming::Frame(frame))) = decoder.next() else { panic!("no frame") };
    (frame.get("subscription").unwrap().to_owned(), Body::parse(&frame.body).unwrap())
}

/// The calls of a snapshot by their houses, in its order, and whether it is truncated.
fn listed(snapshot: Snapshot) -> (BTreeMap<String, Vec<AlertId>>, bool) {
    let (mut calls, mut is_truncated) = (BTreeMap::<String, Vec<AlertId>>::new(), false);
    for frame in snapshot {
        match read(&frame).1 {
            Body::Event { event: Event::Alert(alert), .. } => {
                calls.entry(alert.house.to_string()).or_default().push(alert.id);
            }
            Body::SnapshotEnd { truncated, .. } => is_truncated = truncated,
            _ => {}
        }
    }
    (calls, is_truncated)
}

#[test]
fn no_lookup_waits_while_frames_are_pushed() {
    let hub = Hub::new();
    let called = call("1203", 0);
    let accepted = accept_of(&called, "1204");
    apply(&hub, Event::Alert(called.clone()));
    apply(&hub, Event::Accept(accepted.clone()));
    let room = hub.room(&line());
    // The task that pushes holds this lock until it knows who gets the frame.
    let pushing = room.audience();
    let (sender, done) = mpsc::channel();
    let asking = hub;
    let asked = thread::spawn(move || {
        let known = asking.named(called.id);
        assert_eq!(known[0].alert, called);
        assert!(matches!(asking.known(&Event::Alert(called.clone())), Known::Same(_)));
        assert!(matches!(asking.known(&Event::Accept(accepted.clone())), Known::Same(_)));
        assert_eq!(asking.call_of(&line(), &called.house, called.id), Some(known[0].clone()));
        assert_eq!(asking.accept(&line(), accepted.id, &accepted.accept, None), Some(accepted));
        assert_eq!(asking.newest_open_of(&line(), &called.house), Some(known[0].clone()));
        assert_eq!(asking.incidents(&line()), known);
        assert_eq!(asking.unended(Duration::ZERO), std::slice::from_ref(&called));
        let message_id = domain::message_id::direct(domain::topic::ALERT, called.id.0);
        assert_eq!(asking.acknowledged(&line(), &message_id), Some(called.key()));
        assert_eq!(asking.standing(&called), None, "nobody heard it");
        asking.forget(0);
        sender.send(()).unwrap();
    });
    assert!(done.recv_timeout(Duration::from_secs(30)).is_ok(), "a lookup waits for the pushing, or failed");
    drop(pushing);
    asked.join().unwrap();
}

#[test]
fn no_subscription_waits_while_frames_are_written_and_it_has_the_call_at_once() {
    let (hub, (release, released)) = (Hub::new(), mpsc::channel());
    let (to_slow, _slow) = queue_before(Slow::until(released), 1);
    let _listening = hub.subscribe(&line(), subscription_of("1204"), to_slow);
    let called = call("1203", 0);
    let (writing, alert) = (hub.clone(), Event::Alert(called.clone()));
    let applying = thread::spawn(move || apply(&writing, alert));
    while hub.named(called.id).is_empty() {
        thread::yield_now();
    }
    let (sender, begun) = mpsc::channel();
    let subscribing = thread::spawn(move || {
        let subscribed = hub.subscribe(&line(), subscription_of("1301"), queue(8).0);
        sender.send(listed(subscribed.snapshot).0).unwrap();
    });
    let calls = begun.recv_timeout(Duration::from_secs(30));
    drop(release);
    applying.join().unwrap();
    subscribing.join().unwrap();
    assert_eq!(calls.expect("the subscription does not wait for the writing")["1203"], [called.id]);
}

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
fn one_socket_with_many_subscriptions_gets_each_message_once_for_each() {
    let hub = Hub::new();
    let (sender, mut receiver) = queue(200);
    let ids: Vec<String> = (0..64).map(|number| format!("s{number}")).collect();
    let begun: Vec<_> = ids
        .iter()
        .map(|id| hub.subscribe(&line(), subscription(id, Some(house("1204"))), sender.clone()))
        .map(|subscribed| {
            assert_eq!(subscribed.snapshot.count(), 1, "no call is known yet");
            subscribed.handle
        })
        .collect();
    let called = call("1203", 0);
    apply(&hub, Event::Alert(called.clone()));
    for id in &ids {
        let (subscription, body) = read(&receiver.queued().unwrap());
        assert_eq!(&subscription, id);
        assert_eq!(body, Body::Event { event: Event::Alert(called.clone()), first: None });
    }
    assert_eq!(receiver.queued(), None);
    drop(begun);
    apply(&hub, ended(&called));
    assert_eq!(receiver.queued(), None, "every subscription has ended");
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

/// A hub with a listener of this house, or of the office.
fn hub_with_listener(of: Option<&str>) -> (Hub, Subscribed, QueueReceiver) {
    let hub = Hub::new();
    let (sender, receiver) = queue(16);
    let subscribed = hub.subscribe(&line(), subscription("calls", of.map(house)), sender);
    (hub, subscribed, receiver)
}

#[test]
fn a_call_stands_if_a_socket_of_another_house_got_it_and_only_while_it_is_open() {
    for (listener, is_delivered) in [(Some("1204"), true), (Some("1203"), false), (None, false)] {
        let (hub, _subscribed, _receiver) = hub_with_listener(listener);
        let called = call("1203", 0);
        apply(&hub, Event::Alert(called.clone()));
        assert_eq!(hub.standing(&call("1203", 1)), is_delivered.then_some(called.id), "{listener:?}");
        apply(&hub, ended(&called));
        assert_eq!(hub.standing(&call("1203", 1)), None, "{listener:?}");
    }
}

#[test]
fn a_call_of_another_house_or_kind_and_a_drill_stand_for_nothing_else() {
    let (hub, _subscribed, _receiver) = hub_with_listener(Some("1204"));
    apply(&hub, Event::Alert(call("1203", 0)));
    assert_eq!(hub.standing(&call("1301", 1)), None);
    assert_eq!(hub.standing(&Alert { kind: Some(Kind::Fire), ..call("1203", 1) }), None);
    assert_eq!(hub.standing(&Alert { drill: true, ..call("1203", 1) }), None);
    assert!(hub.standing(&call("1203", 1)).is_some());
}

#[test]
fn a_call_that_a_house_has_acknowledged_stands() {
    let hub = Hub::new();
    let called = call("1203", 0);
    apply(&hub, Event::Alert(called.clone()));
    apply(&hub, reached(&called, "1203"));
    assert_eq!(hub.standing(&call("1203", 1)), None, "only the own house has it");
    apply(&hub, reached(&called, "1204"));
    assert_eq!(hub.standing(&call("1203", 1)), Some(called.id));
}

#[test]
fn a_call_of_before_the_start_stands_for_nothing_until_somebody_acknowledges_it() {
    let (hub, _subscribed, _receiver) = hub_with_listener(Some("1204"));
    let called = call("1203", 0);
    hub.apply(Arrival::replayed(Event::Alert(called.clone()), None));
    assert_eq!(hub.standing(&call("1203", 1)), None);
    apply(&hub, reached(&called, "1204"));
    assert_eq!(hub.standing(&call("1203", 1)), Some(called.id));
}

#[test]
fn a_call_of_more_than_ten_minutes_stands_for_nothing() {
    let (hub, _subscribed, _receiver) = hub_with_listener(Some("1204"));
    let called = call("1203", 0);
    let old = Arrival::direct(Event::Alert(called.clone())).aged(Duration::from_secs(601));
    hub.apply(old);
    apply(&hub, reached(&called, "1204"));
    assert_eq!(hub.standing(&call("1203", 1)), None);
}

#[tokio::test]
async fn the_board_has_the_open_calls_of_every_line_and_wakes_with_each_change() {
    let hub = Hub::new();
    let mut wakes = hub.wakes();
    let (first, second) = (call("1203", 0), call("1204", 1));
    let elsewhere = Alert { line: Line::new("102-1").unwrap(), ..call("0704", 2) };
    for alert in [&first, &second, &elsewhere] {
        hub.apply(Arrival::direct(Event::Alert(alert.clone())));
    }
    assert!(wakes.next().await);
    let a_while_ago = clock::now() - 3_600_000;
    let open = |hub: &Hub| hub.open_calls(a_while_ago, clock::now());
    let ids = |open: &OpenCalls| open.calls.iter().map(|call| call.incident.alert.id).collect::<Vec<_>>();
    assert_eq!(ids(&open(&hub)), [elsewhere.id, second.id, first.id]);
    assert_eq!((open(&hub).ended, open(&hub).last_end), (0, None));
    hub.apply(Arrival::direct(ended(&second)));
    assert!(wakes.next().await);
    let now = open(&hub);
    assert_eq!((ids(&now), now.ended, now.truncated), (vec![elsewhere.id, first.id], 1, false));
    assert!(now.last_end.is_some());
}

#[test]
fn a_silent_call_reaches_its_own_subscriber_and_nobody_else() {
    let hub = Hub::new();
    let mut changes = hub.changes();
    let (to_office, mut office) = queue(8);
    let _office = hub.subscribe_everywhere(None, subscription("all", None), to_office);
    let (to_canary, mut canary) = queue(8);
    let _canary = hub.subscribe(&Line::canary(), subscription("canary", None), to_canary);
    let silent = Alert { line: Line::canary(), drill: true, ..call("canary", 0) };
    assert!(hub.apply(Arrival::direct(Event::Alert(silent.clone())).taken_here()));
    assert!(canary.queued().is_some());
    assert_eq!(office.queued(), None);
    assert!(changes.try_recv().is_err(), "nothing may react to it");
    assert_eq!(hub.named(silent.id), []);
    assert!(hub.young(Duration::from_secs(60)).is_empty() && hub.unended(Duration::ZERO).is_empty());
    assert!(hub.ended_since(0).is_empty() && hub.unended_keys(Duration::from_secs(120)).is_empty());
    assert_eq!(hub.open_calls(0, clock::now()), OpenCalls::default());
    let (to_later, _) = queue(8);
    let mut later = hub.subscribe_everywhere(None, subscription("all", None), to_later);
    assert!(later.snapshot.next().is_some_and(|frame| !frame.is_empty()), "the end of an empty snapshot");
    assert!(later.snapshot.next().is_none(), "it has no call");
    hub.forget_canaries(silent.at + 1);
    assert_eq!(hub.incidents(&Line::canary()), []);
}

#[test]
fn a_drill_of_one_house_by_itself_reaches_that_house_and_nothing_reacts_to_it() {
    let hub = Hub::new();
    let mut changes = hub.changes();
    let (to_own, mut own) = queue(8);
    let _own = hub.subscribe(&line(), subscription_of("1203"), to_own);
    let (to_neighbour, mut neighbour) = queue(8);
    let _neighbour = hub.subscribe(&line(), subscription_of("1204"), to_neighbour);
    let (to_office, mut office) = queue(8);
    let _office = hub.subscribe_everywhere(None, subscription("all", None), to_office);
    let drill = Alert { drill: true, alone: true, ..call("1203", 0) };
    hub.apply(Arrival::direct(Event::Alert(drill.clone())).taken_here());
    hub.apply(Arrival::direct(ended(&drill)).taken_here());
    assert!(own.queued().is_some() && own.queued().is_some(), "the call and its end");
    assert_eq!((neighbour.queued(), office.queued()), (None, None));
    assert!(changes.try_recv().is_err());
    assert!(hub.ended_since(0).is_empty() && hub.young(Duration::from_secs(120)).is_empty());

    let open = Alert { id: AlertId::generate(), ..drill };
    hub.apply(Arrival::direct(Event::Alert(open)));
    assert_eq!(
        hub.newest_open_of(&line(), &house("1203")),
        None,
        "an accept without an id means another call"
    );
    let board = hub.open_calls(0, clock::now());
    assert_eq!((board.calls.len(), board.ended), (0, 0), "the office's board has neither");
    assert!(hub.unended_keys(Duration::from_secs(120)).is_empty(), "it alarms no other line");
    let frames = |name: &str| hub.subscribe(&line(), subscription_of(name), queue(8).0).snapshot.count();
    assert_eq!(
        (frames("1203"), frames("1204")),
        (2, 1),
        "the snapshot's end, and the call for its own house"
    );
}

#[test]
fn an_emergency_with_the_id_of_a_drill_is_everybodys() {
    let hub = Hub::new();
    let (to_neighbour, mut neighbour) = queue(8);
    let _neighbour = hub.subscribe(&line(), subscription_of("1204"), to_neighbour);
    let drill = Alert { drill: true, alone: true, ..call("1203", 0) };
    hub.apply(Arrival::direct(Event::Alert(drill.clone())));
    assert_eq!(neighbour.queued(), None);
    let emergency = Alert { drill: false, alone: false, house: house("1301"), ..drill.clone() };
    hub.apply(Arrival::direct(Event::Alert(emergency)));
    assert!(neighbour.queued().is_some(), "the same id of another house");
    hub.apply(Arrival::direct(Event::Alert(Alert { drill: false, alone: false, ..drill.clone() })));
    hub.apply(Arrival::direct(ended(&drill)));
    assert!(neighbour.queued().is_some(), "the drill turned out to be an emergency, and its end is known");
}
