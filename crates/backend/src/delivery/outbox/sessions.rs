//! The copy of the sessions, which lies beside the entries.

use domain::{Millis, Resident};
use sqlx::Row;

use super::{Outbox, OutboxError, request::Change};
use crate::database::stored::{StoredResident, Unreadable};

/// A session as the accounts' database last returned it, kept beside the entries.
#[derive(Clone, Debug)]
pub struct SessionCopy {
    /// The token's hash.
    pub token_hash: String,
    /// Whose it is; `None` once it has ended.
    pub resident: Option<Resident>,
    /// Until when it holds.
    pub expires_at: Millis,
}

impl Outbox {
    /// Keeps a copy of sessions; those without a resident are dropped. `synced_at` is when the database returned them.
    ///
    /// # Errors
    /// [`OutboxError`] if that could not be written.
    pub async fn keep_sessions(
        &self,
        sessions: Vec<SessionCopy>,
        synced_at: Millis,
    ) -> Result<u64, OutboxError> {
        self.change(Change::Sessions(sessions, synced_at)).await
    }

    /// The kept copy of the sessions, and when it was last true.
    ///
    /// # Errors
    /// [`OutboxError`] if the file cannot be read.
    pub async fn kept_sessions(&self) -> Result<(Vec<SessionCopy>, Millis), OutboxError> {
        let reader = self.readable()?.pool;
        let rows = sqlx::query("SELECT token_hash, resident, line, house, role, expires_at FROM sessions")
            .fetch_all(&reader)
            .await?;
        let copies = rows.iter().map(|row| {
            let stored = |error: Unreadable| OutboxError(error.to_string());
            let parts = StoredResident {
                name: row.try_get("resident")?,
                line: row.try_get("line")?,
                house: row.try_get("house")?,
                role: row.try_get("role")?,
            };
            Ok(SessionCopy {
                token_hash: row.try_get("token_hash")?,
                resident: Some(parts.read().map_err(stored)?),
                expires_at: row.try_get("expires_at")?,
            })
        });
        let copies = copies.collect::<Result<_, OutboxError>>()?;
        let node = sqlx::query("SELECT sessions_synced_at FROM node").fetch_one(&reader).await?;
        Ok((copies, node.try_get(0)?))
    }
}
