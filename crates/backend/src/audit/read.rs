//! Reading the records, by page.

use domain::Millis;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow};

use super::{Act, Audit, chain::Row};
use crate::database::{self, DatabaseError};

/// The columns of an [`Entry`].
pub(super) const COLUMNS: &str = "sequence, at, act, actor, address, subject, detail, count, hash";

/// A record as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the chain.
    pub sequence: i64,
    /// When it was.
    pub at: Millis,
    /// The name of the act. A newer version may have written one that is not known here.
    pub act: String,
    /// The account that acted; empty for somebody who was not signed in.
    pub actor: String,
    /// The address it acted from; empty on the command line.
    pub address: String,
    /// Whose data it touched.
    pub subject: String,
    /// Further facts, such as a reason.
    pub detail: String,
    /// For how many acts it stands.
    pub count: i64,
    /// Its hash.
    pub hash: String,
}

impl Entry {
    /// Returns the hash that it must have behind the row with the hash `previous`.
    pub(super) fn hashed(&self, previous: &str) -> String {
        let Self { sequence, at, act, actor, address, subject, detail, count, .. } = self;
        Row { sequence: *sequence, at: *at, act, actor, address, subject, detail, count: *count }
            .hash(previous)
    }
}

/// The records that are wanted. An empty text and `None` want all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The account that acted.
    pub actor: String,
    /// The act.
    pub act: Option<Act>,
    /// Whose data it touched.
    pub subject: String,
    /// From this time on.
    pub from: Option<Millis>,
    /// Before this time.
    pub to: Option<Millis>,
    /// Before the record with this number.
    pub before: Option<i64>,
}

/// The two ends of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last row.
    pub sequence: i64,
    /// Its hash.
    pub hash: String,
    /// The number of the last row that retention has removed; 0 if none was.
    pub pruned: i64,
    /// Its hash.
    pub pruned_hash: String,
}

impl Audit {
    /// Returns at most `limit` records, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, filter: &Filter, limit: u32) -> Result<Vec<Entry>, DatabaseError> {
        let Filter { actor, act, subject, from, to, before } = filter;
        let list = format!(
            "SELECT {COLUMNS} FROM audit
             WHERE (CAST($1 AS TEXT) = '' OR actor = $1) AND (CAST($2 AS TEXT) = '' OR act = $2)
             AND (CAST($3 AS TEXT) = '' OR subject = $3) AND at >= $4 AND at < $5 AND sequence < $6
             ORDER BY sequence DESC LIMIT $7"
        );
        let list = sqlx::query(AssertSqlSafe(list))
            .bind(actor.clone())
            .bind(act.map_or("", Act::as_str))
            .bind(subject.clone())
            .bind(from.unwrap_or(Millis::MIN))
            .bind(to.unwrap_or(Millis::MAX))
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch_all(self.database.pool());
        let rows =
            database::outcome::<_, DatabaseError>(async { list.await.map_err(DatabaseError::from) }).await?;
        rows.iter().map(|row| entry(row).map_err(DatabaseError::from)).collect()
    }

    /// Returns the time of the oldest record.
    ///
    /// # Errors
    /// The database's.
    pub async fn oldest(&self) -> Result<Option<Millis>, DatabaseError> {
        let oldest =
            sqlx::query("SELECT COALESCE(MIN(at), -1) AS oldest FROM audit").fetch_one(self.database.pool());
        let oldest: Millis = database::answer(oldest).await?.try_get("oldest")?;
        Ok((oldest >= 0).then_some(oldest))
    }

    /// Returns the ends of the chain.
    ///
    /// # Errors
    /// The database's.
    pub async fn head(&self) -> Result<Head, DatabaseError> {
        database::outcome::<_, DatabaseError>(async {
            let mut connection = self.database.pool().acquire().await?;
            Ok(head(&mut connection).await?)
        })
        .await
    }
}

pub(super) async fn head(connection: &mut AnyConnection) -> Result<Head, sqlx::Error> {
    let head =
        sqlx::query("SELECT sequence, hash, pruned_sequence, pruned_hash FROM audit_head WHERE id = 1");
    let head = head.fetch_one(connection).await?;
    Ok(Head {
        sequence: head.try_get("sequence")?,
        hash: head.try_get("hash")?,
        pruned: head.try_get("pruned_sequence")?,
        pruned_hash: head.try_get("pruned_hash")?,
    })
}

pub(super) fn entry(row: &AnyRow) -> Result<Entry, sqlx::Error> {
    Ok(Entry {
        sequence: row.try_get("sequence")?,
        at: row.try_get("at")?,
        act: row.try_get("act")?,
        actor: row.try_get("actor")?,
        address: row.try_get("address")?,
        subject: row.try_get("subject")?,
        detail: row.try_get("detail")?,
        count: row.try_get("count")?,
        hash: row.try_get("hash")?,
    })
}
