//! A run in which all is well, and its parts.

use std::time::Duration;

use domain::{Accept, Alert, AlertId, Event, EventId, House, Line, api::State, body::Body};
use uuid::Uuid;

use crate::checker::{Command, CommandKind, History, Listener, Outcome, Received, Subscription};

pub(super) fn line() -> Line {
    Line::new("101-1").unwrap()
}

pub(super) fn house(name: &str) -> House {
    House::new(name).unwrap()
}

pub(super) fn second(number: u64) -> Duration {
    Duration::from_secs(number)
}

pub(super) fn alert(id: Uuid) -> Body {
    let alert = Alert { text: "help".into(), ..Alert::new(AlertId(id), line(), house("1203"), 1_000) };
    Body::Event { event: Event::Alert(alert), first: None }
}

pub(super) fn accept(id: Uuid, alert: Uuid, by: &str, first: Option<bool>) -> Body {
    let accept = Accept {
        id: EventId(id),
        line: line(),
        accept: house(by),
        accept_line: None,
        target: house("1203"),
        alert: Some(AlertId(alert)),
        at: 2_000,
    };
    Body::Event { event: Event::Accept(accept), first }
}

fn end() -> Body {
    Body::SnapshotEnd { line: Some(line()), truncated: false }
}

pub(super) fn received(at: u64, message_id: &str, body: Body) -> Received {
    let replay = matches!(body, Body::SnapshotEnd { .. });
    Received { at: second(at), message_id: message_id.into(), replay, body }
}

fn listener(name: &str, subscriptions: Vec<Vec<Received>>) -> Listener {
    let subscriptions = subscriptions.into_iter();
    let subscriptions =
        subscriptions.map(|received| Subscription { began: Duration::ZERO, ended: None, received }).collect();
    Listener { name: name.into(), line: line(), subscriptions }
}

pub(super) fn command(id: Uuid, what: CommandKind, alert: Uuid) -> Command {
    let outcome = Outcome::Acknowledged { at: second(2), state: State::Stored };
    let house = house("1203");
    Command { id, what, line: line(), house, alert: AlertId(alert), began: second(1), tries: 1, outcome }
}

/// A call that one neighbour accepts. Everybody received both, and the rebuilt server knows them from the log.
pub(super) struct Run {
    pub(super) call: Uuid,
    pub(super) answer: Uuid,
    pub(super) history: History,
}

pub(super) fn run() -> Run {
    let (call, answer) = (Uuid::now_v7(), Uuid::now_v7());
    let live = |name| {
        let announced = vec![
            received(0, "snapshot-end-direct-1", end()),
            received(3, "an-alert-0-0", alert(call)),
            received(4, "an-accept-direct-1", accept(answer, call, "1204", None)),
            received(5, "first-direct-1", first(answer, call)),
        ];
        listener(name, vec![announced])
    };
    let snapshot = vec![
        received(9, "an-alert-0-0", alert(call)),
        received(9, "an-accept-0-0", accept(answer, call, "1204", Some(true))),
        received(9, "snapshot-end-direct-2", end()),
    ];
    let history = History {
        commands: vec![command(call, CommandKind::Press, call), command(answer, CommandKind::Accept, call)],
        listeners: vec![live("one"), live("two")],
        rebuilt: vec![listener("new", vec![snapshot])],
        ..History::default()
    };
    Run { call, answer, history }
}

fn first(accept: Uuid, alert: Uuid) -> Body {
    let (alert, target, accept) = (AlertId(alert), Some(house("1203")), EventId(accept));
    Body::First { line: line(), alert, target, accept: house("1204"), id: accept }
}
