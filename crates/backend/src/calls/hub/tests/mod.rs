//! The hub as a whole. Here are the calls, the subscriptions and the readers of frames that its tests share.

mod acknowledgements;
mod board;
mod concurrency;
mod order;
mod recipients;
mod replay;
mod snapshots;
mod standing;

use std::collections::BTreeMap;

use domain::{Actor, Alert, AlertId, Event, EventId, House, Line, Millis, Progress, Status, body::Body};
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
