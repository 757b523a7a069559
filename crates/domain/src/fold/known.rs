//! The stored form of a call and of an answer, and which of several records of one event counts.

use crate::{
    collections::{BTreeMap, SmallMap, SmallSet},
    event::{Alert, AlertId, Event, EventId, Millis, Moved},
    fold::statement::Statement,
    formats::record,
    people::{House, Neighbour},
    position::Position,
};

/// A call's id and its house. An id alone would let one house speak for another.
pub(super) type CallKey = (AlertId, House);

/// A call as a record names it. Records of former versions name no house.
pub(super) type NamedCall = (AlertId, Option<House>);

/// A flat that reports its location to another house's call. It is the call's id and house, and the flat.
pub(super) type Helper = (AlertId, House, Neighbour);

/// The calls of a line by their ids. Each id has one house, unless several houses used the same.
pub(super) type Calls = BTreeMap<AlertId, SmallMap<House, Call>>;

/// Returns whether there is a call that a record with this name may be about.
pub(super) fn is_known(calls: &Calls, (id, house): &NamedCall) -> bool {
    let houses = calls.get(id);
    houses.is_some_and(|houses| house.as_ref().is_none_or(|house| houses.contains_key(house)))
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) alert: Alert,
    /// The smallest place of the alert's records.
    pub(super) position: Option<Position>,
    /// Which accept listeners take for the first.
    pub(super) announced_first: Option<EventId>,
}

#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) statement: Statement,
    /// Every place of its record. The number of partitions decides which of them ranks first.
    pub(super) positions: SmallSet<Position>,
    /// The call for which it was announced. An answer that arrives before its call waits.
    pub(super) announced: Option<AlertId>,
    /// Records of it differ, so a listener may have one that does not count.
    pub(super) is_disputed: bool,
}

impl Call {
    pub(super) fn new(alert: Alert) -> Self {
        Self { alert, position: None, announced_first: None }
    }

    /// The time of the call for accepts that name no call, which is the record's timestamp. `None` while the log does
    /// not have it, and for a drill. The original service knows of neither, so none of its accepts means it.
    pub(super) fn began(&self) -> Option<Millis> {
        self.position.filter(|_| !self.alert.drill).map(|position| position.timestamp)
    }
}

impl Answer {
    pub(super) fn new(statement: Statement) -> Self {
        Self { statement, positions: SmallSet::new(), announced: None, is_disputed: false }
    }

    /// The time of the accept, by the same clock as [`Call::began`].
    pub(super) fn accepted(&self) -> Millis {
        self.positions.first().map_or(self.statement.at(), |position| position.timestamp)
    }
}

/// Returns whether a record counts in place of another one of the same event. An emergency wins over a drill, because
/// no record may turn a call for help into an exercise. Otherwise the smallest (`at`, bytes) wins. The bytes are those
/// that `record` writes, because a record of the log and one that was handed over past it share them.
pub(crate) fn wins(candidate: &Event, known: &Event) -> bool {
    let order = |event: &Event| (is_drill(event), event.at());
    let by_time = order(candidate).cmp(&order(known));
    // A text is long, and times differ nearly always.
    let by_text = || record::text(candidate).cmp(&record::text(known));
    candidate != known && by_time.then_with(by_text).is_lt()
}

/// Returns whether a location counts in place of a known one of the same flat. The latest does, so here it is the known
/// one that must win otherwise.
pub(super) fn is_later(new: &Moved, known: &Moved) -> bool {
    let at_once = || wins(&Event::Moved(known.clone()), &Event::Moved(new.clone()));
    known.at < new.at || (known.at == new.at && at_once())
}

fn is_drill(event: &Event) -> bool {
    matches!(event, Event::Alert(alert) if alert.drill)
}
