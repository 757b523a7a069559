//! While the own call is open, the device it was made with sends where the caller is.

use domain::{AlertId, Location, Millis};
use leptos::{logging, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen_futures::spawn_local;

use crate::{
    api::{self, Answer},
    clock::device_now,
    location::{DeviceLocation, LocationProblem, Watch},
    storage::Memory,
};

/// The shortest time between two places that are sent, in milliseconds.
const AT_MOST_EVERY: Millis = 5_000;

/// Where the tab remembers the call it made, so that it goes on after a reload.
const KEY: &str = "iutsai-own-call";

/// The choice of places to send, which are new ones, and not too often. The newest one is never lost, only later.
#[derive(Clone, Copy, Debug, Default)]
struct Throttle {
    sent: Option<Location>,
    sent_at: Option<Millis>,
}

impl Throttle {
    fn lets_pass(&mut self, location: Location, now: Millis) -> bool {
        let soon = self.sent_at.is_some_and(|at| now.saturating_sub(at).abs() < AT_MOST_EVERY);
        if soon || self.sent == Some(location) {
            return false;
        }
        (self.sent, self.sent_at) = (Some(location), Some(now));
        true
    }

    /// A place that was let pass has not arrived.
    fn failed(&mut self) {
        self.sent = None;
    }
}

/// The call that this tab has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Call {
    id: AlertId,
    /// True if it was made before this page was loaded, so it may have been over for long.
    is_remembered: bool,
}

/// Sends where the caller is, for the call that this tab has made.
#[derive(Clone, Copy)]
pub(super) struct Tracking {
    call: RwSignal<Option<Call>>,
    newest: RwSignal<Option<DeviceLocation>>,
    /// The number of times that the newest location has become old. Each time the device is asked anew.
    renewals: RwSignal<u32>,
    problem: RwSignal<Option<LocationProblem>>,
    throttle: StoredValue<Throttle>,
}

impl Tracking {
    /// `is_open` returns whether a call is open, if it is known at all; `now` ticks.
    pub(super) fn new(
        is_open: impl Fn(AlertId) -> Option<bool> + Send + Sync + 'static,
        now: ReadSignal<Millis>,
    ) -> Self {
        let tracking = Self {
            call: RwSignal::new(None),
            newest: RwSignal::new(None),
            renewals: RwSignal::new(0),
            problem: RwSignal::new(None),
            throttle: StoredValue::new(Throttle::default()),
        };
        let open = Memo::new(move |_| {
            let call = tracking.call.get()?;
            is_open(call.id).unwrap_or(!call.is_remembered).then_some(call.id)
        });
        Effect::new(move || {
            if let Some(id) = Memory::Tab.recall(KEY).filter(|_| tracking.call.get_untracked().is_none()) {
                tracking.call.set(Some(Call { id, is_remembered: true }));
            }
        });
        let watch = StoredValue::new(None::<SendWrapper<Watch>>);
        Effect::new(move |before: Option<Option<AlertId>>| {
            let open = open.get();
            tracking.renewals.track();
            watch.set_value(open.and_then(|_| tracking.watch()).map(SendWrapper::new));
            if open.is_none() && before.flatten().is_some() {
                Memory::Tab.forget(KEY);
                // The next call may be made elsewhere.
                tracking.newest.set(None);
            }
            open
        });
        Effect::new(move || tracking.send_newest(open.get(), now.get()));
        tracking
    }

    /// Begins when this tab has made a call, from the place `sent` if there was one.
    pub(super) fn begin(self, id: AlertId, sent: Option<Location>, now: Millis) {
        Memory::Tab.remember(KEY, &id);
        let sent_at = sent.map(|_| now);
        self.throttle.try_set_value(Throttle { sent, sent_at });
        self.call.try_set(Some(Call { id, is_remembered: false }));
    }

    /// Begins when this device has made a call that was recorded without this tab. It may have been over for long.
    pub(super) fn resume(self, id: AlertId) {
        Memory::Tab.remember(KEY, &id);
        self.call.try_set(Some(Call { id, is_remembered: true }));
    }

    /// The reason why the last place was not sent.
    pub(super) fn problem(self) -> RwSignal<Option<LocationProblem>> {
        self.problem
    }

    fn watch(self) -> Option<Watch> {
        let apply = move |result: Result<DeviceLocation, LocationProblem>| self.apply(result);
        Watch::start(apply).inspect_err(|problem| self.problem.set(Some(*problem))).ok()
    }

    fn apply(self, result: Result<DeviceLocation, LocationProblem>) {
        match result {
            Ok(location) => {
                self.problem.try_set(None);
                self.newest.try_set(Some(location));
            }
            Err(problem) => {
                self.problem.try_set(Some(problem));
            }
        }
    }

    fn send_newest(self, open: Option<AlertId>, now: Millis) {
        let (Some(call), Some(newest)) = (open, self.newest.get()) else {
            return;
        };
        if !newest.is_current(device_now()) {
            // The page slept, or the device has not moved. Only a new answer has the present place.
            self.newest.set(None);
            self.renewals.update(|renewals| *renewals = renewals.wrapping_add(1));
            return;
        }
        let location = newest.location;
        if !self.throttle.try_update_value(|throttle| throttle.lets_pass(location, now)).unwrap_or(false) {
            return;
        }
        spawn_local(async move {
            match api::moved(call, location).await {
                Answer::Recorded(_) => {}
                Answer::Again(..) => drop(self.throttle.try_update_value(Throttle::failed)),
                // The next place will be refused, too, until the call or the session has changed.
                Answer::Refused(refused) => logging::warn!("the caller's place is refused: {refused:?}"),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(lat: f64) -> Location {
        Location::new(lat, 127.0, None).expect("a location")
    }

    #[test]
    fn a_new_place_is_sent_at_most_every_five_seconds() {
        let mut throttle = Throttle::default();
        assert!(throttle.lets_pass(place(37.1), 1_000));
        assert!(!throttle.lets_pass(place(37.2), 5_999));
        assert!(throttle.lets_pass(place(37.2), 6_000));
    }

    #[test]
    fn a_place_that_was_sent_is_not_sent_again_unless_it_did_not_arrive() {
        let mut throttle = Throttle::default();
        assert!(throttle.lets_pass(place(37.1), 1_000));
        assert!(!throttle.lets_pass(place(37.1), 60_000));
        throttle.failed();
        assert!(throttle.lets_pass(place(37.1), 60_000));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_the_places() {
        let mut throttle = Throttle::default();
        assert!(throttle.lets_pass(place(37.1), 3_600_000));
        assert!(throttle.lets_pass(place(37.2), 1_000));
    }
}
