//! An event on its way into the fold, and how it came here.

use std::time::Duration;

use domain::{Event, Position, Source, event::LATE_AFTER};

use crate::{clock, traces::Trace};

/// An event on its way into the fold.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(super) event: Event,
    pub(super) source: Source,
    /// The time since the event was received, as far as this node can know it without another's clock.
    pub(super) age: Duration,
    /// It is shown, and does not sound.
    pub(super) late: bool,
    /// True during a rebuild. Present listeners then receive it as if by a snapshot.
    pub(super) replay: bool,
    /// True if this node received it from the client or the service.
    pub(super) taken_here: bool,
    /// The trace that its delivery is a part of.
    pub(super) trace: Option<Trace>,
}

impl Arrival {
    /// Makes the arrival of an event that the log holds at `position`.
    pub(crate) fn logged(event: Event, position: Position) -> Self {
        Self { source: Source::Log(position), ..Self::direct(event) }
    }

    /// Makes the arrival of an event that was delivered without the log.
    pub(crate) fn direct(event: Event) -> Self {
        let (age, late, replay, taken_here) = (Duration::ZERO, false, false, false);
        Self { event, source: Source::Direct, age, late, replay, taken_here, trace: None }
    }

    /// Makes the arrival of an event of before the start, which the log holds at `position` if it is read from there.
    pub(crate) fn replayed(event: Event, position: Option<Position>) -> Self {
        let arrival = match position {
            Some(position) => Self::logged(event, position),
            None => Self::direct(event),
        };
        // Only the wall clock reaches back to before the start.
        let age = arrival.event.at().map_or(Duration::ZERO, clock::since);
        Self { replay: true, ..arrival }.aged(age)
    }

    /// Sets how long ago the event was received.
    pub(crate) fn aged(self, age: Duration) -> Self {
        let late_after = Duration::from_millis(u64::try_from(LATE_AFTER).unwrap_or_default());
        Self { age, late: self.late || age > late_after, ..self }
    }

    /// Marks it late if `quiet`, whatever its age is.
    pub(crate) fn quiet(self, quiet: bool) -> Self {
        Self { late: self.late || quiet, ..self }
    }

    /// Marks it as taken by this node.
    pub(crate) fn taken_here(self) -> Self {
        Self { taken_here: true, ..self }
    }

    /// Sets the trace of the event, as its record or its entry names it.
    pub(crate) fn traced(self, traceparent: Option<&str>) -> Self {
        Self { trace: Trace::read(traceparent), ..self }
    }
}
