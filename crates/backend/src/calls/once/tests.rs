//! A repetition gets the first answer, also where only the outbox knows the first request.

use std::path::Path;

use domain::{
    Alert, AlertId, House, Line, Millis, Role,
    api::{AcceptRequest, CallRequest, State},
};
use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Duration, timeout},
};

use super::*;
use crate::{
    calls::{hub::Hub, rules},
    database::Database,
    delivery::{
        Delivery,
        handover::Handover,
        hub_queue::{Lanes, Queued, lane_of},
        log::Log,
        open_outbox,
        outbox::{Outbox, Purpose},
    },
    people::location_use::LocationUses,
    readiness::{Readiness, RoleState, StateSender},
};

const PATIENCE: Duration = Duration::from_secs(20);
const A_MINUTE: Millis = 60 * 1000;

/// A node whose hub applies nothing, like one that is being rebuilt or one that has forgotten an older call.
struct Node {
    calls: Calls,
    outbox: Outbox,
    lanes: Lanes,
}

impl Node {
    async fn open(directory: &Path, is_rebuilt: bool) -> Self {
        let (outbox, queue, lanes) = open_outbox(directory, Purpose::Log).await.unwrap();
        let handover = Handover::new(queue.clone(), Handle::current(), None);
        let delivery = Delivery::new(outbox.clone(), Log::Local(outbox.clone()), None, handover, queue);
        let ready = || StateSender::new(RoleState::Ready);
        let promised = watch::Sender::new(is_rebuilt);
        let readiness = Readiness { producer: ready(), fanout: ready(), statistics: ready(), promised };
        let choices = LocationUses::open(Database::in_directory(directory).await, directory).await;
        Self { calls: Calls::new(Hub::new(), delivery, readiness, choices), outbox, lanes }
    }

    async fn press(&self, text: &str, key: Uuid) -> Result<Recorded, Refusal> {
        self.calls.press(&resident(), call(text), Some(key)).await
    }

    /// Stores the request of this key as one of so long ago.
    async fn store(&self, key: Uuid, route: &str, digest: [u8; 32], ago: Millis) {
        let event = Event::Alert(Alert::new(AlertId(key), line(), house("1203"), clock::now() - ago));
        let (topic, value) = record::write(&event);
        let origin = rules::origin(&resident(), Some(key), route.into());
        let (topic, line, at) = (topic.into(), line().to_string(), clock::now() - ago);
        let entry = Entry { origin, digest, topic, line, value, at, traceparent: None };
        self.outbox.append(entry, event).await.unwrap();
    }

    /// Returns the ids of the events that were committed and passed to the hub since the last look.
    fn committed(&mut self) -> Vec<Uuid> {
        let mut ids = Vec::new();
        while let Ok(queued) = self.lanes[lane_of(&line())].try_recv() {
            if let Queued::Committed(committed) = queued {
                ids.extend(committed.event.id());
            }
        }
        ids
    }
}

fn line() -> Line {
    Line::new("101-1").unwrap()
}

fn house(name: &str) -> House {
    House::new(name).unwrap()
}

fn resident() -> Resident {
    let (line, house) = (Some(line()), Some(house("1203")));
    Resident { name: "resident-1203".into(), line, house, role: Role::Resident }
}

fn call(text: &str) -> CallRequest {
    let (lat, lng, accuracy) = (None, None, None);
    let (line, house, text) = (line(), house("1203"), Some(text.into()));
    CallRequest { line, house, text, lat, lng, accuracy, kind: None, drill: false, alone: false }
}

#[tokio::test]
async fn a_repetition_gets_the_first_answer_and_alarms_nobody_again() {
    for is_rebuilt in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let (mut node, key) = (Node::open(directory.path(), is_rebuilt).await, Uuid::now_v7());
        for _ in 0..2 {
            let recorded = node.press("help", key).await.unwrap();
            assert_eq!((recorded.id, recorded.state, recorded.warning), (key, State::Published, None));
        }
        let reused = node.press("fire", key).await;
        assert!(matches!(reused, Err(Refusal::KeyReused)), "{reused:?}");
        assert_eq!(node.committed(), [key], "rebuilt: {is_rebuilt}");
        node.outbox.close().await;
    }
}

#[tokio::test]
async fn the_key_of_an_old_call_makes_a_new_one_whatever_its_words() {
    for (is_rebuilt, text) in [(false, "help"), (false, "fire"), (true, "help"), (true, "fire")] {
        let directory = tempfile::tempdir().unwrap();
        let mut node = Node::open(directory.path(), is_rebuilt).await;
        let [of_days, of_minutes, of_now] = [(); 3].map(|()| Uuid::now_v7());
        let digest = rules::digest_of_press(&call("help"));
        for (key, ago) in [(of_days, 60 * 60 * A_MINUTE), (of_minutes, 11 * A_MINUTE), (of_now, 0)] {
            node.store(key, "/alert", digest, ago).await;
        }
        assert_eq!(node.committed(), [of_days, of_minutes, of_now]);
        let program = node.press(text, of_days).await.unwrap();
        let person = node.calls.confirm(&resident(), call(text), Some(of_minutes)).await.unwrap();
        for (recorded, key) in [(&program, of_days), (&person, of_minutes)] {
            assert_ne!(recorded.id, key, "{text}, rebuilt: {is_rebuilt}");
            assert!(recorded.warning.as_ref().unwrap().contains("24 hours"));
        }
        assert_eq!(node.committed(), [program.id, person.id]);
        assert_eq!(node.press("help", of_now).await.unwrap().id, of_now);
        assert_eq!(node.committed(), Vec::<Uuid>::new());
        node.outbox.close().await;
    }
}

#[tokio::test]
async fn a_repetition_that_would_be_refused_by_now_gets_the_first_answer() {
    let directory = tempfile::tempdir().unwrap();
    let (mut node, key) = (Node::open(directory.path(), true).await, Uuid::now_v7());
    let (accept_house, target_house) = (house("1203"), house("1204"));
    let accept = AcceptRequest { line: line(), accept_house, target_house, alert: None };
    node.store(key, "/accept", rules::digest(&accept), 0).await;
    assert_eq!(node.committed(), [key]);
    let repeated = node.calls.accept(&resident(), accept.clone(), Some(key)).await.unwrap();
    assert_eq!(repeated.id, key);
    let first = node.calls.accept(&resident(), accept.clone(), Some(Uuid::now_v7())).await;
    assert!(matches!(first, Err(Refusal::NoOpenCall(_))), "{first:?}");
    let other = AcceptRequest { target_house: house("1301"), ..accept };
    let reused = node.calls.accept(&resident(), other, Some(key)).await;
    assert!(matches!(reused, Err(Refusal::KeyReused)), "{reused:?}");
    assert_eq!(node.committed(), Vec::<Uuid>::new());
    node.outbox.close().await;
}

#[tokio::test]
async fn a_repetition_on_a_disk_that_hangs_alarms_in_time_and_gets_the_first_answer_later() {
    let directory = tempfile::tempdir().unwrap();
    let (mut node, key) = (Node::open(directory.path(), true).await, Uuid::now_v7());
    node.press("help", key).await.unwrap();
    assert_eq!(node.committed(), [key]);
    // An insert waits for another program's transaction as it waits for a disk that does not answer.
    let file = SqliteConnectOptions::new().filename(directory.path().join("outbox.db"));
    let mut other = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let calls = node.calls.clone();
    let pressing = tokio::spawn(async move { calls.press(&resident(), call("help"), Some(key)).await });
    let queued = timeout(PATIENCE, node.lanes[lane_of(&line())].recv()).await.unwrap();
    assert!(matches!(queued, Some(Queued::Direct(event, ..)) if event.id() == Some(key)));
    assert!(!pressing.is_finished(), "the answer does not come before the outbox has compared the key");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(pressing.await.unwrap().unwrap().id, key);
    assert_eq!(node.committed(), Vec::<Uuid>::new());
    node.outbox.close().await;
}
