//! The page speaks STOMP as the specification and the server expect it.

use super::*;
use crate::samples::{administrator, call, line, named_line};

/// The frames in what the browser sends.
fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut decoder = Decoder::new(Limits::default());
    decoder.push(bytes);
    let mut frames = Vec::new();
    while let Some(incoming) = decoder.next().expect("the browser sends STOMP") {
        if let Incoming::Frame(frame) = incoming {
            frames.push(frame);
        }
    }
    frames
}

fn connected(version: &str) -> Vec<u8> {
    let frame = Frame::new(Command::Connected).header("version", version).header("heart-beat", "20000,0");
    encode(&frame, Version::V1_2)
}

fn message(flag: Option<&str>) -> Vec<u8> {
    let body = Body::Event { event: Event::Alert(call(1)), first: None };
    let mut frame = Frame::new(Command::Message)
        .header("destination", destination::of_line(&line()))
        .header("subscription", "0")
        .header("message-id", "an-alert-0-7")
        .header("ack", "an-alert-0-7");
    if let Some(flag) = flag {
        frame = frame.header(flag, "true");
    }
    encode(&frame.body(body.to_json()), Version::V1_2)
}

fn own_line() -> Scope {
    Scope::Lines(vec![line()])
}

fn begun() -> Conversation {
    let mut conversation = Conversation::new(&own_line());
    conversation.receive(&connected("1.2")).expect("CONNECTED is taken");
    conversation
}

fn delivery(conversation: &mut Conversation, bytes: &[u8]) -> Delivery {
    let mut received = conversation.receive(bytes).expect("the message is taken");
    match (received.pop(), received.len()) {
        (Some(Received::Delivery(delivery)), 0) => *delivery,
        other => panic!("one delivery was due, not {other:?}"),
    }
}

#[test]
fn the_age_of_a_call_is_read_and_what_cannot_be_one_is_none() {
    let body = Body::Event { event: Event::Alert(call(1)), first: None };
    for (header, age) in [("0", Some(0)), ("61000", Some(61_000)), ("-5", None), ("soon", None)] {
        let frame = Frame::new(Command::Message).header("age", header).body(body.to_json());
        assert_eq!(delivery(&mut begun(), &encode(&frame, Version::V1_2)).age, age, "{header}");
    }
}

#[test]
fn it_begins_with_connect_and_carries_no_credentials() {
    let frames = frames(&Conversation::connect("iutsai.example"));
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].command, Command::Connect);
    assert_eq!(frames[0].get("host"), Some("iutsai.example"));
    assert_eq!(frames[0].get("accept-version"), Some("1.2,1.1"));
    assert_eq!(frames[0].get("heart-beat"), Some("0,20000"));
    assert_eq!(frames[0].get("passcode"), None);
}

#[test]
fn every_line_is_subscribed_to_once_the_server_knows_who_this_is() {
    let scope = Scope::Lines(vec![line(), named_line("101동 2라인")]);
    let mut conversation = Conversation::new(&scope);
    let received = conversation.receive(&connected("1.2")).expect("CONNECTED is taken");
    let [Received::Connected { subscribe, heart_beat }] = received.as_slice() else {
        panic!("CONNECTED was due, not {received:?}");
    };
    assert_eq!(*heart_beat, Some(Duration::from_secs(20)));
    let asked: Vec<_> = subscribe.iter().flat_map(|bytes| frames(bytes)).collect();
    let of = |name| asked.iter().map(|frame| frame.get(name).expect(name)).collect::<Vec<_>>();
    assert_eq!(of("destination"), ["/sub/line/101-1", "/sub/line/101동 2라인"]);
    assert_eq!(of("id"), ["0", "1"]);
    assert_eq!(of("ack"), ["client-individual"; 2]);
    assert_eq!(of("replay"), ["24h"; 2]);
}

#[test]
fn an_administrator_subscribes_to_every_line_with_one_frame() {
    let mut conversation = Conversation::new(&Scope::of(&administrator()));
    let received = conversation.receive(&connected("1.2")).expect("CONNECTED is taken");
    let [Received::Connected { subscribe, .. }] = received.as_slice() else {
        panic!("CONNECTED was due, not {received:?}");
    };
    let asked: Vec<_> = subscribe.iter().flat_map(|bytes| frames(bytes)).collect();
    let destinations: Vec<_> = asked.iter().filter_map(|frame| frame.get("destination")).collect();
    assert_eq!(destinations, ["/sub/lines"]);
}

#[test]
fn a_call_is_delivered_with_the_acknowledgement_to_send() {
    let delivery = delivery(&mut begun(), &message(None));
    assert_eq!(delivery.body, Body::Event { event: Event::Alert(call(1)), first: None });
    assert!(!delivery.replay && !delivery.late);
    let ack = frames(&delivery.ack.expect("a call is acknowledged"));
    assert_eq!(ack[0].command, Command::Ack);
    assert_eq!(ack[0].get("id"), Some("an-alert-0-7"));
    assert_eq!(ack[0].get("sounded"), None, "its delivery reports nothing about its sound");
    let sounded = frames(&delivery.sounded.expect("what sounds is reported"));
    assert_eq!((sounded[0].command, sounded[0].get("id")), (Command::Ack, Some("an-alert-0-7")));
    assert_eq!(sounded[0].get("sounded"), Some("true"));
}

#[test]
fn only_live_events_that_are_not_late_set_the_clock() {
    let live_at_of = |flag| delivery(&mut begun(), &message(flag)).live_at();
    assert_eq!(live_at_of(None), Some(call(1).at));
    assert_eq!(live_at_of(Some("replay")), None);
    assert_eq!(live_at_of(Some("late")), None);
}

#[test]
fn only_calls_are_acknowledged() {
    let body = Body::SnapshotEnd { line: Some(line()), truncated: false }.to_json();
    let frame = Frame::new(Command::Message).header("ack", "x").body(body);
    assert_eq!(delivery(&mut begun(), &encode(&frame, Version::V1_2)).ack, None);
}

#[test]
fn a_message_that_comes_in_pieces_is_one_message() {
    let mut conversation = begun();
    let bytes = message(None);
    let (most, last) = bytes.split_at(bytes.len() - 1);
    for piece in most.chunks(7) {
        assert_eq!(conversation.receive(piece), Ok(Vec::new()));
    }
    assert!(delivery(&mut conversation, last).ack.is_some());
}

#[test]
fn an_error_ends_it_with_the_servers_words() {
    let error = encode(&Frame::error("Sign in again."), Version::V1_2);
    assert_eq!(begun().receive(&error), Err(Failure::Refused("Sign in again.".into())));
}

#[test]
fn octets_that_are_not_stomp_end_the_conversation() {
    assert!(matches!(begun().receive(b"<html>\n"), Err(Failure::Broken(_))));
}

#[test]
fn a_server_of_another_version_is_not_listened_to() {
    let answer = Conversation::new(&own_line()).receive(&connected("1.0"));
    assert!(matches!(answer, Err(Failure::Refused(_))));
}

#[test]
fn a_message_of_a_newer_server_does_not_end_it() {
    let mut conversation = begun();
    let frame = Frame::new(Command::Message).body(r#"{"type":"weather"}"#);
    let received = conversation.receive(&encode(&frame, Version::V1_2)).expect("it goes on");
    assert!(matches!(received.as_slice(), [Received::Unreadable(_)]));
    assert!(delivery(&mut conversation, &message(None)).ack.is_some());
}

#[test]
fn a_seen_report_has_the_calls_id() {
    let frames = frames(&begun().seen(call(1).id));
    assert_eq!(frames[0].command, Command::Send);
    assert_eq!(frames[0].get("destination"), Some("/pub/seen"));
    let body: serde_json::Value = serde_json::from_slice(&frames[0].body).expect("JSON");
    assert_eq!(body, serde_json::json!({ "alert": call(1).id.to_string() }));
}

#[test]
fn stomp_1_1_acknowledges_by_message_and_subscription() {
    let mut conversation = Conversation::new(&own_line());
    conversation.receive(&connected("1.1")).expect("1.1 is spoken, too");
    let ack = frames(&delivery(&mut conversation, &message(None)).ack.expect("a call is acknowledged"));
    assert_eq!(ack[0].get("message-id"), Some("an-alert-0-7"));
    assert_eq!(ack[0].get("subscription"), Some("0"));
}

#[test]
fn the_reach_of_the_own_line_is_followed_and_arming_is_reported_where_the_server_knows_of_it() {
    let begun = |features: Option<&str>| {
        let mut frame = Frame::new(Command::Connected).header("version", "1.2");
        if let Some(yes) = features {
            frame = frame.header("reach", yes);
        }
        let mut conversation = Conversation::new(&own_line()).with_reach(Some(&line()));
        let received = conversation.receive(&encode(&frame, Version::V1_2)).expect("CONNECTED is taken");
        let [Received::Connected { subscribe, .. }] = received.as_slice() else {
            panic!("CONNECTED was due, not {received:?}");
        };
        let asked: Vec<_> = subscribe.iter().flat_map(|bytes| frames(bytes)).collect();
        let to = |frame: &Frame| frame.get("destination").map(str::to_owned).expect("a destination");
        (conversation, asked.iter().map(to).collect::<Vec<_>>())
    };
    let (former, asked) = begun(None);
    assert_eq!(asked, ["/sub/line/101-1"]);
    assert!(!former.has_reach() && former.armed(true).is_none(), "it would end the conversation");
    let (conversation, asked) = begun(Some("true"));
    assert_eq!(asked, ["/sub/line/101-1", "/sub/line/101-1/reach"]);
    let armed = frames(&conversation.armed(true).expect("the server knows of it"));
    assert_eq!((armed[0].command, armed[0].get("destination")), (Command::Send, Some("/pub/armed")));
    let body: serde_json::Value = serde_json::from_slice(&armed[0].body).expect("JSON");
    assert_eq!(body, serde_json::json!({ "armed": true }));
}

#[test]
fn the_number_of_neighbours_is_read_and_calls_come_as_before() {
    let mut conversation = begun();
    for houses in [Some(7), Some(0), None] {
        let frame = Frame::new(Command::Message)
            .header("destination", destination::of_reach(&line()))
            .header("type", "reach")
            .body(reach::write(&line(), houses));
        let received = conversation.receive(&encode(&frame, Version::V1_2)).expect("the message is taken");
        assert_eq!(received, [Received::Reach(houses)]);
    }
    assert!(delivery(&mut conversation, &message(None)).ack.is_some());
}

#[test]
fn an_error_with_the_address_of_another_socket_leads_there_and_to_no_other_server() {
    let error = |address: &str| {
        let frame = Frame::error("The line 101-1 is of shard 2 of 3.").header("address", address);
        begun().receive(&encode(&frame, Version::V1_2))
    };
    assert_eq!(error("/an-ws?shard=2"), Err(Failure::Elsewhere("/an-ws?shard=2".into())));
    assert_eq!(error("/an-ws"), Err(Failure::Elsewhere("/an-ws".into())));
    for foreign in ["//elsewhere.example/an-ws", "wss://elsewhere.example/an-ws", ""] {
        assert!(matches!(error(foreign), Err(Failure::Refused(_))), "{foreign}");
    }
}
