//! The log: Kafka, and all that is rdkafka's. Nothing outside this module names it.
//!
//! [`KafkaSettings`] says where it is; [`topics`] makes the topics before anybody names them; [`producer`]
//! publishes; [`reader`] reads every partition, `questions` asks where they begin and end, and [`health`] says how that is
//! going. [`acknowledged`] is what the one tells the other, so that a lost record is noticed that was never read.

pub mod acknowledged;
pub mod health;
pub mod partition;
pub mod producer;
mod questions;
pub mod reader;
pub mod topics;

use std::time::Duration;

use rdkafka::{ClientConfig, config::RDKafkaLogLevel};

/// How long one look at the cluster may take.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);

/// Where Kafka is and how it is spoken to.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// `host:port`, several separated by commas.
    pub bootstrap_servers: String,
    /// Settings of librdkafka passed through as they are, such as `security.protocol`. They may hold secrets.
    pub security: Vec<(String, String)>,
    /// Partitions of a topic that the service creates.
    pub partitions: i32,
    /// The broker is the embedded one: a single process with one disk, whose log is short and takes some milliseconds to
    /// read.
    pub embedded: bool,
}

/// Kafka did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("Kafka: {0}")]
pub struct LogError(String);

impl LogError {
    /// Something other than Kafka went wrong on the way.
    pub(crate) fn of(error: &dyn std::error::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<rdkafka::error::KafkaError> for LogError {
    fn from(error: rdkafka::error::KafkaError) -> Self {
        Self(error.to_string())
    }
}

impl KafkaSettings {
    /// What every client of ours sets: fail fast, come back fast. librdkafka's defaults wait for minutes.
    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap_servers)
            .set("client.id", "iutsai")
            .set("socket.timeout.ms", "3000")
            .set("socket.nagle.disable", "true")
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.ms", "20")
            .set("reconnect.backoff.max.ms", "500")
            .set("retry.backoff.ms", "20")
            .set("retry.backoff.max.ms", "200")
            .set("topic.metadata.refresh.fast.interval.ms", "100")
            .set_log_level(RDKafkaLogLevel::Warning);
        for (name, value) in &self.security {
            config.set(name, value);
        }
        config
    }
}
