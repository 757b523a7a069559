//! The times that steps of calls took. The instants are of several nodes' clocks, so a difference may be negative.

use super::{
    figures::Distributions,
    percentiles::{CLASS_BOUNDS, distribution},
    row::Row,
};
use crate::event::{Millis, Progress};

/// The times of the steps of some calls, in milliseconds.
#[derive(Default)]
pub(super) struct Times {
    pub(super) reached: Vec<Millis>,
    pub(super) first_accept: Vec<Millis>,
    pub(super) arrived: Vec<Millis>,
    pub(super) resolved: Vec<Millis>,
    /// The number of these that were negative. They are 0 instead.
    pub(super) clamped: u64,
}

impl Times {
    /// Adds the times of one more call.
    pub(super) fn add(&mut self, row: &Row) {
        let Self { reached, first_accept, arrived, resolved, clamped } = self;
        let accepted = row.first_accept.filter(|_| row.came > 0);
        let ended = row.ended.filter(|ended| ended.how == Progress::Resolved);
        let steps = [
            (reached, row.first_reached),
            (first_accept, accepted),
            (arrived, row.first_arrived),
            (resolved, ended.map(|ended| ended.at)),
        ];
        for (durations, at) in steps {
            let Some(at) = at else { continue };
            let duration = at.saturating_sub(row.begun);
            *clamped += u64::from(duration < 0);
            durations.push(duration.max(0));
        }
    }

    pub(super) fn distributions(&self) -> Distributions {
        Distributions {
            bounds_ms: CLASS_BOUNDS,
            to_reached: distribution(&self.reached),
            to_first_accept: distribution(&self.first_accept),
            to_arrived: distribution(&self.arrived),
            to_resolved: distribution(&self.resolved),
        }
    }
}
