//! The outbox on a real file: what is promised is there after a restart, and only once.

use backend::delivery::outbox::{Entry, Origin, Outbox, Sequence};
use uuid::Uuid;
use wire::Position;

fn entry(number: u8) -> Entry {
    Entry {
        origin: Origin { id: Uuid::now_v7(), resident: "resident-1203".into(), route: "/alert".into() },
        digest: [number; 32],
        topic: "an-alert".into(),
        line: "101-1".into(),
        value: vec![number],
        at: 1_000 + i64::from(number),
    }
}

async fn values(outbox: &Outbox) -> Vec<Vec<u8>> {
    let waiting = outbox.waiting(Sequence(0), 100).await.expect("the outbox can be read");
    waiting.into_iter().map(|(_, entry)| entry.value).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_appended_is_there_after_a_restart_and_what_was_marked_is_not_sent_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = Outbox::open(directory.path()).await.expect("it opens");
    let mut sequences = Vec::new();
    for number in 1..=3 {
        sequences.push(outbox.append(entry(number)).await.expect("it is stored"));
    }
    drop(outbox.mark(sequences[1], Position { timestamp: 1_002, partition: 0, offset: 7 }).await);
    outbox.close().await;
    let outbox = Outbox::open(directory.path()).await.expect("it opens again");
    assert_eq!(values(&outbox).await, [vec![1], vec![3]]);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_at_once_are_all_stored_each_with_a_place_of_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = Outbox::open(directory.path()).await.expect("it opens");
    let appends = (0..100).map(|number| {
        let outbox = outbox.clone();
        tokio::spawn(async move { outbox.append(entry(number)).await })
    });
    let mut sequences = Vec::new();
    for append in appends.collect::<Vec<_>>() {
        sequences.push(append.await.expect("no panic").expect("it is stored"));
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
    let outbox = Outbox::open(directory.path()).await.expect("it opens");
    let entry = entry(9);
    outbox.append(entry.clone()).await.expect("it is stored");
    let known = outbox.find(&entry.origin).await.expect("readable").expect("it is known");
    assert_eq!((known.digest, known.published), ([9; 32], false));
    let other = Origin { resident: "resident-1204".into(), ..entry.origin.clone() };
    assert!(outbox.find(&other).await.expect("readable").is_none());
    let other = Origin { route: "/accept".into(), ..entry.origin };
    assert!(outbox.find(&other).await.expect("readable").is_none());
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_never_share_an_outbox() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = Outbox::open(directory.path()).await.expect("it opens");
    let Err(refused) = Outbox::open(directory.path()).await else { panic!("the second one opened too") };
    assert!(refused.to_string().contains("another server uses"), "{refused}");
    first.close().await;
    Outbox::open(directory.path()).await.expect("it opens once the first is closed").close().await;
}
