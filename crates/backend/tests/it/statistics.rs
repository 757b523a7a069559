//! Calls become figures, and a batch that was interrupted goes on where it was.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use backend::{
    clock,
    delivery::outbox::{Entry, Origin, Outbox, Purpose},
    readiness::RoleState,
    statistics::{
        Iana, Statistics,
        batch::{Progress, Source, Wanted, run},
    },
};
use domain::{
    Alert, AlertId, Event, House, Line, Resident, Role,
    api::CallRequest,
    record,
    statistics::{Asked, Query},
};
use tokio::{sync::Notify, time::timeout};
use uuid::Uuid;

use crate::support::{backend, database};

/// More than two pages.
const CALLS: u64 = 2_500;

fn line() -> Line {
    Line::new("101-1").expect("a line")
}

fn today(statistics: &Statistics) -> Query {
    Query::parse(&Asked::default(), statistics.zone(), clock::now()).expect("a question")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_is_in_the_figures_and_in_the_health() {
    let directory = tempfile::tempdir().expect("a directory");
    let node = backend(directory.path()).await;
    assert!(node.statistics.health().await.expect("the health").has_demo, "a demo has a past");
    let past = node.statistics.remove_demo(clock::now()).await.expect("it is removed");
    assert!(past > 50, "{past}");
    let house = House::new("1203").expect("a house");
    let caller = Resident {
        name: "resident-1203".into(),
        line: Some(line()),
        house: Some(house.clone()),
        role: Role::Resident,
    };
    let request = CallRequest {
        line: line(),
        house,
        text: Some("help".into()),
        lat: None,
        lng: None,
        accuracy: None,
        kind: None,
        drill: false,
        alone: false,
    };
    let pressed = node.calls.press(&caller, request, None).await.expect("it is taken");
    let counted = async {
        loop {
            let rows = node.statistics.rows(&today(&node.statistics)).await.expect("the rows");
            if !rows.is_empty() {
                return rows;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let rows = timeout(Duration::from_secs(30), counted).await.expect("it is counted");
    assert_eq!(rows.iter().map(|row| row.id.0).collect::<Vec<_>>(), [pressed.id]);
    let figures = node.statistics.figures(&today(&node.statistics)).await.expect("the figures");
    assert_eq!((figures.counts.calls, figures.counts.waiting), (1, 1));
    // The demo has three flats on this line, so two are alarmed.
    assert_eq!(figures.counts.reach.of_flats, 2);
    assert!(figures.positions["outbox"][&0] > 0);
    let lines = node.statistics.lines().await.expect("the lines");
    assert_eq!(lines, [line(), Line::new("101-2").expect("a line")]);
    let health = node.statistics.health().await.expect("the health");
    assert_eq!((health.last_batch, health.has_demo), (None, false));
    assert_eq!(node.readiness.statistics(), RoleState::Ready);
    node.stop().await;
}

/// Fills the outbox of a directory with calls.
async fn fill(directory: &Path) {
    let outbox = Outbox::open(directory, Purpose::Log, |_| {}).await.expect("the outbox opens");
    let begun = clock::now() - 10 * 24 * 60 * 60 * 1000;
    let mut appending = Vec::new();
    for number in 0..CALLS {
        let at = begun + i64::try_from(number).expect("a small number") * 60_000;
        let alert =
            Alert::new(AlertId(Uuid::now_v7()), line(), House::new(number.to_string()).expect("a house"), at);
        let origin = Origin { id: alert.id.0, resident: "somebody".into(), route: "/alert".into() };
        let event = Event::Alert(alert);
        let (topic, value) = record::write(&event);
        let (topic, line) = (topic.to_owned(), line().to_string());
        let entry = Entry { origin, digest: [0; 32], topic, line, value, at, traceparent: None };
        let outbox = outbox.clone();
        appending.push(tokio::spawn(async move { outbox.append(entry, event).await }));
    }
    for appended in appending {
        appended.await.expect("it does not panic").expect("it is stored");
    }
    outbox.close().await;
}

async fn open(directory: &Path) -> Statistics {
    let accounts = database(directory).await;
    let zone = Iana::named("Asia/Seoul").expect("a zone");
    Statistics::open(directory, accounts, zone).expect("the statistics")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_was_interrupted_goes_on_where_it_was() {
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path()).await;
    let source = Source::beside(directory.path()).await.expect("the outbox is there");
    let statistics = open(directory.path()).await;
    let (read, begun) = (AtomicU64::new(0), Notify::new());
    let progress = |done: Progress| {
        read.store(done.records, Ordering::SeqCst);
        begun.notify_one();
    };
    tokio::select! {
        biased;
        () = begun.notified() => {}
        outcome = run(&statistics, &source, Wanted::default(), &progress) => panic!("it is over: {outcome:?}"),
    }
    let interrupted_at = read.load(Ordering::SeqCst);
    assert!((1..CALLS).contains(&interrupted_at), "{interrupted_at}");
    end_of_lease(directory.path()).await;

    let outcome = run(&statistics, &source, Wanted::default(), &progress).await.expect("it runs");
    assert_eq!((outcome.calls, outcome.verified.compared), (CALLS, 0));
    assert_eq!(read.load(Ordering::SeqCst), CALLS - interrupted_at, "the rest of the log");
    let only_compare = Wanted { only_compare: true, ..Wanted::default() };
    let outcome = run(&statistics, &source, only_compare, &progress).await.expect("it runs");
    assert_eq!((outcome.verified.compared, outcome.verified.different), (CALLS, 0));
    assert_eq!(read.load(Ordering::SeqCst), CALLS, "a comparison counts everything");
    let health = statistics.health().await.expect("the health");
    assert_eq!(health.last_batch.map(|run| (run.calls, run.failed)), Some((CALLS, None)));
    assert_eq!(health.last_verification.map(|verified| verified.compared), Some(CALLS));
}

/// Ends the right of a run that was killed, as two minutes would.
async fn end_of_lease(directory: &Path) {
    use sqlx::{Connection as _, sqlite::SqliteConnectOptions};
    let file = SqliteConnectOptions::new().filename(directory.join("statistics.db"));
    let mut tables = sqlx::sqlite::SqliteConnection::connect_with(&file).await.expect("the tables");
    let ended = sqlx::query("UPDATE statistics_lease SET until = 0").execute(&mut tables).await;
    assert_eq!(ended.expect("it is ended").rows_affected(), 2);
}
