//! A log of thousands of calls, counted by processes that are killed at random instants. Every call is counted once, and
//! what is counted live and what a batch counts is what the records were made to give.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use domain::{
    Line, Millis, Position,
    plausible::{self, Complex, Random, Word},
    statistics::{Held, Row, Utc},
};
use sqlx::{Connection as _, Row as _};

use super::{change, iutsai, now, rows, tables, verify, with_past};
use crate::support::{Outcome, path};

const CALLS: usize = 5_000;
const KILLS: usize = 20;
/// Printed by a test that fails, so that it can be repeated.
const SEED: u64 = 20_261_129;
const HOUR: Millis = 60 * 60 * 1000;
/// The time for counting all of it on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Calls of 20 days, of which all are over and the last ones are not settled.
fn words() -> Vec<Word> {
    let until = now() - 26 * HOUR;
    let complex = Complex::new(12, 16);
    plausible::calls(&complex, &Utc, &(until - 20 * 24 * HOUR..until), CALLS, SEED).words().collect()
}

/// The rows that these records must give, in the order of [`rows`].
fn expected(words: &[Word]) -> Vec<Row> {
    let mut lines: BTreeMap<Line, Vec<Held>> = BTreeMap::new();
    for ((timestamp, event), offset) in words.iter().zip(1..) {
        let position = Position { timestamp: *timestamp, partition: 0, offset };
        let held = Held::new(event.clone(), position);
        lines.entry(event.line().clone()).or_default().extend(held);
    }
    let mut rows: Vec<Row> =
        lines.into_iter().flat_map(|(line, held)| domain::statistics::rows(&line, held)).collect();
    rows.sort_by_key(|row| (row.begun, row.id.to_string()));
    rows
}

/// The number that a question to the statistics returns; 0 while the tables are not there.
async fn number(data_dir: &Path, question: &'static str) -> i64 {
    let mut tables = tables(data_dir).await;
    let answer = sqlx::query(question).fetch_one(&mut tables).await;
    tables.close().await.unwrap();
    answer.map_or(0, |row| row.get(0))
}

/// Waits until the calls are counted, and compares each of them.
async fn assert_counted(data_dir: &Path, expected: &[Row]) {
    let begun = Instant::now();
    let mut counted = rows(data_dir).await;
    while counted != expected && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(200)).await;
        counted = rows(data_dir).await;
    }
    assert_eq!(
        counted.len(),
        expected.len(),
        "calls that are counted, and calls that were made; seed {SEED}"
    );
    for (counted, expected) in counted.iter().zip(expected) {
        assert_eq!(counted, expected, "seed {SEED}");
    }
}

#[tokio::test]
async fn a_server_that_is_killed_twenty_times_while_it_counts_counts_every_call_once() -> Outcome {
    let words = words();
    let expected = expected(&words);
    assert_eq!(expected.len(), CALLS);
    let mut server = with_past(&words).await?;
    let data_dir = server.data_dir().to_owned();
    let mut random = Random::new(SEED);
    let mut interrupted = 0;
    for _ in 0..KILLS {
        server.start_again().await?;
        let wait = random.between(0, 300).unsigned_abs();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        server.kill().await?;
        let counted = number(&data_dir, "SELECT COUNT(*) FROM statistics_calls WHERE demo = 0").await;
        interrupted += usize::from(counted < i64::try_from(CALLS).unwrap());
    }
    assert!(
        interrupted > 0,
        "the log was counted before the first kill, so it is too short for this machine"
    );
    server.restart().await?;
    assert_counted(&data_dir, &expected).await;
    let (is_same, sentence) = verify(&data_dir);
    assert!(is_same && sentence.contains(&format!("compared {CALLS}, of which 0 differ")), "{sentence}");
    assert!(
        !server.log()?.contains("it is read from its beginning"),
        "each start went on where the one before was"
    );
    server.end().await
}

#[tokio::test]
async fn a_batch_that_is_killed_twenty_times_changes_nothing_until_it_is_whole() -> Outcome {
    let words = words();
    let expected = expected(&words);
    let mut server = with_past(&words).await?;
    server.restart().await?;
    let data_dir = server.data_dir().to_owned();
    assert_counted(&data_dir, &expected).await;
    let mut random = Random::new(SEED);
    let mut interrupted = 0;
    for _ in 0..KILLS {
        let mut batch = Command::new(path())
            .arg("batch")
            .env("IUTSAI_DATA_DIR", &data_dir)
            .env_remove("DATABASE_URL")
            .env_remove("KAFKA_BOOTSTRAP_SERVERS")
            .env_remove("IUTSAI_TIME_ZONE")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let wait = random.between(20, 500).unsigned_abs();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        batch.kill().unwrap();
        batch.wait().unwrap();
        let shadow = number(&data_dir, "SELECT COUNT(*) FROM statistics_shadow_calls").await;
        interrupted += usize::from(shadow > 0);
        // The right of a run that was killed ends after two minutes.
        assert_eq!(change(&data_dir, "UPDATE statistics_lease SET until = 0 WHERE id = 2").await, 1);
        let live = number(&data_dir, "SELECT COUNT(*) FROM statistics_calls WHERE demo = 0").await;
        assert_eq!(live, i64::try_from(CALLS).unwrap(), "what pages show is always whole");
    }
    assert!(interrupted > 0, "no run was killed while it counted, so the log is too short for this machine");
    let (done, out, errors) = iutsai(&data_dir, &["batch"]);
    let out = String::from_utf8(out).unwrap();
    assert!(done, "{errors}");
    let whole = format!("counted {CALLS} calls; compared {CALLS}, of which 0 differ");
    assert!(out.starts_with(&whole), "{out}");
    assert_counted(&data_dir, &expected).await;
    let (is_same, sentence) = verify(&data_dir);
    assert!(is_same && sentence.starts_with(&whole), "{sentence}");
    server.end().await
}
