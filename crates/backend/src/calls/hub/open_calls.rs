//! The open calls of the whole complex, for the office's board. A line's lock is held for one call at a time, so that a
//! board delays no alarm.

use std::{cmp::Reverse, time::Duration};

use domain::{Incident, Millis};

use super::{Hub, changes::Wakes};

/// An open call.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenCall {
    /// The call and all that came of it.
    pub incident: Incident,
    /// The time since it was received, by the monotonic clock.
    pub age: Duration,
}

/// The open calls of every line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenCalls {
    /// The newest first.
    pub calls: Vec<OpenCall>,
    /// A line has more open calls than a snapshot holds.
    pub truncated: bool,
    /// The number of calls that ended since the time that was asked for, drills included.
    pub ended: usize,
    /// When the last of them did.
    pub last_end: Option<Millis>,
}

impl Hub {
    /// Returns the open calls of every line, and how many have ended since `since`.
    #[must_use]
    pub fn open_calls(&self, since: Millis, now: Millis) -> OpenCalls {
        let mut all = OpenCalls::default();
        for room in self.rooms() {
            let ((ids, truncated), (ended, last_end)) = {
                let calls = room.calls();
                (calls.list_open(now), calls.ended(since, now))
            };
            all.truncated |= truncated;
            all.ended += ended;
            all.last_end = all.last_end.max(last_end);
            for id in ids {
                let calls = room.calls();
                let named = calls.incidents.named(id).into_iter();
                let named = named.filter(|call| call.is_open(now) && !call.alert.alone);
                all.calls.extend(named.map(|incident| {
                    let age = calls.age(id, &incident.alert.house).unwrap_or_default();
                    OpenCall { incident, age }
                }));
            }
        }
        all.calls.sort_by_key(|call| Reverse((call.incident.alert.at, call.incident.alert.id)));
        all
    }

    /// Wakes a listener that looks at [`Hub::open_calls`] whenever anything has changed.
    #[must_use]
    pub fn wakes(&self) -> Wakes {
        self.0.changes.wakes()
    }
}
