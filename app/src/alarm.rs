//! The alarm of the page, which is sound, vibration, and the words about both.

mod one_tab;
mod output;
mod screen;
mod siren;

use std::time::Duration;

use domain::{CallKey, House, Line, Millis, Resident};
use js_sys::Reflect;
use leptos::prelude::*;
use send_wrapper::SendWrapper;
use wasm_bindgen::prelude::*;

use crate::{
    alarm::{one_tab::Turn, output::Output, screen::Screen},
    clock::{self, device_now},
    reactive::{
        Memo, ReadSignal, RwSignal, Signal, StoredValue, WriteSignal, effect, effect_after, signal,
        spawn_local,
    },
    socket::Connection,
    sound_rule::{Sounded, Sounding, as_json, asking, forget_old},
    storage::Memory,
};

/// Where the tab remembers that it was armed, and the device what it has sounded.
const ARMED: &str = "iutsai-armed";
const SOUNDED: &str = "iutsai-sounded";

/// The time between two checks of a silent tab for another one that sounds.
const OTHER_TABS_EVERY: Duration = Duration::from_secs(2);

/// The alarm of one tab.
#[derive(Clone, Copy)]
pub struct Alarm {
    /// The person wants this tab to sound.
    pub armed: ReadSignal<bool>,
    /// True if the browser would keep silent now, because this tab is not armed, or the browser waits for a tap. True
    /// on the server, too.
    pub would_be_silent: Signal<bool>,
    /// Another tab of this browser would sound, although this one would not.
    pub elsewhere: ReadSignal<bool>,
    /// The call that sounds now. It is the one that began last.
    pub sounding: ReadSignal<Option<CallKey>>,
    set_armed: WriteSignal<bool>,
    set_sounding: WriteSignal<Option<CallKey>>,
    set_elsewhere: WriteSignal<bool>,
    output: Output,
    /// This is the tab that sounds, of those that are armed.
    is_the_one: RwSignal<bool>,
    turn: StoredValue<Option<SendWrapper<Turn>>>,
    /// The calls that this tab has sounded, for browsers that let it keep nothing.
    sounded: StoredValue<Sounded>,
    /// Keeps the screen on while this tab is armed, because a device whose screen is off makes no sound.
    pub screen: Screen,
    state: StoredValue<Sounding>,
    /// The number of calls that this tab has begun to sound.
    begun: StoredValue<usize>,
}

impl Alarm {
    /// The alarm for the calls that `connection` brings, for `viewer`. The screen stays on while `sends_location`, too,
    /// because a device whose screen is off may not know where it is.
    ///
    /// A call sounds by the rule of [`crate::sound_rule`]. Browsers let no page sound before it was touched, so a tab
    /// is armed by a tap; it remembers that through a reload, and then the next tap or key anywhere does.
    #[must_use]
    pub fn new(connection: Connection, viewer: Resident, sends_location: Signal<bool>) -> Self {
        let (armed, set_armed) = signal(false);
        let (sounding, set_sounding) = signal(None);
        let (elsewhere, set_elsewhere) = signal(false);
        let output = Output::new();
        let screen = Screen::new();
        let alarm = Self {
            armed,
            would_be_silent: Memo::new(move |_| !armed.get() || !output.is_audible()).into(),
            elsewhere,
            sounding,
            set_armed,
            set_sounding,
            set_elsewhere,
            output,
            is_the_one: RwSignal::new(false),
            turn: StoredValue::new(None),
            sounded: StoredValue::default(),
            screen,
            state: StoredValue::new(Sounding::default()),
            begun: StoredValue::new(0),
        };
        effect(move || alarm.remember_armed());
        effect(move || alarm.claim());
        effect(move || alarm.check_other_tabs());
        let keeps_on = Memo::new(move |_| armed.get() || sends_location.get());
        effect(move || screen.keep_on(keeps_on.get()));
        effect(move || connection.would_sound(!alarm.would_be_silent.get()));
        effect(move || alarm.update(connection, &viewer));
        effect_after(move |since: Option<Option<Millis>>| alarm.sound(connection, since.flatten()));
        alarm
    }

    /// Arms this tab. In the handler of a tap, or the browser stays silent. `hiding` keeps the tab from showing with a
    /// tone that it can sound.
    pub fn arm(&self, hiding: bool) {
        Memory::Tab.remember(ARMED, "true");
        self.set_armed.set(true);
        self.output.resume();
        if !hiding {
            self.output.chirp();
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
            self.output.resume();
        }
        // A telephone call takes the sound away, which the browser gives back at a tap, or when the page is shown
        // again.
        let resume = move |_| {
            if self.armed.try_get_untracked() == Some(true) && !self.output.is_audible_now() {
                self.output.resume();
            }
        };
        let events = ["click", "keydown", "visibilitychange"];
        let listeners = events.map(|event| window_event_listener_untyped(event, resume));
        on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
    }

    /// Asks to be the tab that sounds while this one can, and no longer, because a silent tab would keep the others
    /// silent.
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

    /// Looks for another tab that sounds while this one would be silent, because its banner must be true of the device.
    fn check_other_tabs(self) {
        self.set_elsewhere.set(false);
        if !self.would_be_silent.get() {
            return;
        }
        let check = move || {
            spawn_local(async move {
                let is_held = one_tab::is_held().await;
                // This tab may have got its sound back meanwhile, and the lock with it.
                let elsewhere = is_held && self.would_be_silent.try_get_untracked() == Some(true);
                if self.elsewhere.try_get_untracked() == Some(!elsewhere) {
                    self.set_elsewhere.try_set(elsewhere);
                }
            });
        };
        if let Ok(interval) = set_interval_with_handle(check, OTHER_TABS_EVERY) {
            on_cleanup(move || interval.clear());
        }
    }

    fn update(self, connection: Connection, viewer: &Resident) {
        let (now, moment) = (connection.now.get(), clock::moment());
        let ready = !self.would_be_silent.get() && self.is_the_one.get();
        let Some(asking) = connection.feed.with(|feed| asking(feed, viewer, now, moment)) else {
            return;
        };
        let device = Memory::Device.recall::<Sounded>(SOUNDED).unwrap_or_default();
        let mut known = self.sounded.get_value();
        known.extend(device.clone());
        let (begun, interrupted) = self
            .state
            .try_update_value(|state| match ready {
                true => (state.update(&asking, true, &mut known, device_now()), false),
                false => (Vec::new(), state.interrupt(&mut known)),
            })
            .unwrap_or_default();
        if interrupted || !begun.is_empty() {
            forget_old(&mut known, &asking, device_now());
            Memory::Device.remember(SOUNDED, &as_json(&known));
            // Only the calls that this tab has sounded are its own. Another tab may be interrupted and forget its
            // calls.
            self.sounded.update_value(|own| {
                own.retain(|name, _| known.contains_key(name));
                own.extend(known.into_iter().filter(|(name, _)| !device.contains_key(name)));
            });
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

    /// Sounds and vibrates while a call sounds, and reports the calls that do. Returns since when, by the page's
    /// monotonic time, because the next call is to be as loud as this one has become.
    fn sound(self, connection: Connection, since: Option<Millis>) -> Option<Millis> {
        self.sounding.get()?;
        let tone = self.state.with_value(Sounding::tone)?;
        let now = clock::moment();
        let since = since.unwrap_or(now);
        let siren = self.output.siren(tone, now.saturating_sub(since)).map(SendWrapper::new);
        if siren.is_some() {
            let calls: Vec<CallKey> = self.state.with_value(|state| state.calls().cloned().collect());
            calls.into_iter().for_each(|call| connection.has_sounded(call));
        }
        let rhythm = tone.rhythm();
        vibrate(rhythm);
        let period = Duration::from_millis(tone.period().into());
        let again = set_interval_with_handle(move || vibrate(rhythm), period);
        on_cleanup(move || {
            drop(siren);
            vibrate(&[0]);
            if let Ok(again) = again {
                again.clear();
            }
        });
        Some(since)
    }
}

/// Vibrates, where the device can.
fn vibrate(pattern: &[u16]) {
    let navigator = window().navigator();
    if Reflect::has(&navigator, &"vibrate".into()) == Ok(true) {
        let pattern: js_sys::Array = pattern.iter().map(|millis| JsValue::from(*millis)).collect();
        navigator.vibrate_with_pattern(&pattern);
    }
}
