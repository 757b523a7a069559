//! A cluster by `script/kafka`, and what an operator does with it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use domain::topic;
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
    message::{BorrowedMessage, Headers as _},
    producer::{FutureProducer, FutureRecord},
    types::RDKafkaErrorCode,
};
use tempfile::TempDir;
use testkit::server::{Process, Program};
use uuid::Uuid;

use crate::{
    cluster::script::{directory, run, script, tail},
    support::program,
};

const PATIENCE: Duration = Duration::from_secs(30);
/// The time until waiting entries of an outbox are in Kafka, which may itself need a while to come back.
const RECORDED_WITHIN: Duration = Duration::from_secs(60);

/// Brokers that run until this is dropped.
pub(crate) struct Brokers {
    directory: TempDir,
    servers: String,
}

impl Brokers {
    /// So many new brokers, one or three, that answer. `options` are the script's.
    pub(crate) fn start(count: usize, options: &[&str]) -> Self {
        // Made before the script runs, so that a cluster that does not come up whole is ended, too.
        let mut brokers = Self { directory: directory("kafka"), servers: String::new() };
        let mut up = script("kafka");
        up.args(["up", "--brokers", &count.to_string(), "--dir"]).arg(brokers.directory()).args(options);
        let printed = run(&mut up);
        brokers.servers = printed.trim().strip_prefix("KAFKA_BOOTSTRAP_SERVERS=").unwrap().to_owned();
        brokers
    }

    /// HOST:PORT of each, separated by commas.
    pub(crate) fn servers(&self) -> &str {
        &self.servers
    }

    /// Where they live.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The program, to be started with these brokers as its log.
    pub(crate) fn program(&self) -> Program {
        program().env("KAFKA_BOOTSTRAP_SERVERS", self.servers())
    }

    /// The process of node `number`.
    pub(crate) fn node(&self, number: i32) -> Process {
        Process::find(self.file(number, "pid").parse().unwrap()).unwrap()
    }

    /// Returns the content of a file of node `number`.
    pub(crate) fn file(&self, number: i32, name: &str) -> String {
        let path = self.directory().join(format!("node-{number}")).join(name);
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    }

    /// Starts node `number` again.
    pub(crate) fn start_again(&self, number: i32) {
        run(script("kafka").args(["start", &number.to_string(), "--dir"]).arg(self.directory()));
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.servers());
        config
    }

    /// For what operators do to topics.
    pub(crate) fn admin(&self) -> (AdminClient<DefaultClientContext>, AdminOptions) {
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
        (self.client().create().unwrap(), options)
    }

    /// Returns each partition of a topic with its leader and its copies, by the nodes' numbers. Empty where there is no
    /// such topic.
    pub(crate) fn partitions(&self, topic: &str) -> Vec<(i32, Vec<i32>)> {
        let consumer: BaseConsumer = self.client().create().unwrap();
        let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap();
        let found = metadata.topics()[0].partitions().iter();
        found.map(|partition| (partition.leader(), partition.replicas().to_vec())).collect()
    }

    /// Writes a record without a key. A partition that was just added may take a moment to be known to every broker.
    pub(crate) async fn write(&self, topic: &str, partition: i32, value: &str) {
        let began = Instant::now();
        loop {
            let producer: FutureProducer = self.client().create().unwrap();
            let record = FutureRecord::<str, str>::to(topic).partition(partition).payload(value);
            match producer.send(record, PATIENCE).await {
                Ok(_) => return,
                Err((error, _)) => {
                    let is_unknown = error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnknownPartition);
                    assert!(is_unknown && began.elapsed() < PATIENCE, "{error}");
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Returns all records that are in a topic now, each with its place and its value.
    pub(crate) fn records(&self, topic: &str) -> Vec<(i32, String)> {
        self.read(topic, |message| {
            let value = String::from_utf8(message.payload().unwrap_or_default().to_vec()).unwrap();
            (message.partition(), value)
        })
    }

    /// Returns a header of each record that is in a topic now.
    pub(crate) fn headers(&self, topic: &str, name: &str) -> Vec<Option<String>> {
        self.read(topic, |message| {
            let mut headers = message.headers().into_iter().flat_map(|headers| headers.iter());
            let value = headers.find(|header| header.key == name)?.value?;
            Some(String::from_utf8(value.to_vec()).unwrap())
        })
    }

    fn read<T>(&self, topic: &str, part: impl Fn(&BorrowedMessage<'_>) -> T) -> Vec<T> {
        let consumer: BaseConsumer = self.client().set("group.id", "test").create().unwrap();
        let mut list = TopicPartitionList::new();
        let mut left = 0;
        for partition in (0..).take(self.partitions(topic).len()) {
            let (low, high) = watermarks(&consumer, topic, partition);
            left += high - low;
            list.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&list).unwrap();
        (0..left).map(|_| part(&consumer.poll(PATIENCE).unwrap().unwrap())).collect()
    }

    /// The partition of the topic of calls that has this one, if one has.
    pub(crate) fn partition_of(&self, call: Uuid) -> Option<i32> {
        let records = self.records(topic::ALERT);
        let found = records.iter().find(|(_, value)| value.contains(&call.to_string()));
        found.map(|(partition, _)| *partition)
    }

    /// Waits until the topic of calls has every one of these.
    pub(crate) async fn have_calls(&self, ids: &[Uuid]) {
        let deadline = Instant::now() + RECORDED_WITHIN;
        loop {
            let records = self.records(topic::ALERT);
            let is_there = |id: &Uuid| records.iter().any(|(_, value)| value.contains(&id.to_string()));
            if ids.iter().all(is_there) {
                return;
            }
            let missing: Vec<_> = ids.iter().filter(|id| !is_there(id)).collect();
            assert!(Instant::now() < deadline, "the topic lacks {missing:?} of {ids:?}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

impl Drop for Brokers {
    /// Shows the ends of their logs, which the test harness prints for a failed test only, and ends them.
    fn drop(&mut self) {
        for node in 1..=self.servers.split(',').count() {
            eprint!("{}", tail(&self.directory().join(format!("node-{node}/log"))));
        }
        let down = script("kafka").args(["down", "--dir"]).arg(self.directory()).status();
        if !down.is_ok_and(|status| status.success()) {
            eprintln!("script/kafka down did not work for {}", self.directory().display());
        }
    }
}

/// Returns where a partition begins and ends. A broker that was stopped until now knows neither its partitions nor that it
/// leads them at once.
fn watermarks(consumer: &BaseConsumer, topic: &str, partition: i32) -> (i64, i64) {
    const NOT_YET: [RDKafkaErrorCode; 2] =
        [RDKafkaErrorCode::UnknownPartition, RDKafkaErrorCode::NotLeaderForPartition];
    let asked = Instant::now();
    loop {
        match consumer.fetch_watermarks(topic, partition, PATIENCE) {
            Err(error) if error.rdkafka_error_code().is_some_and(|code| NOT_YET.contains(&code)) => {
                assert!(asked.elapsed() < PATIENCE, "{topic} {partition}: {error}");
                std::thread::sleep(Duration::from_millis(100));
            }
            found => return found.unwrap(),
        }
    }
}
