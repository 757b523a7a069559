//! A line gets the calls that were escalated to it, each word once, until they end.

use std::{slice, time::Duration};

use domain::{
    Accept, Actor, Alert, AlertId, CallKey, Escalation, Event, EventId, House, Location, Moved, Progress,
    Role, Status, body::Body, message_id, topic,
};
use stomp::Version;

use super::*;
use crate::{
    calls::hub::{Arrival, Hub, Means, QueueReceiver, Subscribed, Viewer, Viewing, queue},
    clock,
};

fn line(name: &str) -> Line {
    Line::new(name).unwrap()
}

fn house(name: &str) -> House {
    House::new(name).unwrap()
}

/// A call of house 1203 on line 101-1.
fn call() -> Alert {
    Alert {
        id: AlertId::generate(),
        line: line("101-1"),
        house: house("1203"),
        text: String::new(),
        location: None,
        kind: None,
        drill: false,
        alone: false,
        at: clock::now(),
    }
}

fn accept(call: &Alert, by: &str) -> Event {
    Event::Accept(Accept {
        id: EventId::generate(),
        line: call.line.clone(),
        accept: house(by),
        accept_line: None,
        target: call.house.clone(),
        alert: Some(call.id),
        at: clock::now(),
    })
}

fn status(call: &Alert, status: Progress, by: Actor, escalation: Option<Escalation>) -> Event {
    Event::Status(Status {
        id: EventId::generate(),
        line: call.line.clone(),
        alert: call.id,
        target: Some(call.house.clone()),
        status,
        by,
        by_line: None,
        note: None,
        escalation,
        at: clock::now(),
    })
}

fn escalated(call: &Alert, to: &str) -> Event {
    let step = Escalation { round: call.id.0, step: 1, lines: [line(to)].into() };
    status(call, Progress::Escalated, Actor::Service, Some(step))
}

fn cancelled(call: &Alert) -> Event {
    status(call, Progress::Cancelled, Actor::House(call.house.clone()), None)
}

/// Subscribes a house to its line.
fn listen(hub: &Hub, name: &str, of: &str) -> (Subscribed, QueueReceiver) {
    let (queue, frames) = queue(64);
    let (account, role) = (format!("resident-{name}"), Role::Resident);
    let viewer = Viewer { name: account, line: Some(line(of)), house: Some(house(name)), role };
    let subscription = Subscription {
        id: "0".into(),
        version: Version::V1_2,
        acknowledges: true,
        replay_ended: false,
        house: Some(house(name)),
        viewer: Some(Arc::new(viewer)),
    };
    (hub.subscribe(&line(of), subscription, queue), frames)
}

/// Returns the destination, the type and the line of each frame.
fn read(frames: impl Iterator<Item = bytes::Bytes>) -> Vec<String> {
    let read = |octets: bytes::Bytes| {
        let mut decoder = stomp::Decoder::new(stomp::Limits::default());
        decoder.push(&octets);
        let Ok(Some(stomp::Incoming::Frame(frame))) = decoder.next() else { panic!("no frame") };
        let body = Body::parse(&frame.body).unwrap();
        let of = match &body {
            Body::Event { event, .. } => event.line().to_string(),
            _ => String::new(),
        };
        format!("{} {} {of}", frame.get("destination").unwrap(), body.type_name())
    };
    frames.map(read).collect()
}

fn queued(frames: &mut QueueReceiver) -> Vec<String> {
    read(std::iter::from_fn(|| frames.queued()))
}

fn apply(hub: &Hub, event: Event) {
    hub.apply(Arrival::direct(event));
}

#[test]
fn a_line_gets_a_call_as_a_whole_when_it_is_escalated_to_it_and_then_each_word_once() {
    let hub = Hub::new();
    let (own, mut of_own) = listen(&hub, "1204", "101-1");
    let (next, mut of_next) = listen(&hub, "0501", "101-2");
    let (_third, mut of_third) = listen(&hub, "0601", "101-3");
    assert_eq!((own.snapshot.count(), next.snapshot.count()), (1, 1), "the ends of empty snapshots");
    let (call, other) = (call(), call());
    apply(&hub, Event::Alert(call.clone()));
    assert_eq!(queued(&mut of_next), Vec::<String>::new());
    apply(&hub, escalated(&call, "101-2"));
    let whole = ["/sub/line/101-2 alert 101-1", "/sub/line/101-2 status 101-1"];
    assert_eq!(queued(&mut of_next), whole);
    apply(&hub, accept(&call, "1204"));
    apply(&hub, Event::Alert(other.clone()));
    apply(&hub, accept(&other, "1204"));
    assert_eq!(queued(&mut of_next), ["/sub/line/101-2 accept 101-1"], "the other call is the line's own");
    apply(&hub, cancelled(&call));
    assert_eq!(queued(&mut of_next), ["/sub/line/101-2 status 101-1"]);
    let own_frames = queued(&mut of_own);
    let of_call = own_frames.iter().filter(|frame| frame.starts_with("/sub/line/101-1 ")).count();
    assert_eq!((own_frames.len(), of_call), (6, 6), "the line itself gets each event once");
    assert_eq!(queued(&mut of_third), Vec::<String>::new());
}

#[test]
fn a_step_that_is_known_before_its_call_opens_it_once_the_call_is_known() {
    let hub = Hub::new();
    let (_next, mut frames) = listen(&hub, "0501", "101-2");
    let call = call();
    apply(&hub, escalated(&call, "101-2"));
    assert_eq!(queued(&mut frames), Vec::<String>::new());
    apply(&hub, Event::Alert(call));
    assert_eq!(queued(&mut frames), ["/sub/line/101-2 alert 101-1", "/sub/line/101-2 status 101-1"]);
}

#[test]
fn a_snapshot_has_the_calls_of_other_lines_that_are_open_and_were_escalated_to_it() {
    let hub = Hub::new();
    let (open, over, unescalated) = (call(), call(), call());
    for call in [&open, &over, &unescalated] {
        apply(&hub, Event::Alert(call.clone()));
    }
    apply(&hub, escalated(&open, "101-2"));
    apply(&hub, escalated(&over, "101-2"));
    apply(&hub, cancelled(&over));
    let (mut next, mut frames) = listen(&hub, "0501", "101-2");
    apply(&hub, accept(&open, "1204"));
    assert_eq!(queued(&mut frames), Vec::<String>::new(), "it comes with the snapshot");
    let snapshot = read(next.snapshot.by_ref());
    let expected = [
        "/sub/line/101-2 alert 101-1",
        "/sub/line/101-2 status 101-1",
        "/sub/line/101-2 accept 101-1",
        "/sub/line/101-2 snapshot-end ",
    ];
    assert_eq!(snapshot, expected);
    apply(&hub, cancelled(&open));
    assert_eq!(queued(&mut frames), ["/sub/line/101-2 status 101-1"]);
}

#[test]
fn a_guest_that_has_gone_gets_nothing_and_is_nobodys_guest_any_more() {
    let hub = Hub::new();
    let (next, mut frames) = listen(&hub, "0501", "101-2");
    let call = call();
    apply(&hub, Event::Alert(call.clone()));
    apply(&hub, escalated(&call, "101-2"));
    assert_eq!(queued(&mut frames).len(), 2);
    let number = next.handle.number;
    assert!(hub.room(&call.line).audience().has(number));
    drop(next);
    assert!(!hub.room(&call.line).audience().has(number));
    apply(&hub, accept(&call, "1204"));
    assert_eq!(queued(&mut frames), Vec::<String>::new());
    hub.forget(clock::now() + 1);
    assert!(hub.0.guests.hosts(&line("101-2")).is_empty(), "the call is forgotten");
}

#[test]
fn a_message_about_a_call_of_another_line_is_acknowledged_only_where_it_was_escalated() {
    let hub = Hub::new();
    let (_next, _frames) = listen(&hub, "0501", "101-2");
    let (one, other) = (call(), call());
    for call in [&one, &other] {
        apply(&hub, Event::Alert(call.clone()));
    }
    apply(&hub, escalated(&one, "101-2"));
    let of = |call: &Alert, by: &str| {
        let message_id = message_id::direct(topic::ALERT, call.id.0);
        hub.acknowledged(&line(by), &message_id).map(Arc::unwrap_or_clone)
    };
    assert_eq!((of(&one, "101-2"), of(&one, "101-1")), (Some(one.key()), Some(one.key())));
    assert_eq!((of(&other, "101-2"), of(&one, "101-3")), (None, None));
}

#[test]
fn the_age_of_a_word_is_what_it_was_when_it_came_and_more() {
    let hub = Hub::new();
    let (call, hour) = (call(), Duration::from_secs(3_600));
    hub.apply(Arrival::direct(Event::Alert(call.clone())).aged(2 * hour));
    let left = status(&call, Progress::Withdrawn, Actor::House(house("1204")), None);
    hub.apply(Arrival::direct(left.clone()).aged(hour));
    hub.apply(Arrival::direct(left.clone()));
    let since = |word| hub.since(&call.key(), word).unwrap();
    assert!(since(call.id.0) >= 2 * hour && since(call.id.0) < 3 * hour);
    let left = left.id().unwrap();
    assert!(since(left) >= hour && since(left) < 2 * hour, "the first arrival counts");
    assert_eq!(hub.since(&call.key(), EventId::generate().0), None);
    assert_eq!(hub.unended_keys(3 * hour), slice::from_ref(&call.key()));
    assert_eq!(hub.unended_keys(hour), []);
    apply(&hub, cancelled(&call));
    assert_eq!(hub.unended_keys(3 * hour), []);
}

#[test]
fn guests_are_recorded_as_viewers_of_a_location_only_if_the_call_is_for_their_line() {
    let hub = Hub::new();
    let mut viewings = hub.viewings();
    let (_own, _of_own) = listen(&hub, "1204", "101-1");
    let (_next, _of_next) = listen(&hub, "0501", "101-2");
    let (_third, _of_third) = listen(&hub, "0601", "101-3");
    let mut shown = || {
        let Viewing { means, viewers, .. } = viewings.try_recv().ok()?;
        let accounts: Vec<String> = viewers.iter().map(|viewer| viewer.name.clone()).collect();
        Some((means, accounts.join(" ")))
    };
    let located = || Alert { location: Location::new(37.5, 127.0, None), ..call() };
    let (call, other) = (located(), located());
    let alarmed = |who: &str| Some((Means::Alarm, who.to_owned()));
    apply(&hub, Event::Alert(call.clone()));
    assert_eq!(shown(), alarmed("resident-1204"));
    apply(&hub, escalated(&call, "101-2"));
    assert_eq!(shown(), alarmed("resident-0501"), "only the line that gets it now");
    apply(&hub, Event::Alert(other));
    assert_eq!(shown(), alarmed("resident-1204"), "a guest gets no call that was not escalated to its line");
    let (late, _of_late) = listen(&hub, "0502", "101-2");
    assert!(late.snapshot.count() > 1);
    assert_eq!(shown(), Some((Means::Snapshot, "resident-0502".to_owned())));
    assert_eq!(shown(), None);

    hub.forget_location(&call.key());
    let (later, _of_later) = listen(&hub, "0503", "101-2");
    assert!(later.snapshot.count() > 1, "the call stays");
    assert_eq!(shown(), None, "a location that was withdrawn is shown to no guest either");
}

#[test]
fn where_a_helper_of_another_line_is_is_shown_to_both_lines_until_it_is_forgotten() {
    let (hub, call) = (Hub::new(), call());
    let mut viewings = hub.viewings();
    let (_own, _of_own) = listen(&hub, "1204", "101-1");
    let (_next, _of_next) = listen(&hub, "0501", "101-2");
    apply(&hub, Event::Alert(call.clone()));
    apply(&hub, escalated(&call, "101-2"));
    let Event::Accept(coming) = accept(&call, "0501") else { panic!("an accept") };
    apply(&hub, Event::Accept(Accept { accept_line: Some(line("101-2")), ..coming }));
    apply(
        &hub,
        Event::Moved(Moved {
            line: call.line.clone(),
            alert: call.id,
            target: Some(call.house.clone()),
            house: Some(house("0501")),
            house_line: Some(line("101-2")),
            location: Location::new(37.5, 127.0, None),
            at: clock::now() + 1,
        }),
    );
    let helper = CallKey { line: line("101-2"), house: house("0501"), id: call.id };
    let Viewing { call: shown, viewers, .. } = viewings.try_recv().unwrap();
    let accounts: Vec<&str> = viewers.iter().map(|viewer| viewer.name.as_str()).collect();
    assert_eq!((shown, accounts), (helper.clone(), vec!["resident-1204", "resident-0501"]));

    hub.forget_location(&helper);
    let (later, _of_later) = listen(&hub, "1301", "101-1");
    assert!(later.snapshot.count() > 1, "the call stays");
    assert!(viewings.try_recv().is_err(), "a location that was withdrawn is shown to nobody");
}
