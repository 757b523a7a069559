//! The events of before the start, which are applied many at once.

use domain::{Escalation, Incident, Position, message_id, topic};

use super::*;

fn elsewhere() -> Line {
    Line::new("101-2").unwrap()
}

fn at(offset: i64) -> Position {
    Position { timestamp: clock::now(), partition: 0, offset }
}

fn escalated(call: &Alert) -> Event {
    let step = Escalation { round: call.id.0, step: 1, lines: [elsewhere()].into() };
    Event::Status(Status {
        id: EventId::generate(),
        line: call.line.clone(),
        alert: call.id,
        target: Some(call.house.clone()),
        status: Progress::Escalated,
        by: Actor::Service,
        by_line: None,
        note: None,
        escalation: Some(step),
        at: clock::now(),
    })
}

/// Two calls of two lines, of which one is over, in the order of a log.
fn past() -> (Alert, Alert, Vec<Event>) {
    let (over, open) = (call("1203", 0), Alert { line: elsewhere(), ..call("0501", 1) });
    let events = vec![Event::Alert(over.clone()), Event::Alert(open.clone()), ended(&over)];
    (over, open, events)
}

fn arrivals(events: &[Event]) -> Vec<Arrival> {
    let replayed = |(event, offset): (&Event, i64)| Arrival::replayed(event.clone(), Some(at(offset)));
    events.iter().zip(0..).map(replayed).collect()
}

/// Returns the header `replay`, the destination and the type of each frame.
fn queued(frames: &mut QueueReceiver) -> Vec<String> {
    let read = |octets: bytes::Bytes| {
        let mut decoder = stomp::Decoder::new(stomp::Limits::default());
        decoder.push(&octets);
        let Ok(Some(stomp::Incoming::Frame(frame))) = decoder.next() else { panic!("no frame") };
        let (replay, destination) =
            (frame.get("replay").unwrap_or("live"), frame.get("destination").unwrap());
        format!("{replay} {destination} {}", Body::parse(&frame.body).unwrap().type_name())
    };
    iter::from_fn(|| frames.queued()).map(read).collect()
}

#[test]
fn a_replay_leaves_the_calls_that_its_events_leave_one_by_one() {
    let (over, open, events) = past();
    let (replayed, applied) = (Hub::new(), Hub::new());
    replayed.replay(arrivals(&events));
    for arrival in arrivals(&events) {
        applied.apply(arrival);
    }
    let calls = |hub: &Hub| -> Vec<Incident> { [hub.named(over.id), hub.named(open.id)].concat() };
    assert_eq!(calls(&replayed), calls(&applied));
    assert_eq!(calls(&replayed).iter().map(|call| call.end.is_some()).collect::<Vec<_>>(), [true, false]);
    let board = replayed.open_calls(0, clock::now());
    assert_eq!((board.calls.len(), board.ended), (1, 1));
    let logged = at(0).message_id(topic::ALERT);
    assert_eq!(replayed.acknowledged(&line(), &logged).as_deref(), Some(&over.key()));
    assert_eq!(replayed.acknowledged(&line(), &message_id::direct(topic::ALERT, open.id.0)), None);
}

#[tokio::test]
async fn nothing_reacts_to_each_event_of_a_replay_but_who_looks_at_all_calls_is_woken() {
    let hub = Hub::new();
    let (mut changes, mut wakes) = (hub.changes(), hub.wakes());
    hub.replay(arrivals(&past().2));
    assert!(changes.try_recv().is_err());
    assert!(wakes.next().await);
}

#[test]
fn those_who_listen_already_get_a_replay_as_if_by_a_snapshot() {
    let (hub, events) = (Hub::new(), past().2);
    let (to_neighbour, mut neighbour) = queue(8);
    let listening = hub.subscribe(&line(), subscription_of("1204"), to_neighbour);
    assert_eq!(listening.snapshot.count(), 1, "the end of an empty snapshot");
    hub.replay(arrivals(&events));
    assert_eq!(queued(&mut neighbour), ["true /sub/line/101-1 alert", "true /sub/line/101-1 status"]);
}

#[test]
fn an_open_call_of_a_replay_that_was_escalated_comes_to_the_guests_who_listen() {
    let (hub, called, over) = (Hub::new(), call("1203", 0), call("1203", 1));
    let (to_guest, mut guest) = queue(8);
    let listening = hub.subscribe(&elsewhere(), subscription_of("0501"), to_guest);
    assert_eq!(listening.snapshot.count(), 1, "the end of an empty snapshot");
    let first = [Event::Alert(over.clone()), escalated(&over), ended(&over), Event::Alert(called.clone())];
    hub.replay(arrivals(&first));
    assert_eq!(queued(&mut guest), [""; 0], "one is over, and the other one is not escalated yet");
    hub.replay(arrivals(&[escalated(&called)]));
    assert_eq!(queued(&mut guest), ["true /sub/line/101-2 alert", "true /sub/line/101-2 status"]);
    hub.replay(arrivals(&[ended(&called)]));
    assert_eq!(queued(&mut guest), ["true /sub/line/101-2 status"]);
}
