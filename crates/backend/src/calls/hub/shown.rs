//! The frames of a call as snapshots send it. They are derived and encoded once for all subscribers that are alike,
//! because after a restart thousands come at once; only the age of the call is written for each.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use bytes::Bytes;
use domain::{AlertId, CallKey, Line, Millis, header};
use stomp::{Command, HeaderLine, Template};

use super::{
    frames::{Message, Received},
    kinds::{Form, Kind},
};

/// The forms of calls that are kept at once. A line has fewer open calls, and few forms.
const KEPT: usize = 1_024;

/// The id of a call and its form. A form of guests is that of their line.
pub(super) type Key = (AlertId, Option<Line>, Form);

/// The calls of a line in the forms in which snapshots have sent them since the last change.
#[derive(Default)]
pub(super) struct Shows(HashMap<Key, Arc<Shown>>);

/// A call in one form.
pub(super) struct Shown {
    /// The calls whose callers' locations are shown.
    pub(super) located: BTreeSet<CallKey>,
    frames: Vec<(Template, Option<Received>)>,
    /// When a call ends by its age, and its location is shown no more.
    until: Millis,
}

impl Shows {
    /// Returns a call in one form, if it is kept and has not ended by its age.
    pub(super) fn get(&self, key: &Key, now: Millis) -> Option<Arc<Shown>> {
        self.0.get(key).filter(|shown| now < shown.until).cloned()
    }

    /// Keeps a call in one form.
    pub(super) fn insert(&mut self, key: Key, shown: Arc<Shown>) {
        if self.0.len() >= KEPT {
            self.clear();
        }
        self.0.insert(key, shown);
    }

    /// Forgets all of it, because something has changed. Calls may depend on each other.
    pub(super) fn clear(&mut self) {
        if !self.0.is_empty() {
            self.0 = HashMap::new();
        }
    }
}

impl Shown {
    /// Encodes the messages of a call in one form. It holds until the call ends by its age.
    pub(super) fn new(
        messages: &[Message],
        located: BTreeSet<CallKey>,
        destination: &str,
        (version, acknowledges): Form,
        until: Millis,
    ) -> Self {
        let frames = messages.iter().map(|message| {
            let frame = message.frame(destination, acknowledges, message.body.to_json());
            (Template::new(&frame, version), message.received)
        });
        Self { located, frames: frames.collect(), until }
    }

    /// Returns the frames for a subscription of this kind, with the age of now.
    pub(super) fn frames(&self, kind: &Kind) -> impl Iterator<Item = Bytes> {
        self.frames.iter().map(move |(template, received)| {
            let age = received.map(|received| {
                HeaderLine::new(Command::Message, kind.version, header::AGE, &received.age_now())
            });
            let lines: Vec<&HeaderLine> = [&kind.line].into_iter().chain(&age).collect();
            let mut frame = Vec::with_capacity(template.length(&lines));
            template.write(&lines, &mut frame);
            Bytes::from(frame)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{Accept, Alert, Event, EventId, House, Location};
    use stomp::{Frame, Incoming, Version};

    use super::*;
    use crate::{
        calls::hub::{Arrival, Hub, Subscription, queue},
        clock,
    };

    fn call() -> Alert {
        let (line, house) = (Line::new("101-1").unwrap(), House::new("1203").unwrap());
        let location = Location::new(37.5, 127.0, None);
        Alert { location, ..Alert::new(AlertId::generate(), line, house, clock::now()) }
    }

    fn snapshot(hub: &Hub, id: &str, acknowledges: bool) -> Vec<Frame> {
        let subscription = Subscription {
            id: id.into(),
            version: Version::V1_2,
            acknowledges,
            replay_ended: true,
            house: None,
            viewer: None,
        };
        let subscribed = hub.subscribe(&Line::new("101-1").unwrap(), subscription, queue(8).0);
        let read = |octets: Bytes| {
            let mut decoder = stomp::Decoder::new(stomp::Limits::default());
            decoder.push(&octets);
            let Ok(Some(Incoming::Frame(frame))) = decoder.next() else { panic!("no frame") };
            frame
        };
        subscribed.snapshot.map(read).collect()
    }

    fn types(frames: &[Frame]) -> Vec<&str> {
        frames.iter().filter_map(|frame| frame.get("type")).collect()
    }

    #[test]
    fn the_frames_of_one_subscription_are_those_of_another_but_for_its_name_and_the_age() {
        let (hub, call) = (Hub::new(), call());
        hub.apply(Arrival::direct(Event::Alert(call)).aged(Duration::from_secs(60)));
        let first = snapshot(&hub, "first", true);
        std::thread::sleep(Duration::from_millis(20));
        let second = snapshot(&hub, "second", true);
        assert_eq!(
            (first[0].get("subscription"), second[0].get("subscription")),
            (Some("first"), Some("second"))
        );
        let age = |frame: &Frame| frame.get("age").unwrap().parse::<u64>().unwrap();
        let later = age(&second[0]) - age(&first[0]);
        assert!(age(&first[0]) >= 60_000 && (20..10_000).contains(&later), "{later}");
        let rest = |frame: &Frame| {
            let mut frame = frame.clone();
            frame.headers.retain(|(name, _)| name != "subscription" && name != "age");
            frame
        };
        assert_eq!(rest(&first[0]), rest(&second[0]));
        assert!(first[0].get("ack").is_some());
        assert_eq!(snapshot(&hub, "third", false)[0].get("ack"), None);
    }

    #[test]
    fn a_snapshot_has_what_changed_since_the_one_before() {
        let (hub, call) = (Hub::new(), call());
        hub.apply(Arrival::direct(Event::Alert(call.clone())));
        assert_eq!(types(&snapshot(&hub, "calls", true)), ["alert", "snapshot-end"]);
        hub.apply(Arrival::direct(Event::Accept(Accept {
            id: EventId::generate(),
            line: call.line.clone(),
            accept: House::new("1204").unwrap(),
            accept_line: None,
            target: call.house.clone(),
            alert: Some(call.id),
            at: clock::now(),
        })));
        assert_eq!(types(&snapshot(&hub, "calls", true)), ["alert", "accept", "snapshot-end"]);
        let shows_location = |frames: &[Frame]| frames[0].text().unwrap().contains("37.5");
        assert!(shows_location(&snapshot(&hub, "calls", true)));
        hub.forget_location(&call.key());
        assert!(!shows_location(&snapshot(&hub, "calls", true)));
    }
}
