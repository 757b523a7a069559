//! Makes the topics, with the settings the service relies on, before any client names them: a broker that
//! makes topics of its own accord would choose others.

use std::{collections::HashSet, time::Duration};

use rdkafka::{
    admin::{
        AdminClient, AdminOptions, NewTopic, OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
    },
    client::DefaultClientContext,
    error::RDKafkaErrorCode,
};
use wire::topic::{self, Topic};

use super::{KafkaSettings, LogError, METADATA_TIMEOUT};

const CREATE_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the topics that are missing. Those that exist stay as they are.
///
/// # Errors
/// [`LogError`] while the cluster cannot be reached or refuses.
pub async fn create_missing(settings: &KafkaSettings) -> Result<(), LogError> {
    let admin: AdminClient<DefaultClientContext> = settings.client().create()?;
    let (admin, brokers, existing) = tokio::task::spawn_blocking(move || {
        let metadata = admin.inner().fetch_metadata(None, METADATA_TIMEOUT)?;
        let existing: Vec<String> = metadata.topics().iter().map(|topic| topic.name().to_owned()).collect();
        Ok::<_, LogError>((admin, metadata.brokers().len(), existing))
    })
    .await
    .map_err(|error| LogError(error.to_string()))??;
    let missing = topic::ALL.into_iter().filter(|topic| !existing.iter().any(|name| name == topic.name));
    let replication = i32::try_from(brokers.clamp(1, 3)).unwrap_or(1);
    let retentions: Vec<(Topic, String)> =
        missing.map(|topic| (topic, topic.retention.to_string())).collect();
    let topics: Vec<NewTopic<'_>> = retentions
        .iter()
        .map(|(topic, retention)| new_topic(topic, retention, settings.partitions, replication))
        .collect();
    if topics.is_empty() {
        return Ok(());
    }
    let options = AdminOptions::new().operation_timeout(Some(CREATE_TIMEOUT));
    for created in admin.create_topics(&topics, &options).await? {
        match created {
            Ok(name) => tracing::info!(topic = name, replication, "made a topic"),
            // Another node was quicker.
            Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(LogError(format!("the topic {name} cannot be made: {code}"))),
        }
    }
    Ok(())
}

fn new_topic<'a>(topic: &'a Topic, retention: &'a str, partitions: i32, replication: i32) -> NewTopic<'a> {
    let new = NewTopic::new(topic.name, partitions, TopicReplication::Fixed(replication))
        .set("cleanup.policy", "delete")
        .set("retention.ms", retention);
    if replication < 2 {
        // One broker's disk is no safer with an fsync for each record: the outbox is what is durable there.
        return new;
    }
    // Each broker that acknowledges has the record on its disk: Kafka itself relies on brokers not losing their power
    // all at once.
    new.set("min.insync.replicas", "2").set("flush.messages", "1")
}

/// The topics where an acknowledgement means two disks: `min.insync.replicas` is 2 or more, and `flush.messages` is 1
/// (Apache Kafka documentation, "Topic configs"). What Kafka acknowledged there survives one broker's disk, and a power
/// cut of all brokers at once.
///
/// # Errors
/// [`LogError`] if the cluster does not tell.
pub async fn durable(settings: &KafkaSettings) -> Result<HashSet<String>, LogError> {
    // The embedded broker is one process with one disk.
    if settings.embedded {
        return Ok(HashSet::new());
    }
    let admin: AdminClient<DefaultClientContext> = settings.client().create()?;
    let topics: Vec<_> = topic::ALL.iter().map(|topic| ResourceSpecifier::Topic(topic.name)).collect();
    let options = AdminOptions::new().request_timeout(Some(METADATA_TIMEOUT));
    let mut durable = HashSet::new();
    for described in admin.describe_configs(&topics, &options).await? {
        let described = described.map_err(|code| LogError(format!("the topics' settings: {code}")))?;
        let number = |name: &str| described.get(name)?.value.as_ref()?.parse::<u64>().ok();
        let on_two_disks = number("min.insync.replicas").is_some_and(|least| least >= 2)
            && number("flush.messages") == Some(1);
        if let (true, OwnedResourceSpecifier::Topic(name)) = (on_two_disks, described.specifier) {
            durable.insert(name);
        }
    }
    Ok(durable)
}
