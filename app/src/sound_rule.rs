//! The rules for which calls a device sounds, and with which tone, as pure functions.

pub mod tones;

use domain::{
    CallKey, EventId, House, Incident, Line, Millis, Resident, Stance,
    collections::{BTreeMap, BTreeSet},
    event::LATE_AFTER,
    json::Object,
};

use self::tones::Tone;
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

/// Returns whether a call asks `viewer` for help now. Such a call is open, nobody is coming or those who are do not
/// arrive, it was made or escalated less than [`SOUNDED_FOR`] ago, and the viewer's own house neither comes nor calls,
/// unless it is a drill of that house alone. `age` is how long ago the server received it, in milliseconds; without it
/// the time `now` decides.
#[must_use]
pub fn calls_for_help(incident: &Incident, viewer: &Resident, now: Millis, age: Option<Millis>) -> bool {
    let alert = &incident.alert;
    let own = viewer.flat().is_some_and(|(line, house)| *line == alert.line && *house == alert.house);
    // The clock that stamped the call may have been set since, or be another machine's.
    let now = age.map_or(now, |age| alert.at.saturating_add(age));
    let is_elsewhere = viewer.line.as_ref() != Some(&alert.line);
    let young = now.saturating_sub(alarmed_at(incident, is_elsewhere)) < SOUNDED_FOR;
    incident.is_open(now)
        && is_unanswered(incident)
        && young
        && (!own || alert.alone)
        && !is_coming(incident, viewer)
}

/// Returns for how many milliseconds an open call goes on sounding on the board, which every call alarms from its
/// beginning; `None` if it does not sound. `age` is how long ago the server received it, in milliseconds.
#[must_use]
pub fn sounds_on_board_for(incident: &Incident, age: Millis) -> Option<Millis> {
    let now = incident.alert.at.saturating_add(age);
    let left = SOUNDED_FOR - now.saturating_sub(alarmed_at(incident, false));
    (left > 0 && is_unanswered(incident)).then_some(left)
}

/// Returns whether nobody is coming, or those who are do not arrive.
fn is_unanswered(incident: &Incident) -> bool {
    incident.coming().next().is_none() || given_up(incident).is_some()
}

/// Returns when people were last alarmed, by the call, by a step in a later round, or by any step where the call
/// `is_elsewhere`, of another line than theirs. The times of steps are the call's own and what had passed then, so no
/// other clock is in them.
fn alarmed_at(incident: &Incident, is_elsewhere: bool) -> Millis {
    let alert = &incident.alert;
    let steps = incident.steps.iter().filter(|taken| is_elsewhere || taken.step.round != alert.id.0);
    steps.map(|taken| taken.at).fold(alert.at, Millis::max)
}

/// Returns the accept after which more people were alarmed, because nobody had arrived.
fn given_up(incident: &Incident) -> Option<EventId> {
    let last = incident.coming().max_by_key(|response| (response.at, response.word))?;
    let is_there = incident.coming().any(|response| response.stance == Stance::Arrived);
    let was_alarmed = incident.steps.iter().any(|taken| taken.step.round == last.word.0);
    (was_alarmed && !is_there).then_some(last.word)
}

/// Returns whether the viewer's own house is on the way, or there.
fn is_coming(incident: &Incident, viewer: &Resident) -> bool {
    let Some((line, house)) = viewer.flat() else { return false };
    let elsewhere = Some(line).filter(|line| **line != incident.alert.line);
    incident.coming().any(|response| response.line.as_ref() == elsewhere && response.house == *house)
}

/// The calls that a device has sounded, by name, and when each began to sound, by the device's clock. Kept by the
/// device, for all its tabs.
pub type Sounded = BTreeMap<String, Millis>;

/// Returns them as JSON.
#[must_use]
pub fn as_json(sounded: &Sounded) -> String {
    sounded.iter().fold(Object::default(), |object, (name, at)| object.integer(name, *at)).finish()
}

/// Returns the name of a call in [`Sounded`]. It has line and house, so that no house can silence another's call by its
/// id. A call that its last helper has left, or whose helpers do not arrive, has another name than before, so that it
/// sounds again.
#[must_use]
pub fn name(incident: &Incident) -> String {
    let alert = &incident.alert;
    let call = format!("{}/{}/{}", alert.line, alert.house, alert.id);
    let left = incident.responses.iter().filter(|response| response.stance == Stance::Withdrawn);
    let call = match left.map(|response| response.at).max() {
        Some(left) => format!("{call}/{left}"),
        None => call,
    };
    match given_up(incident) {
        Some(accept) => format!("{call}/{accept}"),
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
    /// In the order in which they began.
    calls: Vec<Sound>,
}

/// A call that sounds.
#[derive(Clone, Debug, PartialEq)]
struct Sound {
    call: CallKey,
    /// The name by which it is remembered.
    name: String,
    tone: &'static Tone,
    is_drill: bool,
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
        self.calls.retain(|sound| names.contains(&sound.name));
        if !ready {
            return Vec::new();
        }
        let mut begun = Vec::new();
        for incident in asking {
            let (alert, name) = (&incident.alert, name(incident));
            if !sounded.contains_key(&name) {
                sounded.insert(name.clone(), now);
                let (call, tone, is_drill) = (alert.key(), Tone::of(alert), alert.drill);
                self.calls.push(Sound { call, name, tone, is_drill });
                begun.push(alert.key());
            }
        }
        begun
    }

    /// Drops the calls that sound and forgets that they did, because this tab cannot sound any more, and the next one
    /// that can begins them. Returns whether there were any.
    pub fn interrupt(&mut self, sounded: &mut Sounded) -> bool {
        let interrupted = std::mem::take(&mut self.calls);
        for Sound { name, .. } in &interrupted {
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
        self.calls.retain(|Sound { call, .. }| call.line != *line || call.house != *house);
    }

    /// Returns the calls that sound, in the order in which they began.
    pub fn calls(&self) -> impl Iterator<Item = &CallKey> {
        self.calls.iter().map(|sound| &sound.call)
    }

    /// The call that began last, of those that sound. It is a drill only if every one is, because the tone of a drill
    /// must not take the place of a call's.
    #[must_use]
    pub fn newest(&self) -> Option<CallKey> {
        self.first_to_sound().map(|sound| sound.call.clone())
    }

    /// Returns the tone of [`Sounding::newest`].
    #[must_use]
    pub fn tone(&self) -> Option<&'static Tone> {
        self.first_to_sound().map(|sound| sound.tone)
    }

    fn first_to_sound(&self) -> Option<&Sound> {
        self.calls.iter().rfind(|sound| !sound.is_drill).or(self.calls.last())
    }
}

#[cfg(test)]
mod tests;
