//! Calls, answers and ends for the tests of several modules.

use domain::{
    Accept, Actor, Alert, AlertId, Event, EventId, House, Incident, Line, LineIncidents, Location, Millis,
    Progress, Receipt, Resident, Role, Source, Status,
};

pub(crate) const AT: Millis = 1_700_000_000_000;

pub(crate) fn line() -> Line {
    named_line("101-1")
}

pub(crate) fn named_line(name: &str) -> Line {
    name.parse().expect("a line's name")
}

pub(crate) fn house(name: &str) -> House {
    name.parse().expect("a house's name")
}

pub(crate) fn resident(name: &str) -> Resident {
    Resident {
        name: format!("resident-{name}"),
        line: Some(line()),
        house: Some(house(name)),
        role: Role::Resident,
    }
}

pub(crate) fn administrator() -> Resident {
    Resident { name: "admin".into(), line: None, house: None, role: Role::Administrator }
}

/// The `number`th call, of house 1203 on line 101-1.
pub(crate) fn call(number: u128) -> Alert {
    Alert {
        location: Location::new(37.5, 127.0, Some(12.0)),
        ..Alert::new(AlertId(uuid::Uuid::from_u128(number)), line(), house("1203"), AT)
    }
}

pub(crate) fn accept(call: &Alert, by: &str) -> Event {
    Event::Accept(Accept {
        id: EventId::generate(),
        line: call.line.clone(),
        accept: house(by),
        accept_line: None,
        target: call.house.clone(),
        alert: Some(call.id),
        at: call.at + 5_000,
    })
}

pub(crate) fn status(call: &Alert, status: Progress, by: &str) -> Event {
    Event::Status(Status {
        id: EventId::generate(),
        line: call.line.clone(),
        alert: call.id,
        target: Some(call.house.clone()),
        status,
        by: Actor::House(house(by)),
        by_line: None,
        note: None,
        escalation: None,
        at: call.at + 9_000,
    })
}

pub(crate) fn reached(call: &Alert, houses: &[&str]) -> Event {
    receipt(call, houses, &[], &[])
}

/// The houses whose devices took the call, sounded it, and showed it to somebody.
pub(crate) fn receipt(call: &Alert, reached: &[&str], sounded: &[&str], seen: &[&str]) -> Event {
    let houses = |names: &[&str]| names.iter().map(|name| house(name).into()).collect();
    Event::Receipt(Receipt {
        line: call.line.clone(),
        alert: call.id,
        target: Some(call.house.clone()),
        pushed: [].into(),
        reached: houses(reached),
        sounded: houses(sounded),
        seen: houses(seen),
        after: None,
    })
}

/// The incident that a call and what followed add up to.
pub(crate) fn incident(call: &Alert, then: impl IntoIterator<Item = Event>) -> Incident {
    let mut incidents = LineIncidents::new(call.line.clone(), 1);
    for event in std::iter::once(Event::Alert(call.clone())).chain(then) {
        incidents.apply(event, Source::Server { first: None });
    }
    incidents.named(call.id).pop().expect("the call was applied")
}
