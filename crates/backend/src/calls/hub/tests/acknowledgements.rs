//! The calls that clients acknowledge by the ids of messages.

use std::{sync::mpsc, thread, time::Duration};

use domain::{Escalation, Position, message_id, topic};

use super::*;

fn at(offset: i64) -> Position {
    Position { timestamp: 0, partition: 0, offset }
}

#[test]
fn an_alert_is_acknowledged_by_its_place_in_the_log_until_it_is_forgotten() {
    let (hub, called) = (Hub::new(), call("1203", 0));
    let subscribed = hub.subscribe(&line(), subscription_of("1204"), queue(8).0);
    hub.apply(Arrival::logged(Event::Alert(called.clone()), at(7)));
    hub.apply(Arrival::logged(ended(&called), at(8)));
    let of = |message_id: &str| {
        let found = hub.acknowledged(&line(), message_id);
        assert_eq!(subscribed.handle.acknowledged(&line(), message_id), found, "{message_id}");
        found.map(Arc::unwrap_or_clone)
    };
    let logged = at(7).message_id(topic::ALERT);
    assert_eq!(of(&logged), Some(called.key()));
    assert_eq!(of(&message_id::direct(topic::ALERT, called.id.0)), Some(called.key()));
    for other in [at(8).message_id(topic::STATUS), at(8).message_id(topic::ALERT), "an-alert".into()] {
        assert_eq!(of(&other), None, "{other}");
    }
    let first = hub.acknowledged(&line(), &logged).unwrap();
    hub.apply(Arrival::logged(Event::Alert(called), at(7)));
    assert!(
        Arc::ptr_eq(&first, &hub.acknowledged(&line(), &logged).unwrap()),
        "a repeated record is no other"
    );
    hub.forget(clock::now() + 1);
    assert_eq!(of(&logged), None);
}

#[test]
fn an_acknowledgement_does_not_wait_for_a_fold() {
    let (hub, called) = (Hub::new(), call("1203", 0));
    let subscribed = hub.subscribe(&line(), subscription_of("1204"), queue(8).0);
    hub.apply(Arrival::logged(Event::Alert(called.clone()), at(7)));
    let room = hub.room(&line());
    // An event that is applied holds this lock.
    let folding = room.calls();
    let (sender, done) = mpsc::channel();
    let asked = thread::spawn(move || {
        let logged = at(7).message_id(topic::ALERT);
        sender.send(subscribed.handle.acknowledged(&line(), &logged)).unwrap();
        // The end of the subscription needs no fold either.
        drop(subscribed);
    });
    let found = done.recv_timeout(Duration::from_secs(30));
    drop(folding);
    asked.join().unwrap();
    assert_eq!(found.expect("it does not wait").as_deref(), Some(&called.key()));
}

#[test]
fn a_subscription_acknowledges_calls_of_other_lines_that_were_escalated_to_its_own() {
    let (hub, called) = (Hub::new(), call("1203", 0));
    let (own, third) = (Line::new("101-2").unwrap(), Line::new("101-3").unwrap());
    let subscribed = [&own, &third].map(|line| hub.subscribe(line, subscription_of("0501"), queue(8).0));
    let everywhere = hub.subscribe_everywhere(Some(&own), subscription_of("0501"), queue(8).0);
    hub.apply(Arrival::logged(Event::Alert(called.clone()), at(7)));
    let logged = at(7).message_id(topic::ALERT);
    assert_eq!(subscribed[0].handle.acknowledged(&own, &logged), None, "it is another line's");
    let step = Escalation { round: called.id.0, step: 1, lines: [own.clone()].into() };
    let Event::Status(status) = ended(&called) else { panic!("a status") };
    let escalated =
        Status { status: Progress::Escalated, by: Actor::Service, escalation: Some(step), ..status };
    apply(&hub, Event::Status(escalated));
    let of = |handle: &SubscriptionHandle, line| handle.acknowledged(line, &logged).map(Arc::unwrap_or_clone);
    assert_eq!(of(&subscribed[0].handle, &own), Some(called.key()));
    assert_eq!(of(&everywhere.handle, &own), Some(called.key()));
    assert_eq!(of(&subscribed[1].handle, &third), None);
}
