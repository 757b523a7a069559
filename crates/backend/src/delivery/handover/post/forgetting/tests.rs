//! Deletion of old rows from the table. SQLite has such a table too, without notifications.

use domain::{AlertId, House, Line, Location, Moved};
use sqlx::any::AnyRow;
use uuid::Uuid;

use super::*;
use crate::database::Database;

const NOW: Millis = 1_795_900_000_000;
const HOUR: Millis = 60 * 60 * 1000;

fn alert(drill: bool) -> Event {
    Event::Alert(Alert {
        text: "help".into(),
        location: Location::new(37.5, 127.0, Some(12.0)),
        drill,
        ..Alert::new(
            AlertId(Uuid::from_u128(1)),
            Line::new("101-1").unwrap(),
            House::new("1203").unwrap(),
            NOW,
        )
    })
}

fn moved() -> Event {
    Event::Moved(Moved {
        line: Line::new("101-1").unwrap(),
        alert: AlertId(Uuid::from_u128(1)),
        target: House::new("1203").ok(),
        house: None,
        house_line: None,
        location: Location::new(37.5, 127.0, None),
        at: NOW,
    })
}

/// Adds a row that was written so many hours ago.
async fn add(post: &Post, id: &str, event: &Event, hours: Millis) {
    let (topic, value) = record::write(event);
    sqlx::query("INSERT INTO handovers (id, topic, value, at, age) VALUES ($1, $2, $3, $4, 0)")
        .bind(id.to_owned())
        .bind(topic)
        .bind(value)
        .bind(NOW - hours * HOUR)
        .execute(post.database.pool())
        .await
        .unwrap();
}

/// Returns the rows that are left, each with whether it has coordinates.
async fn left(post: &Post) -> Vec<(String, bool)> {
    let rows = sqlx::query("SELECT id, value FROM handovers ORDER BY id").fetch_all(post.database.pool());
    let read = |row: &AnyRow| {
        let value = String::from_utf8(row.try_get::<Vec<u8>, _>("value").unwrap()).unwrap();
        (row.try_get::<String, _>("id").unwrap(), value.contains("37.5"))
    };
    rows.await.unwrap().iter().map(read).collect()
}

#[tokio::test]
async fn coordinates_leave_after_a_day_and_rows_after_a_rebuilds_time_though_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let post = Post::new(Database::in_directory(directory.path()).await);
    let (call, drill) = (alert(false), alert(true));
    for (id, event, hours) in [
        ("a call of today", &call, 23),
        ("a call of yesterday", &call, 25),
        ("a drill of yesterday", &drill, 25),
        ("a call of before", &call, 50),
        ("b location of today", &moved(), 23),
        ("b location of yesterday", &moved(), 25),
    ] {
        add(&post, id, event, hours).await;
    }

    post.forget(NOW).await.unwrap();
    post.forget_coordinates(0, NOW - OPEN_FOR).await.unwrap();

    let expected = [
        ("a call of today", true),
        ("a call of yesterday", false),
        ("a drill of yesterday", false),
        ("b location of today", true),
    ];
    assert_eq!(left(&post).await, expected.map(|(id, has)| (id.to_owned(), has)));
}

#[test]
fn a_call_without_its_coordinates_is_the_same_call() {
    let event = alert(false);
    let (topic, value) = record::write(&event);
    let value = without_coordinates(topic, &value).unwrap();
    let Event::Alert(alert) = event else { unreachable!() };
    let expected = Event::Alert(Alert { location: None, ..alert });
    assert_eq!(record::read(topic, &value, nowhere(0)).unwrap(), expected);
    assert_eq!(without_coordinates(topic, &value), None, "there is nothing left to take out");
    assert_eq!(without_coordinates(topic, b"no record"), None);
}
