//! The messages that a session must see before they go out, because an ACK may cover several of them, or because they
//! show the office a location.

use backend::audit::Act;
use domain::{CallKey, Role, body::Body};
use stomp::{Command, Decoder, Frame, Incoming, Limits, Version};

use super::Session;

impl Session {
    /// Returns whether [`Session::sent`] must get every message. If not, the hub writes them without this session.
    #[must_use]
    pub(in crate::socket) fn inspects(&self) -> bool {
        self.is_cumulative || self.resident.role == Role::Administrator
    }

    /// Notes a message that was sent, because some subscriptions acknowledge several with one ACK, and the office is
    /// recorded when it is shown a location.
    pub(in crate::socket) fn sent(&mut self, frame: &[u8]) {
        if let Some(by) = &self.by
            && let Some(call) = self.shown_to_office(frame)
        {
            self.state.backend.audit.looked(Act::LocationSeen, by, &call);
        }
        if !self.is_cumulative {
            return;
        }
        let Some((subscription, message_id)) = names(frame, self.version) else { return };
        if let Some(unacknowledged) = self.subscriptions.unacknowledged(&subscription) {
            unacknowledged.sent(message_id);
        }
    }

    /// Returns the flat whose location a message shows to somebody of the office, with the call's id. A flat's own and
    /// those that residents of the line are shown are not the office's.
    fn shown_to_office(&self, frame: &[u8]) -> Option<CallKey> {
        let Body::Event { event, .. } = body(frame, self.version)? else { return None };
        let call = event.located()?;
        (self.resident.flat() != Some((&call.line, &call.house))).then_some(call)
    }
}

/// A MESSAGE's subscription and message-id, read from the bytes that the hub encoded.
fn names(frame: &[u8], version: Version) -> Option<(String, String)> {
    let frame = message(frame, version)?;
    let header = |name: &str| Frame::get(&frame, name).map(str::to_owned);
    Some((header("subscription")?, header("message-id")?))
}

/// A MESSAGE's body, read from the bytes that the hub encoded.
fn body(frame: &[u8], version: Version) -> Option<Body> {
    Body::parse(&message(frame, version)?.body).ok()
}

fn message(frame: &[u8], version: Version) -> Option<Frame> {
    let mut decoder = Decoder::new(Limits::default());
    decoder.set_version(version);
    decoder.push(frame);
    match decoder.next() {
        Ok(Some(Incoming::Frame(frame))) if frame.command == Command::Message => Some(frame),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_encoded() {
        let frame =
            Frame::new(Command::Message).header("subscription", "a:b").header("message-id", "an-alert-0-7");
        for version in Version::SUPPORTED {
            let names = names(&stomp::encode(&frame, version), version);
            assert_eq!(names, Some(("a:b".into(), "an-alert-0-7".into())));
        }
    }
}
