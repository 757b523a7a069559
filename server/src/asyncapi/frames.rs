//! The frames of STOMP, which are those of the session, and those of each destination.

use domain::{body::Body, destination, header, reach, seen::Seen};
use serde_json::Value;
use stomp::{Command, Frame};
use utoipa::openapi::Schema;

use super::{Channel, Example, Message, Way, examples, fields, written};
use crate::openapi::schemas::{integer, name, object, uuid, words};

/// The key of the server that these frames come from.
const SERVER: &str = "socket";
/// The `id` of the example's subscription.
const SUBSCRIPTION: &str = "calls";

/// A channel for the session, and one for each destination.
pub(super) fn channels() -> Vec<Channel> {
    let meanings = [
        (
            "line",
            "The calls of a line, and those of other lines that were escalated to it. Open calls come first, up to a \
                  snapshot-end.",
        ),
        (
            "reach",
            "The number of households of a line that a call could alarm now, at once and when it changes.",
        ),
        (
            "lines",
            "The calls of every line, for administrators. The `destination` of each MESSAGE is its line's own.",
        ),
        ("seen", "A page reports that a person looked at a call."),
        ("armed", "A page reports whether it would sound a call now."),
    ];
    let destinations = destination::ALL.into_iter().zip(meanings);
    let destinations = destinations.map(|((_, address), (name, meaning))| {
        let messages = match name {
            "reach" => vec![reach_frame()],
            "seen" => vec![seen_frame()],
            "armed" => vec![armed_frame()],
            _ => Body::TYPES.into_iter().map(message).collect(),
        };
        Channel { name, address: Some(address), server: SERVER, meaning, messages, bindings: None }
    });
    std::iter::once(session()).chain(destinations).collect()
}

/// The frames without a destination of their own.
fn session() -> Channel {
    let mut messages = from_clients();
    messages.extend(from_server());
    let meaning = "The frames that open, steer and end a session. A `receipt` header of a client's frame asks for a \
                   RECEIPT.";
    Channel { name: "session", address: None, server: SERVER, meaning, messages, bindings: None }
}

fn from_clients() -> Vec<Message> {
    let connect = Frame::new(Command::Connect)
        .header("accept-version", "1.2,1.1")
        .header("host", "iutsai")
        .header("heart-beat", "10000,120000")
        .header("passcode", "the token of POST /api/session");
    let subscribe = |id: &str, destination: &str| {
        Frame::new(Command::Subscribe).header("id", id).header("destination", destination)
    };
    let line = examples::line_of_call();
    let subscriptions = vec![
        subscribe(SUBSCRIPTION, &destination::of_line(&line))
            .header("ack", "client-individual")
            .header("replay", "24h"),
        subscribe("reach", &destination::of_reach(&line)),
        subscribe("every-line", destination::LINES).header("ack", "client"),
    ];
    let call = message_id();
    let acks = vec![
        Frame::new(Command::Ack).header("id", &call),
        Frame::new(Command::Ack).header("id", &call).header(header::SOUNDED, header::YES),
    ];
    vec![
        frame(
            ("connect-frame", "Opens the session, with the token, or as the person of the cookie."),
            fields::headers(
                1,
                &["accept-version", "host", "heart-beat", "login", "passcode", "Authorization"],
            ),
            vec![connect],
        ),
        frame(
            (
                "subscribe-frame",
                "Begins a subscription. `ack` is auto, client or client-individual; `replay:24h` adds the calls that \
                 ended in the last day.",
            ),
            fields::headers(2, &["id", "destination", "ack", "replay", "receipt"]),
            subscriptions,
        ),
        frame(
            (
                "ack-frame",
                "The device has the call, and with `sounded:true` it has begun to sound it. STOMP 1.1 names \
                 `message-id` and `subscription` in the place of `id`.",
            ),
            fields::headers(1, &["id", "message-id", "subscription", header::SOUNDED, "receipt"]),
            acks,
        ),
        frame(
            ("nack-frame", "A message is refused. It is not sent again."),
            fields::headers(1, &["id", "message-id", "subscription", "receipt"]),
            vec![Frame::new(Command::Nack).header("id", &call)],
        ),
        frame(
            ("unsubscribe-frame", "Ends a subscription."),
            fields::headers(1, &["id", "receipt"]),
            vec![Frame::new(Command::Unsubscribe).header("id", SUBSCRIPTION)],
        ),
        frame(
            ("disconnect-frame", "Ends the session."),
            fields::headers(0, &["receipt"]),
            vec![Frame::new(Command::Disconnect)],
        ),
    ]
}

fn from_server() -> Vec<Message> {
    let connected = Frame::new(Command::Connected)
        .header("version", "1.2")
        .header("heart-beat", "5000,120000")
        .header("session", examples::call().to_string())
        .header("server", concat!("iutsai/", env!("CARGO_PKG_VERSION")))
        .header(header::REACH, header::YES);
    let error = Frame::error("The line 101-2 is not yours; subscribe to your own.")
        .header("receipt-id", "subscribe-1");
    let elsewhere = Frame::error(
        "The line 101-2 is of shard 1 of 2, and this node keeps shard 2 of 2 only; connect again at /an-ws?shard=1.",
    )
    .header(header::ADDRESS, "/an-ws?shard=1");
    vec![
        frame(
            (
                "connected-frame",
                "The session is open. `reach:true` shows that /sub/line/LINE/reach and /pub/armed are known.",
            ),
            fields::headers(5, &["version", "heart-beat", "session", "server", header::REACH]),
            vec![connected],
        ),
        frame(
            ("receipt-frame", "A frame with this `receipt` was obeyed."),
            fields::headers(1, &["receipt-id"]),
            vec![Frame::receipt("subscribe-1")],
        ),
        frame(
            (
                "error-frame",
                "Why the connection ends. `address` is the path of the socket at a node that keeps the calls.",
            ),
            fields::headers(1, &["message", "receipt-id", "version", header::ADDRESS]),
            vec![error, elsewhere],
        ),
    ]
}

/// A frame without a body.
fn frame((name, meaning): (&'static str, &'static str), headers: Schema, frames: Vec<Frame>) -> Message {
    of_frames((name, meaning), headers, None, frames)
}

/// A message of frames, which all have the command of the first.
fn of_frames(
    (name, meaning): (&'static str, &'static str),
    headers: Schema,
    payload: Option<Schema>,
    frames: Vec<Frame>,
) -> Message {
    let command = frames.first().map_or(Command::Message, |frame| frame.command);
    let way = if command.is_from_client() { Way::Received } else { Way::Sent };
    let more = vec![("x-stomp-command", Value::from(command.as_str()))];
    let examples = frames.into_iter().map(example).collect();
    Message { name, meaning, way, headers, payload, more, examples }
}

fn example(frame: Frame) -> Example {
    let Frame { headers, body, .. } = frame;
    let headers = headers.iter().map(|(name, value)| (name.as_str(), value.clone()));
    Example::new(headers, (!body.is_empty()).then(|| written(&body)))
}

/// The MESSAGE with a body of this type.
fn message(type_name: &'static str) -> Message {
    let (name, meaning) = match type_name {
        "alert" => (
            "alert-frame",
            "A resident calls. `age` is the time since the call was received, in milliseconds.",
        ),
        "accept" => (
            "accept-frame",
            "A neighbour is coming. `text` is the target, for clients of the original service.",
        ),
        "status" => ("status-frame", "The progress of a call."),
        "location" => ("location-frame", "A new location of the caller."),
        "receipt" => ("receipt-body-frame", "The flats that a call has reached, all of them."),
        "first" => ("first-frame", "It is settled which accept came first."),
        _ => (
            "snapshot-end-frame",
            "All that was open has been sent. No `line` stands on a subscription to every line.",
        ),
    };
    let frames = examples::bodies(type_name).into_iter().map(|body| message_of(&body)).collect();
    let headers = fields::message_headers(&[type_name]);
    of_frames((name, meaning), headers, Some(fields::of_body(type_name)), frames)
}

fn message_of(body: &Body) -> Frame {
    let id = examples::message_id_of(body);
    let frame = Frame::new(Command::Message)
        .header("destination", destination::of_line(&examples::line_of_call()))
        .header("subscription", SUBSCRIPTION)
        .header("message-id", &id)
        .header("content-type", "application/json")
        .header(header::TYPE, body.type_name())
        .header("ack", &id);
    let frame = match body {
        Body::Event { .. } => frame.header(header::AGE, examples::AGE.to_string()),
        Body::First { .. } => frame,
        Body::SnapshotEnd { .. } => frame.header(header::REPLAY, header::YES),
    };
    frame.body(body.to_json())
}

/// The `message-id` of the example's call.
fn message_id() -> String {
    examples::position().message_id(domain::topic::ALERT)
}

fn reach_frame() -> Message {
    let line = examples::line_of_call();
    let frame = |houses| {
        Frame::new(Command::Message)
            .header("destination", destination::of_reach(&line))
            .header("subscription", "reach")
            .header("message-id", domain::message_id::direct(reach::TYPE, examples::call().0))
            .header("content-type", "application/json")
            .header(header::TYPE, reach::TYPE)
            .body(reach::write(&line, houses))
    };
    let fields =
        [("line", name()), ("houses", fields::nullable(integer())), (header::TYPE, words(&[reach::TYPE]))];
    let payload = object(&fields, &["line", "houses", header::TYPE]);
    let meaning = "The number of households without the listener's own; null while it is not known.";
    let headers = fields::message_headers(&[reach::TYPE]);
    of_frames(("reach-frame", meaning), headers, Some(payload), vec![frame(Some(7)), frame(None)])
}

fn seen_frame() -> Message {
    let seen = |house: Value| Seen { alert: examples::call(), house };
    let house = Value::from(examples::house_of_call().as_str());
    let frames =
        [seen(Value::Null), seen(house)].map(|seen| send(destination::SEEN, serde_json::to_vec(&seen)));
    let payload = object(&[("alert", uuid().into()), ("house", name())], &["alert"]);
    let meaning =
        "A person looked at the call. `house` is the one that called, where two houses used the id.";
    of_frames(("seen-frame", meaning), send_headers(), Some(payload), frames.into())
}

fn armed_frame() -> Message {
    let armed = |armed| send(destination::ARMED, serde_json::to_vec(&reach::Armed { armed }));
    let payload = object(&[("armed", fields::boolean())], &["armed"]);
    let meaning = "The page would sound a call now, or would not any more.";
    of_frames(("armed-frame", meaning), send_headers(), Some(payload), vec![armed(true), armed(false)])
}

fn send_headers() -> Schema {
    fields::headers(1, &["destination", "content-type", "receipt"])
}

fn send(destination: &str, body: serde_json::Result<Vec<u8>>) -> Frame {
    Frame::new(Command::Send)
        .header("destination", destination)
        .header("content-type", "application/json")
        .body(body.expect("a report is always JSON"))
}
