//! Lookups and subscriptions while frames are pushed. Neither waits for a socket.

use std::{iter, sync::mpsc, thread, time::Duration};

use domain::Accept;

use super::*;

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
        assert_eq!(asking.acknowledged(&line(), &message_id).as_deref(), Some(&called.key()));
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

/// Returns how many frames wait.
fn waiting(frames: &mut QueueReceiver) -> usize {
    iter::from_fn(|| frames.queued()).count()
}

#[test]
fn those_who_come_and_go_while_frames_are_written_get_each_event_once_and_wait_for_nothing() {
    let (hub, (release, released)) = (Hub::new(), mpsc::channel());
    let (to_slow, _slow) = queue_before(Slow::until(released), 1);
    let _slow_listening = hub.subscribe(&line(), subscription_of("1204"), to_slow);
    let ((to_leaving, mut of_leaving), (to_staying, mut of_staying)) = (queue(8), queue(8));
    let leaving = hub.subscribe(&line(), subscription_of("1301"), to_leaving);
    let _staying = hub.subscribe(&line(), subscription_of("1302"), to_staying);
    let (called, (to_late, mut of_late)) = (call("1203", 0), queue(8));
    let (writing, alert) = (hub.clone(), Event::Alert(called.clone()));
    let applying = thread::spawn(move || apply(&writing, alert));
    while hub.named(called.id).is_empty() {
        thread::yield_now();
    }
    let ((sender, changed), changing) = (mpsc::channel(), hub.clone());
    let changing = thread::spawn(move || {
        drop(leaving);
        let late = changing.subscribe(&line(), subscription_of("1303"), to_late);
        sender.send(()).unwrap();
        late
    });
    let is_changed = changed.recv_timeout(Duration::from_secs(30)).is_ok();
    drop(release);
    applying.join().unwrap();
    let Subscribed { handle: _late, snapshot } = changing.join().unwrap();
    assert!(is_changed, "neither waits for the writing");
    assert_eq!(hub.subscribers(), 3);
    assert_eq!(waiting(&mut of_leaving), 1, "it listened when the event came");
    assert_eq!(waiting(&mut of_staying), 1);
    assert_eq!(waiting(&mut of_late), 0, "its snapshot has the call");
    assert_eq!(listed(snapshot).0["1203"], [called.id]);
    apply(&hub, ended(&called));
    assert_eq!(waiting(&mut of_leaving), 0);
    assert_eq!((waiting(&mut of_staying), waiting(&mut of_late)), (1, 1));
}
