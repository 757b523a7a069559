//! The retention clocks, each shown to work by a clock that is moved.

use domain::{Alert, AlertId, Event, House, Line, Location, record};
use sqlx::Row;
use tempfile::TempDir;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::*;
use crate::{
    audit::{Act, By, Filter, Record},
    delivery::{
        self,
        outbox::{Entry, Origin, Purpose},
    },
    statistics::Iana,
};

const A_DAY: Millis = 24 * 60 * 60 * 1000;
/// The time at which everything in these tests was written.
const THEN: Millis = 1_795_900_000_000;

async fn retention(directory: &TempDir) -> Retention {
    let (outbox, queue, _) = delivery::open_outbox(directory.path(), Purpose::Log).await.unwrap();
    let database = Database::in_directory(directory.path()).await;
    Retention {
        outbox,
        relay: None,
        handover: Handover::new(queue, Handle::current(), None),
        statistics: None,
        audit: Audit::new(database.clone()),
        database,
        clocks: Clocks::default(),
        done: Done::default(),
    }
}

/// Stores a call with a location, received [`THEN`].
async fn call(outbox: &Outbox) {
    let alert = Alert {
        location: Location::new(37.5, 127.0, None),
        ..Alert::new(AlertId::generate(), Line::new("101-1").unwrap(), House::new("1203").unwrap(), THEN)
    };
    let (id, event) = (alert.id.0, Event::Alert(alert));
    let (topic, value) = record::write(&event);
    let origin = Origin { id, resident: "resident-1203".into(), route: "/alert".into() };
    let line = "101-1".into();
    let topic = topic.into();
    let entry = Entry { origin, digest: [0; 32], topic, line, value, at: THEN, traceparent: None };
    outbox.append(entry, event).await.unwrap();
}

/// The values of the outbox as text.
async fn values(outbox: &Outbox) -> Vec<String> {
    let entries = outbox.pages().unwrap().behind(Sequence(0)).await.unwrap();
    entries.into_iter().map(|(_, entry)| String::from_utf8(entry.value).unwrap()).collect()
}

/// Records that a resident and an administrator were shown the location of a call [`THEN`].
async fn shown(database: &Database) {
    let call = Uuid::now_v7().to_string();
    let of_call = sqlx::query(
        "INSERT INTO located_calls (line, house, alert, account, at) VALUES ('101-1', '1203', $1, 'kim', $2)",
    );
    of_call.bind(call.clone()).bind(THEN).execute(database.pool()).await.unwrap();
    for (viewer, role) in [("lee", "resident"), ("office", "administrator")] {
        let of_viewer = sqlx::query(
            "INSERT INTO location_uses (line, house, alert, viewer, viewer_role, means, at)
             VALUES ('101-1', '1203', $1, $2, $3, 'alarm', $4)",
        );
        let of_viewer = of_viewer.bind(call.clone()).bind(viewer).bind(role).bind(THEN);
        of_viewer.execute(database.pool()).await.unwrap();
    }
}

async fn viewers(database: &Database) -> Vec<String> {
    let rows = sqlx::query("SELECT viewer FROM location_uses ORDER BY viewer").fetch_all(database.pool());
    rows.await.unwrap().iter().map(|row| row.get("viewer")).collect()
}

async fn located(database: &Database) -> i64 {
    let count = sqlx::query("SELECT COUNT(*) AS calls FROM located_calls").fetch_one(database.pool());
    count.await.unwrap().get("calls")
}

/// Records an act of [`THEN`].
async fn act(audit: &Audit) {
    audit.record(Record::new(Act::Locked, By::service()).about("kim").at(THEN)).await.unwrap();
}

async fn acts(audit: &Audit) -> usize {
    let locked = Filter { act: Some(Act::Locked), ..Filter::default() };
    audit.list(&locked, 10).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn coordinates_go_after_a_day_and_the_call_after_thirty() {
    let directory = tempfile::tempdir().unwrap();
    let mut retention = retention(&directory).await;
    call(&retention.outbox).await;
    let has_coordinates = |values: &[String]| values.iter().any(|value| value.contains("37.5"));

    retention.pass(THEN + A_DAY).await;
    assert!(has_coordinates(&values(&retention.outbox).await), "it is not older than a day");
    retention.pass(THEN + A_DAY + 1).await;
    let kept = values(&retention.outbox).await;
    assert!(kept.len() == 1 && !has_coordinates(&kept), "{kept:?}");

    retention.pass(THEN + 30 * A_DAY).await;
    assert_eq!(values(&retention.outbox).await.len(), 1);
    retention.pass(THEN + 30 * A_DAY + 1).await;
    assert_eq!(values(&retention.outbox).await, Vec::<String>::new());
    retention.outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_of_a_location_go_after_two_hundred_days_and_those_of_the_office_after_four_hundred() {
    let directory = tempfile::tempdir().unwrap();
    let mut retention = retention(&directory).await;
    let database = retention.database.clone();
    shown(&database).await;

    retention.pass(THEN + 200 * A_DAY).await;
    assert_eq!(viewers(&database).await, ["lee", "office"]);
    retention.pass(THEN + 200 * A_DAY + 1).await;
    assert_eq!((viewers(&database).await, located(&database).await), (vec!["office".to_owned()], 1));

    retention.pass(THEN + 400 * A_DAY).await;
    assert_eq!(viewers(&database).await, ["office"]);
    retention.pass(THEN + 400 * A_DAY + 1).await;
    assert_eq!((viewers(&database).await, located(&database).await), (Vec::new(), 0));
    retention.outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_acts_go_after_four_hundred_days_and_the_rest_of_the_chain_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let mut retention = retention(&directory).await;
    let audit = retention.audit.clone();
    act(&audit).await;

    retention.pass(THEN + 400 * A_DAY).await;
    assert_eq!(acts(&audit).await, 1, "it is not older than its clock");
    retention.pass(THEN + 401 * A_DAY - 1).await;
    assert_eq!(acts(&audit).await, 1, "the audit is pruned once a day");
    retention.pass(THEN + 401 * A_DAY).await;
    assert_eq!(acts(&audit).await, 0);
    let verified = audit.verify().await.unwrap();
    assert_eq!((verified.rows, verified.pruned), (1, 1), "the removal is a record");
    retention.outbox.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_move_each_clock() {
    let directory = tempfile::tempdir().unwrap();
    let mut retention = retention(&directory).await;
    let (database, audit) = (retention.database.clone(), retention.audit.clone());
    retention.clocks = Clocks { calls: 2 * DAY, location_uses: 180 * DAY, access_log: 365 * DAY };
    call(&retention.outbox).await;
    shown(&database).await;
    act(&audit).await;

    retention.pass(THEN + 2 * A_DAY + 1).await;
    assert_eq!(values(&retention.outbox).await, Vec::<String>::new());
    retention.pass(THEN + 180 * A_DAY + 1).await;
    assert_eq!((viewers(&database).await, acts(&audit).await), (vec!["office".to_owned()], 1));
    retention.pass(THEN + 365 * A_DAY + 1).await;
    assert_eq!((viewers(&database).await, acts(&audit).await), (Vec::new(), 0));
    retention.outbox.close().await;
}

#[tokio::test]
async fn what_is_not_counted_stays_for_twice_the_time_and_locations_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let accounts = Database::connect_later("sqlite::memory:").unwrap();
    let zone = Iana::named("Asia/Seoul").unwrap();
    let statistics = Statistics::open(directory.path(), accounts, zone).unwrap();
    let (now, kept, all) = (1_000, 100, Sequence(Millis::MAX));
    let of = |topic, statistics| forgettable(topic, now, kept, statistics);
    assert_eq!(of(topic::ALERT, Some(&statistics)), [(900, Sequence(0)), (800, all)]);
    assert_eq!(of(topic::LOCATION, Some(&statistics)), [(900, all)]);
    assert_eq!(of(topic::CANARY, Some(&statistics)), [(900, all)]);
    assert_eq!(of(topic::ALERT, None), [(900, all)]);
}
