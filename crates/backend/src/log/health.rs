//! How reading and publishing are doing, by librdkafka's own statistics.

use rdkafka::{ClientContext, Statistics, consumer::ConsumerContext};
use tokio::sync::watch;

/// How often librdkafka counts, in milliseconds.
pub(super) const EVERY_MS: &str = "500";
/// The same for a producer.
pub(super) const IDENTITY_EVERY_MS: &str = "200";

/// How the reading of the log is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// A broker is connected.
    pub connected: bool,
    /// Records that are in the log and were not read yet, as far as is known.
    pub lag: i64,
}

/// Takes librdkafka's statistics.
pub(super) struct Watcher(pub(super) watch::Sender<Health>);

impl ClientContext for Watcher {
    fn stats(&self, statistics: Statistics) {
        let connected = statistics.brokers.values().any(|broker| broker.state == "UP" && broker.nodeid >= 0);
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        let lag = partitions.map(|partition| partition.consumer_lag.max(0)).sum();
        self.0.send_replace(Health { connected, lag });
    }
}

impl ConsumerContext for Watcher {}

/// Tells once a producer has its id, without which its first record would wait.
pub(super) struct Identity(pub(super) watch::Sender<bool>);

impl ClientContext for Identity {
    fn stats(&self, statistics: Statistics) {
        let assigned = statistics.eos.is_some_and(|eos| eos.idemp_state == "Assigned");
        self.0.send_if_modified(|known| std::mem::replace(known, assigned) != assigned);
    }
}
