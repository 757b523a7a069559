//! How reading and publishing are doing, by librdkafka's own statistics.

use rdkafka::{ClientContext, Statistics, consumer::ConsumerContext};
use tokio::sync::watch;

/// How often librdkafka counts, in milliseconds.
pub(super) const EVERY_MS: &str = "500";
/// The same for a producer.
pub(super) const CONDITION_EVERY_MS: &str = "200";

/// How the reading of the log is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// A broker is connected.
    pub connected: bool,
    /// Records that are in the log and were not read yet, as far as is known.
    pub lag: i64,
    /// The client will never connect again.
    pub(super) forsaken: bool,
}

impl Health {
    /// Of a reading that has just begun.
    #[must_use]
    pub const fn new() -> Self {
        Self { connected: true, lag: 0, forsaken: false }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a client has forgotten every broker, those of `bootstrap.servers` too, and so never connects again: librdkafka
/// (2.10 to 2.13, its issue 5301) does so when a cluster that comes back names no broker in its metadata. Only a new client
/// helps.
fn is_forsaken(statistics: &Statistics) -> bool {
    !statistics.brokers.values().any(|broker| matches!(broker.source.as_str(), "configured" | "learned"))
}

/// Takes librdkafka's statistics.
pub(super) struct Watcher(pub(super) watch::Sender<Health>);

impl ClientContext for Watcher {
    fn stats(&self, statistics: Statistics) {
        let connected = statistics.brokers.values().any(|broker| broker.state == "UP" && broker.nodeid >= 0);
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        let lag = partitions.map(|partition| partition.consumer_lag.max(0)).sum();
        self.0.send_replace(Health { connected, lag, forsaken: is_forsaken(&statistics) });
    }
}

impl ConsumerContext for Watcher {}

/// How a producer is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Condition {
    /// It has its id, without which its first record would wait.
    pub(super) identified: bool,
    /// It will never connect again.
    pub(super) forsaken: bool,
}

/// Tells a producer's condition.
pub(super) struct Conditions(pub(super) watch::Sender<Condition>);

impl ClientContext for Conditions {
    fn stats(&self, statistics: Statistics) {
        let forsaken = is_forsaken(&statistics);
        let identified = statistics.eos.is_some_and(|eos| eos.idemp_state == "Assigned");
        let condition = Condition { identified, forsaken };
        self.0.send_if_modified(|known| std::mem::replace(known, condition) != condition);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_forsaken_that_knows_only_itself() {
        let of = |source: &str| {
            let mut statistics = Statistics::default();
            for source in ["internal", "logical", source] {
                let broker = rdkafka::statistics::Broker { source: source.into(), ..Default::default() };
                statistics.brokers.insert(source.into(), broker);
            }
            is_forsaken(&statistics)
        };
        assert!(of("internal"));
        assert!(!of("configured"));
        assert!(!of("learned"));
    }
}
