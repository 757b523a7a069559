//! Which calls a device sounds (design: "shown once, sounded when it matters"), as pure rules.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CallKey, House, Incident, Line, Millis, Resident, Stance, event::LATE_AFTER};

/// How long a call sounds, in milliseconds: what is older would come as late.
pub const SOUNDED_FOR: Millis = LATE_AFTER;

/// Tells if a call asks `viewer` for help now: it is open, nobody is coming, it is younger than [`SOUNDED_FOR`], and it is
/// not the viewer's own house that calls. `age` is how long ago the server received it, in milliseconds; without it the time
/// `now` decides.
#[must_use]
pub fn calls_for_help(incident: &Incident, viewer: &Resident, now: Millis, age: Option<Millis>) -> bool {
    let alert = &incident.alert;
    let own = viewer.flat().is_some_and(|(line, house)| *line == alert.line && *house == alert.house);
    let young = age.unwrap_or_else(|| now.saturating_sub(alert.at)) < SOUNDED_FOR;
    incident.is_open(now) && incident.coming().next().is_none() && young && !own
}

/// What a device has sounded: names of calls, and when each was made. Kept by the device, for all its tabs.
pub type Sounded = BTreeMap<String, Millis>;

/// Returns the name of a call in [`Sounded`]. It has line and house, so that no house can silence another's call by its id.
/// A call that its last helper has left has another name than before, so that it sounds again.
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

/// Forgets what is too old to be sounded again.
pub fn forget_old(sounded: &mut Sounded, now: Millis) {
    // Twice the time, because a device's idea of the server's time may be corrected by as much.
    sounded.retain(|_, at| now.saturating_sub(*at) < 2 * SOUNDED_FOR);
}

/// The alarm of one tab: which calls it is sounding.
///
/// A call that has begun to sound goes on until somebody accepts it, it ends, it is silenced, or it is
/// [`SOUNDED_FOR`] old: a neighbour who is in the shower hears it when the water stops.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sounding {
    /// In the order in which they began; each with the name it is remembered by.
    calls: Vec<(CallKey, String)>,
}

impl Sounding {
    /// What sounds now, after `asking` (the calls that ask this viewer for help and did not come late, as the feed
    /// shows them now) changed or a second passed. Gives back the calls that begin now; they are in `sounded` then.
    ///
    /// `ready`: this tab may and can sound. While it cannot, nothing begins and nothing is remembered, so a call that
    /// still asks for help when the tab is armed sounds then; what has begun goes on when the tab can sound again.
    pub fn update(&mut self, asking: &[Incident], ready: bool, sounded: &mut Sounded) -> Vec<CallKey> {
        let names: BTreeSet<String> = asking.iter().map(name).collect();
        self.calls.retain(|(_, name)| names.contains(name));
        if !ready {
            return Vec::new();
        }
        let mut begun = Vec::new();
        for incident in asking {
            let (alert, name) = (&incident.alert, name(incident));
            if !sounded.contains_key(&name) {
                sounded.insert(name.clone(), alert.at);
                self.calls.push((alert.key(), name));
                begun.push(alert.key());
            }
        }
        begun
    }

    /// Silences every call that sounds.
    pub fn silence(&mut self) {
        self.calls.clear();
    }

    /// Silences the calls of one house. Those of others go on, because nobody has answered them.
    pub fn silence_house(&mut self, line: &Line, house: &House) {
        self.calls.retain(|(call, _)| call.line != *line || call.house != *house);
    }

    /// The call that began last, of those that sound.
    #[must_use]
    pub fn newest(&self) -> Option<CallKey> {
        self.calls.last().map(|(call, _)| call.clone())
    }
}

#[cfg(test)]
mod tests;
