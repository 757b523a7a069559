//! The reports of a client. By ACK a device has a call or sounds it, and by SEND a person has looked at one, or a page
//! would sound one.

use domain::{CallKey, House, Line, destination, reach, seen::Seen};
use stomp::{Acknowledgement, Frame, Version};

use super::{Session, needed, subscriptions::Subscribed, unknown_destination};

impl Session {
    /// Returns the message that an ACK names, if [`Session::acknowledge`] is all that it asks for.
    #[must_use]
    pub(in crate::socket) fn named<'a>(&self, ack: &Acknowledgement<'a>) -> Option<&'a str> {
        if ack.get("receipt").is_some() || ack.get("transaction").is_some() {
            return None;
        }
        match self.version {
            Version::V1_2 => ack.get("id"),
            Version::V1_1 => ack.get("subscription").and_then(|_| ack.get("message-id")),
        }
    }

    /// Records the delivery receipt, because a device of the house has the call. If it `has_sounded` the call, it has
    /// begun to sound that one call, which means nothing for the messages before.
    pub(in crate::socket) fn acknowledge(&mut self, id: &str, has_sounded: bool) {
        let Self { resident, receipts, subscriptions, .. } = self;
        let Some(((own_line, _), receipts)) = resident.flat().zip(receipts.as_ref()) else { return };
        for Subscribed { unacknowledged, handle, .. } in subscriptions.acknowledging(own_line) {
            let report = |id: &str| {
                let Some(call) = handle.acknowledged(own_line, id) else { return };
                if has_sounded {
                    receipts.sounded(&call);
                } else {
                    receipts.reached(&call);
                }
            };
            match unacknowledged {
                Some(unacknowledged) if !has_sounded => {
                    unacknowledged.acknowledge(id).iter().for_each(|id| report(id));
                }
                _ => report(id),
            }
        }
    }

    /// Handles SEND, by which a page reports that a person looked at a call, or whether it would sound one.
    pub(super) fn record_report(&mut self, frame: &Frame) -> Result<(), String> {
        match needed(frame, "destination")? {
            destination::SEEN => self.record_seen(frame),
            destination::ARMED => self.record_armed(frame),
            _ => Err(unknown_destination()),
        }
    }

    fn record_armed(&mut self, frame: &Frame) -> Result<(), String> {
        let armed: reach::Armed = serde_json::from_slice(&frame.body).map_err(|error| {
            format!("The body must be {{\"armed\":true}} or {{\"armed\":false}}: {error}.")
        })?;
        self.would_sound = armed.armed;
        self.count_armed();
        Ok(())
    }

    /// Counts the house as one that can be reached while this client would sound the calls of its line, and gets them.
    pub(super) fn count_armed(&mut self) {
        let flat = self.resident.flat().filter(|_| self.would_sound);
        let flat = flat.filter(|(line, _)| self.subscriptions.cover(line));
        self.armed = match (flat, self.armed.take()) {
            (None, _) => None,
            (Some(_), Some(armed)) => Some(armed),
            (Some((line, house)), None) => Some(self.state.backend.reach.arm(line, house)),
        };
    }

    fn record_seen(&self, frame: &Frame) -> Result<(), String> {
        let seen: Seen = serde_json::from_slice(&frame.body).map_err(|error| {
            format!(
                "The body must be {{\"alert\":\"ID\"}}, with \"house\" if two houses used the id: {error}."
            )
        })?;
        let flat = self.resident.flat().zip(self.receipts.as_ref());
        let Some(((line, house), receipts)) = flat else { return Ok(()) };
        // An unknown call is not the client's fault, because it may have it from another server.
        if let Some(call) = self.neighbours_call(&seen, line, house) {
            receipts.seen(call);
        }
        Ok(())
    }

    /// Returns the call of another flat that a person looked at, of the own line or escalated to it, if only one can be
    /// meant.
    fn neighbours_call(&self, seen: &Seen, line: &Line, own: &House) -> Option<CallKey> {
        let known = self.state.backend.hub.named(seen.alert).into_iter().filter(|call| call.is_for(line));
        let mut named: Vec<CallKey> = known.map(|call| call.alert.key()).collect();
        named.retain(|call| (&call.line, &call.house) != (line, own));
        named.retain(|call| seen.house.as_str().is_none_or(|house| house == call.house.as_str()));
        match named.len() {
            1 => named.pop(),
            _ => None,
        }
    }
}

/// Returns the message of an ACK or NACK, which STOMP 1.2 names by `id`, and 1.1 by `message-id`.
pub(super) fn acknowledged_id(frame: &Frame, version: Version) -> Result<&str, String> {
    match version {
        Version::V1_2 => needed(frame, "id"),
        Version::V1_1 => needed(frame, "subscription").and_then(|_| needed(frame, "message-id")),
    }
}
