//! Whether an event repeats what is known under its id, as a client's retry at another node does.

use wire::{Accept, Actor, Alert, Event, LineIncidents, Status};

/// What is known of an event that is about to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    /// Nothing under its id; here it is.
    Nothing(Event),
    /// The same, as it was recorded: with the time of then.
    Same(Event),
    /// Something else: its id stands for another request.
    Otherwise,
}

impl Told {
    pub(super) fn of(known: &LineIncidents, event: &Event) -> Self {
        let told: Vec<Event> = match event {
            Event::Alert(alert) => {
                let named = known.named(alert.id).into_iter().map(|incident| incident.alert);
                named.filter(|told| told.house == alert.house).map(Event::Alert).collect()
            }
            Event::Accept(accept) => {
                let by = Actor::House(accept.accept.clone());
                let said = known.said(accept.id, &by);
                said.filter(|told| matches!(told, Event::Accept(_))).collect()
            }
            // Each call and each word has a route of its own, and with it keys of its own.
            Event::Status(status) => known
                .said(status.id, &status.by)
                .filter(|told| {
                    matches!(told, Event::Status(told) if (told.alert, told.status) == (status.alert, status.status))
                })
                .collect(),
            Event::Moved(_) | Event::Receipt(_) => Vec::new(),
        };
        let same = told.iter().find(|told| says_the_same(told, event));
        match same {
            Some(same) => Self::Same(same.clone()),
            None if told.is_empty() => Self::Nothing(event.clone()),
            None => Self::Otherwise,
        }
    }
}

/// Whether two events differ in nothing but their time.
fn says_the_same(told: &Event, event: &Event) -> bool {
    match (told, event) {
        (Event::Alert(told), Event::Alert(new)) => Alert { at: new.at, ..told.clone() } == *new,
        (Event::Accept(told), Event::Accept(new)) => Accept { at: new.at, ..told.clone() } == *new,
        (Event::Status(told), Event::Status(new)) => Status { at: new.at, ..told.clone() } == *new,
        _ => false,
    }
}
