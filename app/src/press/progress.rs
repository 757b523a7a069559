//! The truth about one's own call, as one value to show.

use domain::{AlertId, House, Incident, Millis, Progress, api};

use crate::api::Trouble;

/// Where a press is kept that the server has not taken yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In this page alone, because the device's storage refuses it, or has not answered yet. It goes with the page.
    Page,
    /// On the device, until it is sent.
    Device,
}

/// The state of this device's press.
#[derive(Clone, Debug, PartialEq)]
pub enum PressState {
    /// Nothing was pressed.
    Idle,
    /// On its way for the first time.
    Sending,
    /// On its way again, until it is answered, or too old to be sent without asking.
    Retrying {
        /// The last failure.
        why: Trouble,
        /// The number of failures.
        tries: u32,
        /// Where it is meanwhile.
        kept: Kept,
    },
    /// Neighbours have it, but the server cannot record it, so it is sent again until it is recorded.
    Heard {
        /// Where it is meanwhile.
        kept: Kept,
    },
    /// Kept until its caller has signed in.
    NeedsSignIn {
        /// Where it is meanwhile.
        kept: Kept,
    },
    /// It was pressed too long ago, so it is sent only if the person still wants it.
    Unsent {
        /// When it was pressed, by the server's clock.
        pressed_at: Millis,
        /// Neighbours heard it then.
        heard: bool,
    },
    /// Durable, because the device has sent it while no page was open, or an earlier page did and was closed.
    Delivered {
        /// The call.
        id: AlertId,
        /// When the answer came, by the server's clock.
        at: Millis,
    },
    /// Durable.
    Recorded {
        /// The call.
        id: AlertId,
        /// Where it is.
        state: api::State,
        /// When the answer came, by the server's clock.
        at: Millis,
    },
    /// The server will not take it.
    Refused(api::Problem),
    /// It was one too many, because a call of the own house is open, and neighbours have it.
    Stands,
}

/// The state of the own call now.
#[derive(Clone, Debug, PartialEq)]
pub enum CallProgress {
    /// There is none.
    Quiet,
    /// [`PressState::Sending`].
    Sending,
    /// [`PressState::Retrying`].
    Retrying {
        /// The last failure.
        why: Trouble,
        /// The number of failures.
        tries: u32,
        /// Where it is meanwhile.
        kept: Kept,
    },
    /// [`PressState::Heard`], and nobody is known to be reached or coming.
    Heard {
        /// Where it is meanwhile.
        kept: Kept,
    },
    /// [`PressState::NeedsSignIn`].
    NeedsSignIn {
        /// Where it is meanwhile.
        kept: Kept,
    },
    /// [`PressState::Unsent`].
    Unsent {
        /// When it was pressed.
        pressed_at: Millis,
        /// Neighbours heard it then.
        heard: bool,
    },
    /// [`PressState::Delivered`], and the call is not known to be open.
    Delivered {
        /// When the answer came.
        at: Millis,
    },
    /// [`PressState::Refused`].
    Refused(api::Problem),
    /// [`PressState::Stands`], and the call that stands has not come by the feed yet.
    Stands,
    /// Durable; as far as is known it has reached nobody yet.
    Recorded,
    /// It has reached devices of neighbours' houses.
    Reached(Houses),
    /// It has reached devices of neighbours' houses, and nobody has accepted within [`NO_ANSWER_AFTER`], or within
    /// [`NOBODY_AFTER`] where none of them has sounded or shown it. The caller should call 119.
    NobodyComes(Houses),
    /// These houses are on the way or there, in the order of their answers.
    Coming(Vec<House>),
    /// [`NOBODY_AFTER`] has passed, and it is not known to have reached anybody. The caller should call 119.
    NobodyReached,
    /// It is a drill that only the own house receives, and it has come back.
    Practice,
    /// It is over, because it was cancelled, resolved or expired.
    Ended(Progress),
}

/// The numbers of neighbours' houses by what they have reported. A device that has a call may be in an empty room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Houses {
    /// A device has the call.
    pub delivered: u32,
    /// A device has begun to sound it.
    pub sounded: u32,
    /// A screen has shown it.
    pub seen: u32,
}

impl Houses {
    fn of(call: &Incident) -> Self {
        let count = |houses: usize| u32::try_from(houses).unwrap_or(u32::MAX);
        Self {
            delivered: count(call.reached.len()),
            sounded: count(call.sounded.len()),
            seen: count(call.seen.len()),
        }
    }

    fn is_noticed(self) -> bool {
        self.sounded > 0 || self.seen > 0
    }
}

/// The time after its recording, in milliseconds, from which a call that has reached nobody shows that.
pub const NOBODY_AFTER: Millis = 10_000;

/// The time after its recording, in milliseconds, from which a call that nobody has accepted shows that.
pub const NO_ANSWER_AFTER: Millis = 60_000;

impl CallProgress {
    /// One word for scripts, styles and tests.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Sending => "sending",
            Self::Retrying { .. } => "retrying",
            Self::Heard { .. } => "heard",
            Self::NeedsSignIn { .. } => "sign-in",
            Self::Unsent { .. } => "unsent",
            Self::Delivered { .. } => "delivered",
            Self::Refused(_) => "refused",
            Self::Stands => "stands",
            Self::Recorded => "recorded",
            Self::Reached(_) => "reached",
            Self::NobodyComes(_) => "nobody-comes",
            Self::Coming(_) => "coming",
            Self::NobodyReached => "nobody",
            Self::Practice => "practice",
            Self::Ended(_) => "ended",
        }
    }

    /// Returns whether the neighbours cannot be counted on, so that somebody else must be called.
    #[must_use]
    pub fn needs_119(&self) -> bool {
        use CallProgress::{Heard, NeedsSignIn, NobodyComes, NobodyReached, Refused, Retrying, Unsent};
        matches!(
            self,
            NobodyReached
                | NobodyComes(_)
                | Refused(_)
                | Retrying { .. }
                | Heard { .. }
                | NeedsSignIn { .. }
                | Unsent { .. }
        )
    }
}

/// Returns the state of the own call at `now`. It is that of the press while it is on its way, and then that of `call`
/// in the feed. Without a press it is a call of the own house, found in the feed. `age` is how long ago the server
/// received the call, in milliseconds; where it is known, no clock decides how long the caller has waited.
#[must_use]
pub fn progress(
    press: &PressState,
    call: Option<&Incident>,
    age: Option<Millis>,
    now: Millis,
) -> CallProgress {
    let recorded_at = match press {
        PressState::Sending => return CallProgress::Sending,
        PressState::Retrying { why, tries, kept } => {
            return CallProgress::Retrying { why: *why, tries: *tries, kept: *kept };
        }
        PressState::Heard { kept } => {
            let known = call.map(|call| answered(call, call.alert.at, age, now));
            let shows_more =
                |known: &CallProgress| !matches!(known, CallProgress::Recorded | CallProgress::NobodyReached);
            return known.filter(shows_more).unwrap_or(CallProgress::Heard { kept: *kept });
        }
        PressState::NeedsSignIn { kept } => return CallProgress::NeedsSignIn { kept: *kept },
        PressState::Unsent { pressed_at, heard } => {
            return CallProgress::Unsent { pressed_at: *pressed_at, heard: *heard };
        }
        PressState::Refused(problem) => return CallProgress::Refused(problem.clone()),
        // An unknown call may have been over for long, so the page cannot claim that nobody was reached.
        PressState::Delivered { at, .. } if call.is_none() => return CallProgress::Delivered { at: *at },
        PressState::Delivered { at, .. } | PressState::Recorded { at, .. } => Some(*at),
        PressState::Stands if call.is_none() => return CallProgress::Stands,
        PressState::Idle | PressState::Stands => call.map(|call| call.alert.at),
    };
    match (call, recorded_at) {
        (Some(call), Some(recorded_at)) => answered(call, recorded_at, age, now),
        (None, Some(recorded_at)) => unanswered(now.saturating_sub(recorded_at)),
        (_, None) => CallProgress::Quiet,
    }
}

fn answered(call: &Incident, recorded_at: Millis, age: Option<Millis>, now: Millis) -> CallProgress {
    let waited = age.unwrap_or_else(|| now.saturating_sub(recorded_at));
    if !call.is_open(age.map_or(now, |age| call.alert.at.saturating_add(age))) {
        return CallProgress::Ended(call.end.as_ref().map_or(Progress::Expired, |end| end.how));
    }
    if call.alert.alone {
        return CallProgress::Practice;
    }
    let coming: Vec<_> = call.coming().map(|response| response.house.clone()).collect();
    if !coming.is_empty() {
        return CallProgress::Coming(coming);
    }
    let houses = Houses::of(call);
    if houses.delivered == 0 {
        return unanswered(waited);
    }
    let patience = if houses.is_noticed() { NO_ANSWER_AFTER } else { NOBODY_AFTER };
    if waited < patience { CallProgress::Reached(houses) } else { CallProgress::NobodyComes(houses) }
}

fn unanswered(waited: Millis) -> CallProgress {
    if waited < NOBODY_AFTER { CallProgress::Recorded } else { CallProgress::NobodyReached }
}

#[cfg(test)]
mod tests;
