//! The accounts and sessions that the testkit writes into the database are as the program's own.

use crate::support::{Outcome, PASSWORD, server};
use domain::Resident;
use reqwest::Method;
use testkit::{client::Session, town::Town};

#[tokio::test]
async fn a_server_has_every_session_of_a_town_in_its_own_memory() -> Outcome {
    let server = server().await?;
    let client = server.client()?;
    let accounts = Town::new(20, 20).administrators(1).sessions(2).enter(&server.database()).await?;
    accounts.wait_until_known(&client).await?;
    let residents = accounts.signed_in(&client);
    // From now on nobody could look them up.
    accounts.remove().await?;
    let known: Vec<Session> = residents.everybody().step_by(40).cloned().collect();
    assert_eq!(known.len(), 11);
    for session in known.iter().chain(residents.devices(19, 19)) {
        let request = session.request(Method::GET, "/api/session");
        assert_eq!(client.send::<Resident>(request).await?.ok()?, *session.resident());
    }
    Ok(())
}

#[tokio::test]
async fn residents_of_a_town_call_and_listen_and_sign_in_only_where_they_have_a_password() -> Outcome {
    let server = server().await?;
    let (with, without) = (Town::new(1, 2).with_password(), Town::new(1, 1).building("302"));
    let residents = server.populate(&with).await?;
    server.populate(&without).await?;
    let (mut socket, _) = residents.of(0, 1).listen().await?;
    let client = server.client()?;
    let caller = client.sign_in(&with.resident(0, 0), PASSWORD).await?;
    let id = caller.press(&caller.call("help")?, None).await?.ok()?.id;
    socket.wait_for("the alert", |message| message.is_alert(id)).await?;
    let refused = client.sign_in(&without.resident(0, 0), PASSWORD).await.unwrap_err();
    assert_eq!(refused.problem().unwrap().kind, "/problems/sign-in-refused");
    Ok(())
}
