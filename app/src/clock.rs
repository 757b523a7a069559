//! The server's time, as far as the browser can know it. A device's own clock may be wrong by hours, and what is
//! "younger than ten minutes" must not depend on it.

use std::time::Duration;

use domain::{Millis, event::LATE_AFTER};
use leptos::prelude::*;

use crate::{
    kept_page::kept_at,
    reactive::{ReadSignal, RwSignal, effect},
};

/// By how much the server's clock is ahead of the device's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset(Millis);

impl Offset {
    /// Corrects the clock by a server's time `server`, at which the device's clock shows `device`.
    #[must_use]
    pub fn between(server: Millis, device: Millis) -> Self {
        Self(server.saturating_sub(device))
    }

    /// Corrects the clock by a live frame that is not late, about something that the server received at `at`. The
    /// server's clock shows no less than that, and less than [`LATE_AFTER`] more. The offset moves only as far as this
    /// demands.
    #[must_use]
    pub fn adjust_to_live(self, at: Millis, device: Millis) -> Self {
        Self::between(self.server(device).clamp(at, at.saturating_add(LATE_AFTER)), device)
    }

    /// The server's time when the device's clock shows `device`.
    #[must_use]
    pub fn server(self, device: Millis) -> Millis {
        device.saturating_add(self.0)
    }
}

/// The server's time as a signal.
#[derive(Clone, Copy)]
pub struct Clock {
    offset: RwSignal<Offset>,
    now: RwSignal<Millis>,
    moment: RwSignal<Millis>,
}

impl Clock {
    /// Returns a clock that shows `page_now`, the server's time when it rendered the page, and goes on from there in
    /// the browser. It starts now, or when a kept page was rendered. On the server, and until the page is hydrated, it
    /// stands.
    #[must_use]
    pub fn start(page_now: Millis) -> Self {
        let clock =
            Self { offset: RwSignal::default(), now: RwSignal::new(page_now), moment: RwSignal::new(0) };
        effect(move || {
            clock.offset.set(Offset::between(page_now, kept_at().unwrap_or_else(steady_now)));
            clock.tick();
            if let Ok(interval) = set_interval_with_handle(move || clock.tick(), Duration::from_secs(1)) {
                on_cleanup(move || interval.clear());
            }
        });
        clock
    }

    /// The server's time, once a second.
    #[must_use]
    pub fn signal(self) -> ReadSignal<Millis> {
        self.now.read_only()
    }

    /// Returns the page's monotonic time ([`moment`]), once a second. It is 0 on the server.
    #[must_use]
    pub fn moments(self) -> ReadSignal<Millis> {
        self.moment.read_only()
    }

    /// The server's time this moment. In the browser only.
    #[must_use]
    pub fn exactly_now(self) -> Millis {
        self.offset.try_get_untracked().unwrap_or_default().server(steady_now())
    }

    /// The server's time when the device's clock showed `device`. The difference to what that clock shows now counts,
    /// because it may have been set since the page was loaded. In the browser only.
    #[must_use]
    pub fn when(self, device: Millis) -> Millis {
        self.exactly_now().saturating_sub(device_now().saturating_sub(device))
    }

    /// See [`Offset::adjust_to_live`].
    pub(crate) fn adjust_to_live(self, at: Millis) {
        self.correct(|offset| offset.adjust_to_live(at, steady_now()));
    }

    /// See [`Offset::between`].
    pub(crate) fn set(self, server: Millis) {
        self.correct(|_| Offset::between(server, steady_now()));
    }

    fn correct(self, by: impl FnOnce(Offset) -> Offset) {
        if let Some(offset) = self.offset.try_get_untracked() {
            self.offset.try_set(by(offset));
            self.tick();
        }
    }

    fn tick(self) {
        // The page may be gone; then nobody looks at the clock any more.
        self.moment.try_set(moment());
        self.now.try_set(self.exactly_now());
    }
}

/// Returns what the device's clock shows. In the browser only.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit for 285 000 years")]
pub(crate) fn device_now() -> Millis {
    js_sys::Date::now() as Millis
}

/// Returns milliseconds since the page was loaded, which no step of the device's clock changes (High Resolution Time,
/// section 4). In the browser only.
#[expect(clippy::cast_possible_truncation, reason = "a page lives for less than 285 000 years")]
pub(crate) fn moment() -> Millis {
    window().performance().map_or_else(device_now, |performance| performance.now() as Millis)
}

/// Returns what the device's clock would show if nobody had set it since the page was loaded. In the browser only.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit for 285 000 years")]
fn steady_now() -> Millis {
    let steady =
        |performance: web_sys::Performance| (performance.time_origin() + performance.now()) as Millis;
    window().performance().map_or_else(device_now, steady)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 60 * 60 * 1000;

    #[test]
    fn a_device_that_is_hours_wrong_shows_the_servers_time() {
        let offset = Offset::between(1_000_000 + 5 * HOUR, 1_000_000);
        assert_eq!(offset.server(1_000_060), 5 * HOUR + 1_000_060);
    }

    #[test]
    fn a_live_event_moves_a_slow_clock_up_to_it() {
        let offset = Offset::between(10 * HOUR, 10 * HOUR);
        assert_eq!(offset.adjust_to_live(11 * HOUR, 10 * HOUR).server(10 * HOUR), 11 * HOUR);
    }

    #[test]
    fn a_live_event_moves_a_fast_clock_back_to_where_it_would_not_be_late() {
        let offset = Offset::between(10 * HOUR, 10 * HOUR);
        assert_eq!(offset.adjust_to_live(9 * HOUR, 10 * HOUR).server(10 * HOUR), 9 * HOUR + LATE_AFTER);
    }

    #[test]
    fn a_live_event_leaves_a_clock_alone_that_agrees_with_it() {
        let offset = Offset::between(10 * HOUR, 9 * HOUR);
        assert_eq!(offset.adjust_to_live(10 * HOUR - 2_000, 9 * HOUR), offset);
    }
}
