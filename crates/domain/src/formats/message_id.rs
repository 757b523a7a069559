//! The `message-id` of a MESSAGE. It names the place of the event in the log, or states that the frame has none.

use uuid::Uuid;

use super::topic;
use crate::{event::AlertId, position::Position};

const DIRECT: &str = "-direct-";

impl Position {
    /// Returns the id of the frame about the record at this place of `topic`, as `an-alert-0-7`.
    #[must_use]
    pub fn message_id(self, topic: &str) -> String {
        format!("{topic}-{}-{}", self.partition, self.offset)
    }
}

/// Returns the id of a frame without a place in the log. `what` is a topic, or the name of a frame that is not an event.
#[must_use]
pub fn direct(what: &str, id: Uuid) -> String {
    format!("{what}{DIRECT}{id}")
}

/// Returns whether [`direct`] made this id.
#[must_use]
pub fn is_direct(message_id: &str) -> bool {
    message_id.contains(DIRECT)
}

/// Returns whether this may be the id of a frame about an alert, with a place in the log or without one.
#[must_use]
pub fn may_be_of_alert(message_id: &str) -> bool {
    let is_of = |topic: &str| message_id.strip_prefix(topic).is_some_and(|rest| rest.starts_with('-'));
    is_of(topic::ALERT) || is_of(topic::DRILL)
}

/// Returns the call that a frame with this id of [`direct`] was the alert of.
#[must_use]
pub fn direct_alert(message_id: &str) -> Option<AlertId> {
    let (what, id) = message_id.split_once(DIRECT)?;
    topic::OF_ALERTS.contains(&what).then(|| id.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_without_a_place_is_found_by_its_id_and_nothing_else_is() {
        let call = AlertId::generate();
        for topic in topic::OF_ALERTS {
            assert_eq!(direct_alert(&direct(topic, call.0)), Some(call));
        }
        assert_eq!(direct_alert(&direct(topic::ACCEPT, call.0)), None);
        let logged = Position { timestamp: 0, partition: 0, offset: 7 }.message_id(topic::ALERT);
        assert_eq!(logged, "an-alert-0-7");
        assert!(direct_alert(&logged).is_none() && !is_direct(&logged));
    }

    #[test]
    fn only_alerts_have_the_ids_of_alerts() {
        let (place, id) = (Position { timestamp: 0, partition: 0, offset: 7 }, AlertId::generate().0);
        for (topic, expected) in [
            (topic::ALERT, true),
            (topic::DRILL, true),
            (topic::ACCEPT, false),
            (topic::STATUS, false),
            (topic::RECEIPT, false),
            ("an-alert2", false),
        ] {
            for message_id in [place.message_id(topic), direct(topic, id)] {
                assert_eq!(may_be_of_alert(&message_id), expected, "{message_id}");
            }
        }
        assert!(!may_be_of_alert("") && !may_be_of_alert(topic::ALERT));
    }
}
