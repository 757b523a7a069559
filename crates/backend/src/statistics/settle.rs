//! Settles calls that are complete but for words that come late, and keeps them in the history.

use domain::{Millis, event::LOOK_BACK};
use sqlx::AnyConnection;

use super::store::{StatisticsError, Tables, execute};

/// Settles the calls that began 49 hours before `horizon`, which is the time up to which the log is read. They go into
/// the history, and their events go. Events of unknown calls go when they are as old.
pub(super) async fn settle(
    on: &mut AnyConnection,
    tables: Tables,
    horizon: Millis,
) -> Result<(), StatisticsError> {
    let before = horizon.saturating_sub(LOOK_BACK);
    let (events, calls) = (tables.events(), tables.calls());
    if tables == Tables::Live {
        add_to_history(on, tables, before).await?;
    }
    execute(on, format!("UPDATE {calls} SET settled = 1 WHERE settled = 0 AND begun < $1"), &[before])
        .await?;
    let of_call =
        format!("SELECT 1 FROM {calls} AS c WHERE c.line = {events}.line AND c.id = {events}.alert");
    let of_settled = format!("DELETE FROM {events} WHERE at < $1 AND EXISTS ({of_call} AND c.begun < $2)");
    execute(on, of_settled, &[horizon, before]).await?;
    let of_none = format!("DELETE FROM {events} WHERE at < $1 AND NOT EXISTS ({of_call})");
    execute(on, of_none, &[before]).await?;
    Ok(())
}

/// Adds the calls that began before this to the history, if it does not have them.
pub(super) async fn add_to_history(
    on: &mut AnyConnection,
    from: Tables,
    before: Millis,
) -> Result<(), StatisticsError> {
    // Live calls that are settled are there already.
    let settled = i64::from(from == Tables::Shadow);
    let add = format!(
        "INSERT INTO statistics_history (line, house, id, begun, value, demo, sent)
         SELECT line, house, id, begun, value, demo, 0 FROM {}
         WHERE begun < $1 AND demo = 0 AND settled = {settled}
         ON CONFLICT (line, house, id) DO NOTHING",
        from.calls()
    );
    execute(on, add, &[before]).await.map(drop)
}
