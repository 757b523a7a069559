//! The message that another program sends in the place of ours.

use domain::{
    Alert, AlertId, Event, House, Line, Millis, body::Body, destination, header, message_id, topic,
};
use stomp::{Command, Frame, Version};
use uuid::Uuid;

/// Any time, as long as those of today.
const AT: Millis = 1_700_000_000_000;

/// Returns a message as the server would send it for a call of this id.
pub(super) fn message(id: Uuid) -> Vec<u8> {
    let frame = Frame::new(Command::Message)
        .header("subscription", "line")
        .header("destination", destination::of_line(&line()))
        .header("message-id", message_id::direct(topic::ALERT, id))
        .header("content-type", "application/json")
        .header(header::TYPE, "alert")
        .header(header::AGE, "0")
        .body(body(id));
    stomp::encode(&frame, Version::V1_2)
}

/// Returns the frame by which a client has such a message sent to everybody who subscribes to `destination`.
pub(super) fn send(id: Uuid, destination: &str) -> Frame {
    Frame::new(Command::Send)
        .header("destination", destination)
        .header("content-type", "application/json")
        .header(header::TYPE, "alert")
        .header(header::AGE, "0")
        .body(body(id))
}

fn line() -> Line {
    Line::new("bench-1").expect("the name of a line")
}

fn body(id: Uuid) -> Vec<u8> {
    let house = House::new("1203").expect("the name of a house");
    let alert = Alert { text: "bench".into(), ..Alert::new(AlertId(id), line(), house, AT) };
    Body::Event { event: Event::Alert(alert), first: None }.to_json()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fanout::sighting::{self, Sighting};

    #[test]
    fn a_subscriber_sees_the_call_in_the_message_and_acknowledges_nothing() {
        let id = Uuid::now_v7();
        let (message, id) = (String::from_utf8(message(id)).unwrap(), id.to_string());
        assert_eq!(sighting::of(&message), Sighting::Message { alert: Some(&id), ack: None });
    }

    #[test]
    fn a_subscriber_sees_the_call_in_what_rabbitmq_makes_of_a_send() {
        let id = Uuid::now_v7();
        let sent = send(id, "/topic/line");
        // RabbitMQ keeps the sender's headers, adds its own, and ends a message with a line end.
        let came = Frame::new(Command::Message)
            .header("subscription", "line")
            .header("ack", "T_line@@session-a@@1")
            .header("redelivered", "false")
            .header(header::TYPE, sent.get(header::TYPE).unwrap())
            .body(sent.body);
        let text = String::from_utf8(stomp::encode(&came, Version::V1_2)).unwrap() + "\n";
        let id = id.to_string();
        let seen = Sighting::Message { alert: Some(&id), ack: Some("T_line@@session-a@@1") };
        assert_eq!(sighting::of(&text), seen);
    }
}
