//! STOMP over the WebSocket, with its admission, its frames, and its closing.

mod floods;

use std::time::Duration;

use crate::support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, server_and_client, sign_in};
use stomp::{Command, Frame, Version};
use testkit::client::{Ack, Client, Handshake, Session, Socket, Subscribe};
use tokio_tungstenite::tungstenite::Message as WebSocketMessage;

fn connect(token: &str) -> Frame {
    Frame::new(Command::Connect)
        .header("accept-version", "1.2")
        .header("host", "iutsai")
        .header("passcode", token)
}

/// Returns what a frame sent by somebody signed in is answered with before the socket closes.
async fn error_of(session: &Session, frame: Frame) -> Result<String, testkit::Error> {
    let mut socket = session.connect().await?;
    socket.send(&frame).await?;
    let end = socket.ended().await?;
    assert_eq!(end.code(), Some(1008), "{end}");
    Ok(end.message().to_owned())
}

#[tokio::test]
async fn a_wrong_token_is_refused() -> Outcome {
    let (_server, client) = server_and_client().await?;
    for frame in [connect("wrong"), connect("")] {
        let mut socket = Socket::open(&client, &Handshake::default()).await?;
        let refused = socket.connect_with(&frame).await.unwrap_err();
        let end = refused.end().unwrap();
        assert!(end.message().contains("sign in"), "{end}");
        assert_eq!(end.code(), Some(1008));
    }
    Ok(())
}

#[tokio::test]
async fn a_token_comes_as_passcode_as_authorization_or_by_the_cookie() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let bare = Frame::new(Command::Stomp).header("accept-version", "1.2").header("host", "iutsai");
    let bearer = bare.clone().header("Authorization", format!("Bearer {}", caller.token()));
    let cookie = Handshake::default().header("Cookie", format!("iutsai-session={}", caller.token()));
    for (handshake, frame) in [
        (Handshake::default(), connect(caller.token()).header("login", "anything")),
        (Handshake::default(), bearer),
        (cookie.clone(), bare.clone()),
    ] {
        let mut socket = Socket::open(&client, &handshake).await?;
        assert_eq!(socket.connect_with(&frame).await?.get("version"), Some("1.2"));
    }
    // A token that is sent must hold, whatever the cookie is.
    let mut socket = Socket::open(&client, &cookie).await?;
    socket.connect_with(&connect("wrong")).await.unwrap_err();
    Ok(())
}

#[tokio::test]
async fn a_foreign_line_is_refused_to_residents_and_open_to_administrators() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let foreign = Subscribe::to("/sub/line/101-2");
    assert!(error_of(&caller, foreign.frame()).await?.contains("not yours"));
    assert!(error_of(&caller, Subscribe::to("/sub/lines").frame()).await?.contains("Only administrators"));
    let mut administrators = sign_in(&client, ADMINISTRATOR).await?.connect().await?;
    for (id, line) in [("one", "/sub/line/101-1"), ("two", "/sub/line/101-2")] {
        administrators.subscribe(&Subscribe::to(line).id(id)).await?;
        administrators.snapshot(id).await?;
    }
    let call = caller.press(&caller.call("")?, None).await?.ok()?.id;
    let message = administrators.wait_for("the alert", |message| message.is_alert(call)).await?;
    assert_eq!(message.header("subscription"), Some("one"));
    Ok(())
}

#[tokio::test]
async fn a_frame_that_is_not_understood_is_answered_with_the_reason() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let send = |destination: &str| Frame::new(Command::Send).header("destination", destination);
    let subscribe = || Subscribe::to("/sub/line/101-1").frame();
    for (frame, expected) in [
        (Frame::new(Command::Begin).header("transaction", "1"), "Transactions"),
        (send("/pub/seen").header("transaction", "1").body("{}"), "Transactions"),
        (send("/topic/anything").body("{}"), "no such destination"),
        (send("/pub/seen").body("{\"alert\":1}"), "The body must be"),
        (Subscribe::to("/topic/anything").frame(), "no such destination"),
        (Frame::new(Command::Subscribe).header("destination", "/sub/line/101-1"), "needs the header id"),
        (subscribe().header("ack", "sometimes"), "ack header"),
        (subscribe().header("replay", "7d"), "replay header"),
        (Frame::new(Command::Unsubscribe), "needs the header id"),
        (Frame::new(Command::Ack), "needs the header id"),
        (connect(caller.token()), "open already"),
        (Frame::new(Command::Message), "server's frame"),
    ] {
        let message = error_of(&caller, frame.clone()).await?;
        assert!(message.contains(expected), "{frame:?}: {message}");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_lost_count_gets_its_receipt_and_stays() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut socket, _) = caller.listen().await?;
    let nobodys = domain::AlertId::generate();
    let ack = |id: &str| Frame::new(Command::Ack).header("id", id);
    for frame in [
        Frame::new(Command::Unsubscribe).header("id", "unknown"),
        ack("an-alert-0-4711"),
        ack("nonsense"),
        Frame::new(Command::Nack).header("id", "nonsense"),
        Frame::new(Command::Send)
            .header("destination", "/pub/seen")
            .body(serde_json::json!({ "alert": nobodys }).to_string()),
    ] {
        socket.send_with_receipt(frame).await?;
    }
    socket.send_with_receipt(Frame::new(Command::Unsubscribe).header("id", "line")).await?;
    socket.send_with_receipt(Frame::new(Command::Unsubscribe).header("id", "line")).await?;
    let subscribe = Subscribe::to("/sub/line/101-1");
    socket.subscribe(&subscribe).await?;
    socket.snapshot("line").await?;
    let id = caller.press(&caller.call("")?, None).await?.ok()?.id;
    socket.wait_for("the alert", |message| message.is_alert(id)).await.map(drop)
}

#[tokio::test]
async fn a_repeated_subscription_gets_the_snapshot_again_and_each_event_once() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut socket, _) = caller.listen().await?;
    let before = caller.press(&caller.call("before")?, None).await?.ok()?.id;
    socket.wait_for("the alert", |message| message.is_alert(before)).await?;
    let again = Subscribe::to("/sub/line/101-1").ack(Ack::ClientIndividual);
    for _ in 0..100 {
        socket.send_with_receipt(again.frame()).await?;
        let snapshot = socket.snapshot("line").await?;
        assert!(snapshot.alert(before).is_some() && snapshot.messages.len() == 1);
    }
    let after = caller.press(&caller.call("after")?, None).await?.ok()?.id;
    socket.wait_for("the alert", |message| message.is_alert(after)).await?;
    socket
        .none_within(Duration::from_millis(300), "the call a second time", |message| message.is_alert(after))
        .await
}

#[tokio::test]
async fn an_id_that_is_in_use_for_another_destination_is_refused() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let mut socket = sign_in(&client, ADMINISTRATOR).await?.connect().await?;
    socket.subscribe(&Subscribe::to("/sub/line/101-1")).await?;
    socket.snapshot("line").await?;
    socket.subscribe(&Subscribe::to("/sub/line/101-2")).await?;
    let end = socket.ended().await?;
    assert!(end.message().contains("in use") && end.code() == Some(1008), "{end}");
    Ok(())
}

#[tokio::test]
async fn an_error_names_the_receipt_that_will_not_come() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let mut socket = sign_in(&client, CALLER).await?.connect().await?;
    socket.send(&Frame::new(Command::Begin).header("transaction", "1").header("receipt", "begun")).await?;
    let end = socket.ended().await?;
    assert_eq!(end.error.unwrap().get("receipt-id"), Some("begun"));
    Ok(())
}

#[tokio::test]
async fn connect_comes_first_and_in_a_version_that_is_spoken() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let mut socket = Socket::open(&client, &Handshake::default()).await?;
    socket.subscribe(&Subscribe::to("/sub/line/101-1")).await?;
    assert!(socket.ended().await?.message().contains("before CONNECT"));
    let mut socket = Socket::open(&client, &Handshake::default()).await?;
    socket.send(&Frame::new(Command::Connect).header("accept-version", "1.0")).await?;
    assert_eq!(socket.ended().await?.error.unwrap().get("version"), Some("1.2,1.1"));
    Ok(())
}

#[tokio::test]
async fn a_socket_that_never_connects_is_closed() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let mut socket = Socket::open(&client, &Handshake::default()).await?;
    let end = socket.ended().await?;
    assert!(end.message().contains("within 10 seconds"), "{end}");
    Ok(())
}

#[tokio::test]
async fn version_1_1_is_spoken_with_and_without_a_subprotocol() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let offered = Handshake { subprotocols: vec!["v11.stomp".into()], ..Handshake::without_subprotocol() };
    for (handshake, chosen) in [(offered, Some("v11.stomp")), (Handshake::without_subprotocol(), None)] {
        let mut socket = Socket::open(&client, &handshake).await?;
        assert_eq!(socket.subprotocol(), chosen);
        let connect = Frame::new(Command::Connect)
            .header("accept-version", "1.0,1.1")
            .header("host", "iutsai")
            .header("passcode", caller.token());
        assert_eq!(socket.connect_with(&connect).await?.get("version"), Some("1.1"));
        assert_eq!(socket.version(), Version::V1_1);
        socket.subscribe(&Subscribe::to("/sub/line/101-1").ack(Ack::ClientIndividual)).await?;
        socket.snapshot("line").await?;
        let id = caller.press(&caller.call("a: b")?, None).await?.ok()?.id;
        let message = socket.wait_for("the alert", |message| message.is_alert(id)).await?;
        socket.ack(&message).await?;
        socket.disconnect().await?;
    }
    Ok(())
}

#[tokio::test]
async fn frames_may_be_cut_and_joined_over_messages() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let mut socket = Socket::open(&client, &Handshake::default()).await?;
    let mut octets = stomp::encode(&connect(caller.token()), Version::V1_2);
    octets.extend(b"\n\r\n");
    octets.extend(stomp::encode(
        &Subscribe::to("/sub/line/101-1").frame().header("receipt", "r"),
        Version::V1_2,
    ));
    for piece in octets.chunks(7) {
        socket.send_raw(WebSocketMessage::binary(piece.to_vec())).await?;
    }
    socket.wait_for_frame("CONNECTED", |frame| frame.command == Command::Connected).await?;
    socket.wait_for_frame("the RECEIPT", |frame| frame.get("receipt-id") == Some("r")).await?;
    socket.snapshot("line").await.map(drop)
}

#[tokio::test]
async fn goodbye_is_answered_before_the_socket_closes() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let end = sign_in(&client, CALLER).await?.connect().await?.disconnect().await?;
    assert_eq!((end.error, end.close.map(|close| close.code)), (None, Some(1000)));
    Ok(())
}

#[tokio::test]
async fn heart_beats_come_as_often_as_they_were_asked_for() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let mut socket = Socket::open(&client, &Handshake::default()).await?;
    let connected = socket.connect_with(&connect(caller.token()).header("heart-beat", "0,5000")).await?;
    assert_eq!(connected.get("heart-beat"), Some("5000,120000"));
    socket.none_within(Duration::from_secs(7), "a message", |_| true).await?;
    assert!(socket.heartbeats() >= 1);
    Ok(())
}

#[tokio::test]
async fn a_session_that_ends_closes_its_sockets_and_no_others() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let ((mut first, _), mut second) = (caller.listen().await?, caller.connect().await?);
    let (mut neighbours, _) = neighbour.listen().await?;
    let elsewhere = sign_in(&client, CALLER).await?;
    caller.sign_out().await?.ok()?;
    for socket in [&mut first, &mut second] {
        socket.set_patience(Duration::from_secs(5));
        let end = socket.ended().await?;
        assert!(end.message().contains("session has ended") && end.code() == Some(1008), "{end}");
    }
    let id = elsewhere.press(&elsewhere.call("")?, None).await?.ok()?.id;
    neighbours.wait_for("the alert", |message| message.is_alert(id)).await.map(drop)
}

#[tokio::test]
async fn a_plain_request_is_asked_to_upgrade() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let answer = plain(&client).await?;
    assert_eq!(answer.status, 426);
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(answer.outcome.unwrap_err().kind, "/problems/upgrade-required");
    Ok(())
}

async fn plain(client: &Client) -> Result<testkit::client::Answer<()>, testkit::Error> {
    client.send(client.request(reqwest::Method::GET, "/an-ws")).await
}
