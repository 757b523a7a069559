//! The rules for which calls a device sounds, as pure functions.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CallKey, House, Incident, Line, Millis, Resident, Stance, event::LATE_AFTER};

use crate::feed::Feed;

/// The time for which a call sounds, in milliseconds. An older one would come as late.
pub const SOUNDED_FOR: Millis = LATE_AFTER;

/// Returns the calls that ask `viewer` for help at the page's monotonic time `moment`, of those that did not come
/// late; `None` in the middle of a snapshot, when a call may be known whose accept is not yet. The server's time `now`
/// decides only about a call whose age is not known.
#[must_use]
pub fn asking(feed: &Feed, viewer: &Resident, now: Millis, moment: Millis) -> Option<Vec<Incident>> {
    feed.is_complete().then(|| {
        let mut open = feed.open_by_age(now, moment);
        open.retain(|incident| {
            let age = feed.age(&incident.alert, moment);
            calls_for_help(incident, viewer, now, age) && !feed.is_late(incident)
        });
        open
    })
}

/// Returns whether a call asks `viewer` for help now. Such a call is open, nobody is coming, it is younger than
/// [`SOUNDED_FOR`], and it is not the viewer's own house that calls, unless it is a drill of that house alone. `age` is how
/// long ago the server received it, in milliseconds; without it the time `now` decides.
#[must_use]
pub fn calls_for_help(incident: &Incident, viewer: &Resident, now: Millis, age: Option<Millis>) -> bool {
    let alert = &incident.alert;
    let own = viewer.flat().is_some_and(|(line, house)| *line == alert.line && *house == alert.house);
    // The clock that stamped the call may have been set since, or be another machine's.
    let now = age.map_or(now, |age| alert.at.saturating_add(age));
    let young = now.saturating_sub(alert.at) < SOUNDED_FOR;
    incident.is_open(now) && incident.coming().next().is_none() && young && (!own || alert.alone)
}

/// The calls that a device has sounded, by name, and when each began to sound, by the device's clock. Kept by the
/// device, for all its tabs.
pub type Sounded = BTreeMap<String, Millis>;

/// Returns the name of a call in [`Sounded`]. It has line and house, so that no house can silence another's call by its
/// id. A call that its last helper has left has another name than before, so that it sounds again.
#[must_use]
pub fn name(incident: &Incident) -> String {
    let alert = &incident.alert;
    let call = format!("{}/{}/{}", alert.line, alert.house, alert.id);
    let left = incident.responses.iter().filter(|response| response.stance == Stance::Withdrawn);
    match left.map(|response| response.at).max() {
        Some(left) => format!("{call}/{left}"),
        None => call,
    }
}

/// Forgets what is too old to be sounded again at `now`, by the device's clock. A call that still asks for help stays
/// known however that clock was set meanwhile, or it would begin anew every second.
pub fn forget_old(sounded: &mut Sounded, asking: &[Incident], now: Millis) {
    let asking: BTreeSet<String> = asking.iter().map(name).collect();
    sounded.retain(|name, at| {
        asking.contains(name) || now.saturating_sub(*at).saturating_abs() < 2 * SOUNDED_FOR
    });
}

/// The alarm of one tab, which is the calls that it is sounding.
///
/// A call that has begun to sound goes on until a neighbour accepts it, it ends, it is silenced, or it is
/// [`SOUNDED_FOR`] old, because a neighbour in the shower notices it when the water stops.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sounding {
    /// In the order in which they began; each with the name it is remembered by.
    calls: Vec<(CallKey, String)>,
}

impl Sounding {
    /// Returns what sounds now, after `asking` (the calls that ask this viewer for help and did not come late, as the feed
    /// shows them now) changed or a second passed. Returns the calls that begin now; they are in `sounded` then, with
    /// the device's time `now`.
    ///
    /// `ready` is true if this tab may and can sound. While it cannot, nothing begins and nothing is remembered, so a
    /// call that still asks for help when the tab is armed sounds then.
    pub fn update(
        &mut self,
        asking: &[Incident],
        ready: bool,
        sounded: &mut Sounded,
        now: Millis,
    ) -> Vec<CallKey> {
        let names: BTreeSet<String> = asking.iter().map(name).collect();
        self.calls.retain(|(_, name)| names.contains(name));
        if !ready {
            return Vec::new();
        }
        let mut begun = Vec::new();
        for incident in asking {
            let (alert, name) = (&incident.alert, name(incident));
            if !sounded.contains_key(&name) {
                sounded.insert(name.clone(), now);
                self.calls.push((alert.key(), name));
                begun.push(alert.key());
            }
        }
        begun
    }

    /// Drops the calls that sound and forgets that they did, because this tab cannot sound any more, and the next one
    /// that can begins them. Returns whether there were any.
    pub fn interrupt(&mut self, sounded: &mut Sounded) -> bool {
        let interrupted = std::mem::take(&mut self.calls);
        for (_, name) in &interrupted {
            sounded.remove(name);
        }
        !interrupted.is_empty()
    }

    /// Silences every call that sounds.
    pub fn silence(&mut self) {
        self.calls.clear();
    }

    /// Silences the calls of one house. Those of others go on, because nobody has answered them.
    pub fn silence_house(&mut self, line: &Line, house: &House) {
        self.calls.retain(|(call, _)| call.line != *line || call.house != *house);
    }

    /// Returns the calls that sound, in the order in which they began.
    pub fn calls(&self) -> impl Iterator<Item = &CallKey> {
        self.calls.iter().map(|(call, _)| call)
    }

    /// The call that began last, of those that sound.
    #[must_use]
    pub fn newest(&self) -> Option<CallKey> {
        self.calls.last().map(|(call, _)| call.clone())
    }
}

/// Returns whether calls sound and each of them is a drill. `asking` has every call that sounds.
#[must_use]
pub fn only_drills(sounding: &Sounding, asking: &[Incident]) -> bool {
    let is_drill = |call: &CallKey| asking.iter().any(|one| one.alert.drill && one.alert.key() == *call);
    sounding.newest().is_some() && sounding.calls().all(is_drill)
}

#[cfg(test)]
mod tests;
