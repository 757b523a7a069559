//! The outbox on a real file. Every acknowledged entry is there after a restart, and only once.

use std::path::Path;

use backend::delivery::outbox::{Entry, Origin, Outbox, Pages, Sequence};
use domain::{Alert, AlertId, CallKey, Event, House, Line, Position};
use serde_json::json;
use sqlx::{
    Connection as _,
    sqlite::{SqliteConnectOptions, SqliteConnection},
};
use tokio::{
    sync::mpsc,
    time::{Duration, timeout},
};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);

async fn open(directory: &Path) -> Outbox {
    Outbox::open(directory, |_| {}).await.expect("it opens")
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
    outbox.append(entry.clone(), event(&entry)).await.expect("it is stored")
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
async fn two_servers_never_share_an_outbox() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = open(directory.path()).await;
    let Err(refused) = Outbox::open(directory.path(), |_| {}).await else {
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
    let outbox = Outbox::open(directory.path(), committed).await.expect("it opens");
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
async fn an_outbox_that_is_moved_away_while_it_is_used_is_put_back_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let before = append(&outbox, entry(1)).await;
    let log = outbox.log().expect("it is open");
    for name in ["outbox.db", "outbox.db-wal", "outbox.db-shm"] {
        let path = directory.path().join(name);
        std::fs::rename(&path, path.with_extension("moved")).expect("it is moved");
    }
    let after = append(&outbox, entry(2)).await;
    assert!(after > before);
    assert_eq!(outbox.log(), Ok(log), "it is the same log");
    outbox.close().await;
    let outbox = open(directory.path()).await;
    assert_eq!(values(&outbox).await, [vec![1], vec![2]]);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outbox_that_is_moved_away_while_it_fails_is_put_back_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    append(&outbox, entry(1)).await;
    // Another program's transaction makes a commit fail, and its reading keeps the file from being used again.
    let options = SqliteConnectOptions::new().filename(directory.path().join("outbox.db"));
    let mut writer = SqliteConnection::connect_with(&options).await.expect("it opens");
    let mut reader = SqliteConnection::connect_with(&options).await.expect("it opens");
    sqlx::query("BEGIN IMMEDIATE").execute(&mut writer).await.expect("it begins");
    sqlx::query("BEGIN").execute(&mut reader).await.expect("it begins");
    sqlx::query("SELECT COUNT(*) FROM entries").fetch_one(&mut reader).await.expect("it is read");
    let refused = entry(2);
    assert!(outbox.append(refused.clone(), event(&refused)).await.is_err());
    for name in ["outbox.db", "outbox.db-wal", "outbox.db-shm"] {
        let path = directory.path().join(name);
        std::fs::rename(&path, path.with_extension("moved")).expect("it is moved");
    }
    let mut trouble = outbox.trouble();
    for is_over in [Option::is_some, Option::is_none] {
        timeout(PATIENCE, trouble.wait_for(is_over)).await.expect("in time").expect("the writer runs");
    }
    append(&outbox, entry(3)).await;
    assert_eq!(values(&outbox).await, [vec![1], vec![3]]);
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_put_in_the_place_of_an_outbox_in_use_is_kept_aside() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    append(&outbox, entry(1)).await;
    let path = directory.path().join("outbox.db");
    std::fs::write(directory.path().join("other"), "another file").expect("it is written");
    std::fs::rename(directory.path().join("other"), &path).expect("it is replaced");
    append(&outbox, entry(2)).await;
    outbox.close().await;
    let outbox = open(directory.path()).await;
    assert_eq!(values(&outbox).await, [vec![1], vec![2]]);
    outbox.close().await;
    let names = std::fs::read_dir(directory.path()).expect("it can be listed");
    let names = names.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    assert!(names.into_iter().any(|name| name.starts_with("outbox-found-") && name.ends_with(".db")));
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
async fn old_entries_are_deleted_by_topic_and_with_kafka_only_when_it_has_them() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let location = Entry { topic: "an-location".into(), ..entry(1) };
    let published = append(&outbox, location).await;
    append(&outbox, Entry { topic: "an-location".into(), ..entry(2) }).await;
    append(&outbox, entry(3)).await;
    let at = Position { timestamp: 1_001, partition: 0, offset: 0 };
    outbox.mark(published, at, "cluster").await.await.expect("the writer runs").expect("it is written");
    let any = Sequence(i64::MAX);
    let all = async || {
        let page = outbox.pages().expect("it is open").behind(Sequence(0)).await.expect("it can be read");
        page.into_iter().map(|(_, entry)| entry.value).collect::<Vec<_>>()
    };
    assert_eq!(outbox.forget("an-location", 2_000, any, true).await, Ok(1));
    assert_eq!(all().await, [vec![2], vec![3]]);
    assert_eq!(outbox.forget("an-location", 1_002, any, false).await, Ok(0), "it is not that old");
    assert_eq!(outbox.forget("an-location", 2_000, published, false).await, Ok(0), "it is not read");
    assert_eq!(outbox.forget("an-location", 2_000, any, false).await, Ok(1));
    assert_eq!(all().await, [vec![3]]);
    let deleted_before =
        async || outbox.pages().expect("it is open").deleted_before().await.expect("it can be read");
    assert_eq!(deleted_before().await, 0, "no call was deleted");
    assert_eq!(outbox.forget("an-alert", 2_000, any, false).await, Ok(1));
    assert_eq!(deleted_before().await, 2_000);
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
async fn coordinates_leave_old_calls_and_nothing_else_does() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let located = br#"{"line":"101-1","house":"1203","lat":37.5,"lng":127.0,"accuracy":12.0,"text":"help"}"#;
    for (number, value) in [(1, &located[..]), (2, &b"not JSON"[..]), (3, &located[..])] {
        append(&outbox, Entry { value: value.to_vec(), ..entry(number) }).await;
    }
    assert_eq!(outbox.forget_coordinates("an-alert", 0, 1_003).await, Ok(1));
    assert_eq!(outbox.forget_coordinates("an-alert", 0, 1_003).await, Ok(0), "nothing is left");
    let values = values(&outbox).await;
    let first: serde_json::Value = serde_json::from_slice(&values[0]).expect("JSON");
    assert_eq!(
        (&first["lat"], &first["lng"], &first["accuracy"]),
        (&json!(null), &json!(null), &json!(null))
    );
    assert_eq!((&first["house"], &first["text"]), (&json!("1203"), &json!("help")));
    assert_eq!((&values[1][..], &values[2][..]), (&b"not JSON"[..], &located[..]));
    outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_caller_was_is_destroyed_and_a_call_of_another_house_with_the_same_id_is_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let outbox = open(directory.path()).await;
    let key = |house: &str, id: AlertId| CallKey {
        line: Line::new("101-1").expect("a line"),
        house: House::new(house).expect("a house"),
        id,
    };
    let id = AlertId::generate();
    for (house, resident) in [("1203", "kim"), ("1204", "lee")] {
        let origin = Origin { id: id.0, resident: resident.into(), route: "/alert".into() };
        let value = format!(r#"{{"house":"{house}","lat":"37.5","lng":"127","text":"help"}}"#);
        append(&outbox, Entry { origin, value: value.into_bytes(), ..entry(1) }).await;
        let route = format!("/alert/{id}/location");
        let origin = Origin { id: Uuid::now_v7(), resident: resident.into(), route };
        let value = format!(r#"{{"alert":"{id}","target":"{house}","lat":37.6,"lng":127}}"#).into_bytes();
        append(&outbox, Entry { origin, value, topic: "an-location".into(), ..entry(2) }).await;
    }
    for (of, line, lat) in [("1301", "", "37.7"), ("1203", r#","houseLine":"101-2""#, "37.8")] {
        let origin =
            Origin { id: Uuid::now_v7(), resident: "choi".into(), route: format!("/alert/{id}/location") };
        let value =
            format!(r#"{{"alert":"{id}","target":"1203","house":"{of}"{line},"lat":{lat},"lng":127}}"#);
        let value = value.into_bytes();
        append(&outbox, Entry { origin, value, topic: "an-location".into(), ..entry(3) }).await;
    }
    assert_eq!(outbox.forget_locations(vec![key("1203", id)]).await, Ok(2));
    assert_eq!(outbox.forget_locations(vec![key("1203", id)]).await, Ok(0), "nothing is left");
    let values = values(&outbox).await;
    let values: Vec<_> = values.iter().map(|value| String::from_utf8_lossy(value)).collect();
    let has =
        |house: &str, place: &str| values.iter().any(|value| value.contains(house) && value.contains(place));
    assert_eq!([has("1203", "37.5"), has("1203", "37.6"), has("1203", "help")], [false, false, true]);
    assert_eq!([has("1204", "37.5"), has("1204", "37.6")], [true, true]);
    assert_eq!([has("1301", "37.7"), has("101-2", "37.8")], [true, true], "helpers of the call");
    assert_eq!(outbox.forget_locations(vec![key("1301", id)]).await, Ok(1));
    let elsewhere = CallKey { line: Line::new("101-2").expect("a line"), ..key("1203", id) };
    assert_eq!(outbox.forget_locations(vec![elsewhere]).await, Ok(1));
    outbox.close().await;
}
