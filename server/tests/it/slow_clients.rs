//! Clients that do not read, or read slowly. They delay nobody, and a slow one gets every frame in the end.

use std::{collections::HashSet, time::Duration};

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, resident_of, server_and_client, sign_in,
};
use domain::{
    AlertId, Event,
    api::{CallRequest, ProgressRequest},
    body::Body,
};
use stomp::{Command, Frame, Version, encode};
use testkit::{
    client::{Ack, Handshake, Message, Session, Socket, Step, Subscribe},
    measure::memory::Memory,
    server::Server,
};
use tokio_tungstenite::tungstenite::Message as WebSocketMessage;
use uuid::Uuid;

/// A text of the greatest length, so that frames fill buffers soon.
fn long_call(caller: &Session) -> Result<CallRequest, testkit::Error> {
    let mut call = caller.call("")?;
    call.text = Some("가".repeat(1_000));
    Ok(call)
}

/// So many calls, 50 at a time; their ids.
async fn press(caller: &Session, calls: usize) -> Result<HashSet<Uuid>, testkit::Error> {
    let (call, mut ids) = (long_call(caller)?, HashSet::new());
    while ids.len() < calls {
        let presses = (ids.len()..calls.min(ids.len() + 50)).map(|_| caller.press(&call, None));
        for pressed in futures_util::future::join_all(presses).await {
            ids.insert(pressed?.ok()?.id);
        }
    }
    Ok(ids)
}

/// As many subscriptions as one socket may have, so that each call is as many frames.
const SUBSCRIPTIONS: usize = 64;

#[tokio::test]
async fn a_slow_client_is_closed_with_the_reason_and_delays_nobody() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let mut slow = sign_in(&client, NEIGHBOUR).await?.connect().await?;
    for number in 0..SUBSCRIPTIONS {
        let subscribe = Subscribe::to_line(caller.line()?).id(format!("s{number}"));
        slow.subscribe(&subscribe).await?;
        slow.snapshot(&subscribe.id).await?;
    }
    let (mut quick, _) = caller.listen().await?;
    // Nothing is read from `slow` meanwhile. The system's buffers fill first, then its queue of 1024 frames.
    let (call, nothing) = (long_call(&caller)?, ProgressRequest::default());
    for _ in 0..60 {
        let id = caller.press(&call, None).await?.ok()?.id;
        quick.wait_for("the alert", |message| message.is_alert(id)).await?;
        // A call that is open and heard would stand for the next one.
        let end = caller.progress(AlertId(id), Step::Cancel, &nothing, None).await?.ok()?.id;
        quick.wait_for("its end", |message| message.is_status(end)).await?;
    }
    let end = slow.ended().await?;
    assert!(end.message().contains("too slow") && end.code() == Some(1008), "{end}");
    Ok(())
}

#[tokio::test]
async fn a_phone_that_reads_slowly_gets_a_snapshot_of_two_hundred_calls_and_what_comes_meanwhile() -> Outcome
{
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let (mut quick, _) = caller.listen().await?;
    let mut expected = press(&caller, 200).await?;
    for id in &expected {
        quick.wait_for("the alert", |message| message.is_alert(*id)).await?;
    }

    let handshake = Handshake::default().receive_buffer(4 * 1024);
    let mut phone = Socket::open(&client, &handshake).await?;
    phone.connect(neighbour.token()).await?;
    let subscribe = Subscribe::to_line(neighbour.line()?).ack(Ack::ClientIndividual);
    phone.subscribe(&subscribe).await?;
    // Calls of other houses, because a call of the caller's that the phone gets stands for the next one.
    expected.extend(press(&neighbour, 10).await?);
    expected.extend(press(&sign_in(&client, SECOND_NEIGHBOUR).await?, 10).await?);

    let (mut received, mut snapshot_is_whole) = (HashSet::new(), false);
    while received.len() < expected.len() || !snapshot_is_whole {
        // About 100 kB a second.
        tokio::time::sleep(Duration::from_millis(30)).await;
        let message = phone.next_message().await?;
        match &message.body {
            Body::Event { event: Event::Alert(alert), .. } => {
                assert!(received.insert(alert.id.0), "call {} came twice", alert.id);
                phone.ack(&message).await?;
            }
            Body::SnapshotEnd { truncated, .. } => {
                // One that was pressed while the SUBSCRIBE was under way may be part of it.
                assert!(!truncated && received.len() >= 200, "{} calls in the snapshot", received.len());
                snapshot_is_whole = true;
            }
            _ => {}
        }
    }
    assert_eq!(received, expected);
    Ok(())
}

/// The number of lines whose snapshots have more calls than the system's buffers hold (tcp(7), tcp_wmem, 4 MiB).
const LINES: usize = 8;

#[tokio::test]
async fn an_alert_does_not_wait_for_the_snapshot_of_every_line() -> Outcome {
    let (server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    for number in 1..LINES {
        press(&resident_of(&server, &client, &format!("201-{number}")).await?, 200).await?;
    }
    press(&caller, 200).await?;
    let handshake = Handshake::default().receive_buffer(4 * 1024);
    let mut office = Socket::open(&client, &handshake).await?;
    office.connect(sign_in(&client, ADMINISTRATOR).await?.token()).await?;
    office.send_with_receipt(Subscribe::to("/sub/lines").frame()).await?;
    // Nothing is read meanwhile, so the buffers fill, and most of the snapshot waits.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let id = caller.press(&caller.call("now")?, None).await?.ok()?.id;
    let mut listed = 0;
    loop {
        let message = office.next_message().await?;
        match message.body {
            _ if message.is_alert(id) => break,
            Body::SnapshotEnd { .. } => panic!("the snapshot of {listed} calls came first"),
            _ => listed += 1,
        }
    }
    assert!(listed < LINES * 200, "{listed}");
    let is_end = |message: &Message| matches!(message.body, Body::SnapshotEnd { .. });
    office.wait_for("the end of the snapshot", is_end).await.map(drop)
}

/// So many sockets are flooded at once.
const MUTE: usize = 8;
/// The octets by which the memory of the server may grow, for their budgets, and the allocator's own needs.
const GROWTH: u64 = 32 * 1024 * 1024;

/// ACKs with the longest receipts, 15 in a WebSocket message.
fn acks() -> String {
    let ack = Frame::new(Command::Ack).header("id", "unknown").header("receipt", "x".repeat(4_000));
    String::from_utf8(encode(&ack, Version::V1_2).repeat(15)).unwrap()
}

/// Sends a message so many times without reading, and gives up when the server takes nothing any more.
async fn flood(socket: &mut Socket, message: &str, times: usize) {
    let sending = async {
        for _ in 0..times {
            if socket.send_raw(WebSocketMessage::text(message)).await.is_err() {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(5), sending).await;
}

/// Floods the server through several sockets that read nothing; its memory stays bounded.
async fn stays_small(server: &Server, session: &Session, message: &str, times: usize) -> Outcome {
    let handshake = Handshake::default().receive_buffer(4 * 1024);
    let mut sockets = Vec::new();
    for _ in 0..MUTE {
        let mut socket = Socket::open(session.client(), &handshake).await?;
        socket.connect(session.token()).await?;
        sockets.push(socket);
    }
    let before = Memory::of(&server.process()?)?;
    let floods = sockets.iter_mut().map(|socket| flood(socket, message, times));
    futures_util::future::join_all(floods).await;
    // The last frames may still be on their way.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = Memory::of(&server.process()?)?;
    let grown = after.most.saturating_sub(before.most);
    assert!(grown < GROWTH, "{grown} octets more");
    Ok(())
}

#[tokio::test]
async fn answers_for_a_client_that_reads_nothing_do_not_pile_up() -> Outcome {
    let (server, client) = server_and_client().await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    // As many as the server takes at once from one client.
    stays_small(&server, &neighbour, &acks(), 230).await
}

#[tokio::test]
async fn snapshots_for_a_client_that_subscribes_and_unsubscribes_in_turn_do_not_pile_up() -> Outcome {
    let (server, client) = server_and_client().await?;
    press(&sign_in(&client, CALLER).await?, 200).await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let mut turn = encode(&Subscribe::to("/sub/line/101-1").frame(), Version::V1_2);
    turn.extend(encode(&Frame::new(Command::Unsubscribe).header("id", "line"), Version::V1_2));
    let turns = String::from_utf8(turn.repeat(50)).unwrap();
    stays_small(&server, &neighbour, &turns, 4).await
}

#[tokio::test]
async fn a_client_that_reads_after_a_while_gets_every_answer() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let mut socket = Socket::open(&client, &Handshake::default().receive_buffer(64 * 1024)).await?;
    socket.connect(neighbour.token()).await?;
    // More than the system's buffers and the socket's budget hold.
    flood(&mut socket, &acks(), 60).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..60 * 15 {
        socket.wait_for_frame("a RECEIPT", |frame| frame.command == Command::Receipt).await?;
    }
    Ok(())
}
