//! The clocks of the device and of the nodes, however they are set. A call that should sound does, live and after a
//! reconnect, and an old one does not. A caller's clock is on no record and in no frame, so it has no part.

use domain::{Alert, body::Body};
use proptest::prelude::*;

use super::*;
use crate::{
    clock::Offset,
    feed::{Feed, Scope},
    samples::{house, line},
};

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;
const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;

/// Between two looks at the calls, in milliseconds. A page looks more often.
const TICK: usize = 3_000;
const LENGTH: Millis = 3_000;

/// A clock that shows a wrong time, and is set once. Arguments are true times, in milliseconds since the call was
/// received.
#[derive(Clone, Copy, Debug)]
struct WallClock {
    ahead: Millis,
    step: Millis,
    set_at: Millis,
}

impl WallClock {
    fn shows(&self, time: Millis) -> Millis {
        let step = if time >= self.set_at { self.step } else { 0 };
        AT + time + self.ahead + step
    }
}

fn wall_clock() -> impl Strategy<Value = WallClock> {
    let wrong = || {
        let usual = prop::sample::select(vec![0, 11 * MINUTE, -11 * MINUTE, DAY, -DAY, 400 * DAY]);
        prop_oneof![usual, -2 * DAY..2 * DAY]
    };
    (wrong(), wrong(), -HOUR..20 * MINUTE).prop_map(|(ahead, step, set_at)| WallClock { ahead, step, set_at })
}

/// An armed page, as the modules of the browser put it together.
struct Page {
    clock: WallClock,
    loaded: Millis,
    viewer: Resident,
    offset: Offset,
    feed: Feed,
    alarm: Sounding,
    sounded: Sounded,
    begun: Vec<CallKey>,
}

impl Page {
    fn load(clock: WallClock, node: WallClock, loaded: Millis) -> Self {
        let viewer = resident("1204");
        Self {
            clock,
            loaded,
            offset: Offset::between(node.shows(loaded), clock.shows(loaded)),
            feed: Feed::new(&Scope::of(&viewer)),
            viewer,
            alarm: Sounding::default(),
            sounded: Sounded::new(),
            begun: Vec::new(),
        }
    }

    /// The monotonic time, which no step changes.
    fn moment(&self, time: Millis) -> Millis {
        time - self.loaded
    }

    /// Returns what the clock would show if nobody had set it since the page was loaded.
    fn steady(&self, time: Millis) -> Millis {
        self.clock.shows(self.loaded) + self.moment(time)
    }

    /// Takes a call in as `socket::session` does.
    fn receive(&mut self, alert: &Alert, age: Millis, time: Millis) {
        self.offset = Offset::between(alert.at + age, self.steady(time));
        let body = Body::Event { event: Event::Alert(alert.clone()), first: None };
        self.feed.receive(body, false, Some(age), self.moment(time));
    }

    /// Subscribes, and takes in the snapshot of these calls, each with when it was received.
    fn connect(&mut self, calls: &[(&Alert, Millis)], time: Millis) {
        self.feed.subscribed();
        for (alert, received) in calls.iter().filter(|(_, received)| *received <= time) {
            self.receive(alert, time - received, time);
        }
        let end = Body::SnapshotEnd { line: Some(line()), truncated: false };
        self.feed.receive(end, false, None, self.moment(time));
    }

    fn tick(&mut self, time: Millis) {
        let now = self.offset.server(self.steady(time));
        let asking =
            asking(&self.feed, &self.viewer, now, self.moment(time)).expect("no snapshot is under way");
        let device = self.clock.shows(time);
        self.begun.extend(self.alarm.update(&asking, true, &mut self.sounded, device));
        forget_old(&mut self.sounded, &asking, device);
    }

    fn sounds(&self, alert: &Alert) -> bool {
        self.alarm.calls().any(|call| *call == alert.key())
    }

    fn has_begun(&self, alert: &Alert) -> usize {
        self.begun.iter().filter(|call| **call == alert.key()).count()
    }
}

proptest! {
    #[test]
    fn a_call_sounds_live_for_ten_minutes_and_once_however_often_the_page_reconnects(
        device in wall_clock(),
        node in wall_clock(),
        other_node in wall_clock(),
        loaded in -3 * HOUR..0,
        other_at in 0..14 * MINUTE,
        word_at in 0..14 * MINUTE,
        reconnects in prop::collection::vec(0..14 * MINUTE, 0..4),
    ) {
        let alert = Alert { at: node.shows(0), ..call(1) };
        let other = Alert { at: other_node.shows(other_at), house: house("1301"), ..call(2) };
        let mut page = Page::load(device, node, loaded);
        page.connect(&[], loaded);
        page.receive(&alert, 0, 0);
        for time in (0..14 * MINUTE).step_by(TICK) {
            let is_now = |at: Millis| (time..time + LENGTH).contains(&at);
            for at in reconnects.iter().copied().filter(|at| is_now(*at)) {
                page.connect(&[(&alert, 0), (&other, other_at)], at);
            }
            if is_now(other_at) {
                page.receive(&other, 0, other_at);
            }
            if is_now(word_at) {
                // Some other live event, which shows what time it is at its node.
                page.offset = page.offset.adjust_to_live(other_node.shows(word_at), page.steady(word_at));
            }
            let ticks = time + LENGTH - 1;
            page.tick(ticks);
            prop_assert_eq!(page.sounds(&alert), ticks < SOUNDED_FOR, "at {}", ticks);
        }
        prop_assert_eq!(page.has_begun(&alert), 1);
        prop_assert_eq!(page.has_begun(&other), 1);
    }

    #[test]
    fn a_page_that_connects_later_sounds_a_call_that_is_younger_than_ten_minutes_and_no_other(
        device in wall_clock(),
        node in wall_clock(),
        other_node in wall_clock(),
        loaded in -3 * HOUR..30 * MINUTE,
        waits in 0..30 * MINUTE,
        other_before in 0..30 * MINUTE,
    ) {
        let connects = loaded.max(0) + waits;
        let alert = Alert { at: node.shows(0), ..call(1) };
        let other_at = connects - other_before;
        let other = Alert { at: other_node.shows(other_at), house: house("1301"), ..call(2) };
        let mut page = Page::load(device, node, loaded);
        for calls in [[(&alert, 0), (&other, other_at)], [(&other, other_at), (&alert, 0)]] {
            page.connect(&calls, connects);
            page.tick(connects);
            prop_assert_eq!(page.sounds(&alert), connects < SOUNDED_FOR);
            prop_assert_eq!(page.sounds(&other), other_before < SOUNDED_FOR);
        }
    }
}
