//! The place of this device, by the Geolocation API (W3C), with its accuracy. A call never depends on it. The browser
//! is not asked while the person keeps the location back.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use domain::{Location, Millis};
use futures_channel::oneshot;
use js_sys::{Object, Reflect};
use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Geolocation, PermissionState, PermissionStatus, PositionOptions};

use crate::{clock::device_now, reactive::spawn_local};

/// A location is where the device is now for this long after it was found, in milliseconds.
const CURRENT_FOR: Millis = 5 * 60 * 1000;

/// The longest age that a browser's timestamp may give a location, in milliseconds. A receiver whose clock is years
/// behind finds its locations now all the same.
const LONGEST_AGE: Millis = 24 * 60 * 60 * 1000;

/// A location with the time at which the device found it, by the device's clock. They travel together, because an old
/// location must not be shown as the current one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeviceLocation {
    /// Where the device was.
    pub location: Location,
    found_at: Millis,
}

impl DeviceLocation {
    /// `timestamp` is the browser's, in milliseconds since 1970. One that makes no sense at `now` counts as `now`,
    /// because the browser was asked for a recent location.
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit for 285 000 years")]
    pub(crate) fn new(location: Location, timestamp: f64, now: Millis) -> Self {
        let age = now.saturating_sub(timestamp as Millis);
        let found_at = if (0..LONGEST_AGE).contains(&age) { now - age } else { now };
        Self { location, found_at }
    }

    /// Returns whether the device may still be there at `now`, by its own clock. The difference counts either way,
    /// because a clock that was set back makes nothing young again.
    #[must_use]
    pub fn is_current(&self, now: Millis) -> bool {
        now.saturating_sub(self.found_at).saturating_abs() < CURRENT_FOR
    }
}

/// The reason why the browser does not give the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocationProblem {
    /// The person keeps it back, so the browser was not asked.
    KeptBack,
    /// The browser cannot, or may not without https.
    Unsupported,
    /// The person or the device's settings forbid it.
    Denied,
    /// The device does not know.
    Unavailable,
    /// The device took too long.
    TimedOut,
}

impl LocationProblem {
    /// Returns the reason for a `GeolocationPositionError`'s `code`.
    fn of_code(code: u16) -> Self {
        match code {
            1 => Self::Denied,
            3 => Self::TimedOut,
            _ => Self::Unavailable,
        }
    }
}

/// A place as old as this is still where the caller is, in milliseconds.
const MAXIMUM_AGE: u32 = 10_000;
/// The time for which the device may look for a place, in milliseconds.
const TIMEOUT: u32 = 30_000;

// web-sys has these types only behind its unstable interface.
#[wasm_bindgen]
extern "C" {
    type GeolocationPosition;
    #[wasm_bindgen(method, getter)]
    fn coords(this: &GeolocationPosition) -> GeolocationCoordinates;
    #[wasm_bindgen(method, getter)]
    fn timestamp(this: &GeolocationPosition) -> f64;

    type GeolocationCoordinates;
    #[wasm_bindgen(method, getter)]
    fn latitude(this: &GeolocationCoordinates) -> f64;
    #[wasm_bindgen(method, getter)]
    fn longitude(this: &GeolocationCoordinates) -> f64;
    #[wasm_bindgen(method, getter)]
    fn accuracy(this: &GeolocationCoordinates) -> f64;

    type GeolocationPositionError;
    #[wasm_bindgen(method, getter)]
    fn code(this: &GeolocationPositionError) -> u16;
}

thread_local! {
    /// The person keeps the location back.
    static OFF: Cell<bool> = const { Cell::new(false) };
}

/// From now on the person keeps the location back, or allows it again. A watch that runs goes on until it is dropped.
pub(crate) fn keep_back(off: bool) {
    OFF.set(off);
}

/// Returns whether the person keeps the location back, as far as this page knows.
pub(crate) fn is_off() -> bool {
    OFF.get()
}

/// Asks for the place of this device; the browser may ask the person first. For a button that announces it.
pub fn ask(then: impl FnOnce(Result<DeviceLocation, LocationProblem>) + 'static) {
    let located = locate();
    spawn_local(async move { then(located.await.unwrap_or(Err(LocationProblem::Unavailable))) });
}

/// Asks where this device is. The answer may never come, if the browser asks the person and gets no answer.
pub(crate) fn locate() -> oneshot::Receiver<Result<DeviceLocation, LocationProblem>> {
    let (sender, receiver) = oneshot::channel();
    let sender = Rc::new(RefCell::new(Some(sender)));
    let watch = Rc::new(RefCell::new(None));
    let answer = {
        let watch = Rc::clone(&watch);
        move |result| {
            if let Some(sender) = sender.borrow_mut().take() {
                // The receiver may have gone on without it.
                sender.send(result).ok();
            }
            // Not here and now, because this runs inside the watch's own callback.
            let watch = Rc::clone(&watch);
            spawn_local(async move { drop(watch.borrow_mut().take()) });
        }
    };
    match Watch::start(answer.clone()) {
        Ok(started) => *watch.borrow_mut() = Some(started),
        Err(problem) => answer(Err(problem)),
    }
    receiver
}

/// Returns whether the browser gives the place without asking the person, who does not keep it back.
pub(crate) async fn is_granted() -> bool {
    if is_off() {
        return false;
    }
    let query = Object::new();
    let asked = Reflect::set(&query, &"name".into(), &"geolocation".into())
        .and_then(|_| window().navigator().permissions())
        .and_then(|permissions| permissions.query(&query));
    match asked {
        Ok(promise) => JsFuture::from(promise).await.is_ok_and(|status| {
            status.unchecked_into::<PermissionStatus>().state() == PermissionState::Granted
        }),
        Err(_) => false,
    }
}

/// Receives the place of this device, again and again, until it is dropped.
pub(crate) struct Watch {
    geolocation: Geolocation,
    id: i32,
    // The browser calls them for as long as it watches.
    _on_position: Closure<dyn FnMut(GeolocationPosition)>,
    _on_error: Closure<dyn FnMut(GeolocationPositionError)>,
}

impl Watch {
    pub(crate) fn start(
        report: impl Fn(Result<DeviceLocation, LocationProblem>) + Clone + 'static,
    ) -> Result<Self, LocationProblem> {
        if is_off() {
            return Err(LocationProblem::KeptBack);
        }
        let geolocation = window().navigator().geolocation().map_err(|_| LocationProblem::Unsupported)?;
        if geolocation.is_undefined() {
            return Err(LocationProblem::Unsupported);
        }
        let on_error = {
            let report = report.clone();
            Closure::new(move |error: GeolocationPositionError| {
                report(Err(LocationProblem::of_code(error.code())));
            })
        };
        let on_position = Closure::new(move |position: GeolocationPosition| {
            let coords = position.coords();
            let location = Location::new(coords.latitude(), coords.longitude(), Some(coords.accuracy()));
            let now = device_now();
            let found = location.map(|location| DeviceLocation::new(location, position.timestamp(), now));
            // A browser that wakes up may give what it knew before it slept; what it finds now follows.
            if found.is_none_or(|found| found.is_current(now)) {
                report(found.ok_or(LocationProblem::Unavailable));
            }
        });
        let options = PositionOptions::new();
        options.set_enable_high_accuracy(true);
        options.set_maximum_age(MAXIMUM_AGE);
        options.set_timeout(TIMEOUT);
        let id = geolocation
            .watch_position_with_error_callback_and_options(
                callback(&on_position),
                Some(callback(&on_error)),
                &options,
            )
            .map_err(|_| LocationProblem::Unsupported)?;
        Ok(Self { geolocation, id, _on_position: on_position, _on_error: on_error })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.geolocation.clear_watch(self.id);
    }
}

fn callback<T: ?Sized>(closure: &Closure<T>) -> &js_sys::Function {
    closure.as_ref().unchecked_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_700_000_000_000;

    #[expect(clippy::cast_precision_loss, reason = "the browser's timestamps are no finer")]
    fn found(age: Millis) -> DeviceLocation {
        let location = Location::new(37.5, 127.0, None).expect("a location");
        DeviceLocation::new(location, (NOW - age) as f64, NOW)
    }

    #[test]
    fn a_location_is_current_for_five_minutes_after_it_was_found() {
        assert!(found(0).is_current(NOW));
        assert!(found(10_000).is_current(NOW + 60_000));
        assert!(!found(3_600_000).is_current(NOW));
        assert!(!found(10_000).is_current(NOW + CURRENT_FOR));
        assert!(!found(0).is_current(NOW - CURRENT_FOR));
    }

    #[test]
    fn a_timestamp_that_cannot_be_counts_as_now() {
        for age in [-7_200_000, LONGEST_AGE, NOW] {
            assert!(found(age).is_current(NOW), "{age}");
            assert!(!found(age).is_current(NOW + 3_600_000), "{age}");
        }
        let location = Location::new(37.5, 127.0, None).expect("a location");
        assert!(DeviceLocation::new(location, f64::NAN, NOW).is_current(NOW));
    }

    #[test]
    fn the_browsers_error_codes_are_distinguished() {
        let problems = [1, 2, 3, 0].map(LocationProblem::of_code);
        use LocationProblem::{Denied, TimedOut, Unavailable};
        assert_eq!(problems, [Denied, Unavailable, TimedOut, Unavailable]);
    }
}
