//! Lines that are divided among fan-outs. The topics have four partitions and the lines two shards, so that 101-1 is of
//! the first shard and 101-2 of the second.

mod escalation;
mod partitions;
mod sockets;

use std::time::{Duration, Instant};

use domain::{Line, Shards, topic};
use rdkafka::admin::{NewTopic, TopicReplication};
use reqwest::Method;
use testkit::{
    Error,
    client::{Session, Socket},
    server::Server,
};

use super::{PATIENCE, process};
use crate::{
    cluster::{kafka::brokers::Brokers, postgres::Postgres},
    support::{Outcome, send, sign_in},
};

const PARTITIONS: i32 = 4;
/// A busy machine reads a published record in this time. The topics are looked at every 10 s.
const READ_WITHIN: Duration = Duration::from_secs(60);

/// Three processes that take calls, the first of which shows pages, and a fan-out for the second shard beside two for
/// the first.
///
/// The fields are dropped in this order, the processes before the servers that they use.
struct Divided {
    producers: Vec<Server>,
    firsts: Vec<Server>,
    second: Server,
    brokers: Brokers,
    _postgres: Postgres,
}

impl Divided {
    /// On new topics of four partitions; all are ready.
    async fn start() -> Result<Self, Error> {
        let (brokers, postgres) = (Brokers::start(1, &[]), Postgres::start());
        make_topics(&brokers).await;
        let of_roles = |roles: &str| process(&brokers, &postgres, roles).env("IUTSAI_SHARDS", "2");
        let of_shard = |shard: &str| of_roles("fanout").env("IUTSAI_SHARD", shard);
        // Started alone, because the first one makes the demo complex.
        let with_pages = of_roles("web,producer").start().await?;
        let (another, third) = tokio::try_join!(of_roles("producer").start(), of_roles("producer").start())?;
        let (first, beside, second) =
            tokio::try_join!(of_shard("1").start(), of_shard("1").start(), of_shard("2").start())?;
        let (producers, firsts) = (vec![with_pages, another, third], vec![first, beside]);
        Ok(Self { producers, firsts, second, brokers, _postgres: postgres })
    }

    async fn sign_in(&self, name: &str) -> Result<Session, Error> {
        sign_in(&self.producers[0].client()?, name).await
    }

    async fn end(self) -> Outcome {
        for server in self.producers.into_iter().chain(self.firsts).chain([self.second]) {
            server.end().await?;
        }
        Ok(())
    }
}

/// Makes every topic, so that the service does not choose the number of partitions.
async fn make_topics(brokers: &Brokers) {
    let (admin, options) = brokers.admin();
    let retentions = topic::ALL.map(|topic| topic.retention.to_string());
    let topics = topic::ALL.iter().zip(&retentions).map(|(topic, retention)| {
        NewTopic::new(topic.name, PARTITIONS, TopicReplication::Fixed(1)).set("retention.ms", retention)
    });
    let topics: Vec<_> = topics.collect();
    for made in admin.create_topics(&topics, &options).await.unwrap() {
        made.unwrap();
    }
}

/// A socket with the calls of the person's line at this fan-out.
async fn listen(session: &Session, fanout: &Server) -> Result<Socket, Error> {
    let (mut socket, _) = session.at(&fanout.client()?).listen().await?;
    socket.set_patience(PATIENCE);
    Ok(socket)
}

/// Returns the number that a process shows for a topic.
async fn shown(office: &Session, server: &Server, metric: &str, topic: &str) -> Result<u64, Error> {
    let request = office.at(&server.client()?).request(Method::GET, "/metrics");
    let text = send(request).await.text().await.unwrap();
    let name = format!("{metric}{{topic=\"{topic}\"}} ");
    let value = text.lines().find_map(|line| line.strip_prefix(name.as_str()));
    Ok(value.map_or(0, |value| value.parse().unwrap()))
}

/// Waits until a process shows this number for a topic.
async fn shows(office: &Session, server: &Server, metric: &str, topic: &str, expected: u64) -> Outcome {
    let deadline = Instant::now() + READ_WITHIN;
    loop {
        let value = shown(office, server, metric, topic).await?;
        if value == expected {
            return Ok(());
        }
        assert!(Instant::now() < deadline, "{metric} of {topic} is {value} and not {expected}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[test]
fn the_lines_of_the_demo_are_of_two_shards() {
    let shards = Shards::new(2).unwrap();
    let of = |name: &str| shards.of(&Line::new(name).unwrap()).number();
    assert_eq!((of("101-1"), of("101-2")), (1, 2));
}
