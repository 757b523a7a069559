//! MESSAGE frames. A template is shared by all subscribers, and a subscription adds its headers.

use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{AlertId, CallKey, Change, House, Line, body::Body, destination, header, message_id};
use stomp::{Command, Frame, Template};
use uuid::Uuid;

use super::{
    SharedFrame, Subscription,
    kinds::{Form, Kind},
};

/// A message before a subscription makes it its own.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) body: Body,
    pub(super) message_id: String,
    pub(super) replay: bool,
    pub(super) late: bool,
    /// When the call that this is about was received.
    pub(super) received: Option<Received>,
    /// The other lines that the call is for.
    pub(super) guests: BTreeSet<Line>,
}

/// When a call was received, by this node's monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    /// When this node learned of it.
    pub(super) known_since: Instant,
    /// Its age at that time.
    pub(super) age: Duration,
}

impl Received {
    /// Returns how long ago the call was received.
    pub(super) fn ago(self) -> Duration {
        self.age + self.known_since.elapsed()
    }

    /// Returns the value of the header `age`.
    pub(super) fn age_now(self) -> String {
        self.ago().as_millis().to_string()
    }
}

/// A change of the fold with what its frame needs from the line's indices.
#[derive(Debug)]
pub(super) struct News {
    pub(super) change: Change,
    /// The id of the event's message.
    pub(super) message_id: Option<String>,
    /// When the call that this is about was received.
    pub(super) received: Option<Received>,
    /// The only house whose subscribers get it, for a drill of that house alone.
    pub(super) only: Option<House>,
    /// It is a location that subscribers do not get, because the call is over or the helper is not on the way.
    pub(super) is_withheld: bool,
    /// The other lines that have the call already.
    pub(super) guests: BTreeSet<Line>,
}

impl News {
    /// Makes the message of this change.
    pub(super) fn into_message(self, replay: bool, late: bool) -> Message {
        let (body, what) = match self.change {
            Change::Event { event, first } => {
                let topic = event.topic();
                (Body::Event { event, first }, topic)
            }
            Change::First { alert, accept } => {
                let (line, target) = (accept.line, Some(accept.target));
                (Body::First { line, alert, target, accept: accept.accept, id: accept.id }, "first")
            }
        };
        let message_id = self.message_id.unwrap_or_else(|| message_id::direct(what, Uuid::now_v7()));
        Message { body, message_id, replay, late, received: self.received, guests: self.guests }
    }
}

impl Message {
    /// Returns the frame of this message for one subscription.
    pub(super) fn encode(&self, destination: &str, subscription: &Subscription) -> Bytes {
        let frame = self.frame(destination, subscription.acknowledges, self.body.to_json());
        let frame = self.aged(frame).header("subscription", &*subscription.id);
        Bytes::from(stomp::encode(&frame, subscription.version))
    }

    /// Returns the frame with the age of its call.
    fn aged(&self, frame: Frame) -> Frame {
        match self.received {
            Some(received) => frame.header(header::AGE, received.age_now()),
            None => frame,
        }
    }

    /// Returns the frame without the headers `subscription` and `age`.
    pub(super) fn frame(&self, destination: &str, acknowledges: bool, json: Vec<u8>) -> Frame {
        let mut frame = Frame::new(Command::Message)
            .header("destination", destination)
            .header("message-id", self.message_id.as_str())
            .header("content-type", "application/json")
            .header(header::TYPE, self.body.type_name());
        if acknowledges {
            frame = frame.header("ack", self.message_id.as_str());
        }
        if self.replay {
            frame = frame.header(header::REPLAY, header::YES);
        }
        if self.late {
            frame = frame.header(header::LATE, header::YES);
        }
        frame.body(json)
    }

    /// Returns the flat whose location the message shows, with the call's id; `None` for a location of a former
    /// version, which names no house.
    pub(super) fn located(&self) -> Option<CallKey> {
        let Body::Event { event, .. } = &self.body else { return None };
        event.located()
    }

    /// Returns the call that the message is about.
    pub(super) fn alert(&self) -> Option<AlertId> {
        match &self.body {
            Body::Event { event, .. } => event.alert(),
            Body::First { alert, .. } => Some(*alert),
            Body::SnapshotEnd { .. } => None,
        }
    }
}

/// The frames of one message for every kind of subscription of a line. The body is written once, and of the headers
/// only the subscription's own for each kind.
pub(super) struct Frames<'a> {
    message: &'a Message,
    /// Where the subscribers of the line get it. A guest gets it at the destination of its own line.
    destination: &'a str,
    json: Vec<u8>,
    templates: HashMap<(Form, Option<Line>), Template>,
}

impl<'a> Frames<'a> {
    pub(super) fn new(message: &'a Message, destination: &'a str) -> Self {
        Self { message, destination, json: message.body.to_json(), templates: HashMap::new() }
    }

    /// Returns the frame of all subscriptions of this kind.
    pub(super) fn encode(&mut self, kind: &Kind) -> SharedFrame {
        let template = self.templates.entry((kind.form(), kind.guest().cloned())).or_insert_with(|| {
            let of_guest = kind.guest().map(destination::of_line);
            let destination = of_guest.as_deref().unwrap_or(self.destination);
            let frame = self.message.frame(destination, kind.acknowledges, self.json.clone());
            Template::new(&self.message.aged(frame), kind.version)
        });
        let mut frame = Vec::with_capacity(template.length(&[&kind.line]));
        template.write(&[&kind.line], &mut frame);
        SharedFrame::new(frame)
    }
}

#[cfg(test)]
mod tests {
    use stomp::Version;

    use super::*;
    use crate::calls::hub::kinds::Kinds;

    #[test]
    fn a_kind_gets_the_frame_that_each_of_its_subscriptions_would_get() {
        let message = Message {
            body: Body::SnapshotEnd { line: None, truncated: false },
            message_id: "an-alert-0-7".into(),
            replay: false,
            late: true,
            received: None,
            guests: BTreeSet::new(),
        };
        let mut frames = Frames::new(&message, "/sub/line/101-1");
        let (mut kinds, next) = (Kinds::default(), Line::new("101-2").unwrap());
        for (id, version, acknowledges, guest) in [
            ("calls", Version::V1_2, true, None),
            ("calls", Version::V1_2, true, Some(&next)),
            ("a:b", Version::V1_2, true, None),
            ("a:b", Version::V1_1, true, None),
            ("a:b", Version::V1_1, false, Some(&next)),
        ] {
            let subscription = Subscription {
                id: id.into(),
                version,
                acknowledges,
                replay_ended: false,
                house: None,
                viewer: None,
            };
            let number = kinds.add(&subscription, guest);
            let read = |octets: &[u8]| {
                let mut decoder = stomp::Decoder::new(stomp::Limits::default());
                decoder.set_version(version);
                decoder.push(octets);
                let Ok(Some(stomp::Incoming::Frame(mut frame))) = decoder.next() else { panic!("no frame") };
                frame.headers.sort();
                frame
            };
            let shared = read(&frames.encode(kinds.get(number)).bare());
            let destination = if guest.is_some() { "/sub/line/101-2" } else { "/sub/line/101-1" };
            assert_eq!(shared, read(&message.encode(destination, &subscription)));
            assert_eq!(shared.get("subscription"), Some(id));
        }
    }
}
