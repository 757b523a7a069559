//! The tab's way to the loudspeaker, which is one audio context, and whether sound comes out of it (W3C Web Audio API,
//! section 1.2).

use std::time::Duration;

use domain::Millis;
use js_sys::Reflect;
use leptos::{logging, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use web_sys::{AudioContext, AudioContextState};

use super::siren::{self, Siren};
use crate::{
    reactive::{RwSignal, StoredValue, effect},
    sound_rule::tones::Tone,
};

/// The time between two checks of a context that runs. A hidden tab may be slowed down.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// The sound output of a tab.
#[derive(Clone, Copy)]
pub(super) struct Output {
    audible: RwSignal<bool>,
    context: StoredValue<Option<SendWrapper<AudioContext>>>,
    checks: StoredValue<Checks>,
}

impl Output {
    pub(super) fn new() -> Self {
        let output = Self {
            audible: RwSignal::new(false),
            context: StoredValue::new(None),
            checks: StoredValue::new(Checks::default()),
        };
        effect(move || {
            if let Ok(interval) = set_interval_with_handle(move || output.check(), CHECK_EVERY) {
                on_cleanup(move || interval.clear());
            }
        });
        output
    }

    /// Returns whether the browser lets the sound out, as far as the page can know.
    pub(super) fn is_audible(self) -> bool {
        self.audible.get()
    }

    /// Like [`Output::is_audible`], without following it. False also when the page is going.
    pub(super) fn is_audible_now(self) -> bool {
        self.audible.try_get_untracked().unwrap_or_default()
    }

    /// Asks the browser to let the sound out. It may do so now, at the next tap, or never.
    pub(super) fn resume(self) {
        if self.context.with_value(Option::is_none) {
            self.context.set_value(self.open().map(SendWrapper::new));
        }
        self.context.with_value(|context| {
            if let Some(context) = context {
                // Its promise settles when the sound is let out, which `onstatechange` reports, too.
                drop(context.resume());
            }
        });
        self.listen();
    }

    /// Plays a short tone, so that a person knows how loud the device is.
    pub(super) fn chirp(self) {
        let chirped =
            self.context.with_value(|context| context.as_ref().map(|context| siren::chirp(context)));
        if let Some(Err(error)) = chirped {
            logging::warn!("the sound cannot be tried: {error:?}");
        }
    }

    /// Starts the siren on a device whose alarm has gone on for `risen` milliseconds; `None` if this browser cannot play
    /// it.
    pub(super) fn siren(self, tone: &Tone, risen: Millis) -> Option<Siren> {
        let start = |context: &SendWrapper<AudioContext>| Siren::start(context, tone, risen);
        let siren = self.context.with_value(|context| context.as_ref().map(start))?;
        siren.inspect_err(|error| logging::error!("the siren cannot sound: {error:?}")).ok()
    }

    fn open(self) -> Option<AudioContext> {
        // Where it exists (iPhone), sound passes the silent switch only as playback (W3C Audio Session, section 3).
        let session = Reflect::get(&window().navigator(), &"audioSession".into()).unwrap_or_default();
        if session.is_object() {
            // Without it the switch decides, as on an older iPhone.
            let _ = Reflect::set(&session, &"type".into(), &"playback".into());
        }
        let context = AudioContext::new()
            .inspect_err(|error| logging::warn!("this browser has no Web Audio: {error:?}"))
            .ok()?;
        let changed = Closure::<dyn Fn()>::new(move || self.listen());
        context.set_onstatechange(Some(changed.as_ref().unchecked_ref()));
        // The context lives as long as the page.
        changed.forget();
        Some(context)
    }

    /// Follows the state of the context.
    fn listen(self) {
        let running =
            self.context.try_with_value(|context| context.as_ref().is_some_and(|one| is_running(one)));
        if let Some(running) = running {
            self.checks.try_update_value(|checks| checks.stood_still = 0);
            self.set_audible(running);
        }
    }

    /// Checks that the time of a running context moves on, because after a telephone call some browsers claim that it
    /// runs, and no sound comes out.
    fn check(self) {
        let found = self.context.try_with_value(|context| {
            let context = context.as_ref().filter(|context| is_running(context))?;
            let found = self.checks.try_update_value(|checks| checks.add(context.current_time()))?;
            match found {
                Found::Moving => {}
                Found::Standing => {
                    if let Err(error) = siren::nudge(context) {
                        logging::warn!("the sound cannot be checked: {error:?}");
                    }
                }
                Found::Silent => drop(context.resume()),
            }
            Some(found)
        });
        match found.flatten() {
            Some(Found::Moving) => self.set_audible(true),
            Some(Found::Silent) => self.set_audible(false),
            Some(Found::Standing) | None => {}
        }
    }

    fn set_audible(self, audible: bool) {
        if self.audible.try_get_untracked() == Some(!audible) {
            self.audible.try_set(audible);
        }
    }
}

fn is_running(context: &AudioContext) -> bool {
    context.state() == AudioContextState::Running
}

/// The checks of a running context.
#[derive(Clone, Copy, Debug, Default)]
struct Checks {
    /// The context's time at the last check, in seconds.
    time: f64,
    /// At how many checks in a row it had not moved.
    stood_still: u32,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// The context's time goes on.
    Moving,
    /// It stands. Some browsers let an idle context rest, so it is nudged first.
    Standing,
    /// It stands although something is played.
    Silent,
}

impl Checks {
    fn add(&mut self, time: f64) -> Found {
        self.stood_still = if time > self.time { 0 } else { self.stood_still.saturating_add(1) };
        self.time = time;
        match self.stood_still {
            0 => Found::Moving,
            1 => Found::Standing,
            _ => Found::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_whose_time_stands_is_nudged_and_then_counts_as_silent_until_it_moves() {
        let mut checks = Checks::default();
        let found = [0.9, 1.9, 1.9, 1.9, 1.9, 2.0].map(|time| checks.add(time));
        use Found::{Moving, Silent, Standing};
        assert_eq!(found, [Moving, Moving, Standing, Silent, Silent, Moving]);
    }
}
