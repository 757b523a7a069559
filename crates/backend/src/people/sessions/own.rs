//! The sessions of one account, as their owner sees and ends them.

use domain::Millis;
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::{DAY, LIFETIME, NEXT_CHANGE, SessionChange, SessionId, Sessions};
use crate::{
    clock,
    database::{self, Database, DatabaseError},
    people::{PeopleError, tickets},
};

/// The longest description of a device or an address that is kept, in characters.
const DESCRIPTION_LIMIT: usize = 64;

/// The device that signs in, as its owner knows it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// A short name, such as `Chrome, Android`; empty if it gave none.
    pub name: String,
    /// The address that it came from.
    pub address: String,
}

impl Device {
    /// Returns both texts, cut to the length that is kept.
    pub(super) fn kept(&self) -> [String; 2] {
        [&self.name, &self.address].map(|text| text.chars().take(DESCRIPTION_LIMIT).collect())
    }
}

/// A session that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    /// Names the session.
    pub id: SessionId,
    /// The device that signed in; empty texts if it is not known.
    pub device: Device,
    /// When it began; `None` for a session of an older version.
    pub started_at: Option<Millis>,
    /// When it was last prolonged, which is its last use, to within a day.
    pub used_at: Millis,
}

impl Sessions {
    /// Returns the sessions of an account, the one used last first.
    ///
    /// # Errors
    /// The database's.
    pub async fn of(&self, resident: &str) -> Result<Vec<OwnSession>, PeopleError> {
        let list = sqlx::query(
            "SELECT token_hash, device, address, started_at, expires_at FROM sessions
             WHERE resident = $1 AND ended = 0 AND expires_at > $2 ORDER BY expires_at DESC, token_hash",
        )
        .bind(resident)
        .bind(clock::now())
        .fetch_all(self.database.pool());
        let rows = database::answer(list).await?;
        let read = |row: &sqlx::any::AnyRow| -> Result<OwnSession, sqlx::Error> {
            let [started_at, expires_at]: [Millis; 2] =
                [row.try_get("started_at")?, row.try_get("expires_at")?];
            Ok(OwnSession {
                id: SessionId::kept(&row.try_get::<String, _>("token_hash")?),
                device: Device { name: row.try_get("device")?, address: row.try_get("address")? },
                started_at: (started_at > 0).then_some(started_at),
                used_at: expires_at - LIFETIME,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// Ends a session of an account; returns false if the account has no such session.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_own(&self, resident: &str, id: &SessionId) -> Result<bool, PeopleError> {
        let end = format!(
            "UPDATE sessions SET ended = 1, expires_at = $1, change = {NEXT_CHANGE}
             WHERE token_hash = $2 AND resident = $3 AND ended = 0"
        );
        let end = sqlx::query(AssertSqlSafe(end))
            .bind(clock::now() + DAY)
            .bind(id.as_str())
            .bind(resident)
            .execute(self.database.pool());
        if database::answer(end).await?.rows_affected() == 0 {
            return Ok(false);
        }
        self.copies.remove(id);
        self.report_change(SessionChange::Ended(id.clone()));
        Ok(true)
    }

    /// Ends every session of an account but one. This node, too, learns of it when it asks the database next.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_others(&self, resident: &str, keep: &SessionId) -> Result<(), PeopleError> {
        database::outcome(async {
            let mut connection = self.database.pool().acquire().await?;
            end_others_within(&mut connection, resident, keep).await?;
            Ok(())
        })
        .await
    }
}

/// Ends every session of an account but one, within a transaction.
pub(in crate::people) async fn end_others_within(
    connection: &mut AnyConnection,
    resident: &str,
    keep: &SessionId,
) -> Result<(), sqlx::Error> {
    let end = format!(
        "UPDATE sessions SET ended = 1, expires_at = $1, change = {NEXT_CHANGE}
         WHERE resident = $2 AND ended = 0 AND token_hash <> $3"
    );
    let end = sqlx::query(AssertSqlSafe(end)).bind(clock::now() + DAY).bind(resident).bind(keep.as_str());
    end.execute(connection).await.map(drop)
}

/// Ends every session of an account; returns how many there were. Running servers close their sockets within five
/// seconds.
///
/// # Errors
/// The database's.
pub async fn end_all(database: &Database, resident: &str) -> Result<u64, DatabaseError> {
    let end = format!(
        "UPDATE sessions SET ended = 1, expires_at = $1, change = {NEXT_CHANGE} WHERE resident = $2 AND ended = 0"
    );
    let end =
        sqlx::query(AssertSqlSafe(end)).bind(clock::now() + DAY).bind(resident).execute(database.pool());
    let ended = database::answer(end).await?.rows_affected();
    database::outcome::<_, DatabaseError>(async {
        let mut connection = database.pool().acquire().await?;
        tickets::end_all(&mut connection, resident).await?;
        Ok(())
    })
    .await?;
    Ok(ended)
}
