//! Records nobody expected: each is counted and kept once, and what comes after it is heard.

mod support;

use std::{collections::BTreeMap, time::Duration};

use backend::calls::hub::{Queue, Subscription, queue};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    producer::{FutureProducer, FutureRecord},
};
use support::{Broker, backend};
use tokio::time::{Instant, timeout};
use wire::{Line, topic};

const CALL: &str = r#"{"line":"101-1","house":"1203","text":"도와주세요","lat":null,"lng":null}"#;

fn client(broker: &Broker) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &broker.address)
        .set("group.id", "test")
        .set("message.max.bytes", "2000000")
        .set("fetch.message.max.bytes", "4000000");
    config
}

/// Every letter in the topic: its reason, by the place it tells of.
fn letters(broker: &Broker) -> BTreeMap<String, Vec<String>> {
    let consumer: BaseConsumer = client(broker).create().expect("a consumer");
    let patience = Duration::from_secs(10);
    let metadata = consumer.fetch_metadata(Some(topic::DEAD_LETTER), patience).expect("metadata");
    let (mut list, mut left) = (TopicPartitionList::new(), 0);
    for partition in metadata.topics()[0].partitions() {
        let (low, high) =
            consumer.fetch_watermarks(topic::DEAD_LETTER, partition.id(), patience).expect("watermarks");
        list.add_partition_offset(topic::DEAD_LETTER, partition.id(), Offset::Beginning)
            .expect("a partition");
        left += high - low;
    }
    consumer.assign(&list).expect("assigned");
    let mut letters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let until = std::time::Instant::now() + patience;
    while left > 0 && std::time::Instant::now() < until {
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
        let letter: serde_json::Value =
            serde_json::from_slice(message.payload().expect("a value")).expect("JSON");
        let text = |name: &str| letter[name].as_str().expect("a text").to_owned();
        letters.entry(text("place")).or_default().push(text("reason"));
        left -= 1;
    }
    assert_eq!(left, 0, "not all letters were read");
    letters
}

async fn eventually(broker: &Broker, count: usize) -> BTreeMap<String, Vec<String>> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let found = letters(broker);
        if found.len() >= count || Instant::now() > until {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn listen(node: &backend::service::Backend, sender: Queue) -> backend::calls::hub::SubscriptionHandle {
    let subscription = Subscription {
        id: "calls".into(),
        version: stomp::Version::V1_2,
        acknowledges: false,
        replay_ended: false,
    };
    node.hub.subscribe(&Line::new("101-1").expect("a line"), subscription, sender).handle
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_records_become_letters_once_and_the_next_call_is_heard() {
    let directory = tempfile::tempdir().expect("a directory");
    let broker = Broker::start(&directory.path().join("broker"));
    let node = backend(directory.path(), &broker).await;
    let (sender, mut receiver) = queue(16);
    let _listening = listen(&node, sender);

    let huge = "x".repeat(1024 * 1024 - 200);
    let foreign = r#"{"order":17,"items":[]}"#;
    let unreadable: [Option<&str>; 5] = [Some("{not json"), Some(foreign), Some("[]"), Some(&huge), None];
    let producer: FutureProducer = client(&broker).create().expect("a producer");
    for value in unreadable.into_iter().chain([Some(CALL)]) {
        let mut record = FutureRecord::<str, str>::to(topic::ALERT).key("101-1");
        record.payload = value;
        producer.send(record, Duration::from_secs(10)).await.expect("it is written");
    }
    let heard = timeout(Duration::from_secs(10), receiver.next()).await.expect("in time").expect("a frame");
    assert!(String::from_utf8_lossy(&heard).contains("도와주세요"));

    let first = eventually(&broker, unreadable.len()).await;
    assert_eq!(first.len(), unreadable.len(), "{first:?}");
    node.stop().await;
    drop(node);

    // The same records are read again after a restart, and have their letters.
    let node = backend(directory.path(), &broker).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let second = letters(&broker);
    assert!(second.values().all(|reasons| reasons.len() == 1), "{second:?}");
    assert_eq!(second, first);
    node.stop().await;
}
