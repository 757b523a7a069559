//! The button: one press becomes one call, whatever the network, the server and the session do meanwhile.

mod pending;
mod progress;
mod tracking;

use std::time::Duration;

use futures_util::future::{self, Either};
use gloo_timers::future::sleep;
use leptos::prelude::*;
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use wire::{AlertId, Incident, Kind, Location, Resident, api::CallRequest};

use crate::{
    api::{self, Refused},
    location::{self, LocationProblem},
    press::{
        pending::{Found, Pending},
        tracking::Tracking,
    },
    socket::{Connection, ConnectionState},
};

pub use progress::{CallProgress, NOBODY_AFTER, PressState, progress};

/// How long a press waits for the device to tell where it is. The call goes without, and the place follows.
const LOCATION_WAIT: Duration = Duration::from_secs(1);

/// The button of one signed-in resident.
#[derive(Clone, Copy)]
pub struct Press {
    /// How far this device's press has come.
    pub state: ReadSignal<PressState>,
    /// What is true of the own call, to be shown.
    pub progress: Memo<CallProgress>,
    /// The own call: the one just made, or an open one of the own house that the feed knows, also after a reload.
    pub own_call: Memo<Option<Incident>>,
    /// Why the call goes, or went, without a place; `None`: nothing is known against it.
    pub location_problem: ReadSignal<Option<LocationProblem>>,
    set_state: WriteSignal<PressState>,
    viewer: StoredValue<Resident>,
    connection: Connection,
    tracking: Tracking,
}

impl Press {
    /// The button of `viewer`. A press that this tab has not got through is found and sent again, or asked about.
    #[must_use]
    pub fn new(viewer: Resident, connection: Connection) -> Self {
        let (state, set_state) = signal(PressState::Idle);
        let (feed, now) = (connection.feed, connection.now);
        let viewer = StoredValue::new(viewer);
        let own_call = Memo::new(move |_| match state.get() {
            PressState::Recorded { id, .. } => feed.with(|feed| feed.named(id)),
            _ => viewer.with_value(|viewer| feed.with(|feed| feed.own_call(viewer, now.get()))),
        });
        let is_open = move |call: AlertId| {
            let known = feed.with(|feed| feed.named(call));
            known.map(|incident| incident.is_open(now.get()))
        };
        let tracking = Tracking::new(is_open, now);
        let press = Self {
            state,
            progress: Memo::new(move |_| progress(&state.get(), own_call.get().as_ref(), now.get())),
            own_call,
            location_problem: tracking.problem().read_only(),
            set_state,
            viewer,
            connection,
            tracking,
        };
        Effect::new(move || press.find());
        Effect::new(move |before: Option<ConnectionState>| press.signed_in_elsewhere(before));
        press
    }

    /// The person begins to hold the button: looks for the place already, where the browser will not ask for it.
    /// Its question would end the hold.
    pub fn prepare(&self) {
        spawn_local(async {
            if location::is_granted().await {
                // Only so that the device knows it when the press comes, which takes what is seconds old.
                location::locate().await.ok();
            }
        });
    }

    /// Calls the neighbours. While a press is on its way, another changes nothing.
    pub fn press(&self, kind: Option<Kind>, text: String) {
        let press = *self;
        let Some((line, house)) = self.viewer.with_value(|viewer| {
            viewer.flat().map(|(line, house)| (line.clone(), house.clone())).filter(|_| !press.is_busy())
        }) else {
            return;
        };
        let text = Some(text).filter(|text| !text.trim().is_empty());
        let request =
            CallRequest { line, house, text, lat: None, lng: None, accuracy: None, kind, drill: false };
        let mut pending =
            Pending { key: Uuid::now_v7(), request, pressed_at: self.connection.clock().exactly_now() };
        pending.remember();
        self.set_state.set(PressState::Sending);
        spawn_local(async move {
            if let Some(location) = press.locate().await {
                pending.locate(location);
                pending.remember();
            }
            press.send(pending).await;
        });
    }

    /// Sends the press that [`PressState::Unsent`] asks about.
    pub fn send_now(&self) {
        let press = *self;
        if let Some(pending) = Pending::recall().filter(|_| !press.is_busy()) {
            self.set_state.set(PressState::Sending);
            spawn_local(press.send(pending));
        }
    }

    /// The person has read how it ended, or does not want to send it any more.
    pub fn dismiss(&self) {
        if matches!(self.state.get_untracked(), PressState::Unsent { .. }) {
            Pending::forget();
        }
        if !self.is_busy() {
            self.set_state.set(PressState::Idle);
        }
    }

    fn is_busy(self) -> bool {
        use PressState::{NeedsSignIn, Retrying, Sending};
        matches!(self.state.get_untracked(), Sending | Retrying { .. } | NeedsSignIn)
    }

    /// Looks for a press that this tab has not got through.
    fn find(self) {
        let Some(pending) = Pending::recall() else {
            return;
        };
        let now = self.connection.clock().exactly_now();
        match self.viewer.with_value(|viewer| pending.found(viewer, now)) {
            Found::Send => {
                self.set_state.set(PressState::Sending);
                spawn_local(self.send(pending));
            }
            Found::Ask => self.set_state.set(PressState::Unsent { pressed_at: pending.pressed_at }),
            Found::NotTheirs => {}
        }
    }

    /// Somebody may have signed in with another tab: the socket is back, so the press may go, too.
    fn signed_in_elsewhere(self, before: Option<ConnectionState>) -> ConnectionState {
        let connection = self.connection.state.get();
        let came_back =
            connection == ConnectionState::Connected && before.is_some_and(|before| before != connection);
        if came_back && self.state.get_untracked() == PressState::NeedsSignIn {
            self.find();
        }
        connection
    }

    async fn locate(self) -> Option<Location> {
        let wait = sleep(LOCATION_WAIT);
        match future::select(location::locate(), wait).await {
            Either::Left((Ok(Ok(location)), _)) => Some(location),
            Either::Left((Ok(Err(problem)), _)) => {
                self.tracking.problem().try_set(Some(problem));
                None
            }
            Either::Left((Err(_), _)) | Either::Right(_) => None,
        }
    }

    async fn send(self, pending: Pending) {
        let on_trouble = move |why, tries| {
            self.set_state.try_set(PressState::Retrying { why, tries });
        };
        let state = match api::post("/alert", pending.key, &pending.request, on_trouble).await {
            Ok(recorded) => {
                Pending::forget();
                let (id, at) = (AlertId(recorded.id), self.connection.clock().exactly_now());
                self.tracking.begin(id, pending.request.location(), at);
                PressState::Recorded { id, state: recorded.state, at }
            }
            Err(Refused::SignIn) => PressState::NeedsSignIn,
            Err(Refused::Problem(problem)) => {
                Pending::forget();
                PressState::Refused(problem)
            }
        };
        self.set_state.try_set(state);
    }
}
