//! The places of sockets. Neither strangers nor one resident can keep another resident's sockets closed.

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, client_at, program, server_and_client, sign_in,
};
use testkit::{
    Error,
    client::{Handshake, Session, Socket},
    descriptors,
    measure::counters::Counters,
    server::Server,
};

/// The server's limit of open files, and how many sockets it then has, an eighth of them for strangers.
const LIMIT: u64 = 1_200;
const SOCKETS: usize = 200;
const STRANGERS: f64 = 25.0;
/// Sockets of one session.
const OF_SESSION: usize = 16;

/// Presses, and checks that every one of these sockets receives the call.
async fn reaches(caller: &Session, sockets: &mut [Socket]) -> Outcome {
    let id = caller.press(&caller.call("")?, None).await?.ok()?.id;
    for socket in sockets {
        socket.wait_for("the alert", |message| message.is_alert(id)).await?;
    }
    Ok(())
}

async fn counters(server: &Server) -> Result<Counters, Error> {
    Counters::read(&sign_in(&server.client()?, ADMINISTRATOR).await?).await
}

#[tokio::test]
async fn strangers_who_hold_all_of_their_places_keep_no_resident_out() -> Outcome {
    descriptors::allow(3_000)?;
    let server = program().descriptors(LIMIT).start().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let mut strangers = Vec::new();
    for _ in 0..SOCKETS + 20 {
        // Most are refused, and some make room for others.
        match Socket::open(&client, &Handshake::default()).await {
            Ok(socket) => strangers.push(socket),
            Err(Error::UpgradeRefused { status, .. }) => assert_eq!(status, 503),
            Err(error) => return Err(error),
        }
    }
    let held = counters(&server).await?.get("iutsai_sockets_of_strangers");
    assert!((1.0..=STRANGERS).contains(&held), "{held}");
    let (by_cookie, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    // Without a token in the upgrade, it is a stranger's until CONNECT.
    let neighbour = sign_in(&client_at(&server, "127.0.0.2")?, NEIGHBOUR).await?;
    let mut by_passcode = Socket::open(neighbour.client(), &Handshake::default()).await?;
    by_passcode.connect(neighbour.token()).await?;
    let subscribe = testkit::client::Subscribe::to_line(neighbour.line()?);
    by_passcode.subscribe(&subscribe).await?;
    by_passcode.snapshot(&subscribe.id).await?;
    reaches(&caller, &mut [by_cookie, by_passcode]).await?;
    assert!(counters(&server).await?.get("iutsai_refused_total") > 0.0);
    Ok(())
}

#[tokio::test]
async fn a_session_keeps_its_newest_sockets_and_its_old_ones_do_not_come_back_at_once() -> Outcome {
    let (server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut sockets, mut refused) = (Vec::new(), 0);
    for _ in 0..5 * OF_SESSION {
        match neighbour.listen().await {
            Ok((socket, _)) => sockets.push(socket),
            Err(Error::UpgradeRefused { status: 503, .. }) => refused += 1,
            Err(error) => return Err(error),
        }
    }
    assert!(refused > 0, "{} were opened", sockets.len());
    assert_eq!(counters(&server).await?.get("iutsai_sockets"), OF_SESSION as f64);
    let newest = sockets.split_off(sockets.len() - OF_SESSION);
    let end = sockets[0].ended().await?;
    assert!(end.message().contains("newer socket") && end.code() == Some(1013), "{end}");
    // Another device of the same flat, and the other flat's first, find a place all the same.
    let (device, _) = sign_in(&client, NEIGHBOUR).await?.listen().await?;
    let (others, _) = caller.listen().await?;
    let mut all: Vec<_> = newest.into_iter().chain([device, others]).collect();
    reaches(&caller, &mut all).await
}
