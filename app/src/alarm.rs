//! What makes a neighbour look up: sound, vibration, and what the page may say about both.

mod one_tab;
mod screen;
mod siren;

use std::time::Duration;

use domain::{CallKey, House, Line, Resident};
use js_sys::Reflect;
use leptos::{logging, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;
use web_sys::{AudioContext, AudioContextState};

use crate::{
    alarm::{one_tab::Turn, screen::Screen, siren::Siren},
    clock,
    socket::Connection,
    sound_rule::{Sounded, Sounding, calls_for_help, forget_old},
    storage::Memory,
};

/// Where the tab remembers that it was armed, and the device what it has sounded.
const ARMED: &str = "iutsai-armed";
const SOUNDED: &str = "iutsai-sounded";

/// Vibrates for 0.7 s, rests for 0.3 s, and again; repeated every two seconds. In milliseconds.
const VIBRATION: [u32; 3] = [700, 300, 700];
const VIBRATION_EVERY: Duration = Duration::from_secs(2);

/// The alarm of one tab.
#[derive(Clone, Copy)]
pub struct Alarm {
    /// The person wants this tab to sound.
    pub armed: ReadSignal<bool>,
    /// The browser would keep silent now: this tab is not armed, or the browser waits for a tap. Also on the server.
    pub would_be_silent: Signal<bool>,
    /// The call that sounds now: of several, the one that began last.
    pub sounding: ReadSignal<Option<CallKey>>,
    set_armed: WriteSignal<bool>,
    set_sounding: WriteSignal<Option<CallKey>>,
    /// The browser lets the sound out.
    audible: RwSignal<bool>,
    /// This is the tab that sounds, of those that are armed.
    is_the_one: RwSignal<bool>,
    turn: StoredValue<Option<SendWrapper<Turn>>>,
    /// The calls that this tab has sounded, for browsers that let it keep nothing.
    sounded: StoredValue<Sounded>,
    /// Keeps the screen on while this tab is armed, because a device whose screen is off hears nothing.
    pub screen: Screen,
    audio: StoredValue<Option<SendWrapper<AudioContext>>>,
    state: StoredValue<Sounding>,
    /// How many calls this tab has begun to sound.
    begun: StoredValue<usize>,
}

impl Alarm {
    /// The alarm for the calls that `connection` brings, for `viewer`.
    ///
    /// A call sounds by the rule of [`crate::sound_rule`]. Browsers let no page sound before it was touched, so a tab
    /// is armed by a tap; it remembers that through a reload, and then the next tap or key anywhere does.
    #[must_use]
    pub fn new(connection: Connection, viewer: Resident) -> Self {
        let (armed, set_armed) = signal(false);
        let (sounding, set_sounding) = signal(None);
        let audible = RwSignal::new(false);
        let screen = Screen::new();
        let alarm = Self {
            armed,
            would_be_silent: Signal::derive(move || !armed.get() || !audible.get()),
            sounding,
            set_armed,
            set_sounding,
            audible,
            is_the_one: RwSignal::new(false),
            turn: StoredValue::new(None),
            sounded: StoredValue::default(),
            screen,
            audio: StoredValue::new(None),
            state: StoredValue::new(Sounding::default()),
            begun: StoredValue::new(0),
        };
        Effect::new(move || alarm.remember_armed());
        Effect::new(move || alarm.claim());
        Effect::new(move || screen.keep_on(armed.get()));
        Effect::new(move || alarm.update(connection, &viewer));
        Effect::new(move || alarm.sound());
        alarm
    }

    /// Arms this tab. In the handler of a tap, or the browser stays silent.
    pub fn arm(&self) {
        Memory::Tab.remember(ARMED, &true);
        self.set_armed.set(true);
        self.resume();
        let chirped = self.audio.with_value(|audio| audio.as_ref().map(|audio| siren::chirp(audio)));
        if let Some(Err(error)) = chirped {
            logging::warn!("the sound cannot be tried: {error:?}");
        }
    }

    /// Silences what sounds now; the next call sounds again.
    pub fn silence(&self) {
        self.state.update_value(Sounding::silence);
        self.set_sounding.set(None);
    }

    /// Silences the calls of one house, to which this person comes.
    pub fn silence_house(&self, line: &Line, house: &House) {
        self.state.update_value(|state| state.silence_house(line, house));
        let newest = self.state.with_value(Sounding::newest);
        let sounding = self.sounding.get_untracked();
        if sounding.is_some() && sounding != newest {
            self.set_sounding.set(newest);
        }
    }

    /// Goes on where this tab was armed before a reload, as far as the browser allows.
    fn remember_armed(self) {
        if Memory::Tab.recall(ARMED) == Some(true) {
            self.set_armed.set(true);
            self.resume();
        }
        // Also after the device itself took the sound away, as telephone calls do.
        let touched = move |_| {
            if self.armed.try_get_untracked() == Some(true) && self.audible.try_get_untracked() == Some(false)
            {
                self.resume();
            }
        };
        let listeners = ["click", "keydown"].map(|event| window_event_listener_untyped(event, touched));
        on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
    }

    /// Asks the browser to let the sound out. It may do so now, at the next tap, or never.
    fn resume(self) {
        if self.audio.with_value(Option::is_none) {
            self.audio.set_value(self.open_audio().map(SendWrapper::new));
        }
        self.audio.with_value(|audio| {
            if let Some(audio) = audio {
                // Its promise settles when the sound is let out, which `onstatechange` tells, too.
                drop(audio.resume());
            }
        });
        self.listen();
    }

    fn open_audio(self) -> Option<AudioContext> {
        // Where it exists (iPhone), sound passes the silent switch only as playback (W3C Audio Session, section 3).
        let session = Reflect::get(&window().navigator(), &"audioSession".into()).unwrap_or_default();
        if session.is_object() {
            // Without it the switch decides, as on an older iPhone.
            let _ = Reflect::set(&session, &"type".into(), &"playback".into());
        }
        let audio = AudioContext::new()
            .inspect_err(|error| logging::warn!("this browser has no Web Audio: {error:?}"))
            .ok()?;
        let changed = Closure::<dyn Fn()>::new(move || self.listen());
        audio.set_onstatechange(Some(changed.as_ref().unchecked_ref()));
        // The context lives as long as the page.
        changed.forget();
        Some(audio)
    }

    fn listen(self) {
        let running = |audio: &Option<SendWrapper<AudioContext>>| {
            audio.as_ref().is_some_and(|audio| audio.state() == AudioContextState::Running)
        };
        if let Some(running) = self.audio.try_with_value(running) {
            self.audible.try_set(running);
        }
    }

    /// Asks to be the tab that sounds while this one can, and no longer: a silent tab would keep the others silent.
    fn claim(self) {
        if self.would_be_silent.get() {
            self.turn.set_value(None);
            self.is_the_one.set(false);
        } else if self.turn.with_value(Option::is_none) {
            let turn = one_tab::be_the_one(move || {
                self.is_the_one.try_set(true);
            });
            self.turn.set_value(Some(SendWrapper::new(turn)));
        }
    }

    fn update(self, connection: Connection, viewer: &Resident) {
        let (now, moment) = (connection.now.get(), clock::moment());
        let ready = !self.would_be_silent.get() && self.is_the_one.get();
        let asking = connection.feed.with(|feed| {
            // In the middle of a snapshot, a call may be known whose accept is not yet.
            feed.is_complete().then(|| {
                let mut open = feed.open(now);
                open.retain(|incident| {
                    let age = feed.age(&incident.alert, moment);
                    calls_for_help(incident, viewer, now, age) && !feed.is_late(incident)
                });
                open
            })
        });
        let Some(asking) = asking else {
            return;
        };
        let mut sounded = self.sounded.get_value();
        sounded.extend(Memory::Device.recall::<Sounded>(SOUNDED).unwrap_or_default());
        let begun = self.state.try_update_value(|state| state.update(&asking, ready, &mut sounded));
        if let Some(begun) = begun.filter(|begun| !begun.is_empty()) {
            forget_old(&mut sounded, now);
            Memory::Device.remember(SOUNDED, &sounded);
            self.sounded.set_value(sounded);
            self.count(begun.len());
        }
        let newest = self.state.with_value(Sounding::newest).filter(|_| ready);
        if self.sounding.get_untracked() != newest {
            self.set_sounding.set(newest);
        }
    }

    /// Writes into the page how many calls this tab has begun to sound, where tests can see it.
    fn count(self, more: usize) {
        self.begun.update_value(|begun| *begun += more);
        if let Some(root) = document().document_element() {
            let begun = self.begun.get_value().to_string();
            root.set_attribute("data-sounded", &begun).expect("the name is one that attributes may have");
        }
    }

    /// Sounds and vibrates while a call sounds.
    fn sound(self) {
        if self.sounding.get().is_none() {
            return;
        }
        let siren = self.audio.with_value(|audio| audio.as_ref().map(|audio| Siren::start(audio)));
        let siren = match siren {
            Some(Ok(siren)) => Some(SendWrapper::new(siren)),
            Some(Err(error)) => {
                logging::error!("the siren cannot sound: {error:?}");
                None
            }
            None => None,
        };
        vibrate(&VIBRATION);
        let again = set_interval_with_handle(|| vibrate(&VIBRATION), VIBRATION_EVERY);
        on_cleanup(move || {
            drop(siren);
            vibrate(&[0]);
            if let Ok(again) = again {
                again.clear();
            }
        });
    }
}

/// Vibrates, where the device can.
fn vibrate(pattern: &[u32]) {
    let navigator = window().navigator();
    if Reflect::has(&navigator, &"vibrate".into()) == Ok(true) {
        let pattern: js_sys::Array = pattern.iter().map(|millis| JsValue::from(*millis)).collect();
        navigator.vibrate_with_pattern(&pattern);
    }
}
