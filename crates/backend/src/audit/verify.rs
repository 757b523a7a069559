//! The walk along the chain.

use sqlx::AnyConnection;

use super::{Audit, chain, read, read::Head};
use crate::database::DatabaseError;

/// The rows that are read at once.
const PAGE: i64 = 1_000;

/// The outcome for a chain that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The rows that are there.
    pub rows: u64,
    /// The number of the last row that retention has removed; 0 if none was.
    pub pruned: i64,
    /// The hash of the last row. Written down elsewhere, it shows later that nothing before it was changed.
    pub hash: String,
}

/// Why the chain could not be walked to its end.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// A row has another content than its hash.
    #[error("row {0} of the audit is not what was written: its hash does not fit")]
    Changed(i64),
    /// A row is not there.
    #[error("row {0} of the audit is missing")]
    Missing(i64),
    /// The rows end elsewhere than the head of the chain.
    #[error("the audit ends with another row than number {0}, which was written last")]
    End(i64),
    /// It is not known whether it is whole.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for Broken {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl Audit {
    /// Walks the chain from its first row to its last. It sees one state of the database, so that writers and
    /// retention may go on meanwhile.
    ///
    /// # Errors
    /// [`Broken`] with the first row that does not fit.
    pub async fn verify(&self) -> Result<Verified, Broken> {
        let mut transaction = self.database.pool().begin().await?;
        if self.database.is_postgres() {
            let one_state = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
            sqlx::query(one_state).execute(&mut *transaction).await?;
        }
        let walked = verify_within(&mut transaction).await;
        transaction.rollback().await?;
        walked
    }
}

/// Walks the chain from its first row to its last, as a transaction sees it.
///
/// # Errors
/// [`Broken`] with the first row that does not fit.
pub(crate) async fn verify_within(connection: &mut AnyConnection) -> Result<Verified, Broken> {
    let head = read::head(&mut *connection).await?;
    walk(connection, &head).await
}

async fn walk(connection: &mut AnyConnection, head: &Head) -> Result<Verified, Broken> {
    let (mut sequence, mut hash) = (head.pruned, head.pruned_hash.clone());
    let mut rows = 0;
    if sequence == 0 && hash != chain::GENESIS {
        return Err(Broken::End(0));
    }
    loop {
        let page =
            format!("SELECT {} FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2", read::COLUMNS);
        let page = sqlx::query(sqlx::AssertSqlSafe(page)).bind(sequence).bind(PAGE);
        let page = page.fetch_all(&mut *connection).await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            let entry = read::entry(row)?;
            if entry.sequence != sequence + 1 {
                return Err(Broken::Missing(sequence + 1));
            }
            if entry.hashed(&hash) != entry.hash {
                return Err(Broken::Changed(entry.sequence));
            }
            (sequence, hash) = (entry.sequence, entry.hash);
            rows += 1;
        }
    }
    if sequence < head.sequence {
        return Err(Broken::Missing(sequence + 1));
    }
    if sequence != head.sequence || hash != head.hash {
        return Err(Broken::End(head.sequence));
    }
    Ok(Verified { rows, pruned: head.pruned, hash })
}
