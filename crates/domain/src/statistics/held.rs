//! The events from which rows are derived, as statistics store them, each once, without coordinates and free text.

use std::collections::BTreeMap;

use super::row::Row;
use crate::{
    event::{AlertId, Event, Millis, Receipt},
    fold::{LineIncidents, Source, wins},
    formats::body::{Body, Unreadable},
    incident::Incident,
    people::{Flats, House, Line, Neighbour},
    position::Position,
};

/// An event that statistics hold until the row of its call is settled, and the smallest position of its records.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    event: Event,
    position: Position,
}

impl Held {
    /// Returns the stored part of an event that was read at `position`. `None` if statistics need nothing of it,
    /// because it is a location, or a receipt of the caller's own flat alone.
    #[must_use]
    pub fn new(event: Event, position: Position) -> Option<Self> {
        let event = without_places(event)?;
        Some(Self { event, position })
    }

    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Returns the smallest position of the event's records.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Returns the text by which it is stored once ([`Event::fold_key`]).
    #[must_use]
    pub fn key(&self) -> String {
        self.event.fold_key()
    }

    /// Adds another record of the same event. Neither order nor repetition matters.
    pub fn merge(&mut self, other: Self) {
        self.position = self.position.min(other.position);
        match other.event {
            Event::Receipt(other) => {
                if let Event::Receipt(known) = &mut self.event {
                    known.reached.extend(other.reached);
                    known.sounded.extend(other.sounded);
                    known.seen.extend(other.seen);
                    known.after = known.after.into_iter().chain(other.after).min();
                }
            }
            event => {
                if wins(&event, &self.event) {
                    self.event = event;
                }
            }
        }
    }

    /// Returns the event as JSON, as it is stored. A record's value would not do, because a record without an id gets
    /// its id from its original bytes.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        Body::Event { event: self.event.clone(), first: None }.to_json()
    }

    /// Reads what [`Held::to_json`] wrote.
    ///
    /// # Errors
    /// [`Unreadable`] if it is not an event that statistics hold.
    pub fn from_json(json: &[u8], position: Position) -> Result<Self, Unreadable> {
        match Body::parse(json)? {
            Body::Event { event, .. } => {
                Self::new(event, position).ok_or_else(|| Unreadable::Type("location".to_owned()))
            }
            other => Err(Unreadable::Type(other.type_name().to_owned())),
        }
    }
}

/// Returns the event without coordinates, text and note. `None` if nothing is left that statistics need. A drill of one
/// house alone is no call of the line.
#[must_use]
pub fn without_places(event: Event) -> Option<Event> {
    match event {
        Event::Alert(alert) if alert.alone => None,
        Event::Alert(mut alert) => {
            alert.text.clear();
            alert.location = None;
            Some(Event::Alert(alert))
        }
        Event::Accept(accept) => Some(Event::Accept(accept)),
        Event::Status(mut status) => {
            status.note = None;
            Some(Event::Status(status))
        }
        Event::Moved(_) => None,
        Event::Receipt(receipt) => without_caller(receipt).map(Event::Receipt),
    }
}

/// Returns the flats that a call has reached besides the caller's. The caller's own device takes the call first, so
/// it must not make the time to the first flat.
fn without_caller(receipt: Receipt) -> Option<Receipt> {
    let Receipt { line, alert, target, reached, sounded, seen, after, .. } = receipt;
    let caller = target.clone().map(Neighbour::from);
    let is_another = |flat: &Neighbour| Some(flat) != caller.as_ref();
    let of_line = |flat: &Neighbour| flat.seen_from(&line);
    let others = |flats: &Flats| -> Flats { flats.iter().map(of_line).filter(is_another).collect() };
    let (sounded, seen) = (others(&sounded), others(&seen));
    // A call can only sound and be looked at on a device that took it.
    let reached: Flats = others(&reached).iter().chain(&sounded).chain(&seen).cloned().collect();
    // Statistics count what devices report, and a push service's word is none of theirs.
    let receipt = Receipt { line, alert, target, pushed: Flats::new(), reached, sounded, seen, after };
    (!receipt.reached.is_empty()).then_some(receipt)
}

/// When the receipts of a call name a flat first. A receipt without `after` is of a former version, and has the time of
/// its record.
#[derive(Clone, Copy, Default)]
struct FirstReached {
    after: Option<Millis>,
    written: Option<Millis>,
}

impl FirstReached {
    fn add(&mut self, after: Option<Millis>, position: Position) {
        let written = position.time().filter(|_| after.is_none());
        self.after = self.after.into_iter().chain(after).min();
        self.written = self.written.into_iter().chain(written).min();
    }

    fn time(&self, begun: Millis) -> Option<Millis> {
        let after = self.after.map(|after| begun.saturating_add(after));
        after.into_iter().chain(self.written).min()
    }
}

/// Returns the rows of a line's calls, the oldest first. `held` may be in any order and repeat itself; the same set
/// gives the same rows. Events of other lines change nothing.
#[must_use]
pub fn rows(line: &Line, held: impl IntoIterator<Item = Held>) -> Vec<Row> {
    // Partitions only rank accepts, and a row has times instead of ranks.
    let mut fold = LineIncidents::new(line.clone(), 1);
    let mut receipts: BTreeMap<(AlertId, Option<House>), FirstReached> = BTreeMap::new();
    for Held { event, position } in held {
        if event.line() != line {
            continue;
        }
        if let Event::Receipt(receipt) = &event {
            let first = receipts.entry((receipt.alert, receipt.target.clone())).or_default();
            first.add(receipt.after, position);
        }
        fold.apply(event, Source::Log(position));
    }
    let first_reached = |incident: &Incident| -> Option<Millis> {
        let (id, house) = (incident.alert.id, incident.alert.house.clone());
        let named = receipts.get(&(id, Some(house))).into_iter().chain(receipts.get(&(id, None)));
        named.filter_map(|first| first.time(incident.alert.at)).min()
    };
    let incidents = fold.incidents();
    let row =
        |incident: &Incident| Row::of(incident, &fold.history(&incident.alert), first_reached(incident));
    incidents.iter().map(row).collect()
}
