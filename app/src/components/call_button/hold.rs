//! Holding a button until its time is full, or letting it go before.

use std::time::Duration;

use leptos::{ev, logging, prelude::*};
use web_sys::HtmlButtonElement;

use crate::reactive::{RwSignal, Signal, StoredValue};

/// The time for which the button is held until it calls. The style sheet fills the ring in the same time.
const HOLD: Duration = Duration::from_millis(1_200);

/// The stage of a press of the button.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Rest,
    Held,
    TooShort,
}

/// Where the button was when it was pressed. The page may move it meanwhile, for example when an alarm appears above it,
/// and that is not letting go.
#[derive(Clone, Copy)]
pub(super) struct Grip {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Grip {
    pub(super) fn new(button: &HtmlButtonElement, event: &ev::PointerEvent) -> Self {
        // Without a capture, the pointer's release elsewhere would not be noticed here.
        if let Err(error) = button.set_pointer_capture(event.pointer_id()) {
            logging::warn!("the pointer is not captured: {error:?}");
        }
        let place = button.get_bounding_client_rect();
        Self { left: place.left(), top: place.top(), right: place.right(), bottom: place.bottom() }
    }

    fn holds(&self, event: &ev::PointerEvent) -> bool {
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }
}

/// A button that is being held, and what to do when that was long enough.
#[derive(Clone, Copy)]
pub(super) struct Hold {
    pub(super) stage: RwSignal<Stage>,
    timer: StoredValue<Option<TimeoutHandle>>,
    grip: StoredValue<Option<Grip>>,
    full: Callback<()>,
}

impl Hold {
    pub(super) fn new(full: impl Fn() + Send + Sync + 'static) -> Self {
        let stage = RwSignal::new(Stage::Rest);
        let (timer, grip) = (StoredValue::new(None), StoredValue::new(None));
        Self { stage, timer, grip, full: Callback::new(move |()| full()) }
    }

    /// Returns whether the button is at this stage.
    pub(super) fn is_at(self, stage: Stage) -> Signal<bool> {
        Signal::derive(move || self.stage.get() == stage)
    }

    pub(super) fn begin(self, grip: Option<Grip>) {
        self.stop();
        self.grip.set_value(grip);
        self.stage.set(Stage::Held);
        let full = move || {
            self.timer.set_value(None);
            self.stage.set(Stage::Rest);
            self.full.run(());
        };
        match set_timeout_with_handle(full, HOLD) {
            Ok(timer) => self.timer.set_value(Some(timer)),
            // A browser without timers could never call, so it calls at once.
            Err(_) => full(),
        }
    }

    /// Lets go when the pointer itself slips off.
    pub(super) fn moved_to(self, event: &ev::PointerEvent) {
        if self.grip.with_value(|grip| grip.as_ref().is_some_and(|grip| !grip.holds(event))) {
            self.release();
        }
    }

    pub(super) fn release(self) {
        if self.stop() {
            self.stage.set(Stage::TooShort);
        }
    }

    /// Returns whether it was being held.
    fn stop(self) -> bool {
        let timer = self.timer.try_update_value(Option::take).flatten();
        timer.inspect(TimeoutHandle::clear).is_some()
    }
}
