//! The removal of old rows by retention. The rest of the chain stays verifiable, because the head keeps the number
//! and the hash of the last row that was removed.

use domain::Millis;
use sqlx::Row as _;

use super::{Act, Audit, By, Record, append, append::locked};
use crate::database::{self, DatabaseError};

/// Records of the last 365 days stay whatever is asked, in milliseconds.
pub const AT_LEAST: Millis = 365 * 24 * 60 * 60 * 1000;

impl Audit {
    /// Removes the records from before this time, and returns how many. `now` is the time by the caller's clock. The
    /// removal is a record itself. Times are of several clocks, so a row stays as long as one before it stays.
    ///
    /// # Errors
    /// The database's; nothing is removed then.
    pub async fn prune(&self, before: Millis, now: Millis) -> Result<u64, DatabaseError> {
        let before = before.min(now - AT_LEAST);
        database::outcome::<_, DatabaseError>(async {
            let mut transaction = self.database.pool().begin().await?;
            let (last, _) = locked(&mut transaction).await?;
            let first = sqlx::query("SELECT COALESCE(MIN(sequence), 0) AS first FROM audit WHERE at >= $1");
            let first: i64 = first.bind(before).fetch_one(&mut *transaction).await?.try_get("first")?;
            let cut = if first == 0 { last } else { first - 1 };
            let find = sqlx::query("SELECT hash FROM audit WHERE sequence = $1").bind(cut);
            let Some(row) = find.fetch_optional(&mut *transaction).await? else { return Ok(0) };
            let hash: String = row.try_get("hash")?;
            let move_on =
                sqlx::query("UPDATE audit_head SET pruned_sequence = $1, pruned_hash = $2 WHERE id = 1");
            move_on.bind(cut).bind(hash).execute(&mut *transaction).await?;
            let delete = sqlx::query("DELETE FROM audit WHERE sequence <= $1").bind(cut);
            let removed = delete.execute(&mut *transaction).await?.rows_affected();
            let record = Record::new(Act::AuditPruned, By::service()).times(removed);
            append(&mut transaction, &[record.with(format!("up to {cut}"))]).await?;
            transaction.commit().await?;
            Ok(removed)
        })
        .await
    }
}
