//! Calls that are escalated to a line of another shard.

use domain::topic;
use serde_json::json;
use testkit::client::Message;

use super::{Divided, shows};
use crate::{
    cluster::{
        kafka::published,
        roles::{AGAIN_WITHIN, accept, press},
    },
    escalation::{page, step_of, with_rules},
    support::{CALLER, NEIGHBOUR, Outcome, STRANGER},
};

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_call_that_is_escalated_to_a_line_of_another_shard_comes_there_whole_and_once() -> Outcome {
    let divided = Divided::start().await?;
    let office = with_rules(&divided.producers[0].client()?, json!({ "neighbours": 4 })).await?;
    let (caller, neighbour) = (divided.sign_in(CALLER).await?, divided.sign_in(NEIGHBOUR).await?);
    let stranger = divided.sign_in(STRANGER).await?;
    let mut next = page(&stranger.at(&divided.second.client()?)).await?;
    let call = published(&caller, "nobody of the line comes").await?;
    let is_alert = |message: &Message| message.is_alert(call);
    next.wait_for("the alert", is_alert).await?;
    next.wait_for("the step", |message| step_of(message).is_some()).await?;
    // Its line is read from now on.
    shows(&office, &divided.second, "iutsai_partitions_read", topic::ALERT, 3).await?;
    let coming = accept(&neighbour, &caller, call).await?;
    next.wait_for("the accept", |message| message.is_accept(coming)).await?;
    next.none_within(AGAIN_WITHIN, "the call again", is_alert).await?;

    // A subscriber of afterwards has it in the snapshot.
    let (_, snapshot) = stranger.at(&divided.second.client()?).listen().await?;
    assert!(snapshot.alert(call).is_some(), "{snapshot:?}");
    divided.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_call_is_escalated_to_another_shard_while_kafka_is_stalled() -> Outcome {
    let divided = Divided::start().await?;
    with_rules(&divided.producers[0].client()?, json!({ "neighbours": 4 })).await?;
    let (caller, stranger) = (divided.sign_in(CALLER).await?, divided.sign_in(STRANGER).await?);
    let mut next = page(&stranger.at(&divided.second.client()?)).await?;
    let kafka = divided.brokers.node(1);
    kafka.stop()?;
    let call = press(&caller, "past the log").await?.id;
    next.wait_for("the alert", |message| message.is_alert(call)).await?;
    kafka.resume()?;
    divided.brokers.have_calls(&[call]).await;
    divided.end().await
}
