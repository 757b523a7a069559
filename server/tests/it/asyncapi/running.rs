//! The running server obeys the frames of the document, and sends no part that the document leaves out.

use std::collections::BTreeSet;

use domain::{
    AlertId, Kind,
    api::{AcceptRequest, LocationRequest, ProgressRequest},
    destination, header,
};
use serde_json::{Map, Value, json};
use stomp::{Command, Frame};
use testkit::client::{Handshake, Socket, Step};

use super::{document, examples, fits, frame};
use crate::support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, server_and_client, sign_in};

/// The commands of a client, in an order in which a server obeys them.
const ORDER: [Command; 7] = [
    Command::Connect,
    Command::Subscribe,
    Command::Ack,
    Command::Nack,
    Command::Send,
    Command::Unsubscribe,
    Command::Disconnect,
];

/// Returns the frames of the document that a client sends, in that order.
fn frames_of_clients(document: &Value) -> Vec<Frame> {
    let messages = document["components"]["messages"].as_object().unwrap().values();
    let messages = messages.filter(|message| message.get("x-stomp-command").is_some());
    let frames =
        messages.flat_map(|message| examples(message).iter().map(move |example| frame(message, example)));
    let mut frames: Vec<Frame> = frames.filter(|frame| frame.command.is_from_client()).collect();
    frames.sort_by_key(|frame| ORDER.iter().position(|command| *command == frame.command).unwrap());
    frames
}

#[tokio::test]
async fn the_server_obeys_every_frame_that_the_document_has_a_client_send() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let document = document(&client).await?;
    let frames = frames_of_clients(&document);
    for command in ORDER {
        assert!(frames.iter().any(|frame| frame.command == command), "{command}");
    }
    for name in [NEIGHBOUR, ADMINISTRATOR] {
        let session = sign_in(&client, name).await?;
        let mut socket = Socket::open(&client, &Handshake::default()).await?;
        for mut frame in frames.clone() {
            if frame.command == Command::Connect {
                frame.headers.retain(|(name, _)| name != "passcode");
                socket.connect_with(&frame.header("passcode", session.token())).await?;
            } else if name == ADMINISTRATOR || frame.get("destination") != Some(destination::LINES) {
                socket.send_with_receipt(frame).await?;
            }
        }
    }
    Ok(())
}

/// Makes sure that the document has a frame that the server sent. Returns the type of its body, if it has one.
fn is_documented(document: &Value, frame: &Frame) -> Option<String> {
    let messages = document["components"]["messages"].as_object().unwrap().values();
    let named = frame.get(header::TYPE);
    let message = messages
        .filter(|message| message["x-stomp-command"] == frame.command.as_str())
        .find(|message| named.is_none_or(|named| types_of(message).contains(&named)))
        .unwrap_or_else(|| panic!("{frame:?} is not in the document"));
    let headers = frame.headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    fits(&message["headers"], &Value::Object(headers.collect::<Map<_, _>>()));
    if !frame.body.is_empty() {
        fits(&message["payload"], &serde_json::from_slice(&frame.body).unwrap());
    }
    named.map(str::to_owned)
}

fn types_of(message: &Value) -> Vec<&str> {
    let types = message["headers"]["properties"][header::TYPE]["enum"].as_array();
    types.into_iter().flatten().filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn the_document_has_every_part_of_what_the_server_sends() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let document = document(&client).await?;
    let caller = sign_in(&client, CALLER).await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let mut call = caller.call("부엌에 불이 났어요")?;
    (call.lat, call.lng, call.accuracy) = (Some(json!(37.5)), Some(json!(127)), Some(json!(12)));
    call.kind = Some(Kind::Fire);
    let mut socket = Socket::open(&client, &Handshake::default()).await?;
    let connect = frames_of_clients(&document).remove(0);
    let connect = Frame { headers: connect.headers[..3].to_vec(), ..connect };
    let connected = socket.connect_with(&connect.header("passcode", neighbour.token())).await?;
    is_documented(&document, &connected);
    for frame in frames_of_clients(&document) {
        let is_wanted = frame.get("destination") != Some(destination::LINES);
        if frame.command == Command::Subscribe && is_wanted {
            socket.send(&frame).await?;
        }
    }
    socket.snapshot("calls").await?;
    let id = AlertId(caller.press(&call, None).await?.ok()?.id);
    let at = LocationRequest { lat: json!(37.6), lng: json!(127), accuracy: Some(json!(8)) };
    caller.moved(id, &at, None).await?.ok()?;
    let (line, accept_house, target_house) = (call.line, "1204".parse().unwrap(), call.house);
    let accept = AcceptRequest { line, accept_house, target_house, alert: Some(id) };
    neighbour.accept(&accept, None).await?.ok()?;
    read_until(&document, &mut socket, &["accept", "alert", "location", "receipt"]).await?;
    let note = ProgressRequest { note: Some("괜찮아요".into()) };
    caller.progress(id, Step::Cancel, &note, None).await?.ok()?;
    read_until(&document, &mut socket, &["status"]).await
}

/// Reads frames, which the document has, and acknowledges them, until one of each type has come.
async fn read_until(document: &Value, socket: &mut Socket, expected: &[&str]) -> Outcome {
    let mut types = BTreeSet::new();
    while !expected.iter().all(|name| types.contains(*name)) {
        let frame = socket.next_frame().await?;
        if let Some(ack) = frame.get("ack") {
            socket.send(&Frame::new(Command::Ack).header("id", ack)).await?;
        }
        types.extend(is_documented(document, &frame));
    }
    Ok(())
}
