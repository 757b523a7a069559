//! The whole backend on its own log. A press becomes durable, folded and pushed, and is known after a restart.

use std::time::Duration;

use backend::{
    calls::hub::{QueueReceiver, Subscription, queue},
    delivery::{
        log::{Log, Outgoing},
        outbox::{Outbox, Purpose},
    },
};
use domain::{
    Actor, Alert, AlertId, End, Event, EventId, House, Line, Millis, Progress, Resident, Role, Status,
    api::{AcceptRequest, CallRequest, State},
    body::Body,
    event::OPEN_FOR,
    record,
};
use tokio::time::timeout;

use crate::support::backend;

fn line() -> Line {
    Line::new("101-1").expect("a valid line")
}

fn resident(house: &str) -> Resident {
    Resident {
        name: format!("resident-{house}"),
        line: Some(line()),
        house: House::new(house).ok(),
        role: Role::Resident,
    }
}

fn request(house: &str) -> CallRequest {
    let house = House::new(house).expect("a valid house");
    let text = Some("도와주세요".into());
    let (lat, lng, accuracy) = (None, None, None);
    CallRequest { line: line(), house, text, lat, lng, accuracy, kind: None, drill: false, alone: false }
}

fn bodies(frames: &[u8]) -> Body {
    let mut decoder = stomp::Decoder::new(stomp::Limits::default());
    decoder.push(frames);
    match decoder.next() {
        Ok(Some(stomp::Incoming::Frame(frame))) => Body::parse(&frame.body).expect("a body"),
        other => panic!("no frame but {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_is_recorded_pushed_and_still_known_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = backend(directory.path()).await;

    let subscription = Subscription {
        id: "calls".into(),
        version: stomp::Version::V1_2,
        acknowledges: true,
        replay_ended: false,
        house: None,
        viewer: None,
    };
    let (sender, mut receiver) = queue(16);
    let subscribed = node.hub.subscribe(&line(), subscription.clone(), sender);
    let snapshot: Vec<_> = subscribed.snapshot.map(|frame| bodies(&frame)).collect();
    assert_eq!(snapshot, [Body::SnapshotEnd { line: Some(line()), truncated: false }]);

    let recorded = node.calls.press(&resident("1203"), request("1203"), None).await.expect("it is taken");
    assert_eq!(recorded.state, State::Published);
    let frame = timeout(Duration::from_secs(5), receiver.next()).await.expect("in time").expect("a frame");
    let Body::Event { event: domain::Event::Alert(alert), .. } = bodies(&frame) else { panic!("no alert") };
    assert_eq!(alert.id.0, recorded.id);

    let accept = AcceptRequest {
        line: line(),
        accept_house: House::new("1204").expect("a valid house"),
        target_house: House::new("1203").expect("a valid house"),
        alert: None,
    };
    node.calls.accept(&resident("1204"), accept, None).await.expect("it is taken");
    let frame = timeout(Duration::from_secs(5), receiver.next()).await.expect("in time").expect("a frame");
    let Body::Event { event: domain::Event::Accept(accept), first } = bodies(&frame) else {
        panic!("no accept")
    };
    assert_eq!((accept.alert, first), (Some(alert.id), Some(true)));
    drop(subscribed.handle);
    node.stop().await;
    drop(node);

    let node = backend(directory.path()).await;
    let incidents = node.hub.incidents(&line());
    assert_eq!(incidents.len(), 1);
    assert_eq!(incidents[0].alert, alert);
    assert_eq!(incidents[0].first, Some(accept.id));
    node.stop().await;
}

fn subscription(id: &str) -> Subscription {
    let version = stomp::Version::V1_2;
    Subscription {
        id: id.into(),
        version,
        acknowledges: false,
        replay_ended: false,
        house: None,
        viewer: None,
    }
}

async fn next(receiver: &mut QueueReceiver) -> Body {
    bodies(&timeout(Duration::from_secs(5), receiver.next()).await.expect("in time").expect("a frame"))
}

fn kinds(bodies: &[Body]) -> Vec<&str> {
    bodies.iter().map(Body::type_name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_a_call_that_a_snapshot_has_yet_to_send_come_with_it_and_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = backend(directory.path()).await;
    let (early, mut received) = queue(16);
    let _early = node.hub.subscribe(&line(), subscription("early"), early);
    let pressed = node.calls.press(&resident("1203"), request("1203"), None).await.expect("it is taken");
    assert_eq!(kinds(&[next(&mut received).await]), ["alert"]);
    let (late, mut live) = queue(16);
    let mut subscribed = node.hub.subscribe(&line(), subscription("late"), late);
    let accept = AcceptRequest {
        line: line(),
        accept_house: House::new("1204").expect("a valid house"),
        target_house: House::new("1203").expect("a valid house"),
        alert: Some(AlertId(pressed.id)),
    };
    node.calls.accept(&resident("1204"), accept, None).await.expect("it is taken");
    assert_eq!(kinds(&[next(&mut received).await]), ["accept"]);
    let snapshot: Vec<_> = subscribed.snapshot.by_ref().map(|frame| bodies(&frame)).collect();
    assert_eq!(kinds(&snapshot), ["alert", "accept", "snapshot-end"]);
    assert_eq!(live.queued(), None);
    node.calls.press(&resident("1301"), request("1301"), None).await.expect("it is taken");
    assert_eq!(kinds(&[next(&mut live).await]), ["alert"]);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_appears_later_is_part_of_a_subscription_to_every_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = backend(directory.path()).await;
    let (sender, mut receiver) = queue(16);
    let subscribed = node.hub.subscribe_everywhere(None, subscription("all"), sender);
    let snapshot: Vec<_> = subscribed.snapshot.map(|frame| bodies(&frame)).collect();
    assert_eq!(snapshot, [Body::SnapshotEnd { line: None, truncated: false }]);
    node.calls.press(&resident("1203"), request("1203"), None).await.expect("it is taken");
    assert_eq!(kinds(&[next(&mut receiver).await]), ["alert"]);
    assert_eq!(node.hub.subscribers(), 1);
    drop(subscribed.handle);
    assert_eq!(node.hub.subscribers(), 0);
    let (sender, mut other) = queue(16);
    let _other = node.hub.subscribe(&line(), subscription("line"), sender);
    node.calls.press(&resident("1204"), request("1204"), None).await.expect("it is taken");
    assert_eq!(kinds(&[next(&mut other).await]), ["alert"]);
    assert_eq!(receiver.queued(), None);
    node.stop().await;
}

/// An alert of this house that was received `ago` milliseconds ago.
fn alert(house: &str, ago: Millis) -> Alert {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Alert::new(
        AlertId::generate(),
        line(),
        House::new(house).expect("a valid house"),
        Millis::try_from(now.as_millis()).expect("before the year 292 million") - ago,
    )
}

async fn write(log: &Log, event: Event) {
    let (topic, value) = record::write(&event);
    let timestamp = event.at().expect("a time");
    let outgoing =
        Outgoing { timestamp, id: event.id(), ..Outgoing::new(topic, event.line().as_str(), &value) };
    log.append(outgoing).await.expect("it is appended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_nobody_has_ended_within_a_day_expires_and_no_other_does() {
    const HOUR: Millis = 60 * 60 * 1000;
    let directory = tempfile::tempdir().expect("a directory");
    let (left, cancelled, fresh) =
        (alert("1203", 25 * HOUR), alert("1204", 25 * HOUR), alert("1301", 23 * HOUR));
    let outbox = Outbox::open(directory.path(), Purpose::Log, |_| {}).await.expect("it opens");
    let log = Log::Local(outbox.clone());
    for alert in [&left, &cancelled, &fresh] {
        write(&log, Event::Alert(alert.clone())).await;
    }
    let by = Actor::House(cancelled.house.clone());
    let (status, at) = (Progress::Cancelled, cancelled.at + HOUR);
    let (id, alert, target) = (EventId::generate(), cancelled.id, Some(cancelled.house.clone()));
    let (by_line, note, escalation) = (None, None, None);
    let cancel = Status { id, line: line(), alert, target, status, by, by_line, note, escalation, at };
    write(&log, Event::Status(cancel)).await;
    outbox.close().await;

    for start in ["the first", "another"] {
        let node = backend(directory.path()).await;
        let end_of = |alert: &Alert| node.hub.named(alert.id)[0].end.clone();
        timeout(Duration::from_secs(30), async {
            while end_of(&left).is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .expect("it expires");
        let expired = End { how: Progress::Expired, by: Actor::Service, at: left.at + OPEN_FOR, note: None };
        assert_eq!(end_of(&left), Some(expired), "after {start} start");
        assert_eq!(end_of(&cancelled).map(|end| end.how), Some(Progress::Cancelled));
        assert_eq!(end_of(&fresh), None);
        node.stop().await;
    }
}
