//! The tables on SQLite, with the changes of a page, the settled calls, and the right to write.

use std::path::Path;

use domain::{
    Accept, Actor, Alert, AlertId, Event, EventId, House, Line, Millis, Neighbour, Position, Progress,
    Receipt, Status,
    event::LOOK_BACK,
    record,
    statistics::{Basis, Period, Query, Row, figures},
};
use sqlx::AnyConnection;
use uuid::Uuid;

use super::{
    AT_ONCE, Iana, Statistics,
    apply::{Page, apply},
    lease::{Lease, Work},
    settle::settle,
    store::{StatisticsError, Tables, call, execute, number},
};
use crate::{clock, database::Database, delivery::log::Record};

const MORNING: Millis = 1_795_820_000_000;
const HOUR: Millis = 60 * 60 * 1000;

async fn tables(directory: &Path) -> Database {
    let url = format!("sqlite://{}?mode=rwc", directory.join("statistics.db").display());
    let database = Database::of_statistics(&url).unwrap();
    database.prepare().await.unwrap();
    database
}

fn line() -> Line {
    Line::new("101-1").unwrap()
}

fn house() -> House {
    House::new("1203").unwrap()
}

fn alert(number: u128, at: Millis) -> Event {
    Event::Alert(Alert {
        text: "help".into(),
        ..Alert::new(AlertId(Uuid::from_u128(number)), line(), house(), at)
    })
}

fn cancelled(number: u128, at: Millis) -> Event {
    Event::Status(Status {
        id: EventId(Uuid::from_u128(number + 1_000)),
        line: line(),
        alert: AlertId(Uuid::from_u128(number)),
        target: Some(house()),
        status: Progress::Cancelled,
        by: Actor::House(house()),
        by_line: None,
        note: None,
        escalation: None,
        at,
    })
}

/// An accept of the original service, which names no call.
fn accepted(at: Millis) -> Event {
    Event::Accept(Accept {
        id: EventId(Uuid::from_u128(2_000)),
        line: line(),
        accept: House::new("1204").unwrap(),
        accept_line: None,
        target: house(),
        alert: None,
        at,
    })
}

fn reached(number: u128) -> Event {
    let reached = [Neighbour::from(House::new("1204").unwrap())].into();
    let (alert, target) = (AlertId(Uuid::from_u128(number)), Some(house()));
    Event::Receipt(Receipt {
        line: line(),
        alert,
        target,
        pushed: [].into(),
        reached,
        sounded: [].into(),
        seen: [].into(),
        after: None,
    })
}

fn recorded(event: &Event, offset: i64, time: Millis) -> Record {
    let (topic, value) = record::write(event);
    Record {
        topic: topic.to_owned(),
        position: Position { timestamp: time, partition: 0, offset },
        time,
        id: Some(Uuid::from_u128(1)),
        value: Some(value),
        republished: false,
        age: None,
        traceparent: None,
        stood_before: false,
    }
}

async fn add(to: &mut AnyConnection, events: &[(Event, Millis)]) {
    let mut page = Page::default();
    for ((event, time), offset) in events.iter().zip(1..) {
        page.add(&recorded(event, offset, *time));
    }
    apply(to, Tables::Live, &page).await.unwrap();
}

async fn rows(from: &mut AnyConnection, table: &'static str) -> Vec<Row> {
    let query = format!("SELECT value FROM {table} ORDER BY begun");
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(from).await.unwrap();
    rows.iter().map(|row| call(row).unwrap()).collect()
}

/// The number of flats that came to each call.
async fn accepts(from: &mut AnyConnection) -> Vec<u32> {
    rows(from, "statistics_calls").await.iter().map(|row| row.accepts).collect()
}

async fn events(from: &mut AnyConnection) -> i64 {
    number(from, "SELECT COUNT(*) FROM statistics_events".into(), &[]).await.unwrap()
}

#[tokio::test]
async fn pages_in_any_order_and_repeated_give_the_same_rows() {
    let directory = tempfile::tempdir().unwrap();
    let database = tables(directory.path()).await;
    let mut connection = database.pool().acquire().await.unwrap();
    let call = [(alert(1, MORNING), MORNING), (cancelled(1, MORNING + 60_000), MORNING + 60_000)];
    let receipt = (reached(1), MORNING + 500);
    add(&mut connection, &[call[1].clone()]).await;
    assert_eq!(rows(&mut connection, "statistics_calls").await, [], "there is no call yet");
    add(&mut connection, std::slice::from_ref(&receipt)).await;
    add(&mut connection, &[call[0].clone(), (alert(2, MORNING + HOUR), MORNING + HOUR)]).await;
    let once = rows(&mut connection, "statistics_calls").await;
    assert_eq!(once.len(), 2);
    assert!(once[0].ended.is_some() && once[0].first_reached == Some(MORNING + 500), "{once:?}");
    add(&mut connection, &call).await;
    add(&mut connection, &[receipt]).await;
    assert_eq!(rows(&mut connection, "statistics_calls").await, once);
    assert_eq!(events(&mut connection).await, 4);
}

#[tokio::test]
async fn an_accept_that_names_no_call_goes_over_to_a_call_that_comes_later() {
    let directory = tempfile::tempdir().unwrap();
    let database = tables(directory.path()).await;
    let mut connection = database.pool().acquire().await.unwrap();
    let (second, accept) = (MORNING + 60_000, MORNING + 120_000);
    add(&mut connection, &[(alert(1, MORNING), MORNING)]).await;
    add(&mut connection, &[(accepted(accept), accept)]).await;
    assert_eq!(accepts(&mut connection).await, [1]);
    add(&mut connection, &[(alert(2, second), second)]).await;
    assert_eq!(accepts(&mut connection).await, [0, 1]);
}

#[tokio::test]
async fn a_word_about_one_call_leaves_the_rows_of_all_others_alone() {
    let directory = tempfile::tempdir().unwrap();
    let database = tables(directory.path()).await;
    let mut connection = database.pool().acquire().await.unwrap();
    add(&mut connection, &[(alert(1, MORNING), MORNING), (alert(2, MORNING + 1), MORNING + 1)]).await;
    let forget = "DELETE FROM statistics_calls".to_owned();
    assert_eq!(execute(&mut connection, forget, &[]).await.unwrap(), 2);
    add(&mut connection, &[(cancelled(2, MORNING + 5), MORNING + 5)]).await;
    let rows = rows(&mut connection, "statistics_calls").await;
    assert_eq!(
        rows.iter().map(|row| (row.id.0, row.ended.is_some())).collect::<Vec<_>>(),
        [(Uuid::from_u128(2), true)]
    );
}

#[tokio::test]
async fn a_word_by_a_clock_that_is_hours_behind_counts_for_the_call_that_it_names() {
    let directory = tempfile::tempdir().unwrap();
    let database = tables(directory.path()).await;
    let mut connection = database.pool().acquire().await.unwrap();
    let behind = MORNING - 3 * 3_600_000;
    add(&mut connection, &[(alert(1, MORNING), MORNING)]).await;
    add(&mut connection, &[(cancelled(1, behind), behind)]).await;
    let rows = rows(&mut connection, "statistics_calls").await;
    assert_eq!(rows.iter().map(|row| row.ended.is_some()).collect::<Vec<_>>(), [true]);
}

#[tokio::test]
async fn a_word_by_a_clock_that_is_days_behind_takes_no_accept_without_a_call_away() {
    let directory = tempfile::tempdir().unwrap();
    let database = tables(directory.path()).await;
    let mut connection = database.pool().acquire().await.unwrap();
    let (accept, behind) = (MORNING + 60_000, MORNING - 5 * 24 * 3_600_000);
    add(&mut connection, &[(alert(1, MORNING), MORNING)]).await;
    add(&mut connection, &[(accepted(accept), accept)]).await;
    add(&mut connection, &[(cancelled(1, behind), behind)]).await;
    assert_eq!(accepts(&mut connection).await, [1]);
}

#[tokio::test]
async fn a_call_becomes_final_once_and_a_poorer_log_removes_nothing_from_it() {
    let directory = tempfile::tempdir().unwrap();
    let database = tables(directory.path()).await;
    let mut connection = database.pool().acquire().await.unwrap();
    let old = [(alert(1, MORNING), MORNING), (cancelled(1, MORNING + 5), MORNING + 5)];
    let young = (alert(2, MORNING + 2 * HOUR), MORNING + 2 * HOUR);
    add(&mut connection, &old).await;
    add(&mut connection, &[young]).await;
    let before = rows(&mut connection, "statistics_calls").await;
    settle(&mut connection, Tables::Live, MORNING + LOOK_BACK).await.unwrap();
    assert_eq!(rows(&mut connection, "statistics_history").await, [], "it may still change");
    for _ in 0..2 {
        settle(&mut connection, Tables::Live, MORNING + LOOK_BACK + HOUR).await.unwrap();
        assert_eq!(rows(&mut connection, "statistics_history").await, before[..1]);
        assert_eq!(events(&mut connection).await, 1, "those of the other call");
    }
    add(&mut connection, &old[..1]).await;
    assert_eq!(rows(&mut connection, "statistics_calls").await, before);
    // A word that comes late is added.
    add(&mut connection, &[old[0].clone(), (reached(1), MORNING + 9)]).await;
    let after = rows(&mut connection, "statistics_history").await;
    assert_eq!((after[0].reached.len(), after[0].ended), (1, before[0].ended));
    assert_eq!(rows(&mut connection, "statistics_calls").await[0], after[0]);
}

#[tokio::test]
async fn one_process_writes_at_a_time_and_none_after_a_rebuild() {
    let directory = tempfile::tempdir().unwrap();
    let database = tables(directory.path()).await;
    let take = async |token: &str| Lease::take(&database, Work::Live, token, 60_000).await.unwrap();
    let first = take("first").await.unwrap();
    assert!(take("second").await.is_none());
    first.begin(&database).await.unwrap().commit().await.unwrap();
    assert!(take("first").await.is_some(), "a process that was started again has the same right");

    let mut connection = database.pool().acquire().await.unwrap();
    let rebuilt = "UPDATE statistics_lease SET generation = generation + 1 WHERE id = 1".to_owned();
    execute(&mut connection, rebuilt, &[]).await.unwrap();
    drop(connection);
    assert!(matches!(first.begin(&database).await, Err(StatisticsError::TakenOver)));

    Lease::give_back(&database, Work::Live, "first").await.unwrap();
    let second = take("second").await.unwrap();
    assert!(matches!(first.begin(&database).await, Err(StatisticsError::TakenOver)));
    second.begin(&database).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn figures_that_are_counted_while_calls_are_read_are_those_of_all_calls_together() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = Database::in_directory(directory.path()).await;
    let zone = Iana::named("Asia/Seoul").unwrap();
    let statistics = Statistics::open(directory.path(), accounts, zone.clone()).unwrap();
    let mut connection = statistics.connect().await.unwrap();
    let begun = clock::now() - 30 * 24 * HOUR;
    let mut events = Vec::new();
    for (number, at) in (1_u128..=600).zip((1..).map(|minute| begun + minute * 60_000)) {
        events.push((alert(number, at), at));
        if number % 3 == 0 {
            events.push((cancelled(number, at + 5), at + 5));
        }
        if number % 2 == 0 {
            events.push((reached(number), at + 7));
        }
    }
    add(&mut connection, &events).await;
    let all = rows(&mut connection, "statistics_calls").await;
    drop(connection);
    assert!(all.len() == 600 && all.len() > 2 * AT_ONCE, "{}", all.len());

    let query = Query::new(Period::new(begun + 100 * 60_000, begun + 500 * 60_000).unwrap());
    let counted = statistics.figures(&query).await.unwrap();
    let (as_of, positions) = (counted.as_of, counted.positions.clone());
    let basis = Basis { zone: &zone, as_of, positions, flats: statistics.flats().await.unwrap() };
    assert_eq!(counted, figures(&all, &query, &basis));
    assert_eq!((counted.counts.calls, counted.previous.counts.calls), (400, 99));
    assert_eq!((counted.counts.cancelled, counted.counts.reach.reached), (133, 200));
    assert_eq!(statistics.rows(&query).await.unwrap().len(), 400);
}
