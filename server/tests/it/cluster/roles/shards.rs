//! Lines that are divided among fan-outs. The topics have four partitions and the lines two shards, so that 101-1 is of
//! the first shard and 101-2 of the second.

use std::time::{Duration, Instant};

use domain::{Line, Shards, topic};
use rdkafka::admin::{NewPartitions, NewTopic, TopicReplication};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{
    Error,
    client::{Message, Session, Socket, Subscribe},
    server::Server,
};

use super::{AGAIN_WITHIN, PATIENCE, accept, press, process};
use crate::{
    cluster::{
        kafka::{brokers::Brokers, published},
        postgres::Postgres,
    },
    escalation::{page, step_of, with_rules},
    support::{ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, STRANGER, send, sign_in},
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

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn each_shard_reads_its_partitions_only_and_its_lines_get_calls_by_every_producer() -> Outcome {
    let divided = Divided::start().await?;
    let (caller, neighbour) = (divided.sign_in(CALLER).await?, divided.sign_in(NEIGHBOUR).await?);
    let stranger = divided.sign_in(STRANGER).await?;
    // A call that comes to other lines would let their fan-out read more.
    let office = with_rules(&divided.producers[0].client()?, json!({ "administrators": 3600 })).await?;
    let mut of_first =
        [listen(&neighbour, &divided.firsts[0]).await?, listen(&caller, &divided.firsts[1]).await?];
    let mut of_second = listen(&stranger, &divided.second).await?;
    for producer in &divided.producers {
        let client = producer.client()?;
        let call = published(&caller.at(&client), "of the first shard").await?;
        for socket in &mut of_first {
            socket.wait_for("the call", |message| message.is_alert(call)).await?;
        }
        let call = published(&stranger.at(&client), "of the second shard").await?;
        of_second.wait_for("the call", |message| message.is_alert(call)).await?;
    }

    let fanouts = divided.firsts.iter().chain([&divided.second]);
    for (fanout, shard) in fanouts.zip([1, 1, 2]) {
        // Three calls of each line were published, each in its partition.
        shows(&office, fanout, "iutsai_records_read_total", topic::ALERT, 3).await?;
        for (name, partitions) in [
            (topic::ALERT, 2),
            (topic::ACCEPT, 2),
            (topic::LOCATION, 2),
            (topic::RECEIPT, 2),
            (topic::STATUS, 4),
            (topic::DEAD_LETTER, 0),
            (topic::HISTORY, 0),
        ] {
            let read = shown(&office, fanout, "iutsai_partitions_read", name).await?;
            assert_eq!(read, partitions, "shard {shard}: {name}");
        }
        let (_, report) = fanout.client()?.readiness().await?;
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!((&report["fanout"]["shard"], &report["fanout"]["shards"]), (&json!(shard), &json!(2)));
    }
    let whole = &divided.producers[2];
    shows(&office, whole, "iutsai_records_read_total", topic::ALERT, 6).await?;
    assert_eq!(shown(&office, whole, "iutsai_partitions_read", topic::ALERT).await?, 4);
    divided.end().await
}

/// Returns the address to which a node sends a subscription on, with the words about it.
async fn sent_on(session: &Session, node: &Server, destination: &str) -> Result<(String, String), Error> {
    let mut socket = session.at(&node.client()?).connect().await?;
    socket.subscribe(&Subscribe::to(destination)).await?;
    let end = socket.ended().await?;
    let error = end.error.unwrap();
    Ok((error.get("address").unwrap_or_default().into(), error.get("message").unwrap_or_default().into()))
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_subscription_at_another_shard_is_sent_on_and_gets_its_calls_there() -> Outcome {
    let divided = Divided::start().await?;
    let (stranger, office) = (divided.sign_in(STRANGER).await?, divided.sign_in(ADMINISTRATOR).await?);
    let (address, words) = sent_on(&stranger, &divided.firsts[0], "/sub/line/101-2").await?;
    assert_eq!(address, "/an-ws?shard=2");
    assert!(words.contains("shard 2 of 2") && words.contains("shard 1 of 2"), "{words}");
    // That is the address that the page and the session name, too.
    let asked = send(stranger.request(Method::GET, "/api/session")).await;
    assert_eq!(asked.json::<Value>().await.unwrap()["socket"], "/an-ws?shard=2");
    let html = send(stranger.request(Method::GET, "/")).await.text().await.unwrap();
    assert!(html.contains("/an-ws?shard=2"), "the page does not name the socket");
    let mut socket = listen(&stranger, &divided.second).await?;
    let call = press(&stranger, "alarms there").await?.id;
    socket.wait_for("the call", |message| message.is_alert(call)).await?;

    let (address, words) = sent_on(&office, &divided.second, "/sub/lines").await?;
    assert_eq!(address, "/an-ws", "{words}");
    let asked = send(office.request(Method::GET, "/api/session")).await;
    assert_eq!(asked.json::<Value>().await.unwrap()["socket"], "/an-ws");
    let (address, words) = sent_on(&stranger, &divided.firsts[0], "/sub/line/101-1").await?;
    assert_eq!(address, "", "a line that is not one's own is refused as ever: {words}");
    let board = office.at(&divided.second.client()?).request(Method::GET, "/admin/board/calls");
    assert_eq!(send(board).await.status(), 404, "a board shows every line or nothing");
    divided.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_fan_out_that_is_killed_leaves_its_shard_to_the_other_one() -> Outcome {
    let mut divided = Divided::start().await?;
    let (caller, neighbour) = (divided.sign_in(CALLER).await?, divided.sign_in(NEIGHBOUR).await?);
    let mut socket = listen(&neighbour, &divided.firsts[0]).await?;
    let before = published(&caller, "before it").await?;
    socket.wait_for("the call", |message| message.is_alert(before)).await?;
    divided.firsts[0].kill().await?;
    let meanwhile = published(&caller, "meanwhile").await?;

    let (mut socket, snapshot) = neighbour.at(&divided.firsts[1].client()?).listen().await?;
    socket.set_patience(PATIENCE);
    assert!(snapshot.alert(before).is_some(), "{snapshot:?}");
    if snapshot.alert(meanwhile).is_none() {
        socket.wait_for("the call of meanwhile", |message| message.is_alert(meanwhile)).await?;
    }
    let after = press(&caller, "after it").await?.id;
    socket.wait_for("the call of afterwards", |message| message.is_alert(after)).await?;

    divided.firsts[0].restart().await?;
    super::rebuilt(&divided.firsts[0]).await?;
    let (_, snapshot) = neighbour.at(&divided.firsts[0].client()?).listen().await?;
    for call in [before, meanwhile, after] {
        assert!(snapshot.alert(call).is_some(), "{snapshot:?}");
    }
    divided.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_topic_that_gains_partitions_is_read_where_calls_of_before_and_of_now_stand() -> Outcome {
    let mut divided = Divided::start().await?;
    let (caller, office) = (divided.sign_in(CALLER).await?, divided.sign_in(ADMINISTRATOR).await?);
    let mut socket = listen(&caller, &divided.firsts[0]).await?;
    let before = published(&caller, "before it").await?;
    socket.wait_for("the call", |message| message.is_alert(before)).await?;
    let (admin, options) = divided.brokers.admin();
    admin.create_partitions(&[NewPartitions::new(topic::ALERT, 5)], &options).await.unwrap()[0]
        .as_ref()
        .unwrap();
    // Five partitions cannot be divided among two shards.
    shows(&office, &divided.firsts[0], "iutsai_partitions_read", topic::ALERT, 5).await?;
    assert!(divided.firsts[0].log()?.contains("the partitions are no multiple of the shards"));
    let after = published(&caller, "after it").await?;
    socket.wait_for("the call", |message| message.is_alert(after)).await?;

    divided.firsts[0].restart().await?;
    super::rebuilt(&divided.firsts[0]).await?;
    let (_, snapshot) = caller.at(&divided.firsts[0].client()?).listen().await?;
    assert!(snapshot.alert(before).is_some() && snapshot.alert(after).is_some(), "{snapshot:?}");
    divided.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_call_that_is_escalated_to_a_line_of_another_shard_comes_there_whole_and_once() -> Outcome {
    let divided = Divided::start().await?;
    let office = with_rules(&divided.producers[0].client()?, json!({ "neighbours": 4 })).await?;
    let (caller, neighbour) = (divided.sign_in(CALLER).await?, divided.sign_in(NEIGHBOUR).await?);
    let stranger = divided.sign_in(STRANGER).await?;
    let mut next = page(&stranger.at(&divided.second.client()?)).await?;
    let call = published(&caller, "nobody of the line comes").await?;
    let is_alert = |message: &Message| message.is_alert(call);
    next.wait_for("the alert", is_alert).await?;
    next.wait_for("the step", |message| step_of(message).is_some()).await?;
    // Its line is read from now on.
    shows(&office, &divided.second, "iutsai_partitions_read", topic::ALERT, 3).await?;
    let coming = accept(&neighbour, &caller, call).await?;
    next.wait_for("the accept", |message| message.is_accept(coming)).await?;
    next.none_within(AGAIN_WITHIN, "the call again", is_alert).await?;

    // A subscriber of afterwards has it in the snapshot.
    let (_, snapshot) = stranger.at(&divided.second.client()?).listen().await?;
    assert!(snapshot.alert(call).is_some(), "{snapshot:?}");
    divided.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_call_is_escalated_to_another_shard_while_kafka_is_stalled() -> Outcome {
    let divided = Divided::start().await?;
    with_rules(&divided.producers[0].client()?, json!({ "neighbours": 4 })).await?;
    let (caller, stranger) = (divided.sign_in(CALLER).await?, divided.sign_in(STRANGER).await?);
    let mut next = page(&stranger.at(&divided.second.client()?)).await?;
    let kafka = divided.brokers.node(1);
    kafka.stop()?;
    let call = press(&caller, "past the log").await?.id;
    next.wait_for("the alert", |message| message.is_alert(call)).await?;
    kafka.resume()?;
    divided.brokers.have_calls(&[call]).await;
    divided.end().await
}

#[tokio::test]
#[ignore = "needs Apache Kafka and PostgreSQL: script/test runs it"]
async fn a_record_that_another_program_puts_into_a_partition_of_another_shard_alarms() -> Outcome {
    let divided = Divided::start().await?;
    let neighbour = divided.sign_in(NEIGHBOUR).await?;
    let mut socket = listen(&neighbour, &divided.firsts[0]).await?;
    // Java's clients would put this line into partition 0.
    let value = json!({ "line": "101-1", "house": "1301", "text": "elsewhere" }).to_string();
    divided.brokers.write(topic::ALERT, 1, &value).await;
    let is_it = |message: &Message| message.json()["text"] == "elsewhere";
    socket.wait_for("the call", is_it).await?;
    socket.none_within(AGAIN_WITHIN, "the call again", is_it).await?;
    let warned = divided.producers.iter().filter(|producer| {
        producer.log().is_ok_and(|log| log.contains("stands in a partition that its shard does not read"))
    });
    assert_eq!(warned.count(), divided.producers.len(), "every producer warns");
    divided.end().await
}
