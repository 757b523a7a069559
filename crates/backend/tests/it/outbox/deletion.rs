//! Entries and coordinates are deleted when their time has come, and nothing else is.

use backend::delivery::outbox::{Entry, Origin, Sequence};
use domain::{AlertId, CallKey, House, Line, Position};
use serde_json::json;
use uuid::Uuid;

use super::{append, entry, open, values};

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
