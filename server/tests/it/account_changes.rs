//! The sockets of an account that another program has changed.

use std::time::Duration;

use crate::support::{
    CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, change_accounts, server_and_client, sign_in,
};
use domain::{Resident, Role};
use reqwest::Method;
use testkit::{
    Error,
    client::{End, Session, Socket},
};

/// Within this time every server has the change.
const WITHIN: Duration = Duration::from_secs(5);

async fn ended(socket: &mut Socket) -> Result<End, Error> {
    socket.set_patience(WITHIN);
    let end = socket.ended().await?;
    assert_eq!(end.code(), Some(1008), "{end}");
    Ok(end)
}

async fn session_of(session: &Session) -> Result<testkit::client::Answer<Resident>, Error> {
    session.client().send::<Resident>(session.request(Method::GET, "/api/session")).await
}

#[tokio::test]
async fn another_flat_or_role_closes_the_accounts_sockets_and_holds_for_its_sessions() -> Outcome {
    let (server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (moving, rising) = (sign_in(&client, NEIGHBOUR).await?, sign_in(&client, SECOND_NEIGHBOUR).await?);
    let ((mut at_home, _), (mut moves, _), (mut rises, _)) =
        (caller.listen().await?, moving.listen().await?, rising.listen().await?);

    change_accounts(&server, "UPDATE residents SET line = '101-2' WHERE name = 'resident-1204'").await;
    assert!(ended(&mut moves).await?.message().contains("account has changed"));
    assert_eq!(session_of(&moving).await?.ok()?.line.unwrap().as_str(), "101-2");
    let status = moving.press(&moving.call("of a flat that is no longer mine")?, None).await?.status;
    assert_eq!(status, 403);

    change_accounts(&server, "UPDATE residents SET role = 'administrator' WHERE name = 'resident-1301'")
        .await;
    assert!(ended(&mut rises).await?.message().contains("account has changed"));
    assert_eq!(session_of(&rising).await?.ok()?.role, Role::Administrator);

    let id = caller.press(&caller.call("")?, None).await?.ok()?.id;
    at_home.wait_for("the alert", |message| message.is_alert(id)).await?;
    Ok(())
}

#[tokio::test]
async fn a_deleted_account_is_signed_out_and_receives_nothing_more() -> Outcome {
    let (server, client) = server_and_client().await?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let (mut socket, _) = neighbour.listen().await?;
    change_accounts(&server, "DELETE FROM residents WHERE name = 'resident-1204'").await;
    assert!(ended(&mut socket).await?.message().contains("session has ended"));
    let answer = session_of(&neighbour).await?;
    assert_eq!(answer.outcome.unwrap_err().kind, "/problems/not-signed-in");
    Ok(())
}

#[tokio::test]
async fn an_account_that_cannot_be_read_stays_what_it_was_and_keeps_no_other_from_its_change() -> Outcome {
    let (server, client) = server_and_client().await?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut broken, _) = caller.listen().await?;
    let (mut socket, _) = neighbour.listen().await?;
    change_accounts(&server, "UPDATE residents SET role = 'nonsense' WHERE name = 'resident-1203'").await;
    change_accounts(&server, "DELETE FROM residents WHERE name = 'resident-1204'").await;
    ended(&mut socket).await?;
    let id = caller.press(&caller.call("")?, None).await?.ok()?.id;
    broken.wait_for("the alert", |message| message.is_alert(id)).await?;
    Ok(())
}
