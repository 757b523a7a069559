//! Clients that do not read, or read slowly: they hold nobody up, and a slow one gets all there is in the end.

use std::{collections::HashSet, time::Duration};

use crate::support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, resident_of, server_and_client, sign_in};
use domain::{Event, api::CallRequest, body::Body};
use testkit::client::{Ack, Handshake, Message, Session, Socket, Subscribe};
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

#[tokio::test]
async fn whoever_is_too_slow_is_told_so_and_holds_nobody_up() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut slow, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    let (mut quick, _) = caller.listen().await?;
    // Nothing is read from `slow` meanwhile: the system's buffers fill first, then its queue of 1024 frames.
    let call = long_call(&caller)?;
    for _ in 0..60 {
        let presses = (0..64).map(|_| caller.press(&call, None));
        for pressed in futures_util::future::join_all(presses).await {
            let id = pressed?.ok()?.id;
            quick.wait_for("the alert", |message| message.is_alert(id)).await?;
        }
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
    expected.extend(press(&caller, 50).await?);

    let (mut heard, mut snapshot_is_whole) = (HashSet::new(), false);
    while heard.len() < expected.len() || !snapshot_is_whole {
        // About 100 kB a second.
        tokio::time::sleep(Duration::from_millis(30)).await;
        let message = phone.next_message().await?;
        match &message.body {
            Body::Event { event: Event::Alert(alert), .. } => {
                assert!(heard.insert(alert.id.0), "call {} came twice", alert.id);
                phone.ack(&message).await?;
            }
            Body::SnapshotEnd { truncated, .. } => {
                assert!(!truncated && heard.len() == 200, "{} calls in the snapshot", heard.len());
                snapshot_is_whole = true;
            }
            _ => {}
        }
    }
    assert_eq!(heard, expected);
    Ok(())
}

/// So many lines have more calls in their snapshots than the system's buffers hold (tcp(7), tcp_wmem: 4 MiB).
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
    // Nothing is read meanwhile: the buffers fill, and most of the snapshot waits.
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
