//! The open call that stands for a repeated one, because somebody heard it.

use std::time::Duration;

use domain::{Kind, Receipt};

use super::*;

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
