//! Arbitrary histories of one line, with every way in which each event may become known.

use std::collections::BTreeMap;

use domain::{
    Accept, Actor, Alert, AlertId, Escalation, Event, EventId, Flats, House, Kind, Line, LineIncidents,
    Location, Millis, Moved, Neighbour, Position, Progress, Receipt, Source, Status, record, topic,
};
use proptest::{collection::vec, option, prelude::*, sample::Index};
use uuid::Uuid;

/// 2026-01-01T00:00:00Z. Everything happens within a few milliseconds after it, so that times often tie.
pub(crate) const MORNING: Millis = 1_767_225_600_000;

/// One event as it came to be known once.
pub(crate) type Sighting = (Event, Source);

pub(crate) fn line() -> Line {
    Line::new("101-1").expect("a valid line")
}

pub(crate) fn house(number: usize) -> House {
    House::new(["1203", "1204", "1301", "1402"][number % 4]).expect("a valid house")
}

pub(crate) fn alert_id(number: usize) -> AlertId {
    AlertId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number as u128))
}

pub(crate) fn event_id(number: usize) -> EventId {
    EventId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0001_0000_0000 + number as u128))
}

/// A fold that has taken in everything, one after the other.
pub(crate) fn fold(sightings: &[Sighting], partitions: i32) -> LineIncidents {
    let mut fold = LineIncidents::new(line(), partitions);
    for (event, seen) in sightings {
        fold.apply(event.clone(), *seen);
    }
    fold
}

/// Several records of one event may differ, as when one key was used for two bodies on two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conflicts {
    Included,
    LeftOut,
}

/// Everything that happened, each event by one to three sightings, in no order.
pub(crate) fn history(conflicts: Conflicts) -> impl Strategy<Value = Vec<Sighting>> {
    vec(happening(), 1..32).prop_map(move |happenings| {
        let mut bodies = BTreeMap::new();
        let sightings =
            happenings.into_iter().enumerate().flat_map(|(number, happening)| happening.sightings(number));
        let agrees = |(event, _): &Sighting| {
            let body = bodies.entry(identity(event)).or_insert_with(|| event.clone());
            conflicts == Conflicts::Included || body == event
        };
        sightings.filter(agrees).collect()
    })
}

/// A history twice, in two orders, each with some sightings repeated.
pub(crate) fn two_deliveries(conflicts: Conflicts) -> impl Strategy<Value = (Vec<Sighting>, Vec<Sighting>)> {
    history(conflicts).prop_flat_map(|history| (delivery(history.clone()), delivery(history)))
}

/// A history in some order, with some sightings repeated.
pub(crate) fn delivery(history: Vec<Sighting>) -> impl Strategy<Value = Vec<Sighting>> {
    vec(any::<Index>(), 0..6)
        .prop_map(move |repeats| {
            let mut all = history.clone();
            if !history.is_empty() {
                all.extend(repeats.iter().map(|repeat| repeat.get(&history).clone()));
            }
            all
        })
        .prop_shuffle()
}

/// Returns the identity of an event, which is its id, its actor, its kind, and the call.
pub(crate) fn identity(event: &Event) -> String {
    match event {
        Event::Alert(alert) => format!("alert {} {}", alert.id, alert.house),
        Event::Accept(accept) => {
            let own = accept.accept_line.clone().filter(|own| *own != accept.line);
            format!("accept {} {own:?} {} {:?} {}", accept.id, accept.accept, accept.alert, accept.target)
        }
        Event::Status(status) => {
            let own = status.by_line.clone().filter(|own| *own != status.line);
            let (by, call) = ((&status.by, own), (status.alert, &status.target));
            format!("{:?} {} {by:?} {call:?}", status.status, status.id)
        }
        Event::Moved(moved) => format!("moved {moved:?}"),
        Event::Receipt(receipt) => format!("receipt {receipt:?}"),
    }
}

#[derive(Clone, Debug)]
enum Happening {
    /// A record of this service, as an event and the places where it was seen; `None` is a hand-over.
    Ours(Event, Vec<Option<Position>>),
    /// A record of the original service, with its topic and place.
    Original(&'static str, String, Position),
}

impl Happening {
    /// `number` makes offsets unique, as they are in a partition.
    fn sightings(self, number: usize) -> Vec<Sighting> {
        let unique =
            |position: Position| Position { offset: position.offset * 100 + number as i64, ..position };
        match self {
            Self::Ours(event, places) => {
                let seen = |place: Option<Position>| {
                    place.map_or(Source::Direct, |place| Source::Log(unique(place)))
                };
                places.into_iter().map(|place| (event.clone(), seen(place))).collect()
            }
            Self::Original(topic, value, place) => {
                let place = unique(place);
                let event =
                    record::read(topic, value.as_bytes(), place).expect("the original service's record");
                vec![(event, Source::Log(place))]
            }
        }
    }
}

fn happening() -> impl Strategy<Value = Happening> {
    let ours = prop_oneof![
        4 => alert().prop_map(Event::Alert),
        4 => accept().prop_map(Event::Accept),
        4 => status().prop_map(Event::Status),
        2 => moved().prop_map(Event::Moved),
        1 => receipt().prop_map(Event::Receipt),
    ];
    prop_oneof![
        5 => (ours, vec(option::of(position()), 1..4)).prop_map(|(event, places)| Happening::Ours(event, places)),
        1 => (0..3_usize, position()).prop_map(|(caller, place)| {
            let value = format!(
                r#"{{"line":"101-1","house":"{}","text":"도와주세요","lat":"37.5665","lng":null}}"#,
                house(caller)
            );
            Happening::Original(topic::ALERT, value, place)
        }),
        2 => (0..4_usize, 0..3_usize, position()).prop_map(|(comes, caller, place)| {
            let value =
                format!(r#"{{"line":"101-1","accept":"{}","target":"{}"}}"#, house(comes), house(caller));
            Happening::Original(topic::ACCEPT, value, place)
        }),
    ]
}

pub(crate) fn position() -> impl Strategy<Value = Position> {
    (time(), 0..3_i32, 0..20_i64).prop_map(|(timestamp, partition, offset)| Position {
        timestamp,
        partition,
        offset,
    })
}

fn time() -> impl Strategy<Value = Millis> {
    (0..30_i64).prop_map(|passed| MORNING + passed)
}

pub(crate) fn location() -> impl Strategy<Value = Location> {
    (-90.0..=90.0_f64, -180.0..=180.0_f64, option::of(0.0..1e6_f64))
        .prop_map(|(lat, lng, accuracy)| Location::new(lat, lng, accuracy).expect("in range"))
}

pub(crate) fn alert() -> impl Strategy<Value = Alert> {
    let kind = proptest::sample::select(&Kind::ALL);
    let extras = (option::of(location()), option::of(kind), prop::bool::weighted(0.1), "\\PC{0,8}");
    (0..4_usize, 0..3_usize, time(), extras).prop_map(|(id, caller, at, (location, kind, drill, text))| {
        let alone = drill && text.is_empty();
        Alert { id: alert_id(id), line: line(), house: house(caller), text, location, kind, drill, alone, at }
    })
}

pub(crate) fn accept() -> impl Strategy<Value = Accept> {
    (0..8_usize, 0..4_usize, 0..3_usize, 0..4_usize, line_of_actor(), time()).prop_map(
        |(id, comes, caller, alert, accept_line, at)| Accept {
            id: event_id(id),
            line: line(),
            accept: house(comes),
            accept_line,
            target: house(caller),
            alert: Some(alert_id(alert)),
            at,
        },
    )
}

pub(crate) fn status() -> impl Strategy<Value = Status> {
    let progress = prop_oneof![
        6 => Just(Progress::Withdrawn),
        2 => Just(Progress::Arrived),
        1 => Just(Progress::Cancelled),
        1 => Just(Progress::Resolved),
        2 => Just(Progress::Escalated),
        1 => Just(Progress::Expired),
    ];
    let by = prop_oneof![
        6 => (0..4_usize).prop_map(|number| Actor::House(house(number))),
        1 => Just(Actor::Administrator),
        2 => Just(Actor::Service),
    ];
    let call = (0..4_usize, option::weighted(0.2, (0..3_usize).prop_map(house)));
    let of_step = (line_of_actor(), option::weighted(0.8, escalation()));
    (0..8_usize, call, progress, (by, of_step), option::of("\\PC{0,8}"), time()).prop_map(
        |(id, (alert, target), status, (by, (by_line, step)), note, at)| Status {
            id: event_id(id),
            line: line(),
            alert: alert_id(alert),
            target,
            status,
            by,
            by_line,
            note,
            escalation: step.filter(|_| status == Progress::Escalated),
            at,
        },
    )
}

/// A step of an escalation of one of the calls or answers.
fn escalation() -> impl Strategy<Value = Escalation> {
    let round = prop_oneof![
        (0..4_usize).prop_map(|number| alert_id(number).0),
        (0..8_usize).prop_map(|number| event_id(number).0)
    ];
    let line = proptest::sample::select(&["101-1", "101-2", "101-3", "102-1"]);
    let line = line.prop_map(|name| Line::new(name).expect("a valid line"));
    (round, 0..5_u8, prop::collection::btree_set(line, 0..3)).prop_map(|(round, step, lines)| Escalation {
        round,
        step,
        lines,
    })
}

/// The line of the actor, which is not named, the call's own, or another.
fn line_of_actor() -> impl Strategy<Value = Option<Line>> {
    let named = prop_oneof![6 => Just(None), 1 => Just(Some("101-1")), 1 => Just(Some("101-2"))];
    named.prop_map(|name| name.map(|name| Line::new(name).expect("a valid line")))
}

pub(crate) fn moved() -> impl Strategy<Value = Moved> {
    let target = option::of((0..3_usize).prop_map(house));
    let speaker = (option::weighted(0.3, (0..4_usize).prop_map(house)), line_of_actor());
    let place = (location(), prop::bool::weighted(0.2));
    (0..4_usize, target, speaker, place, time()).prop_map(
        |(alert, target, (house, house_line), (location, stops), at)| Moved {
            line: line(),
            alert: alert_id(alert),
            target,
            // Only a flat that names itself can stop showing where it is.
            location: Some(location).filter(|_| !stops || house.is_none()),
            house,
            house_line,
            at,
        },
    )
}

fn neighbour() -> impl Strategy<Value = Neighbour> {
    let flat = (line_of_actor(), (0..4_usize).prop_map(house));
    flat.prop_map(|(line, house)| Neighbour { line, house })
}

pub(crate) fn receipt() -> impl Strategy<Value = Receipt> {
    let flats = || vec(neighbour(), 0..4).prop_map(Flats::from_iter);
    let target = option::of((0..3_usize).prop_map(house));
    let sets = (flats(), flats(), flats(), flats());
    (0..4_usize, target, sets).prop_map(|(alert, target, (pushed, reached, sounded, seen))| Receipt {
        line: line(),
        alert: alert_id(alert),
        target,
        pushed,
        reached,
        sounded,
        seen,
        after: None,
    })
}
