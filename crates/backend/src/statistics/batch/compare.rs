//! Compares what was read live with what a batch counted, call by call.

use domain::statistics::Row;
use sqlx::{AnyConnection, Row as _};

use super::Outcome;
use crate::{
    clock,
    statistics::{
        Verified, positions,
        store::{StatisticsError, Tables, number},
    },
};

const SAME: &str = "s.line = c.line AND s.house = c.house AND s.id = c.id";

/// Compares all calls but the examples of the demo. Returns true beside the outcome if live reading is under way and
/// not as far, or further.
pub(super) async fn compare(on: &mut AnyConnection) -> Result<(Outcome, bool), StatisticsError> {
    let joined = format!("statistics_shadow_calls AS s JOIN statistics_calls AS c ON {SAME}");
    let compared = number(on, format!("SELECT COUNT(*) FROM {joined} WHERE c.demo = 0"), &[]).await?;
    let calls = number(on, "SELECT COUNT(*) FROM statistics_shadow_calls".to_owned(), &[]).await?;
    let of_one = [
        format!(
            "SELECT COUNT(*) FROM statistics_shadow_calls AS s
             WHERE NOT EXISTS (SELECT 1 FROM statistics_calls AS c WHERE {SAME})"
        ),
        format!(
            "SELECT COUNT(*) FROM statistics_calls AS c WHERE c.demo = 0
             AND NOT EXISTS (SELECT 1 FROM statistics_shadow_calls AS s WHERE {SAME})"
        ),
    ];
    let (mut different, mut late) = (0, 0);
    for of_one in of_one {
        different += number(on, of_one, &[]).await?.unsigned_abs();
    }
    let unequal = format!(
        "SELECT c.value AS live, s.value AS counted, c.settled AS settled FROM {joined}
         WHERE c.demo = 0 AND c.value <> s.value"
    );
    for found in sqlx::query(sqlx::AssertSqlSafe(unequal)).fetch_all(&mut *on).await? {
        let read = |name: &str| -> Result<Row, StatisticsError> {
            let value: String = found.try_get(name)?;
            serde_json::from_str(&value).map_err(StatisticsError::stored)
        };
        let is_settled = found.try_get::<i64, _>("settled")? != 0;
        let counted = read("counted")?;
        match read("live") {
            // Only the text differs, as between versions.
            Ok(live) if live == counted => {}
            Ok(live) if live.is_former_version_of(&counted) => {}
            Ok(live) if is_settled && counted.words > live.words => late += 1,
            // A row that cannot be read any more is not the same.
            Ok(_) | Err(_) => different += 1,
        }
    }
    let (live, counted) =
        (positions::load(on, Tables::Live).await?, positions::load(on, Tables::Shadow).await?);
    let same_positions = live == counted;
    let verified = Verified { at: clock::now(), compared: compared.unsigned_abs(), different };
    let outcome = Outcome { calls: calls.unsigned_abs(), verified, late, same_positions };
    Ok((outcome, !same_positions && !live.is_empty()))
}
