//! A socket takes frames of a bounded length and so many at once, but answers to its messages without a bound.

use domain::{AlertId, api::ProgressRequest};
use stomp::{Command, Frame};
use testkit::client::{Ack, Step, Subscribe};
use tokio_tungstenite::tungstenite::Message as WebSocketMessage;

use crate::support::{CALLER, NEIGHBOUR, Outcome, server_and_client, sign_in};

#[tokio::test]
async fn too_long_a_frame_is_refused_with_why() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let seen = |length| Frame::new(Command::Send).header("destination", "/pub/seen").body("x".repeat(length));
    let mut socket = caller.connect().await?;
    socket.send(&seen(20_000)).await?;
    let end = socket.ended().await?;
    assert!(end.message().contains("16384") && end.code() == Some(1002), "{end}");
    let mut socket = caller.connect().await?;
    socket.send(&seen(200_000)).await?;
    let end = socket.ended().await?;
    assert!(end.message().contains("too long") && end.code() == Some(1009), "{end}");
    Ok(())
}

#[tokio::test]
async fn a_flood_of_frames_ends_the_socket() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let mut socket = sign_in(&client, CALLER).await?.connect().await?;
    for _ in 0..10 {
        // The server may close before the last of them has been sent.
        if socket.send_raw(WebSocketMessage::text("\n".repeat(1_000))).await.is_err() {
            break;
        }
    }
    assert!(socket.ended().await?.message().contains("Too many frames"));
    Ok(())
}

#[tokio::test]
async fn a_flood_of_subscriptions_ends_the_socket() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let mut socket = caller.connect().await?;
    let subscribe = Subscribe::to_line(caller.line()?);
    for _ in 0..150 {
        // The server may close before the last of them has been sent.
        if socket.subscribe(&subscribe).await.is_err() || socket.unsubscribe(&subscribe.id).await.is_err() {
            break;
        }
    }
    assert!(socket.ended().await?.message().contains("Too many frames"));
    Ok(())
}

/// More messages than the frames that a client may send at once.
const FLOOD: usize = 6_000;
/// The subscriptions of one socket, each of which gets every message.
const SUBSCRIPTIONS: usize = 60;

#[tokio::test]
async fn a_neighbour_who_acknowledges_a_flood_of_messages_keeps_the_socket() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let mut neighbour = sign_in(&client, NEIGHBOUR).await?.connect().await?;
    for number in 0..SUBSCRIPTIONS {
        let subscribe = Subscribe::to_line(caller.line()?).id(number.to_string()).ack(Ack::ClientIndividual);
        neighbour.subscribe(&subscribe).await?;
        neighbour.snapshot(&subscribe.id).await?;
    }
    let mut acknowledged = 0;
    while acknowledged < FLOOD {
        let call = caller.press(&caller.call("")?, None).await?.ok()?.id;
        // An end is never refused, and with the call ended the next press is not one too many.
        let note = ProgressRequest::default();
        let end = caller.progress(AlertId(call), Step::Cancel, &note, None).await?.ok()?.id;
        let mut ends = 0;
        while ends < SUBSCRIPTIONS {
            let message = neighbour.next_message().await?;
            // Not that of the alert, because receipts of all these calls at once would be another flood.
            if message.is_status(end) {
                neighbour.ack(&message).await?;
                ends += 1;
            }
        }
        acknowledged += ends;
    }
    Ok(())
}
