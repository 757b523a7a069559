//! The subscribers that get a call, a silent call and a drill of one house.

use std::time::Duration;

use super::*;

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
