//! The sockets of a shard. A node sends them on to the fan-outs of their lines, each of which has every call of them.

use reqwest::Method;
use serde_json::Value;
use testkit::{
    Error,
    client::{Session, Subscribe},
    server::Server,
};

use super::{Divided, listen};
use crate::{
    cluster::{
        kafka::published,
        roles::{PATIENCE, press, rebuilt},
    },
    support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, STRANGER, send},
};

/// Returns the address to which a node sends a subscription on, with the words about it.
async fn sent_on(session: &Session, node: &Server, destination: &str) -> Result<(String, String), Error> {
    let mut socket = session.at(&node.client()?).connect().await?;
    socket.subscribe(&Subscribe::to(destination)).await?;
    let end = socket.ended().await?;
    let error = end.error.unwrap();
    Ok((error.get("address").unwrap_or_default().into(), error.get("message").unwrap_or_default().into()))
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_subscription_at_another_shard_is_sent_on_and_gets_its_calls_there() -> Outcome {
    let divided = Divided::start().await?;
    let (stranger, office) = (divided.sign_in(STRANGER).await?, divided.sign_in(ADMINISTRATOR).await?);
    let (address, words) = sent_on(&stranger, &divided.firsts[0], "/sub/line/101-2").await?;
    assert_eq!(address, "/an-ws?shard=2");
    assert!(words.contains("shard 2 of 2") && words.contains("shard 1 of 2"), "{words}");
    // That is the address that the page and the session name, too.
    let asked = send(stranger.request(Method::GET, "/api/session")).await;
    assert_eq!(asked.json::<Value>().await.unwrap()["socket"], "/an-ws?shard=2");
    let html = send(stranger.request(Method::GET, "/")).await.text().await.unwrap();
    assert!(html.contains("/an-ws?shard=2"), "the page does not name the socket");
    let mut socket = listen(&stranger, &divided.second).await?;
    let call = press(&stranger, "alarms there").await?.id;
    socket.wait_for("the call", |message| message.is_alert(call)).await?;

    let (address, words) = sent_on(&office, &divided.second, "/sub/lines").await?;
    assert_eq!(address, "/an-ws", "{words}");
    let asked = send(office.request(Method::GET, "/api/session")).await;
    assert_eq!(asked.json::<Value>().await.unwrap()["socket"], "/an-ws");
    let (address, words) = sent_on(&stranger, &divided.firsts[0], "/sub/line/101-1").await?;
    assert_eq!(address, "", "a line that is not one's own is refused as ever: {words}");
    let board = office.at(&divided.second.client()?).request(Method::GET, "/admin/board/calls");
    assert_eq!(send(board).await.status(), 404, "a board shows every line or nothing");
    divided.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_fan_out_that_is_killed_leaves_its_shard_to_the_other_one() -> Outcome {
    let mut divided = Divided::start().await?;
    let (caller, neighbour) = (divided.sign_in(CALLER).await?, divided.sign_in(NEIGHBOUR).await?);
    let mut socket = listen(&neighbour, &divided.firsts[0]).await?;
    let before = published(&caller, "before it").await?;
    socket.wait_for("the call", |message| message.is_alert(before)).await?;
    divided.firsts[0].kill().await?;
    let meanwhile = published(&caller, "meanwhile").await?;

    let (mut socket, snapshot) = neighbour.at(&divided.firsts[1].client()?).listen().await?;
    socket.set_patience(PATIENCE);
    // Each fan-out reads the log at its own pace.
    for call in [before, meanwhile] {
        if snapshot.alert(call).is_none() {
            socket.wait_for("a call of before", |message| message.is_alert(call)).await?;
        }
    }
    let after = press(&caller, "after it").await?.id;
    socket.wait_for("the call of afterwards", |message| message.is_alert(after)).await?;

    divided.firsts[0].restart().await?;
    rebuilt(&divided.firsts[0]).await?;
    let (_, snapshot) = neighbour.at(&divided.firsts[0].client()?).listen().await?;
    for call in [before, meanwhile, after] {
        assert!(snapshot.alert(call).is_some(), "{snapshot:?}");
    }
    divided.end().await
}
