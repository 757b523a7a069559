//! The button. One press becomes one call, whatever the network, the server, the session and the page do meanwhile.

mod outbox;
mod pending;
mod progress;
mod sending;

use domain::{AlertId, CallKey, Incident, Kind, Millis, Progress, Resident};
use leptos::{ev, prelude::*};

use crate::{
    api,
    clock::device_now,
    context::PressAsksAfter,
    location::{self, LocationProblem},
    press::pending::{Pending, Request},
    reactive::{Memo, ReadSignal, StoredValue, WriteSignal, effect, effect_after, signal, spawn_local},
    socket::{Connection, ConnectionState},
    tracking::Tracking,
};

pub use progress::{CallProgress, Houses, Kept, NOBODY_AFTER, PressState, progress};

/// Where the tab remembers the call that it has made and sends places for.
const KEY: &str = "iutsai-own-call";

/// The button of one signed-in resident.
#[derive(Clone, Copy)]
pub struct Press {
    /// The state of this device's press.
    pub state: ReadSignal<PressState>,
    /// The state of the own call, to be shown.
    pub progress: Memo<CallProgress>,
    /// The own call, which is the one just made, or an open one of the own house that the feed knows, also after a
    /// reload.
    pub own_call: Memo<Option<Incident>>,
    /// The reason why the call goes, or went, without a place; `None` if there is none.
    pub location_problem: ReadSignal<Option<LocationProblem>>,
    set_state: WriteSignal<PressState>,
    /// The press that `state` is about, until it is recorded. The device has a copy of it.
    current: StoredValue<Option<Pending>>,
    kept: StoredValue<Kept>,
    viewer: StoredValue<Resident>,
    connection: Connection,
    tracking: Tracking,
    asks_after: Millis,
}

/// Returns the name of the viewer's own call with this id.
fn own(viewer: StoredValue<Resident>, id: AlertId) -> Option<CallKey> {
    viewer.with_value(|viewer| {
        let (line, house) = viewer.flat()?;
        Some(CallKey { line: line.clone(), house: house.clone(), id })
    })
}

impl Press {
    /// The button of `viewer`. A press of theirs that this device has not got through is found and sent again, or asked
    /// about.
    #[must_use]
    pub fn new(viewer: Resident, connection: Connection) -> Self {
        let (state, set_state) = signal(PressState::Idle);
        let (feed, now) = (connection.feed, connection.now);
        let viewer = StoredValue::new(viewer);
        let open = move || viewer.with_value(|viewer| feed.with(|feed| feed.own_call(viewer, now.get())));
        let own_call = Memo::new(move |_| match state.get() {
            PressState::Recorded { id, .. } | PressState::Delivered { id, .. } => {
                let made = own(viewer, id).and_then(|call| feed.with(|feed| feed.call(&call)));
                match made {
                    // The house still calls while another call of it is open.
                    Some(made) if !made.is_open(now.get()) => open().or(Some(made)),
                    made => made,
                }
            }
            _ => open(),
        });
        let is_open = Callback::new(move |call: AlertId| {
            let known = own(viewer, call).and_then(|call| feed.with(|feed| feed.call(&call)));
            known.map(|incident| incident.is_open(now.get()))
        });
        let tracking = Tracking::new(KEY, is_open, now);
        effect(move || tracking.recall());
        let press = Self {
            state,
            progress: Memo::new(move |_| {
                let own = own_call.get();
                // Only where there is a call, because the server has no monotonic time of the page's.
                let age = own
                    .as_ref()
                    .and_then(|own| feed.with(|feed| feed.age(&own.alert, connection.moment.get())));
                progress(&state.get(), own.as_ref(), age, now.get())
            }),
            own_call,
            location_problem: tracking.problem().read_only(),
            set_state,
            current: StoredValue::new(None),
            kept: StoredValue::new(Kept::Page),
            viewer,
            connection,
            tracking,
            asks_after: PressAsksAfter::current().0,
        };
        press.watch();
        press
    }

    /// Looks for the place when the person begins to hold the button, where the browser will not ask for it. Its
    /// question would end the hold.
    pub fn prepare(&self) {
        spawn_local(async {
            if location::is_off() {
                // The person may have allowed it elsewhere since this page was loaded, and the answer is here before
                // the hold is over. The press does not wait for it.
                api::check_session().await;
            }
            if location::is_granted().await {
                // Only so that the device knows it when the press comes, which takes what is seconds old.
                location::locate().await.ok();
            }
        });
    }

    /// Calls the neighbours. While a press is on its way, another changes nothing.
    pub fn press(&self, kind: Option<Kind>, text: String) {
        if self.is_under_way() || matches!(self.state.get_untracked(), PressState::NeedsSignIn { .. }) {
            return;
        }
        let text = Some(text).filter(|text| !text.trim().is_empty());
        let pending = self.viewer.with_value(|viewer| {
            let (line, house) = viewer.flat().map(|(line, house)| (line.clone(), house.clone()))?;
            let request = Request { line, house, text, kind, location: None };
            Some(Pending::new(viewer, &request, device_now(), self.asks_after))
        });
        if let Some(pending) = pending {
            self.drop_refused();
            self.current.set_value(Some(pending.clone()));
            self.kept.set_value(Kept::Page);
            self.set_state.set(PressState::Sending);
            spawn_local(self.begin(pending));
        }
    }

    /// Sends the press that [`PressState::Unsent`] asks about.
    pub fn send_now(&self) {
        let press = *self;
        if self.is_under_way() {
            return;
        }
        if let Some(mut pending) = self.current.get_value() {
            pending.wanted_at = device_now();
            self.current.set_value(Some(pending.clone()));
            self.set_state.set(PressState::Sending);
            spawn_local(press.send_late(pending));
        }
    }

    /// The person has read how it ended, or does not want to send it any more.
    pub fn dismiss(&self) {
        let press = *self;
        if self.is_under_way() {
            return;
        }
        let dropped = self.current.get_value();
        let heard = dropped.as_ref().filter(|pending| pending.heard && pending.outcome.is_none());
        let heard = heard.and_then(|pending| own(self.viewer, AlertId(pending.key)));
        self.current.set_value(None);
        self.set_state.set(PressState::Idle);
        spawn_local(async move {
            if let Some(pending) = &dropped
                && outbox::forget(pending.key, None).await.is_err()
            {
                return;
            }
            if let Some(call) = heard {
                // Neighbours who received it must learn that it is not wanted any more. A refusal shows that they have.
                let cancelled = api::progress(&call, Progress::Cancelled, None, Box::new(|_, _| {})).await;
                cancelled.map(drop).unwrap_or_default();
            }
            press.check_kept().await;
        });
    }

    /// Drops a call that neighbours have received and that is not recorded, when the person ends it. It is not sent
    /// again, on this device or by another page.
    pub fn drop_unrecorded(&self) {
        if !matches!(self.state.get_untracked(), PressState::Heard { .. }) {
            return;
        }
        let dropped = self.current.get_value();
        self.current.set_value(None);
        self.set_state.set(PressState::Idle);
        if let Some(pending) = dropped {
            // A press that cannot be forgotten is found by the next page, with the end of its call.
            outbox::drop_press(pending.key);
        }
    }

    /// Returns whether this tab sends where the caller is.
    pub(crate) fn is_tracked(self) -> bool {
        self.tracking.is_on()
    }

    fn is_under_way(self) -> bool {
        let state = self.state.try_get_untracked();
        matches!(state, Some(PressState::Sending | PressState::Retrying { .. } | PressState::Heard { .. }))
    }

    /// Looks for kept presses when the page opens and whenever there is a connection again, and follows the other tabs
    /// and the service worker, which may send one.
    fn watch(self) {
        effect(move || {
            spawn_local(self.check_kept());
            outbox::listen(move |message| self.receive(message));
        });
        effect_after(move |before: Option<ConnectionState>| {
            let connection = self.connection.state.get();
            if connection == ConnectionState::Connected && before.is_some_and(|before| before != connection) {
                spawn_local(self.check_kept());
            }
            connection
        });
        effect(move || {
            // The call that stands shows more than that there is one.
            if self.state.get() == PressState::Stands && self.own_call.with(Option::is_some) {
                self.set_state.set(PressState::Idle);
            }
        });
        effect(move || {
            let leaving = window_event_listener(ev::beforeunload, move |event| {
                if self.is_under_way() && self.kept.try_get_value() == Some(Kept::Page) {
                    event.prevent_default();
                }
            });
            on_cleanup(move || leaving.remove());
        });
    }

    /// A person who presses again has read why the press before was refused.
    fn drop_refused(self) {
        let is_refused = matches!(self.state.get_untracked(), PressState::Refused(_));
        if let Some(pending) = self.current.get_value().filter(|_| is_refused) {
            // An outcome that cannot be forgotten is shown once more by the next page.
            outbox::drop_press(pending.key);
        }
    }
}
