//! While a call is open, a device sends where its person is, who is the caller, or a helper who wants to be shown.

use domain::{AlertId, Location, Millis, json::quoted};
use gloo_timers::future::TimeoutFuture;
use leptos::{logging, prelude::*};
use send_wrapper::SendWrapper;

use crate::{
    api::{self, Answer, Refused},
    clock::device_now,
    location::{self, DeviceLocation, LocationProblem, Watch},
    reactive::{Memo, ReadSignal, RwSignal, StoredValue, effect, effect_after, spawn_local},
    storage::Memory,
};

/// The shortest time between two places that are sent, in milliseconds.
const AT_MOST_EVERY: Millis = 5_000;

/// The time after which a place is sent again though it is the same, in milliseconds. It would look old to others after
/// a minute without news.
const AGAIN_AFTER: Millis = 45_000;

/// Refusals in a row after which the server counts as refusing, and a place is not sent again at once. Before, a node may
/// not know yet that the house is on its way.
const REFUSED_FOR_GOOD: u32 = 3;

/// The pause between two looks whether a place is still on its way, in milliseconds.
const LOOK_EVERY: u32 = 100;

/// The choice of places to send, which are new ones, and not too often. The newest one is never lost, only later.
#[derive(Clone, Copy, Debug, Default)]
struct Throttle {
    sent: Option<Location>,
    sent_at: Option<Millis>,
}

impl Throttle {
    fn lets_pass(&mut self, location: Location, now: Millis) -> bool {
        let passed = self.sent_at.map(|at| now.saturating_sub(at).abs());
        let least = if self.sent == Some(location) { AGAIN_AFTER } else { AT_MOST_EVERY };
        if passed.is_some_and(|passed| passed < least) {
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

/// The call for which this tab sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Call {
    id: AlertId,
    /// True if it is from before this page was loaded, so it may have been over for long.
    is_remembered: bool,
}

/// Sends where this device is, for one call.
#[derive(Clone, Copy)]
pub(crate) struct Tracking {
    /// Where the tab remembers the call, so that it goes on after a reload.
    key: &'static str,
    call: RwSignal<Option<Call>>,
    /// The call, while it is open.
    open: Memo<Option<AlertId>>,
    newest: RwSignal<Option<DeviceLocation>>,
    /// The number of times that the newest location has become old. Each time the device is asked anew.
    renewals: RwSignal<u32>,
    problem: RwSignal<Option<LocationProblem>>,
    throttle: StoredValue<Throttle>,
    /// The number of places that are on their way to the server.
    sending: StoredValue<u32>,
    /// The number of refusals since a place was accepted.
    refusals: RwSignal<u32>,
}

impl Tracking {
    /// `is_open` returns whether the places of a call are wanted, if it is known at all; `now` ticks.
    pub(crate) fn new(
        key: &'static str,
        is_open: Callback<AlertId, Option<bool>>,
        now: ReadSignal<Millis>,
    ) -> Self {
        let call = RwSignal::new(None::<Call>);
        let open = Memo::new(move |_| {
            let call = call.get()?;
            is_open.run(call.id).unwrap_or(!call.is_remembered).then_some(call.id)
        });
        let tracking = Self {
            key,
            call,
            open,
            newest: RwSignal::new(None),
            renewals: RwSignal::new(0),
            problem: RwSignal::new(None),
            throttle: StoredValue::new(Throttle::default()),
            sending: StoredValue::new(0),
            refusals: RwSignal::new(0),
        };
        let watch = StoredValue::new(None::<SendWrapper<Watch>>);
        effect_after(move |before: Option<Option<AlertId>>| {
            let open = open.get();
            tracking.renewals.track();
            watch.set_value(open.and_then(|_| tracking.watch()).map(SendWrapper::new));
            if open.is_none() && before.flatten().is_some() {
                Memory::Tab.forget(key);
                // The next call may be made elsewhere.
                tracking.newest.set(None);
            }
            open
        });
        effect(move || tracking.send_newest(open.get(), now.get()));
        tracking
    }

    /// Goes on with the call that the tab remembers from before a reload.
    pub(crate) fn recall(self) {
        let id = Memory::Tab.recall(self.key);
        if let Some(id) = id.filter(|_| self.call.try_get_untracked() == Some(None)) {
            self.call.try_set(Some(Call { id, is_remembered: true }));
        }
    }

    /// Begins for a call, from the place `sent` if one was sent with it.
    pub(crate) fn begin(self, id: AlertId, sent: Option<Location>, now: Millis) {
        Memory::Tab.remember(self.key, &quoted(&id.to_string()));
        self.refusals.try_set(0);
        let sent_at = sent.map(|_| now);
        self.throttle.try_set_value(Throttle { sent, sent_at });
        self.call.try_set(Some(Call { id, is_remembered: false }));
    }

    /// Begins when this device has made a call that was recorded without this tab. It may have been over for long.
    pub(crate) fn resume(self, id: AlertId) {
        Memory::Tab.remember(self.key, &quoted(&id.to_string()));
        self.call.try_set(Some(Call { id, is_remembered: true }));
    }

    /// Sends nothing any longer.
    pub(crate) fn end(self) {
        self.call.try_set(None);
        Memory::Tab.forget(self.key);
    }

    /// Sends nothing any longer, and takes back what was sent. Nothing may be on its way then, or it would come after.
    pub(crate) fn take_back(self) {
        let Some(Call { id, .. }) = self.call.get_untracked() else { return };
        self.end();
        spawn_local(async move {
            while self.sending.try_get_value().unwrap_or_default() > 0 {
                TimeoutFuture::new(LOOK_EVERY).await;
            }
            // A refusal shows that the call is over or the house not on its way, so its place is shown to nobody.
            api::hide(id).await.map(drop).unwrap_or_default();
            // The person may want to be shown again already.
            self.throttle.try_update_value(Throttle::failed);
        });
    }

    /// The call for which places are or were sent.
    pub(crate) fn call(self) -> Option<AlertId> {
        self.call.get().map(|call| call.id)
    }

    /// Returns whether places are sent now.
    pub(crate) fn is_on(self) -> bool {
        self.open.get().is_some()
    }

    /// Returns whether the server refuses the places.
    pub(crate) fn is_refused(self) -> bool {
        self.refusals.get() >= REFUSED_FOR_GOOD
    }

    /// The reason why the last place was not sent.
    pub(crate) fn problem(self) -> RwSignal<Option<LocationProblem>> {
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
        self.sending.try_update_value(|sending| *sending += 1);
        spawn_local(async move {
            match api::moved(call, location).await {
                Answer::Recorded(_) => drop(self.refusals.try_set(0)),
                Answer::Again(..) => drop(self.throttle.try_update_value(Throttle::failed)),
                Answer::Refused(refused) => {
                    if let Refused::Problem(problem) = refused {
                        logging::warn!("this device's place is refused: {}", problem.detail);
                    }
                    self.refused();
                    self.end_if_kept_back().await;
                }
            }
            self.sending.try_update_value(|sending| *sending = sending.saturating_sub(1));
        });
    }

    /// Ends if the person has turned the location off elsewhere since this page was loaded.
    pub(crate) async fn end_if_kept_back(self) {
        api::check_session().await;
        if location::is_off() {
            self.problem.try_set(Some(LocationProblem::KeptBack));
            self.end();
        }
    }

    fn refused(self) {
        let refusals = self.refusals.try_update(|refusals| {
            *refusals = refusals.saturating_add(1);
            *refusals
        });
        if refusals.is_some_and(|refusals| refusals < REFUSED_FOR_GOOD) {
            self.throttle.try_update_value(Throttle::failed);
        }
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
    fn a_place_that_was_sent_is_sent_again_before_it_looks_old_or_if_it_did_not_arrive() {
        let mut throttle = Throttle::default();
        assert!(throttle.lets_pass(place(37.1), 1_000));
        assert!(!throttle.lets_pass(place(37.1), 45_999));
        assert!(throttle.lets_pass(place(37.1), 46_000));
        assert!(!throttle.lets_pass(place(37.1), 51_000));
        throttle.failed();
        assert!(throttle.lets_pass(place(37.1), 51_000));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_the_places() {
        let mut throttle = Throttle::default();
        assert!(throttle.lets_pass(place(37.1), 3_600_000));
        assert!(throttle.lets_pass(place(37.2), 1_000));
    }
}
