//! The address of Kafka, and the settings of its clients. They fail fast and come back fast, where librdkafka's
//! defaults wait for minutes.

use rdkafka::{ClientConfig, config::RDKafkaLogLevel};

use crate::delivery::log::Share;

/// A record counts as soon as it is in the log. With `read_committed`, one open transaction of another program would
/// hide every later record, and make the log look shorter.
pub(super) const ISOLATION: &str = "read_uncommitted";

/// Where Kafka is and how it is spoken to.
#[derive(Clone, Debug)]
pub struct KafkaSettings {
    /// `host:port`, several separated by commas.
    pub bootstrap_servers: String,
    /// Settings of librdkafka passed through as they are, such as `security.protocol`. They may hold secrets.
    pub security: Vec<(String, String)>,
    /// Partitions of a topic that the service creates.
    pub partitions: i32,
    /// The part of the topics that is read.
    pub share: Share,
}

impl KafkaSettings {
    /// Returns what every client of ours sets.
    pub(super) fn client(&self) -> ClientConfig {
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

    /// Returns what every client that reads records sets besides.
    pub(super) fn consumer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            // librdkafka wants a name; nothing is ever committed under it.
            .set("group.id", "iutsai-reader")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("isolation.level", ISOLATION);
        config
    }
}
