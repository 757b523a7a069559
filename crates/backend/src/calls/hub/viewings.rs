//! The people who are shown where a caller or a helper is. Their queue is bounded and never blocks the hub, so it is not
//! in the way of an alarm.

use std::sync::{Arc, OnceLock};

use domain::{CallKey, Millis, Resident, Role};
use tokio::sync::mpsc;

use crate::{audit::DISPLAY, clock};

/// Messages that may wait to be recorded. Each names everybody who got one frame.
const WAITING: usize = 256;

/// A person that is shown calls, or a screen on a wall of the office, as [`display`] returns it. Sockets share it with
/// their sessions.
pub type Viewer = Resident;

/// Returns a screen on a wall, by its name. It counts as the office, because nobody knows who stands before it.
#[must_use]
pub fn display(name: &str) -> Viewer {
    Viewer { name: format!("{DISPLAY}{name}"), line: None, house: None, role: Role::Administrator }
}

/// The way by which a location was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A live frame.
    Alarm,
    /// The frames with which a subscription begins.
    Snapshot,
    /// The board of the office.
    Board,
    /// A page.
    Page,
}

impl Means {
    /// Returns the word of the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Snapshot => "snapshot",
            Self::Board => "board",
            Self::Page => "page",
        }
    }
}

/// The people who were shown a location in a call at once.
#[derive(Clone, Debug)]
pub struct Viewing {
    /// The flat whose location it is, with the call's id. For the caller it is the call's own name.
    pub call: CallKey,
    /// The way.
    pub means: Means,
    /// The people.
    pub viewers: Vec<Arc<Viewer>>,
    /// When.
    pub at: Millis,
}

/// The hub's end. Clones are one queue; nothing is collected until somebody records.
#[derive(Clone, Default)]
pub(super) struct Viewings(Arc<OnceLock<mpsc::Sender<Viewing>>>);

impl Viewings {
    /// Begins to collect, and returns the recorder's end.
    pub(super) fn receiver(&self) -> mpsc::Receiver<Viewing> {
        let (sender, receiver) = mpsc::channel(WAITING);
        if self.0.set(sender).is_err() {
            tracing::error!("the uses of locations are recorded by another part already");
        }
        receiver
    }

    /// Publishes who was shown the location of a call, without waiting.
    pub(super) fn publish(&self, call: CallKey, means: Means, viewers: impl FnOnce() -> Vec<Arc<Viewer>>) {
        let Some(queue) = self.0.get() else { return };
        let viewers = viewers();
        if viewers.is_empty() {
            return;
        }
        let count = viewers.len() as u64;
        if queue.try_send(Viewing { call, means, viewers, at: clock::now() }).is_err() {
            metrics::counter!("iutsai_location_uses_lost_total").increment(count);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use domain::{Alert, AlertId, Event, House, Line, Location};
    use stomp::Version;

    use super::*;
    use crate::calls::hub::{Arrival, Hub, Subscription, queue};

    fn call(location: Option<Location>) -> Alert {
        Alert {
            id: AlertId::generate(),
            line: Line::new("101-1").unwrap(),
            house: House::new("1203").unwrap(),
            text: String::new(),
            location,
            kind: None,
            drill: false,
            alone: false,
            at: clock::now(),
        }
    }

    fn subscription(account: &str) -> Subscription {
        let (line, house) = (Line::new("101-1").ok(), House::new("1204").ok());
        let viewer = Viewer { name: account.into(), line, house: house.clone(), role: Role::Resident };
        Subscription {
            id: "calls".into(),
            version: Version::V1_2,
            acknowledges: false,
            replay_ended: false,
            house,
            viewer: Some(Arc::new(viewer)),
        }
    }

    /// The call, the means and the accounts of the next viewing; `None` if there is none.
    fn next(viewings: &mut mpsc::Receiver<Viewing>) -> Option<(CallKey, Means, Vec<String>)> {
        let Viewing { call, means, viewers, .. } = viewings.try_recv().ok()?;
        Some((call, means, viewers.iter().map(|viewer| viewer.name.clone()).collect()))
    }

    #[test]
    fn everybody_who_gets_a_location_is_published_and_nobody_for_a_call_without_one() {
        let hub = Hub::new();
        let mut viewings = hub.viewings();
        let line = Line::new("101-1").unwrap();
        let (sender, _frames) = queue(16);
        let _listening = hub.subscribe(&line, subscription("kim"), sender);
        hub.apply(Arrival::direct(Event::Alert(call(None))));
        assert_eq!(next(&mut viewings), None);

        let located = call(Location::new(37.5, 127.0, None));
        hub.apply(Arrival::direct(Event::Alert(located.clone())));
        let alarmed = Some((located.key(), Means::Alarm, vec!["kim".to_owned()]));
        assert_eq!(next(&mut viewings), alarmed);

        let late = hub.subscribe(&line, subscription("lee"), queue(16).0);
        assert_eq!(next(&mut viewings), None, "its socket has taken nothing yet");
        assert!(late.snapshot.count() > 1);
        let shown = Some((located.key(), Means::Snapshot, vec!["lee".to_owned()]));
        assert_eq!((next(&mut viewings), next(&mut viewings)), (shown, None));
    }

    #[test]
    fn a_drill_of_a_house_alone_shows_its_location_to_nobody() {
        let hub = Hub::new();
        let mut viewings = hub.viewings();
        let (house, located) = (House::new("1204").unwrap(), call(Location::new(37.5, 127.0, None)));
        let alone = Alert { house, drill: true, alone: true, ..located };
        let (sender, mut frames) = queue(16);
        let _own = hub.subscribe(&alone.line, subscription("kim"), sender);
        hub.apply(Arrival::direct(Event::Alert(alone.clone())));
        assert!(frames.queued().is_some(), "the own house has it");
        let later = hub.subscribe(&alone.line, subscription("lee"), queue(16).0);
        assert!(later.snapshot.count() > 1);
        assert_eq!(next(&mut viewings), None);
    }

    #[test]
    fn a_location_that_is_forgotten_is_shown_to_nobody_and_its_call_stays() {
        let hub = Hub::new();
        let mut viewings = hub.viewings();
        let located = call(Location::new(37.5, 127.0, None));
        hub.apply(Arrival::direct(Event::Alert(located.clone())));
        hub.forget_location(&located.key());
        // The log may bring the record back.
        hub.apply(Arrival::direct(Event::Alert(located.clone())));
        let subscribed = hub.subscribe(&located.line, subscription("kim"), queue(16).0);
        let frames: Vec<_> = subscribed.snapshot.collect();
        assert_eq!(frames.len(), 2, "the call and the end of the snapshot");
        assert!(frames.iter().all(|frame| !String::from_utf8_lossy(frame).contains("37.5")));
        assert_eq!(next(&mut viewings), None);
        assert_eq!(hub.named(located.id)[0].alert.location, None);
    }

    #[test]
    fn a_queue_that_is_full_delays_no_alarm() {
        let hub = Hub::new();
        let mut viewings = hub.viewings();
        let wall = Arc::new(display("wall"));
        for _ in 0..=WAITING {
            hub.showed(call(None).key(), Means::Board, &wall);
        }
        assert_eq!(viewings.len(), WAITING);
        let (_, means, viewers) = next(&mut viewings).unwrap();
        assert_eq!((means, viewers), (Means::Board, vec!["@display wall".to_owned()]));
    }
}
