//! Makes the topics, with the settings that the service relies on, before any client names them, because a broker that
//! makes topics of its own accord would choose others. Reads which of them are durable without the outbox.

use std::{collections::HashSet, sync::Arc, time::Duration};

use domain::topic::{self, Topic};
use rdkafka::{
    admin::{
        AdminClient, AdminOptions, NewTopic, OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
    },
    client::DefaultClientContext,
    error::RDKafkaErrorCode,
};

use super::{KafkaSettings, METADATA_TIMEOUT};
use crate::delivery::log::LogError;

const CREATE_TIMEOUT: Duration = Duration::from_secs(10);

/// The topics of the cluster, as last read.
#[derive(Clone, Debug)]
pub(super) struct Described {
    /// The cluster's id.
    pub(super) cluster: Arc<str>,
    /// The topics where an acknowledgement alone makes a record durable.
    pub(super) durable: HashSet<String>,
}

/// An operator's client. It is kept, since it has a thread and connections of its own.
pub(super) struct Topics(Arc<AdminClient<DefaultClientContext>>);

impl Topics {
    /// A client that connects when it is used first.
    pub(super) fn new(settings: &KafkaSettings) -> Result<Self, LogError> {
        Ok(Self(Arc::new(settings.client().create()?)))
    }

    /// Makes the topics that are missing, each with `partitions`; returns whether there were any. Those that exist stay as
    /// they are.
    pub(super) async fn create_missing(&self, partitions: i32) -> Result<bool, LogError> {
        let admin = self.0.clone();
        let (brokers, existing) = tokio::task::spawn_blocking(move || {
            let metadata = admin.inner().fetch_metadata(None, METADATA_TIMEOUT)?;
            let existing: HashSet<String> =
                metadata.topics().iter().map(|topic| topic.name().to_owned()).collect();
            Ok::<_, LogError>((metadata.brokers().len(), existing))
        })
        .await
        .map_err(|error| LogError::of(&error))??;
        let replication = i32::try_from(brokers.clamp(1, 3)).unwrap_or(1);
        let missing = topic::ALL.into_iter().filter(|topic| !existing.contains(topic.name));
        let retentions: Vec<(Topic, String)> =
            missing.map(|topic| (topic, topic.retention.to_string())).collect();
        let topics: Vec<NewTopic<'_>> = retentions
            .iter()
            .map(|(topic, retention)| new_topic(topic, retention, partitions, replication))
            .collect();
        if topics.is_empty() {
            return Ok(false);
        }
        let options = AdminOptions::new().operation_timeout(Some(CREATE_TIMEOUT));
        for created in self.0.create_topics(&topics, &options).await? {
            match created {
                Ok(name) => tracing::info!(topic = name, replication, "created a topic"),
                // Another node was quicker.
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => {
                    return Err(LogError(format!("the topic {name} cannot be created: {code}")));
                }
            }
        }
        Ok(true)
    }

    /// Reads the cluster's id and the settings of the topics.
    ///
    /// Reads which topics are durable. Such a topic has each acknowledged record on two disks, because its
    /// `min.insync.replicas` is 2 or more, and its `flush.messages` is 1 (Apache Kafka documentation, "Topic configs").
    /// The records survive the loss of one broker's disk, and a power cut of all brokers at once.
    pub(super) async fn describe(&self) -> Result<Described, LogError> {
        let admin = self.0.clone();
        let id = tokio::task::spawn_blocking(move || admin.inner().fetch_cluster_id(METADATA_TIMEOUT)).await;
        let id = id.map_err(|error| LogError::of(&error))?;
        let cluster = id.ok_or_else(|| LogError("the cluster did not return its id".into()))?.into();
        let topics: Vec<_> = topic::ALL.iter().map(|topic| ResourceSpecifier::Topic(topic.name)).collect();
        let options = AdminOptions::new().request_timeout(Some(METADATA_TIMEOUT));
        let mut durable = HashSet::new();
        for described in self.0.describe_configs(&topics, &options).await? {
            let described = described.map_err(|code| LogError(format!("the topics' settings: {code}")))?;
            let number = |name: &str| described.get(name)?.value.as_ref()?.parse::<u64>().ok();
            let on_two_disks = number("min.insync.replicas").is_some_and(|least| least >= 2)
                && number("flush.messages") == Some(1);
            if let (true, OwnedResourceSpecifier::Topic(name)) = (on_two_disks, described.specifier) {
                durable.insert(name);
            }
        }
        Ok(Described { cluster, durable })
    }
}

fn new_topic<'a>(topic: &'a Topic, retention: &'a str, partitions: i32, replication: i32) -> NewTopic<'a> {
    let new = NewTopic::new(topic.name, partitions, TopicReplication::Fixed(replication))
        .set("cleanup.policy", "delete")
        .set("retention.ms", retention);
    if replication < 2 {
        // One broker's disk is no safer with an fsync for each record, because the outbox is durable there.
        return new;
    }
    // Each broker that acknowledges has the record on its disk. Kafka itself relies on brokers not losing their power
    // all at once.
    new.set("min.insync.replicas", "2").set("flush.messages", "1")
}
