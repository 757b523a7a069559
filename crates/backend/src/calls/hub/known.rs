//! Finds out whether an event repeats a known one of the same id, as a client's retry at another node does.

use domain::{Accept, Actor, Event, LineIncidents, Status};

/// The hub's knowledge under the id of an event that is about to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Known {
    /// Nothing; this is the event.
    Nothing(Event),
    /// This event, as it was recorded, with its time of then.
    Same(Event),
    /// Another event. The id stands for another request.
    Otherwise,
    /// A call of another house. With this id the new one would take its place on every screen.
    Taken,
}

impl Known {
    /// Looks an accept or a status up in the line's incidents. Alerts have an index of their own.
    pub(super) fn of(line: &LineIncidents, event: &Event) -> Self {
        let known: Vec<Event> = match event {
            Event::Accept(accept) => {
                let by = Actor::House(accept.accept.clone());
                let known = line.statements_by(accept.id, &by, accept.accept_line.as_ref());
                known.filter(|known| matches!(known, Event::Accept(_))).collect()
            }
            // Each call and each word has a route of its own, and with it keys of its own.
            Event::Status(status) => line
                .statements_by(status.id, &status.by, status.by_line.as_ref())
                .filter(|known| matches!(known, Event::Status(known) if is_one_request(known, status)))
                .collect(),
            Event::Alert(_) | Event::Moved(_) | Event::Receipt(_) => Vec::new(),
        };
        let same = known.iter().find(|known| is_same(known, event));
        match same {
            Some(same) => Self::Same(same.clone()),
            None if known.is_empty() => Self::Nothing(event.clone()),
            None => Self::Otherwise,
        }
    }
}

/// Returns whether the two events are equal when their times are left out.
fn is_same(known: &Event, event: &Event) -> bool {
    match (known, event) {
        (Event::Accept(known), Event::Accept(new)) => Accept { at: new.at, ..known.clone() } == *new,
        (Event::Status(known), Event::Status(new)) => {
            let (target, by_line) = (new.target.clone(), new.by_line.clone());
            is_one_request(known, new) && Status { at: new.at, target, by_line, ..known.clone() } == *new
        }
        _ => false,
    }
}

/// Returns whether the same word about the same call was asked for. A node that did not know the call could not name its
/// house.
fn is_one_request(known: &Status, new: &Status) -> bool {
    let is_one_call = match (&known.target, &new.target) {
        (Some(known), Some(new)) => known == new,
        _ => true,
    };
    is_one_call && (known.alert, known.status) == (new.alert, new.status)
}
