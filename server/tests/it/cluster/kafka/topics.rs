//! The topics. The tests are about their making, and about an operator who changes them under the running service.

use std::time::{Duration, Instant};

use domain::topic;
use rdkafka::admin::{AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication};

use super::{brokers::Brokers, published};
use crate::support::{CALLER, NEIGHBOUR, Outcome, sign_in};

/// The topics are looked at every 10 s; a busy machine takes longer.
const NOTICED_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn the_topics_have_three_copies_of_two_partitions_and_the_settings_of_the_contract() -> Outcome {
    let brokers = Brokers::start(3, &[]);
    let server = brokers.program().start().await?;
    let (admin, options) = brokers.admin();
    for topic in topic::ALL {
        let partitions = brokers.partitions(topic.name);
        assert_eq!(partitions.len(), 2, "{}", topic.name);
        assert!(partitions.iter().all(|(_, copies)| copies.len() == 3), "{}: {partitions:?}", topic.name);
        let described = admin.describe_configs(&[ResourceSpecifier::Topic(topic.name)], &options).await;
        let settings = described.unwrap().remove(0).unwrap();
        let value = |name| settings.get(name).and_then(|entry| entry.value.as_deref());
        assert_eq!(value("min.insync.replicas"), Some("2"), "{}", topic.name);
        assert_eq!(value("flush.messages"), Some("1"), "{}", topic.name);
        assert_eq!(value("cleanup.policy"), Some("delete"), "{}", topic.name);
        assert_eq!(value("retention.ms"), Some(topic.retention.to_string().as_str()), "{}", topic.name);
    }
    server.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn partitions_that_are_added_while_the_service_runs_are_read() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let server = brokers.program().start().await?;
    let client = server.client()?;
    let neighbour = sign_in(&client, NEIGHBOUR).await?;
    let (mut socket, _) = neighbour.listen().await?;
    socket.set_patience(NOTICED_WITHIN);

    let (admin, options) = brokers.admin();
    admin.create_partitions(&[NewPartitions::new(topic::ALERT, 6)], &options).await.unwrap()[0]
        .as_ref()
        .unwrap();
    // Written at once, before anybody may have looked, because a new partition is read from its beginning.
    brokers.write(topic::ALERT, 5, r#"{"line":"101-1","house":"1301","text":"in the last one"}"#).await;
    let is_it = |message: &testkit::client::Message| message.json()["text"] == "in the last one";
    let message = socket.wait_for("what stands in a new partition", is_it).await?;
    assert!(message.header("message-id").is_some_and(|id| id.starts_with("an-alert-5-")));
    server.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn a_topic_that_was_deleted_and_made_again_gets_its_calls_back_and_accepts_new_ones() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let mut server = brokers.program().start().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let (mut socket, _) = neighbour.listen().await?;
    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        ids.push(published(&caller, text).await?);
    }

    let (admin, options) = brokers.admin();
    admin.delete_topics(&[topic::ALERT], &options).await.unwrap()[0].as_ref().unwrap();
    let retention = topic::retention(topic::ALERT).unwrap().to_string();
    let again = NewTopic::new(topic::ALERT, 2, TopicReplication::Fixed(1)).set("retention.ms", &retention);
    admin.create_topics(&[again], &options).await.unwrap()[0].as_ref().unwrap();

    let recorded = caller.press(&caller.call("after")?, None).await?.ok()?;
    socket.wait_for("a call made after it", |message| message.is_alert(recorded.id)).await?;
    ids.push(recorded.id);
    brokers.have_calls(&ids).await;

    server.restart().await?;
    let (_, snapshot) = neighbour.at(&server.client()?).listen().await?;
    assert!(ids.into_iter().all(|id| snapshot.alert(id).is_some()));
    server.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka: script/test runs it"]
async fn a_call_whose_timestamp_the_brokers_refuse_is_published_when_they_do_not() -> Outcome {
    let brokers = Brokers::start(1, &[]);
    let server = brokers.program().start().await?;
    let caller = sign_in(&server.client()?, CALLER).await?;
    let (admin, options) = brokers.admin();
    // Clocks that are not alike, made by settings. No record is as young as that.
    let oldest = async |age: &str| {
        let topic = AlterConfig::new(ResourceSpecifier::Topic(topic::ALERT))
            .set("message.timestamp.before.max.ms", age);
        admin.alter_configs([&topic], &options).await.unwrap()[0].as_ref().unwrap();
    };
    oldest("0").await;
    let deadline = Instant::now() + NOTICED_WITHIN;
    let refused = || Ok::<_, testkit::Error>(server.log()?.contains("InvalidRecord"));
    let mut ids = Vec::new();
    while !refused()? {
        assert!(Instant::now() < deadline, "the brokers take every timestamp");
        ids.push(caller.press(&caller.call("of another time")?, None).await?.ok()?.id);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    oldest(&i64::MAX.to_string()).await;
    brokers.have_calls(&ids).await;
    server.end().await
}
