//! One call from the press to its row in the statistics, in the types of `domain`, for the examples of the document.

use std::collections::BTreeSet;

use domain::{
    Accept, Actor, Alert, AlertId, Escalation, Event, EventId, Flats, House, Kind, Line, LineIncidents,
    Location, Millis, Moved, Neighbour, Position, Progress, Receipt, Source, Status, body::Body,
    dead_letter::Letter, escalation::Ring, message_id, record, statistics::Row, topic,
};
use uuid::Uuid;

/// When the call was received.
const BEGAN: Millis = 1_795_900_000_000;
/// The milliseconds from then until a frame was sent.
pub(super) const AGE: Millis = 42;

/// Every kind of event, and a status of each progress.
pub(super) fn events() -> Vec<Event> {
    let mut events = vec![
        Event::Alert(alert()),
        Event::Alert(drill()),
        Event::Alert(silent()),
        Event::Accept(accept()),
        Event::Moved(moved()),
        Event::Receipt(receipt()),
    ];
    events.extend(Progress::ALL.map(status).map(Event::Status));
    events
}

/// The bodies of one type, as frames have them.
pub(super) fn bodies(type_name: &str) -> Vec<Body> {
    let is_meant = |body: &Body| body.type_name() == type_name;
    all_bodies().into_iter().filter(is_meant).collect()
}

fn all_bodies() -> Vec<Body> {
    let body = |event| match event {
        Event::Alert(alert) if alert.line.is_canary() => None,
        Event::Receipt(receipt) => {
            // Listeners do not get this part.
            Some(Body::Event { event: Event::Receipt(Receipt { after: None, ..receipt }), first: None })
        }
        Event::Accept(_) => Some(Body::Event { event, first: Some(true) }),
        _ => Some(Body::Event { event, first: None }),
    };
    let mut bodies: Vec<Body> = events().into_iter().filter_map(body).collect();
    let Accept { line, accept, target, id, .. } = accept();
    bodies.push(Body::First { line, alert: alert().id, target: Some(target), accept, id });
    bodies.push(Body::SnapshotEnd { line: Some(line_of_call()), truncated: false });
    bodies.push(Body::SnapshotEnd { line: None, truncated: true });
    bodies
}

/// The `message-id` of a body's frame.
pub(super) fn message_id_of(body: &Body) -> String {
    match body {
        Body::Event { event, .. } if event.id().is_some() => position().message_id(event.topic()),
        Body::Event { event, .. } => message_id::direct(event.topic(), id(30)),
        Body::First { .. } | Body::SnapshotEnd { .. } => message_id::direct(body.type_name(), id(31)),
    }
}

/// The row of the call in the statistics.
pub(super) fn row() -> Row {
    let alert = alert();
    let mut fold = LineIncidents::new(alert.line.clone(), 1);
    let statuses = [Progress::Escalated, Progress::Arrived, Progress::Resolved].map(status);
    let events = [Event::Alert(alert.clone()), Event::Accept(accept()), Event::Receipt(receipt())];
    for event in events.into_iter().chain(statuses.map(Event::Status)) {
        fold.apply(event, Source::Direct);
    }
    let incident = fold.incidents().pop().expect("an alert makes an incident");
    Row::of(&incident, &fold.history(&alert), Some(BEGAN + 180))
}

/// A record without what it needs, as it is kept.
pub(super) fn letter() -> Letter {
    let (value, position) = (r#"{"line":"101-1"}"#, position());
    let reason = record::read(topic::ALERT, value.as_bytes(), position).err();
    Letter {
        place: position.message_id(topic::ALERT),
        topic: topic::ALERT.into(),
        partition: position.partition,
        offset: position.offset,
        timestamp: position.timestamp,
        reason: reason.map(|reason| reason.to_string()).unwrap_or_default(),
        value: Some(value.into()),
        truncated: false,
    }
}

/// The line of the call.
pub(super) fn line_of_call() -> Line {
    line("101-1")
}

/// The house of the call.
pub(super) fn house_of_call() -> House {
    house("1203")
}

/// The call.
pub(super) fn call() -> AlertId {
    AlertId(id(1))
}

/// The key of the request that reports a location.
pub(super) fn key() -> Uuid {
    id(5)
}

/// The place of the call's record.
pub(super) fn position() -> Position {
    Position { timestamp: BEGAN, partition: 0, offset: 7 }
}

fn alert() -> Alert {
    Alert {
        id: call(),
        line: line_of_call(),
        house: house_of_call(),
        text: "부엌에 불이 났어요".into(),
        location: Location::new(37.5665, 126.978, Some(12.5)),
        kind: Some(Kind::Fire),
        drill: false,
        alone: false,
        at: BEGAN,
    }
}

fn drill() -> Alert {
    Alert { id: AlertId(id(2)), drill: true, alone: true, text: "훈련이에요".into(), ..alert() }
}

fn silent() -> Alert {
    let (id, line, house, text) = (AlertId(id(3)), Line::canary(), house("canary"), String::new());
    Alert { id, line, house, text, location: None, kind: None, drill: true, ..alert() }
}

fn accept() -> Accept {
    Accept {
        id: EventId(id(4)),
        line: line_of_call(),
        accept: house("0501"),
        accept_line: Some(line("101-2")),
        target: house_of_call(),
        alert: Some(call()),
        at: BEGAN + 31_000,
    }
}

fn status(status: Progress) -> Status {
    let helper = Actor::House(house("0501"));
    let (number, passed, by, by_line, note) = match status {
        Progress::Withdrawn => (10, 40_000, helper, Some(line("101-2")), None),
        Progress::Arrived => (11, 90_000, helper, Some(line("101-2")), None),
        Progress::Cancelled => (12, 100_000, Actor::House(house_of_call()), None, Some("괜찮아요")),
        Progress::Resolved => (13, 600_000, Actor::Administrator, None, Some("불을 껐어요")),
        Progress::Escalated => (14, 30_000, Actor::Service, None, None),
        Progress::Expired => (15, 86_400_000, Actor::Service, None, None),
    };
    let lines = BTreeSet::from([line("101-2")]);
    let escalation = Escalation { round: call().0, step: Ring::Neighbours.number(), lines };
    Status {
        id: EventId(id(number)),
        line: line_of_call(),
        alert: call(),
        target: Some(house_of_call()),
        status,
        by,
        by_line,
        note: note.map(Into::into),
        escalation: (status == Progress::Escalated).then_some(escalation),
        at: BEGAN + passed,
    }
}

fn moved() -> Moved {
    Moved {
        line: line_of_call(),
        alert: call(),
        target: Some(house_of_call()),
        house: Some(house("0501")),
        house_line: Some(line("101-2")),
        location: Location::new(37.5666, 126.9781, Some(8.0)),
        at: BEGAN + 20_000,
    }
}

fn receipt() -> Receipt {
    let neighbour = Neighbour::from(house("1204"));
    let guest = Neighbour { line: Some(line("101-2")), house: house("0501") };
    Receipt {
        line: line_of_call(),
        alert: call(),
        target: Some(house_of_call()),
        pushed: Flats::from([Neighbour::from(house("1301"))]),
        reached: Flats::from([neighbour.clone(), guest]),
        sounded: Flats::from([neighbour.clone()]),
        seen: Flats::from([neighbour]),
        after: Some(180),
    }
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_f8a0_0000_7000_8000_0000_0000_0000 + number)
}

fn line(name: &str) -> Line {
    Line::new(name).expect("digits and a dash name a line")
}

fn house(name: &str) -> House {
    House::new(name).expect("digits and letters name a house")
}
