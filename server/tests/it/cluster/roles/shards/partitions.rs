//! The partitions that the fan-outs of a shard read.

use domain::topic;
use rdkafka::admin::NewPartitions;
use serde_json::{Value, json};
use testkit::client::Message;

use super::{Divided, listen, shown, shows};
use crate::{
    cluster::{
        kafka::published,
        roles::{AGAIN_WITHIN, rebuilt},
    },
    escalation::with_rules,
    support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, STRANGER},
};

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn each_shard_reads_its_partitions_only_and_its_lines_get_calls_by_every_producer() -> Outcome {
    let divided = Divided::start().await?;
    let (caller, neighbour) = (divided.sign_in(CALLER).await?, divided.sign_in(NEIGHBOUR).await?);
    let stranger = divided.sign_in(STRANGER).await?;
    // A call that comes to other lines would let their fan-out read more.
    let office = with_rules(&divided.producers[0].client()?, json!({ "administrators": 3600 })).await?;
    let mut of_first =
        [listen(&neighbour, &divided.firsts[0]).await?, listen(&caller, &divided.firsts[1]).await?];
    let mut of_second = listen(&stranger, &divided.second).await?;
    for producer in &divided.producers {
        let client = producer.client()?;
        let call = published(&caller.at(&client), "of the first shard").await?;
        for socket in &mut of_first {
            socket.wait_for("the call", |message| message.is_alert(call)).await?;
        }
        let call = published(&stranger.at(&client), "of the second shard").await?;
        of_second.wait_for("the call", |message| message.is_alert(call)).await?;
    }

    let fanouts = divided.firsts.iter().chain([&divided.second]);
    for (fanout, shard) in fanouts.zip([1, 1, 2]) {
        // Three calls of each line were published, each in its partition.
        shows(&office, fanout, "iutsai_records_read_total", topic::ALERT, 3).await?;
        for (name, partitions) in [
            (topic::ALERT, 2),
            (topic::ACCEPT, 2),
            (topic::LOCATION, 2),
            (topic::RECEIPT, 2),
            (topic::STATUS, 4),
            (topic::DEAD_LETTER, 0),
            (topic::HISTORY, 0),
        ] {
            let read = shown(&office, fanout, "iutsai_partitions_read", name).await?;
            assert_eq!(read, partitions, "shard {shard}: {name}");
        }
        let (_, report) = fanout.client()?.readiness().await?;
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!((&report["fanout"]["shard"], &report["fanout"]["shards"]), (&json!(shard), &json!(2)));
    }
    let whole = &divided.producers[2];
    shows(&office, whole, "iutsai_records_read_total", topic::ALERT, 6).await?;
    assert_eq!(shown(&office, whole, "iutsai_partitions_read", topic::ALERT).await?, 4);
    divided.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_topic_that_gains_partitions_is_read_where_calls_of_before_and_of_now_stand() -> Outcome {
    let mut divided = Divided::start().await?;
    let (caller, office) = (divided.sign_in(CALLER).await?, divided.sign_in(ADMINISTRATOR).await?);
    let mut socket = listen(&caller, &divided.firsts[0]).await?;
    let before = published(&caller, "before it").await?;
    socket.wait_for("the call", |message| message.is_alert(before)).await?;
    let (admin, options) = divided.brokers.admin();
    admin.create_partitions(&[NewPartitions::new(topic::ALERT, 5)], &options).await.unwrap()[0]
        .as_ref()
        .unwrap();
    // Five partitions cannot be divided among two shards.
    shows(&office, &divided.firsts[0], "iutsai_partitions_read", topic::ALERT, 5).await?;
    assert!(divided.firsts[0].log()?.contains("the partitions are no multiple of the shards"));
    let after = published(&caller, "after it").await?;
    socket.wait_for("the call", |message| message.is_alert(after)).await?;

    divided.firsts[0].restart().await?;
    rebuilt(&divided.firsts[0]).await?;
    let (_, snapshot) = caller.at(&divided.firsts[0].client()?).listen().await?;
    assert!(snapshot.alert(before).is_some() && snapshot.alert(after).is_some(), "{snapshot:?}");
    divided.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_record_that_another_program_puts_into_a_partition_of_another_shard_alarms() -> Outcome {
    let divided = Divided::start().await?;
    let neighbour = divided.sign_in(NEIGHBOUR).await?;
    let mut socket = listen(&neighbour, &divided.firsts[0]).await?;
    // Java's clients would put this line into partition 0.
    let value = json!({ "line": "101-1", "house": "1301", "text": "elsewhere" }).to_string();
    divided.brokers.write(topic::ALERT, 1, &value).await;
    let is_it = |message: &Message| message.json()["text"] == "elsewhere";
    socket.wait_for("the call", is_it).await?;
    socket.none_within(AGAIN_WITHIN, "the call again", is_it).await?;
    let warned = divided.producers.iter().filter(|producer| {
        producer.log().is_ok_and(|log| log.contains("stands in a partition that its shard does not read"))
    });
    assert_eq!(warned.count(), divided.producers.len(), "every producer warns");
    divided.end().await
}
