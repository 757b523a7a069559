//! The local log on a real file. It is read from a time and from positions, and followed while it grows.

use std::path::Path;

use backend::delivery::{
    log::{Log, Outgoing, Positions, Read, Start},
    outbox::{Outbox, Purpose, Sequence},
};
use tokio::{
    sync::mpsc,
    time::{Duration, timeout},
};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);

async fn open(directory: &Path) -> (Outbox, Log) {
    let outbox = Outbox::open(directory, Purpose::Log, |_| {}).await.expect("it opens");
    (outbox.clone(), Log::Local(outbox))
}

async fn append(log: &Log, value: &str, at: i64) -> Uuid {
    let id = Uuid::now_v7();
    let outgoing =
        Outgoing { timestamp: at, id: Some(id), ..Outgoing::new("an-status", "101-1", value.as_bytes()) };
    log.append(outgoing).await.expect("it is appended");
    id
}

/// Returns what a reader receives up to the end of the log, and what it goes on with.
async fn read(log: &Log, start: Start) -> (Vec<(Sequence, String)>, mpsc::Receiver<Read>) {
    let (sender, mut receiver) = mpsc::channel(8);
    let log = log.clone();
    tokio::spawn(async move { log.follow(start, sender).await });
    let mut values = Vec::new();
    loop {
        match timeout(PATIENCE, receiver.recv()).await.expect("in time").expect("it goes on") {
            Read::Record(record) => {
                let value = String::from_utf8(record.value.expect("a value")).expect("text");
                values.push((Sequence(record.position.offset), value));
            }
            Read::CaughtUp(ends) => {
                let end = ends[&("an-alert".to_owned(), 0)];
                assert!(values.last().is_none_or(|(last, _)| last.0 < end));
                return (values, receiver);
            }
            _ => {}
        }
    }
}

fn texts(values: &[(Sequence, String)]) -> Vec<&str> {
    values.iter().map(|(_, value)| value.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_gets_what_is_there_since_a_time_and_then_what_is_appended() {
    let directory = tempfile::tempdir().expect("a directory");
    let (outbox, log) = open(directory.path()).await;
    append(&log, "old", 1_000).await;
    append(&log, "new", 5_000).await;
    let (values, mut reading) = read(&log, Start::Since(2_000)).await;
    assert_eq!(texts(&values), ["new"]);
    append(&log, "newer", 6_000).await;
    let next = timeout(PATIENCE, reading.recv()).await.expect("it is woken").expect("it goes on");
    assert!(matches!(next, Read::Record(record) if record.value.as_deref() == Some(b"newer")));
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_goes_on_behind_its_positions_and_begins_at_the_start_where_they_do_not_fit() {
    let directory = tempfile::tempdir().expect("a directory");
    let (outbox, log) = open(directory.path()).await;
    append(&log, "one", 1_000).await;
    let two = append(&log, "two", 2_000).await;
    append(&log, "three", 3_000).await;
    let (values, _) = read(&log, Start::Since(0)).await;
    assert_eq!(texts(&values), ["one", "two", "three"]);
    let behind = |sequence, event| {
        Start::Behind(Positions::Local { log: outbox.log().expect("it is open"), sequence, event })
    };
    assert_eq!(texts(&read(&log, behind(values[1].0, two)).await.0), ["three"]);
    // As after a backup was restored, where the number was given to another event.
    let other = Uuid::now_v7();
    assert_eq!(texts(&read(&log, behind(values[1].0, other)).await.0), ["one", "two", "three"]);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_of_another_file_are_of_no_use() {
    let directories = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
    let (other, other_log) = open(directories[0].path()).await;
    let event = append(&other_log, "elsewhere", 1_000).await;
    let elsewhere = Positions::Local {
        log: other.log().expect("it is open"),
        sequence: read(&other_log, Start::Since(0)).await.0[0].0,
        event,
    };
    let (outbox, log) = open(directories[1].path()).await;
    append(&log, "here", 1_000).await;
    assert_eq!(texts(&read(&log, Start::Behind(elsewhere)).await.0), ["here"]);
    other.close().await;
    outbox.close().await;
}
