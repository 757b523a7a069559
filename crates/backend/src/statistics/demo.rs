//! The past of the demo complex, which is calls that never happened, marked as such. They are rows and nothing else, so
//! they are in neither the log nor the history, and a batch and a comparison skip them.

use std::collections::BTreeMap;

use domain::{
    Line, Millis, Position,
    event::OPEN_FOR,
    plausible::{self, Complex},
    statistics::{Held, Row, Zone, rows},
};
use sqlx::{AnyConnection, Row as _};

use super::{
    Statistics,
    apply::insert,
    store::{StatisticsError, Tables, execute},
};
use crate::database::stored;

/// The name under which the tables keep that the demo has, or had, its past.
const PAST: &str = "demo";
/// The seed of the past, so that every demo has the same one.
const SEED: u64 = 1203;
/// The four flats with an account would call once in 140 days, so the past is that of a complex of usual size around
/// them, with four buildings of two lines each. The accounts' lines are the first two, and their flats are among these.
const LINES: usize = 8;
/// Flats on a line, the accounts' among them, on 15 floors with four each.
const FLATS: usize = 60;
const DAYS: Millis = 90;
/// A household calls 0.65 times a year, so 480 households make 77 calls in 90 days. Some exercises come on top.
const CALLS: usize = 82;

impl Statistics {
    /// Gives the demo its past, once. If it is there or was removed, nothing happens. Returns the number of calls.
    ///
    /// # Errors
    /// [`StatisticsError`] if the tables cannot be written.
    pub async fn furnish_demo(&self, now: Millis) -> Result<u64, StatisticsError> {
        self.0.tables.prepare().await?;
        let mut transaction = self.0.tables.pool().begin().await?;
        if !mark(&mut transaction, now).await? {
            return Ok(0);
        }
        let past = past(self.zone(), now);
        for row in &past {
            insert(&mut transaction, Tables::Live, row, (1, 1)).await?;
        }
        transaction.commit().await?;
        Ok(past.len() as u64)
    }

    /// Removes the calls of the demo's past for good. Returns how many there were.
    ///
    /// # Errors
    /// [`StatisticsError`] if the tables cannot be written.
    pub async fn remove_demo(&self, now: Millis) -> Result<u64, StatisticsError> {
        self.0.tables.prepare().await?;
        let mut transaction = self.0.tables.pool().begin().await?;
        // A demo that starts later must not bring them back.
        mark(&mut transaction, now).await?;
        let delete = "DELETE FROM statistics_calls WHERE demo = 1".to_owned();
        let removed = execute(&mut transaction, delete, &[]).await?;
        transaction.commit().await?;
        Ok(removed)
    }
}

/// Records that the demo has had its past; returns false if that was recorded before.
async fn mark(on: &mut AnyConnection, now: Millis) -> Result<bool, StatisticsError> {
    let insert = format!(
        "INSERT INTO statistics_runs (kind, at, value) VALUES ('{PAST}', $1, '{{}}') ON CONFLICT (kind) DO NOTHING"
    );
    Ok(execute(on, insert, &[now]).await? > 0)
}

/// Returns the calls of the 90 days that ended a day ago, because all of them are over.
fn past(zone: &dyn Zone, now: Millis) -> Vec<Row> {
    let until = now.saturating_sub(OPEN_FOR);
    let period = until.saturating_sub(DAYS * OPEN_FOR)..until;
    let complex = Complex::new(LINES, FLATS);
    let calls = plausible::calls(&complex, zone, &period, CALLS, SEED);
    calls.flat_map(of_words).collect()
}

/// Returns the row of a call, derived as that of any other.
fn of_words(words: Vec<plausible::Word>) -> Vec<Row> {
    let Some(line) = words.first().map(|(_, event)| event.line().clone()) else { return Vec::new() };
    let held = words.into_iter().zip(1..).filter_map(|((timestamp, event), offset)| {
        Held::new(event, Position { timestamp, partition: 0, offset })
    });
    rows(&line, held)
}

/// Adds the flats of the lines of the demo's past while it is there, because few of them have an account.
pub(super) async fn add_flats(
    from: &mut AnyConnection,
    to: &mut BTreeMap<Line, u64>,
) -> Result<(), StatisticsError> {
    let lines = sqlx::query("SELECT DISTINCT line FROM statistics_calls WHERE demo = 1");
    for row in lines.fetch_all(from).await? {
        let line = stored::name(row.try_get("line")?, Line::new);
        let line = line.map_err(StatisticsError::stored)?;
        let flats = to.entry(line).or_default();
        *flats = (*flats).max(FLATS as u64);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::{
        Progress,
        statistics::{Asked, Outcome, Query, Utc},
    };
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

    use super::*;
    use crate::{
        database::Database,
        people::accounts::DEMO_RESIDENTS,
        statistics::{Iana, settle::settle, store::Tables},
    };

    const NOW: Millis = 1_795_820_000_000;

    async fn statistics(directory: &std::path::Path) -> Statistics {
        let accounts = Database::in_directory(directory).await;
        Statistics::open(directory, accounts, Iana::named("Asia/Seoul").unwrap()).unwrap()
    }

    async fn of_90_days(statistics: &Statistics) -> Vec<Row> {
        let asked = Asked { from: Some("2026-08-20"), to: Some("2026-11-29"), ..Asked::default() };
        let query = Query::parse(&asked, statistics.zone(), NOW).unwrap();
        statistics.rows(&query).await.unwrap()
    }

    #[test]
    fn the_past_is_that_of_the_complex_in_which_the_accounts_live() {
        let past = past(&Utc, NOW);
        let drills = past.iter().filter(|row| row.drill).count();
        assert_eq!(past.len(), CALLS);
        assert!((1..=12).contains(&drills), "{drills}");
        let lines: BTreeSet<&str> = past.iter().map(|row| row.line.as_str()).collect();
        let complex = Complex::new(LINES, FLATS);
        for (_, flat) in DEMO_RESIDENTS {
            let Some((line, house)) = flat else { continue };
            assert!(lines.contains(line), "{line} in {lines:?}");
            assert!(complex.houses().iter().any(|known| known.as_str() == house), "{house}");
        }
        for row in &past {
            assert!(row.ended.is_some_and(|ended| ended.at <= NOW), "{row:?}");
            assert!(row.begun >= NOW - 91 * OPEN_FOR, "{row:?}");
        }
        let count = |outcome: Outcome| past.iter().filter(|row| row.outcome(NOW) == outcome).count();
        assert!(
            count(Outcome::Nobody) > 0 && count(Outcome::TakenBack) > 0,
            "the page has something to show"
        );
        assert!(past.iter().any(|row| row.end(NOW) == Some(Progress::Resolved)));
    }

    #[tokio::test]
    async fn a_demo_has_its_past_once_and_not_again_after_it_was_removed() {
        let directory = tempfile::tempdir().unwrap();
        let statistics = statistics(directory.path()).await;
        assert!(!statistics.health().await.unwrap().has_demo);
        assert_eq!(statistics.furnish_demo(NOW).await.unwrap(), CALLS as u64);
        let once = of_90_days(&statistics).await;
        assert_eq!((once.len(), statistics.health().await.unwrap().has_demo), (CALLS, true));
        assert_eq!(statistics.furnish_demo(NOW + OPEN_FOR).await.unwrap(), 0);
        assert_eq!(of_90_days(&statistics).await, once);
        assert_eq!(
            statistics.flats().await.unwrap().into_values().collect::<Vec<_>>(),
            [FLATS as u64; LINES]
        );

        assert_eq!(statistics.remove_demo(NOW).await.unwrap(), CALLS as u64);
        assert_eq!(statistics.remove_demo(NOW).await.unwrap(), 0);
        assert_eq!(statistics.furnish_demo(NOW).await.unwrap(), 0);
        assert_eq!(of_90_days(&statistics).await, []);
        assert!(!statistics.health().await.unwrap().has_demo && statistics.flats().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn the_past_stays_out_of_the_history_and_calls_beside_it_stay() {
        let directory = tempfile::tempdir().unwrap();
        let statistics = statistics(directory.path()).await;
        statistics.furnish_demo(NOW).await.unwrap();
        let file = SqliteConnectOptions::new().filename(directory.path().join("statistics.db"));
        let tables = SqlitePool::connect_with(file).await.unwrap();
        let real = "INSERT INTO statistics_calls (line, house, id, begun, value, demo, settled)
                    SELECT line, house, 'real', begun, value, 0, 0 FROM statistics_calls ORDER BY begun LIMIT 1";
        sqlx::query(real).execute(&tables).await.unwrap();
        let mut connection = statistics.connect().await.unwrap();
        settle(&mut connection, Tables::Live, NOW).await.unwrap();
        drop(connection);
        let settled = sqlx::query("SELECT id FROM statistics_history").fetch_all(&tables).await.unwrap();
        assert_eq!(settled.iter().map(|row| row.get::<String, _>("id")).collect::<Vec<_>>(), ["real"]);
        statistics.remove_demo(NOW).await.unwrap();
        let left = sqlx::query("SELECT id FROM statistics_calls").fetch_all(&tables).await.unwrap();
        assert_eq!(left.iter().map(|row| row.get::<String, _>("id")).collect::<Vec<_>>(), ["real"]);
    }
}
