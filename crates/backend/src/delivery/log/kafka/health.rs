//! The health of consumers and producers, by librdkafka's own statistics.

use rdkafka::{ClientContext, Statistics, consumer::ConsumerContext};
use tokio::sync::watch;

use crate::delivery::log::Ends;

/// The time between two statistics of a consumer, in milliseconds.
pub(super) const CONSUMER_EVERY_MS: &str = "500";
/// The time between two statistics of a producer, in milliseconds.
pub(super) const PRODUCER_EVERY_MS: &str = "200";

/// The health of a consumer.
#[derive(Clone, Debug, Default)]
pub(super) struct ConsumerHealth {
    /// A broker is connected.
    pub(super) connected: bool,
    /// Per partition the offset behind its last record, as far as the client knows.
    pub(super) ends: Ends,
    /// The client will never connect again.
    pub(super) forsaken: bool,
}

/// Returns whether a client has forgotten every broker, those of `bootstrap.servers` too, and so never connects again.
/// librdkafka (2.10 to 2.13, its issue 5301) does so when a cluster that comes back names no broker in its metadata.
/// Only a new client helps.
fn is_forsaken(statistics: &Statistics) -> bool {
    !statistics.brokers.values().any(|broker| matches!(broker.source.as_str(), "configured" | "learned"))
}

/// Receives a consumer's statistics.
pub(super) struct ConsumerWatcher(pub(super) watch::Sender<ConsumerHealth>);

impl ClientContext for ConsumerWatcher {
    fn stats(&self, statistics: Statistics) {
        let connected = statistics.brokers.values().any(|broker| broker.state == "UP" && broker.nodeid >= 0);
        let partitions = statistics.topics.values().flat_map(|topic| {
            let name = &topic.topic;
            topic.partitions.iter().map(move |(number, found)| ((name.clone(), *number), found.hi_offset))
        });
        // librdkafka writes a negative number for an end that it does not know.
        let ends = partitions.filter(|(_, end)| *end >= 0).collect();
        self.0.send_replace(ConsumerHealth { connected, ends, forsaken: is_forsaken(&statistics) });
    }
}

impl ConsumerContext for ConsumerWatcher {}

/// The health of a producer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ProducerHealth {
    /// It has its id, without which its first record would wait.
    pub(super) identified: bool,
    /// It will never connect again.
    pub(super) forsaken: bool,
}

/// Receives a producer's statistics.
pub(super) struct ProducerWatcher(pub(super) watch::Sender<ProducerHealth>);

impl ClientContext for ProducerWatcher {
    fn stats(&self, statistics: Statistics) {
        let forsaken = is_forsaken(&statistics);
        let identified = statistics.eos.is_some_and(|eos| eos.idemp_state == "Assigned");
        let health = ProducerHealth { identified, forsaken };
        self.0.send_if_modified(|known| std::mem::replace(known, health) != health);
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
