//! From a node that is its own log to Kafka, and back.

use domain::{AlertId, api::ProgressRequest, body::Body, topic};
use testkit::{
    Error,
    client::{Message, Session, Snapshot, Socket, Step},
    server::Server,
};
use uuid::Uuid;

use super::{brokers::Brokers, published};
use crate::support::{CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, accept_of, program, sign_in};

async fn accept(by: &Session, caller: &Session, call: Uuid) -> Result<Uuid, Error> {
    let accept = accept_of(by, caller, Some(AlertId(call)));
    Ok(by.accept(&accept, None).await?.ok()?.id)
}

/// Returns the accept that a snapshot names as the first.
fn first(snapshot: &Snapshot) -> Option<Uuid> {
    snapshot.messages.iter().find_map(|message| match &message.body {
        Body::Event { event: domain::Event::Accept(accept), first: Some(true) } => Some(accept.id.0),
        _ => None,
    })
}

/// Makes sure that each topic has one record with this id as its own.
fn are_there_once(brokers: &Brokers, expected: &[(&str, Uuid)]) {
    for (topic, id) in expected {
        let own = format!(r#""id":"{id}""#);
        let records = brokers.records(topic);
        let count = records.iter().filter(|(_, value)| value.contains(&own)).count();
        assert_eq!(count, 1, "{topic}: {id}");
    }
}

/// Waits until the log has named this accept as the first.
async fn is_first(caller: &Session, accept: Uuid) -> Outcome {
    let (mut socket, snapshot) = caller.listen().await?;
    if first(&snapshot).is_none() {
        let is_first = |message: &Message| matches!(&message.body, Body::First { .. });
        let first_frame = socket.wait_for("who was first", is_first).await?;
        assert!(matches!(first_frame.body, Body::First { id, .. } if id.0 == accept));
    } else {
        assert_eq!(first(&snapshot), Some(accept));
    }
    Ok(())
}

/// Makes sure that the call that is over comes late, if it comes before the fresh one.
async fn does_not_sound(socket: &mut Socket, over: Uuid, fresh: Uuid) -> Outcome {
    let over_is_late = |message: &Message| message.is_alert(over) && message.header("late") == Some("true");
    let expected = |message: &Message| over_is_late(message) || message.is_alert(fresh);
    let message = socket.wait_for("the call that is over, which does not sound", expected).await?;
    assert!(over_is_late(&message) || message.is_alert(fresh), "{message:?}");
    Ok(())
}

/// Starts the server on the same data directory with another log.
async fn moved(server: Server, brokers: Option<&Brokers>) -> Result<Server, Error> {
    let directory = server.data_dir().to_owned();
    server.end().await?;
    let program = brokers.map_or_else(program, Brokers::program);
    program.data_dir(directory).start().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn a_call_open_across_the_move_to_kafka_keeps_its_first_and_every_entry_is_published_once() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    // Another node has been there before.
    let another = brokers.program().start().await?;
    let elsewhere = sign_in(&another.client()?, CALLER).await?;
    let theirs = published(&elsewhere, "of another node").await?;

    let directory = tempfile::tempdir().unwrap();
    let server = program().data_dir(directory.path()).start().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let (quick, slow) = (sign_in(&client, NEIGHBOUR).await?, sign_in(&client, SECOND_NEIGHBOUR).await?);
    let open = caller.press(&caller.call("still open")?, None).await?.ok()?.id;
    let accepts = [accept(&quick, &caller, open).await?, accept(&slow, &caller, open).await?];
    let over = caller.press(&caller.call("over")?, None).await?.ok()?.id;
    let end = caller.progress(AlertId(over), Step::Cancel, &ProgressRequest::default(), None).await?.ok()?.id;
    let (_, before) = caller.listen().await?;
    assert_eq!(first(&before), Some(accepts[0]));

    let neighbour_elsewhere = sign_in(&another.client()?, NEIGHBOUR).await?;
    let (mut receives_elsewhere, _) = neighbour_elsewhere.listen().await?;
    let server = moved(server, Some(&brokers)).await?;
    let caller = caller.at(&server.client()?);
    let fresh = published(&caller, "after the move").await?;
    receives_elsewhere.wait_for("the open call", |message| message.is_alert(open)).await?;
    does_not_sound(&mut receives_elsewhere, over, fresh).await?;

    // In their order, and before what came after the move.
    is_first(&caller, accepts[0]).await?;
    let expected = [
        (topic::ALERT, theirs),
        (topic::ALERT, open),
        (topic::ALERT, over),
        (topic::ALERT, fresh),
        (topic::ACCEPT, accepts[0]),
        (topic::ACCEPT, accepts[1]),
        (topic::STATUS, end),
    ];
    are_there_once(&brokers, &expected);
    // Nothing is published again by a restart.
    let server = moved(server, Some(&brokers)).await?;
    let caller = caller.at(&server.client()?);
    published(&caller, "after the restart").await?;
    are_there_once(&brokers, &expected);
    let (_, snapshot) = caller.listen().await?;
    assert_eq!(first(&snapshot), Some(accepts[0]));
    assert!(snapshot.alert(theirs).is_some(), "what other nodes wrote is known");

    // Back to one node, which has its own entries and not those of others.
    let server = moved(server, None).await?;
    let (_, snapshot) = caller.at(&server.client()?).listen().await?;
    assert_eq!(first(&snapshot), Some(accepts[0]));
    assert!(snapshot.alert(open).is_some() && snapshot.alert(fresh).is_some());
    assert!(snapshot.alert(theirs).is_none());
    server.end().await?;
    another.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn a_new_cluster_gets_what_the_former_one_had() -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let mut ids = Vec::new();
    for text in ["to the former cluster", "to the new cluster"] {
        let brokers = Brokers::start(1, &[]);
        let server = brokers.program().data_dir(directory.path()).start().await?;
        let caller = sign_in(&server.client()?, CALLER).await?;
        ids.push(published(&caller, text).await?);
        brokers.have_calls(&ids).await;
        server.end().await?;
    }
    Ok(())
}
