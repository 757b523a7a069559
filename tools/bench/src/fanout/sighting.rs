//! Finds the parts of a frame that a subscriber needs without decoding it, because a thousand of them read on one
//! thread.

/// The meaning of a WebSocket message to a subscriber.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sighting<'a> {
    /// A MESSAGE, with the alert's id if it is about a call, and the id for its ACK if a browser would send one. Both
    /// are still escaped, as an answer needs it.
    Message {
        /// The call.
        alert: Option<&'a str>,
        /// The header `ack` of a call. Browsers acknowledge nothing else.
        ack: Option<&'a str>,
    },
    /// An ERROR frame.
    Error,
    /// Heart-beats and RECEIPTs, which mean nothing to a subscriber.
    Nothing,
    /// Not one whole frame, which this way of looking relies on.
    Unreadable,
}

/// Looks at one WebSocket message.
pub(crate) fn of(text: &str) -> Sighting<'_> {
    let frame = text.trim_matches('\n');
    if frame.is_empty() {
        return Sighting::Nothing;
    }
    let Some((head, body)) = frame.split_once("\n\n") else { return Sighting::Unreadable };
    if !body.ends_with('\0') || body[..body.len() - 1].contains('\0') {
        return Sighting::Unreadable;
    }
    let mut lines = head.split('\n');
    match lines.next() {
        Some("MESSAGE") => {}
        Some("ERROR") => return Sighting::Error,
        _ => return Sighting::Nothing,
    }
    let (mut is_alert, mut ack) = (false, None);
    for line in lines {
        is_alert |= line == "type:alert";
        ack = ack.or_else(|| line.strip_prefix("ack:"));
    }
    Sighting::Message { alert: is_alert.then(|| id(body)).flatten(), ack: ack.filter(|_| is_alert) }
}

/// Returns a frame's header `type`.
pub(crate) fn kind(text: &str) -> Option<&str> {
    let (head, _) = text.split_once("\n\n")?;
    head.split('\n').find_map(|line| line.strip_prefix("type:"))
}

/// The value of the body's field `id`. A text of the caller's holds its quotes escaped, so it cannot look like one.
fn id(body: &str) -> Option<&str> {
    let (_, after) = body.split_once("\"id\":\"")?;
    after.split_once('"').map(|(id, _)| id)
}

#[cfg(test)]
mod tests {
    use domain::{Alert, AlertId, Event, House, Line, body::Body};
    use stomp::{Command, Frame, Version, encode};

    use super::*;

    fn alert(text: &str) -> Alert {
        Alert {
            text: text.into(),
            ..Alert::new(
                AlertId::generate(),
                Line::new("101-1").expect("a line"),
                House::new("1203").expect("a house"),
                1,
            )
        }
    }

    fn message(kind: &str, body: &Body) -> String {
        let frame = Frame::new(Command::Message)
            .header("destination", "/sub/line/101-1")
            .header("ack", "an-alert:1")
            .header("type", kind)
            .body(body.to_json());
        String::from_utf8(encode(&frame, Version::V1_2)).expect("UTF-8")
    }

    #[test]
    fn the_id_of_an_alert_is_found_beside_any_text() {
        let alert = alert("\"id\":\"another\" \n\n type:alert");
        let id = alert.id.to_string();
        let frame = message("alert", &Body::Event { event: Event::Alert(alert), first: None });
        assert_eq!(of(&frame), Sighting::Message { alert: Some(&id), ack: Some("an-alert\\c1") });
    }

    #[test]
    fn only_an_alert_counts_as_a_sight_of_the_call_and_is_acknowledged() {
        let line = Line::new("101-1").expect("a line");
        let end = Body::SnapshotEnd { line: Some(line), truncated: false };
        let frame = message("snapshot-end", &end);
        assert_eq!(of(&frame), Sighting::Message { alert: None, ack: None });
    }

    #[test]
    fn octets_that_are_not_one_whole_frame_are_not_read_as_one() {
        let alert = message("alert", &Body::Event { event: Event::Alert(alert("help")), first: None });
        for text in [&alert[..alert.len() - 9], &format!("{alert}{alert}"), "MESSAGE"] {
            assert_eq!(of(text), Sighting::Unreadable, "{text:?}");
        }
        assert_eq!(of("\n"), Sighting::Nothing);
        assert_eq!(of("ERROR\nmessage:too slow\n\n\0"), Sighting::Error);
    }

    #[test]
    fn the_type_is_a_header_and_nothing_that_a_caller_wrote() {
        assert_eq!(kind("MESSAGE\nack:1\ntype:alert\nage:1\n\n{}\0"), Some("alert"));
        assert_eq!(kind("MESSAGE\nack:1\n\ntype:alert\n\n\0"), None);
        assert_eq!(kind("\n"), None);
    }
}
