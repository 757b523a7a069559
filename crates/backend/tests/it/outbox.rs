//! The outbox on a real file. Every acknowledged entry is there after a restart, and only once.

mod checkpoint;
mod deletion;
mod place;

use std::path::Path;

use backend::delivery::outbox::{Appended, Entry, Origin, Outbox, Pages, Purpose, Sequence};
use domain::{Alert, AlertId, Event, House, Line, Position};
use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use tokio::sync::mpsc;
use uuid::Uuid;

async fn open(directory: &Path) -> Outbox {
    Outbox::open(directory, Purpose::Relayed, |_| {}).await.expect("it opens")
}

fn entry(number: u8) -> Entry {
    Entry {
        origin: Origin { id: Uuid::now_v7(), resident: "resident-1203".into(), route: "/alert".into() },
        digest: [number; 32],
        topic: "an-alert".into(),
        line: "101-1".into(),
        value: vec![number],
        at: 1_000 + i64::from(number),
        traceparent: None,
    }
}

/// Returns the event of an entry; its content does not matter here.
fn event(entry: &Entry) -> Event {
    Event::Alert(Alert::new(
        AlertId(entry.origin.id),
        Line::new(entry.line.clone()).expect("a line"),
        House::new("1203").expect("a house"),
        entry.at,
    ))
}

async fn append(outbox: &Outbox, entry: Entry) -> Sequence {
    match outbox.append(entry.clone(), event(&entry)).await.expect("it is stored") {
        Appended::New(sequence) => sequence,
        Appended::Known(known) => panic!("{known:?} was there before"),
    }
}

async fn values(outbox: &Outbox) -> Vec<Vec<u8>> {
    let waiting =
        outbox.pages().expect("it is open").waiting(Sequence(0)).await.expect("the outbox can be read");
    waiting.into_iter().map(|(_, entry)| entry.value).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn appended_entries_survive_a_restart_and_marked_ones_are_not_sent_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let mut sequences = Vec::new();
    for number in 1..=3 {
        sequences.push(append(&outbox, entry(number)).await);
    }
    let at = Position { timestamp: 1_002, partition: 0, offset: 7 };
    drop(outbox.mark(sequences[1], at, "cluster").await);
    outbox.close().await;
    let outbox = open(directory.path()).await;
    assert_eq!(values(&outbox).await, [vec![1], vec![3]]);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_once_are_all_stored_each_with_a_place_of_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let appends = (0..100).map(|number| {
        let outbox = outbox.clone();
        tokio::spawn(async move { append(&outbox, entry(number)).await })
    });
    let mut sequences = Vec::new();
    for append in appends.collect::<Vec<_>>() {
        sequences.push(append.await.expect("no panic"));
    }
    sequences.sort();
    sequences.dedup();
    assert_eq!(sequences.len(), 100);
    assert_eq!(values(&outbox).await.len(), 100);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_found_again_by_resident_route_and_key_only() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let entry = entry(9);
    append(&outbox, entry.clone()).await;
    let known = outbox.find(&entry.origin).await.expect("readable").expect("it is known");
    assert_eq!((known.digest, known.published), ([9; 32], false));
    let other = Origin { resident: "resident-1204".into(), ..entry.origin.clone() };
    assert!(outbox.find(&other).await.expect("readable").is_none());
    let other = Origin { route: "/accept".into(), ..entry.origin };
    assert!(outbox.find(&other).await.expect("readable").is_none());
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_request_makes_one_entry_and_is_passed_on_once_alone_or_beside_its_repetitions() {
    let directory = tempfile::tempdir().expect("a directory");
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let committed = move |committed| drop(sender.send(committed));
    let outbox = Outbox::open(directory.path(), Purpose::Log, committed).await.expect("it opens");
    let request = entry(1);
    let repeat = |number: u8| {
        let (outbox, entry) = (outbox.clone(), Entry { digest: [number; 32], ..request.clone() });
        tokio::spawn(async move { outbox.append(entry.clone(), event(&entry)).await })
    };
    let together: Vec<_> = (0..20).map(repeat).collect();
    let mut outcomes = Vec::new();
    for appending in together {
        outcomes.push(appending.await.expect("no panic").expect("it is answered"));
    }
    outcomes.push(repeat(20).await.expect("no panic").expect("it is answered"));
    let known = outcomes.iter().filter_map(|outcome| match outcome {
        Appended::New(_) => None,
        Appended::Known(first) => Some(first.digest),
    });
    let first = outbox.find(&request.origin).await.expect("readable").expect("it is known");
    assert_eq!(known.collect::<Vec<_>>(), [first.digest; 20], "the first of 21 is new");
    assert_eq!(values(&outbox).await, [vec![1]]);
    outbox.close().await;
    assert!(receiver.try_recv().is_ok() && receiver.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_never_share_an_outbox() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = open(directory.path()).await;
    let Err(refused) = Outbox::open(directory.path(), Purpose::Relayed, |_| {}).await else {
        panic!("the second one opened too")
    };
    assert!(refused.to_string().contains("another server uses"), "{refused}");
    first.close().await;
    open(directory.path()).await.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_committed_event_is_passed_on_in_the_order_of_the_sequences() {
    let directory = tempfile::tempdir().expect("a directory");
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let committed = move |committed| drop(sender.send(committed));
    let outbox = Outbox::open(directory.path(), Purpose::Relayed, committed).await.expect("it opens");
    let appends = (0..50).map(|number| {
        let outbox = outbox.clone();
        tokio::spawn(async move { append(&outbox, entry(number)).await })
    });
    for append in appends.collect::<Vec<_>>() {
        append.await.expect("no panic");
    }
    outbox.close().await;
    let mut passed = Vec::new();
    while let Ok(committed) = receiver.try_recv() {
        passed.push(committed.sequence);
    }
    assert_eq!(passed.len(), 50);
    assert!(passed.is_sorted(), "{passed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_of_another_cluster_or_of_the_former_broker_count_as_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let at = |offset| Position { timestamp: 1_000, partition: 0, offset };
    for (number, cluster) in [(1, "former"), (2, "present"), (3, "former")] {
        let sequence = append(&outbox, entry(number)).await;
        let marked = outbox.mark(sequence, at(i64::from(number)), cluster).await;
        marked.await.expect("the writer runs").expect("it is written");
    }
    assert!(values(&outbox).await.is_empty());
    assert_eq!(outbox.adopt_marks(Some("present")).await, Ok(2));
    assert_eq!(values(&outbox).await, [vec![1], vec![3]]);
    assert_eq!(outbox.adopt_marks(Some("present")).await, Ok(0));
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sequences_begin_at_the_present_millisecond_and_never_come_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let now = backend::clock::now();
    let outbox = open(directory.path()).await;
    let first = append(&outbox, entry(1)).await;
    assert!(first.0 > now, "{first:?} at {now}");
    outbox.close().await;
    let copy = directory.path().join("copy.db");
    std::fs::copy(directory.path().join("outbox.db"), &copy).expect("it is copied");
    let outbox = open(directory.path()).await;
    let lost = append(&outbox, entry(2)).await;
    outbox.close().await;
    std::fs::rename(&copy, directory.path().join("outbox.db")).expect("it is restored");
    let outbox = open(directory.path()).await;
    assert!(append(&outbox, entry(3)).await > lost);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_reads_the_file_beside_the_server_page_by_page() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let mut last = Sequence(0);
    for number in 0..3 {
        last = append(&outbox, entry(number)).await;
    }
    let (pages, log) = Pages::open_beside(directory.path()).await.expect("it can be read");
    assert_eq!(Ok(log), outbox.log());
    let page = pages.behind(Sequence(0)).await.expect("it can be read");
    assert_eq!(page.iter().map(|(_, entry)| entry.value.clone()).collect::<Vec<_>>(), [[0], [1], [2]]);
    assert!(pages.behind(last).await.expect("it can be read").is_empty());
    append(&outbox, entry(3)).await;
    assert_eq!(pages.behind(last).await.expect("it can be read").len(), 1);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_keeps_its_trace_until_the_log_has_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    append(&outbox, Entry { traceparent: Some(trace.into()), ..entry(1) }).await;
    append(&outbox, entry(2)).await;
    outbox.close().await;
    let outbox = open(directory.path()).await;
    let waiting = outbox.pages().expect("it is open").waiting(Sequence(0)).await.expect("it can be read");
    let traces: Vec<_> = waiting.iter().map(|(_, entry)| entry.traceparent.as_deref()).collect();
    assert_eq!(traces, [Some(trace), None]);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kafka_lacks_has_an_index_only_where_there_is_a_kafka_and_entries_stay_as_that_changes() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = SqliteConnectOptions::new().filename(directory.path().join("outbox.db"));
    for (number, purpose, indexes) in [(1, Purpose::Log, 0), (2, Purpose::Relayed, 1), (3, Purpose::Log, 0)] {
        let outbox = Outbox::open(directory.path(), purpose, |_| {}).await.expect("it opens");
        append(&outbox, entry(number)).await;
        let kept: Vec<_> = (1..=number).map(|number| vec![number]).collect();
        assert_eq!(values(&outbox).await, kept);
        outbox.close().await;
        let mut file = SqliteConnection::connect_with(&file).await.expect("it opens");
        let count = "SELECT COUNT(*) FROM sqlite_master WHERE name = 'entries_unmarked'";
        let found: i64 = sqlx::query_scalar(count).fetch_one(&mut file).await.expect("it can be read");
        assert_eq!(found, indexes, "{purpose:?}");
        file.close().await.expect("it is closed");
    }
}
