//! Records as text, octet for octet as serde writes them. The fold compares the records of one event by it, in the
//! browser as well, where serde and the printing of floating-point numbers would be a fortieth of all that a page
//! loads.

use crate::{
    event::{Accept, Alert, Event, Location, Moved, Receipt, Status},
    json::{Object, quoted},
};

/// Returns the value of an event's record, whose locations are rounded as [`Location::new`] does.
pub(crate) fn text(event: &Event) -> String {
    let object = Object::default();
    match event {
        Event::Alert(alert) => write_alert(object, alert),
        Event::Accept(accept) => write_accept(object, accept),
        Event::Status(status) => write_status(object, status),
        Event::Moved(moved) => write_moved(object, moved),
        Event::Receipt(receipt) => write_receipt(object, receipt),
    }
    .finish()
}

fn write_alert(object: Object, alert: &Alert) -> Object {
    let mut object = object
        .text("id", &alert.id.to_string())
        .text("line", alert.line.as_str())
        .text("house", alert.house.as_str())
        .text("text", &alert.text);
    if let Some(Location { lat, lng, accuracy }) = alert.location {
        object = object.text("lat", &degrees(lat)).text("lng", &degrees(lng));
        object = with_accuracy(object, accuracy);
    }
    let object = object.text_if_any("kind", alert.kind.map(|kind| kind.as_str()));
    let object = if alert.alone { object.truth("alone", true) } else { object };
    object.integer("at", alert.at)
}

fn write_accept(object: Object, accept: &Accept) -> Object {
    object
        .text("id", &accept.id.to_string())
        .text("line", accept.line.as_str())
        .text("accept", accept.accept.as_str())
        .text_if_any("acceptLine", accept.accept_line.as_ref().map(|line| line.as_str()))
        .text("target", accept.target.as_str())
        .text_if_any("alert", accept.alert.map(|alert| alert.to_string()).as_deref())
        .integer("at", accept.at)
}

fn write_status(object: Object, status: &Status) -> Object {
    let mut object = object
        .text("id", &status.id.to_string())
        .text("line", status.line.as_str())
        .text("alert", &status.alert.to_string())
        .text_if_any("target", status.target.as_ref().map(|house| house.as_str()))
        .text("status", status.status.as_str())
        .text("by", &String::from(status.by.clone()))
        .text_if_any("byLine", status.by_line.as_ref().map(|line| line.as_str()))
        .text_if_any("note", status.note.as_deref());
    if let Some(step) = &status.escalation {
        object = object.text("round", &step.round.to_string()).integer("step", step.step.into());
        object = with_names(object, "lines", &names(&step.lines));
    }
    object.integer("at", status.at)
}

fn write_moved(object: Object, moved: &Moved) -> Object {
    let mut object = object
        .text("line", moved.line.as_str())
        .text("alert", &moved.alert.to_string())
        .text_if_any("target", moved.target.as_ref().map(|house| house.as_str()))
        .text_if_any("house", moved.house.as_ref().map(|house| house.as_str()))
        .text_if_any("houseLine", moved.house_line.as_ref().map(|line| line.as_str()));
    if let Some(Location { lat, lng, accuracy }) = moved.location {
        object = object.json("lat", &json(lat)).json("lng", &json(lng));
        object = with_accuracy(object, accuracy);
    }
    object.integer("at", moved.at)
}

fn write_receipt(object: Object, receipt: &Receipt) -> Object {
    let object = object
        .text("line", receipt.line.as_str())
        .text("alert", &receipt.alert.to_string())
        .text_if_any("target", receipt.target.as_ref().map(|house| house.as_str()));
    let object =
        with_names(object, "pushed", &names(&receipt.pushed)).json("reached", &names(&receipt.reached));
    let object = with_names(object, "sounded", &names(&receipt.sounded)).json("seen", &names(&receipt.seen));
    match receipt.after {
        Some(after) => object.integer("after", after),
        None => object,
    }
}

fn with_accuracy(object: Object, accuracy: Option<f64>) -> Object {
    match accuracy {
        Some(metres) => object.json("accuracy", &json(metres)),
        None => object,
    }
}

/// Adds a list of names unless it is empty.
fn with_names(object: Object, name: &str, names: &str) -> Object {
    if names == "[]" { object } else { object.json(name, names) }
}

fn names<'a, T: Clone + Into<String> + 'a>(all: impl IntoIterator<Item = &'a T>) -> String {
    let all: Vec<String> = all.into_iter().map(|one| quoted(&one.clone().into())).collect();
    format!("[{}]", all.join(","))
}

/// A ten millionth of a degree, of which a location has whole ones.
const PARTS: u64 = 10_000_000;

/// Returns a number with at most seven decimals as the standard library writes it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "it is small"
)]
fn degrees(number: f64) -> String {
    let parts = (number.abs() * PARTS as f64).round() as u64;
    let sign = if number < 0.0 { "-" } else { "" };
    let text = format!("{sign}{}.{:07}", parts / PARTS, parts % PARTS);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Returns such a number as serde writes it. A whole one has a point, and a tiny one an exponent.
fn json(number: f64) -> String {
    let text = degrees(number);
    match text.rsplit_once('.') {
        None => text + ".0",
        Some((whole, decimals)) if number.abs() < 1e-5 => {
            let digits = decimals.trim_start_matches('0');
            let sign = whole.trim_end_matches('0');
            let exponent = decimals.len() - digits.len() + 1;
            let mut digits = digits.chars();
            let (first, rest) = (digits.next().unwrap_or('0'), digits.as_str());
            let point = if rest.is_empty() { "" } else { "." };
            format!("{sign}{first}{point}{rest}e-{exponent}")
        }
        Some(_) => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{
        event::{Actor, AlertId, Escalation, EventId, Kind, Progress},
        people::{Flats, House, Line, Neighbour},
        record::write,
    };

    fn line() -> Line {
        Line::new("101-1 \"가\"").expect("a valid line")
    }

    fn house() -> House {
        House::new("1203").expect("a valid house")
    }

    fn flats(number: usize) -> Flats {
        let other = Neighbour { line: Line::new("101-2").ok(), house: house() };
        [Neighbour::from(house()), other].into_iter().take(number).collect()
    }

    /// Locations everywhere, at the equator, and where a number is so small that it is written with an exponent.
    fn location() -> impl Strategy<Value = Option<Location>> {
        let degrees = || {
            let parts = prop_oneof![-900_000_000..900_000_000_i32, -200..200_i32];
            prop_oneof![parts.prop_map(|parts| f64::from(parts) / 1e7), (-90..=90_i32).prop_map(f64::from)]
        };
        let metres =
            prop_oneof![0.0..20_037_508.0, (0..1_000_i32).prop_map(|parts| f64::from(parts) / 100.0)];
        (degrees(), degrees(), prop::option::of(metres))
            .prop_map(|(lat, lng, metres)| Location::new(lat, lng, metres))
    }

    fn events(location: Option<Location>, text: &str, kind: Kind, number: usize, at: i64) -> [Event; 5] {
        let (alert, id) = (AlertId(Uuid::from_u128(7)), EventId(Uuid::from_u128(8)));
        let is_full = number > 0;
        let (kind, other) = (is_full.then_some(kind), Line::new("101-2").ok().filter(|_| is_full));
        let (target, note) = (is_full.then(house), is_full.then(|| text.to_owned()));
        let lines = other.iter().take(number.saturating_sub(1)).cloned().collect();
        let escalation = is_full.then_some(Escalation { round: alert.0, step: 2, lines });
        let text = text.to_owned();
        let call = Alert {
            text,
            location,
            kind,
            drill: is_full,
            alone: is_full,
            ..Alert::new(alert, line(), house(), at)
        };
        let (accept_line, by_line, house_line) = (other.clone(), other.clone(), other);
        let accept = Accept {
            id,
            line: line(),
            accept: house(),
            accept_line,
            target: house(),
            alert: kind.map(|_| alert),
            at,
        };
        let (status, by) =
            (Progress::ALL[number], if is_full { Actor::Service } else { Actor::House(house()) });
        let status = Status {
            id,
            line: line(),
            alert,
            target: target.clone(),
            status,
            by,
            by_line,
            note,
            escalation,
            at,
        };
        let moved = Moved {
            line: line(),
            alert,
            target: target.clone(),
            house: target.clone(),
            house_line,
            location,
            at,
        };
        let (pushed, reached, sounded, seen) = (flats(number), flats(2), flats(number), flats(number));
        let after = is_full.then_some(at);
        let receipt = Receipt { line: line(), alert, target, pushed, reached, sounded, seen, after };
        [
            Event::Alert(call),
            Event::Accept(accept),
            Event::Status(status),
            Event::Moved(moved),
            Event::Receipt(receipt),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_record_has_the_octets_of_serde(
            location in location(),
            words in any::<String>(),
            kind in prop::sample::select(&Kind::ALL),
            number in 0..3_usize,
            at in any::<i64>(),
        ) {
            for event in events(location, &words, kind, number, at) {
                let by_serde = String::from_utf8(write(&event).1).expect("JSON is text");
                prop_assert_eq!(text(&event), by_serde);
            }
        }
    }
}
