//! Moving the accounts and the statistics from SQLite to PostgreSQL, when a complex grows from one node to several.
//!
//! `tables` knows what there is to move, and `copy` copies it. Everything is written in one transaction, and the old
//! database stays as it is.

mod copy;
mod tables;
#[cfg(test)]
mod tests;

use sqlx::{Any, AnyConnection, Transaction};

use crate::{
    audit::{self, Act, Broken, By, Record, Verified},
    backup::{self, Place},
    database::{Cause, Database, DatabaseError, claim::Claim},
    delivery::outbox::Reserved,
    statistics,
};
use tables::{Table, Tables};

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// A server uses one of the databases, or the data directory.
    #[error("{0}; a move needs the server to be stopped")]
    InUse(#[source] Cause),
    /// It would do harm, or cannot be of use.
    #[error("{0}")]
    Refused(String),
    /// A database cannot be used.
    #[error("{which}: {source}; nothing was moved")]
    Database {
        /// The database.
        which: &'static str,
        /// The reason.
        #[source]
        source: DatabaseError,
    },
    /// The rows of a table cannot be moved.
    #[error("cannot {what} the table {table}: {source}; nothing was moved")]
    Table {
        /// The act that failed.
        what: &'static str,
        /// The table.
        table: String,
        /// The reason.
        #[source]
        source: sqlx::Error,
    },
    /// The audit is not whole.
    #[error(
        "{0}; nothing was moved, because the audit must be whole; iutsai audit verify shows what the old database has"
    )]
    Audit(#[source] Broken),
    /// It is not known whether everything was moved.
    #[error(
        "the new database did not confirm the move: {0}; run this again, which is refused if all was moved"
    )]
    Unconfirmed(#[source] sqlx::Error),
}

/// A table that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub table: String,
    /// Its rows, which are as many in the old database.
    pub rows: u64,
}

/// Everything that was moved.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The tables.
    pub tables: Vec<Moved>,
    /// The audit as the new database has it, with the record of the move.
    pub audit: Verified,
    /// The node had counted calls, and the figures were moved, too.
    pub has_statistics: bool,
}

const OLD: &str = "the old database";
const NEW: &str = "the new database";

/// Copies the accounts and the statistics of a node from SQLite into the empty PostgreSQL database at `to`, and passes
/// each table that is copied to `shown`. The old tables are brought up to date for it, and nothing is taken away.
///
/// # Errors
/// [`MoveError`]. The new database has empty tables at most then.
pub async fn move_to_postgres(from: &Place, to: &str, shown: &dyn Fn(&Moved)) -> Result<Outcome, MoveError> {
    refuse_senseless(from, to)?;
    let old = Database::connect_later(&from.database_url).map_err(of(OLD))?;
    let new = Database::connect_later(to).map_err(of(NEW))?;
    let _right = Right::take(from, &old, &new).await?;
    let known = Tables::read().await?;
    // A database that somebody uses stays as it is.
    let mut unchanged = new.pool().acquire().await.map_err(|error| of(NEW)(error.into()))?;
    copy::refuse_used(&mut unchanged, &known).await?;
    drop(unchanged);
    let counted = open_statistics(from, to).await?;
    old.prepare().await.map_err(of(OLD))?;
    new.prepare().await.map_err(of(NEW))?;

    let mut writing = begin(&new, NEW).await?;
    copy::refuse_used(&mut writing, &known).await?;
    let mut tables = move_all(&known.accounts, Some(&old), &mut writing, shown).await?;
    tables.extend(move_all(&known.statistics, counted.as_ref(), &mut writing, shown).await?);
    // A chain that is not whole is not continued.
    audit::verify_within(&mut writing).await.map_err(MoveError::Audit)?;
    record(&mut writing, &tables).await?;
    let audit = audit::verify_within(&mut writing).await.map_err(MoveError::Audit)?;
    writing.commit().await.map_err(MoveError::Unconfirmed)?;
    for database in [Some(&old), Some(&new), counted.as_ref()].into_iter().flatten() {
        database.close().await;
    }
    Ok(Outcome { tables, audit, has_statistics: counted.is_some() })
}

/// Fails if there is nothing to move, or no place to move it to.
fn refuse_senseless(from: &Place, to: &str) -> Result<(), MoveError> {
    let refused = |sentence: String| Err(MoveError::Refused(sentence));
    let accounts = from.accounts().map_err(|error| MoveError::Refused(error.to_string()))?;
    let Some(accounts) = accounts else {
        return refused(
            "the accounts are in PostgreSQL already; leave DATABASE_URL out, or name the old file with --from \
             sqlite://FILE (pg_dump and pg_restore bring them to another PostgreSQL)"
                .into(),
        );
    };
    if !to.starts_with("postgres") {
        return refused(
            "--to must name an empty PostgreSQL database, as postgres://USER:PASSWORD@HOST/NAME".into(),
        );
    }
    if !accounts.is_file() || !from.data_dir.is_dir() {
        return refused(format!(
            "there is no file {} or no directory {}, or it cannot be read; name the data directory with --data-dir, \
             and run this as the server's user",
            accounts.display(),
            from.data_dir.display()
        ));
    }
    backup::refuse_unfinished(&from.data_dir).map_err(|error| MoveError::Refused(error.to_string()))
}

/// The right to both databases and to the data directory, which no server has meanwhile.
struct Right {
    _outbox: Reserved,
    _old: Claim,
    _new: Claim,
}

impl Right {
    async fn take(from: &Place, old: &Database, new: &Database) -> Result<Self, MoveError> {
        let outbox = Reserved::take(&from.data_dir).map_err(|error| MoveError::InUse(error.into()))?;
        let (old, new) = (claim(from, old, OLD).await?, claim(from, new, NEW).await?);
        Ok(Self { _outbox: outbox, _old: old, _new: new })
    }
}

async fn claim(from: &Place, database: &Database, which: &'static str) -> Result<Claim, MoveError> {
    Claim::take(database, &from.data_dir, false).await.map_err(|error| match error {
        error @ DatabaseError::InUse(_) => MoveError::InUse(error.into()),
        other => of(which)(other),
    })
}

/// Makes the tables of the statistics at `to`, and opens the old ones; `None` if the node has never counted.
async fn open_statistics(from: &Place, to: &str) -> Result<Option<Database>, MoveError> {
    let new = Database::of_statistics(to).map_err(of(NEW))?;
    new.prepare().await.map_err(of(NEW))?;
    new.close().await;
    let file = from.data_dir.join(statistics::FILE);
    if !file.is_file() {
        return Ok(None);
    }
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let old = Database::of_statistics(&url).map_err(of(OLD))?;
    old.prepare().await.map_err(of(OLD))?;
    Ok(Some(old))
}

/// Copies these tables as they are at one instant, and compares their rows at the end.
async fn move_all(
    tables: &[Table],
    old: Option<&Database>,
    to: &mut AnyConnection,
    shown: &dyn Fn(&Moved),
) -> Result<Vec<Moved>, MoveError> {
    for table in tables {
        copy::refuse_rows(to, table).await?;
    }
    let Some(old) = old else { return Ok(Vec::new()) };
    let mut from = begin(old, OLD).await?;
    let mut moved = Vec::new();
    for table in tables {
        let copied = copy::copy(table, &mut from, to).await?;
        shown(&copied);
        moved.push(copied);
    }
    for table in tables {
        copy::compare(table, &mut from, to).await?;
    }
    from.rollback().await.map_err(|error| of(OLD)(error.into()))?;
    Ok(moved)
}

/// Records the move in the new database.
async fn record(to: &mut AnyConnection, tables: &[Moved]) -> Result<(), MoveError> {
    let rows: u64 = tables.iter().map(|moved| moved.rows).sum();
    let detail = format!("{rows} rows of {} tables, from SQLite to PostgreSQL", tables.len());
    let record = Record::new(Act::DatabaseMoved, By::command_line()).with(detail);
    let recorded = audit::append(to, &[record]).await;
    recorded.map_err(|source| MoveError::Table { what: "write", table: "audit".into(), source })
}

async fn begin(database: &Database, which: &'static str) -> Result<Transaction<'static, Any>, MoveError> {
    database.pool().begin().await.map_err(|error| of(which)(error.into()))
}

fn of(which: &'static str) -> impl FnOnce(DatabaseError) -> MoveError {
    move |source| MoveError::Database { which, source }
}
