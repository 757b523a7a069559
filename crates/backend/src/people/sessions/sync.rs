//! Brings this node's copy of the sessions up to date, and reports whose sockets must close for it.
//!
//! A change of a session has a number, so only what has changed is read. A change of an account has none, because any
//! program that reaches the database may make it; so all accounts are compared in each round, and where one is another,
//! everything is read again.

use std::{collections::HashSet, hash::BuildHasher, sync::Arc, time::Duration};

use domain::Millis;
use futures_util::TryStreamExt;
use sqlx::{Row, any::AnyRow};
use tokio_util::sync::CancellationToken;

use super::{
    SessionChange, SessionId, Sessions,
    copy::{Copied, Synced},
};
use crate::{
    clock,
    database::{self, DatabaseError},
    delivery::outbox::SessionCopy,
    people::{PeopleError, accounts},
};

/// The time between two queries of the database. The sockets of an ended session or a changed account close within five
/// seconds.
const SYNC_EVERY: Duration = Duration::from_secs(2);
/// The number of rounds after which everything is read again, because a row of a session that is gone has no number.
const READ_ALL_EVERY: u32 = 60;
/// So many accounts are compared before other work of the thread has its turn.
const AT_A_STRETCH: u32 = 200;

impl Sessions {
    /// Keeps the copy up to date, until it is cancelled.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let syncing = async {
            let (mut rounds, mut is_away) = (0_u32, false);
            loop {
                tokio::time::sleep(SYNC_EVERY).await;
                let synced = self.sync(is_away || rounds.is_multiple_of(READ_ALL_EVERY)).await;
                if synced.is_err() != is_away {
                    match &synced {
                        Ok(()) => tracing::info!("the accounts' database answers again"),
                        Err(error) => tracing::warn!(%error, "who is signed in stays so for a day"),
                    }
                }
                (rounds, is_away) = (rounds.wrapping_add(1), synced.is_err());
                metrics::gauge!("iutsai_database_away").set(f64::from(u8::from(is_away)));
            }
        };
        stopping.run_until_cancelled(syncing).await;
    }

    /// Reads what has changed, or everything, and keeps it in the outbox's file.
    pub(super) async fn sync(&self, everything: bool) -> Result<(), PeopleError> {
        self.database.prepare().await?;
        let accounts = self.fingerprint().await?;
        let (changes, second_factors) = (self.copies.second_factor_changes(), self.second_factors().await?);
        let everything = everything || self.copies.accounts() != Some(accounts);
        let since = if everything { -1 } else { self.copies.read_from() };
        let known = if everything { self.copies.known() } else { Vec::new() };
        let rows = sqlx::query(
            "SELECT token_hash, residents.name, line, house, role, locked, expires_at, ended, change FROM sessions
             JOIN residents ON residents.name = sessions.resident WHERE change > $1",
        )
        .bind(since)
        .fetch_all(self.database.pool());
        let (rows, now) = (database::answer(rows).await?, clock::now());
        let mut read = Read::default();
        for row in &rows {
            self.copies.read_up_to(row.try_get("change")?);
            read.add(row, now)?;
        }
        let Read { live, mut gone, unreadable } = read;
        let listed: HashSet<&SessionId> = live.iter().map(|copied| &copied.id).chain(&unreadable).collect();
        gone.extend(known.into_iter().filter(|id| !listed.contains(id)));
        let synced = self.copies.update(live, gone, now);
        self.keep(&synced, now, everything).await;
        self.report(synced);
        let changed = self.copies.update_second_factors(second_factors, changes);
        self.report_rights(changed);
        if everything {
            self.copies.compared(accounts);
            self.purge(now).await?;
        }
        Ok(())
    }

    /// Returns a number that becomes another one when an account is new, is gone, is locked or unlocked, or has
    /// another line, house or role.
    async fn fingerprint(&self) -> Result<u64, PeopleError> {
        let sum = async {
            let mut rows = sqlx::query("SELECT name, line, house, role, locked FROM residents")
                .fetch(self.database.pool());
            let (mut sum, mut count) = (0_u64, 0_u32);
            while let Some(row) = rows.try_next().await? {
                let (name, role): (String, String) = (row.try_get("name")?, row.try_get("role")?);
                let flat: (Option<String>, Option<String>) = (row.try_get("line")?, row.try_get("house")?);
                let locked: i64 = row.try_get("locked")?;
                // The order of the rows does not matter.
                sum = sum.wrapping_add(self.hasher.hash_one((name, role, flat, locked)));
                count += 1;
                if count.is_multiple_of(AT_A_STRETCH) {
                    tokio::task::yield_now().await;
                }
            }
            Ok::<u64, sqlx::Error>(sum)
        };
        Ok(database::answer(sum).await?)
    }

    /// Returns the accounts that have a second factor.
    async fn second_factors(&self) -> Result<HashSet<String>, PeopleError> {
        let list = sqlx::query("SELECT resident FROM second_factors WHERE confirmed_at > 0")
            .fetch_all(self.database.pool());
        let rows = database::answer(list).await?;
        Ok(rows.iter().map(|row| row.try_get("resident")).collect::<Result<_, sqlx::Error>>()?)
    }

    async fn keep(&self, synced: &Synced, now: Millis, is_due: bool) {
        let Synced { new, ended, .. } = synced;
        if new.is_empty() && ended.is_empty() && !is_due {
            return;
        }
        let gone = |id: &SessionId| {
            let token_hash = id.as_str().to_owned();
            SessionCopy { token_hash, resident: None, expires_at: 0 }
        };
        let copies = new.iter().map(SessionCopy::from).chain(ended.iter().map(gone)).collect();
        if let Err(error) = self.outbox.keep_sessions(copies, now).await {
            tracing::warn!(%error, "the sessions are not kept for a database that is away");
        }
    }

    fn report(&self, synced: Synced) {
        for id in synced.ended {
            self.report_change(SessionChange::Ended(id));
        }
        for id in synced.changed {
            self.report_change(SessionChange::Account(id));
        }
        self.synced.send_modify(|count| *count = count.wrapping_add(1));
    }

    async fn purge(&self, now: Millis) -> Result<(), DatabaseError> {
        let purge =
            sqlx::query("DELETE FROM sessions WHERE expires_at < $1").bind(now).execute(self.database.pool());
        database::answer(purge).await.map(drop)
    }
}

/// The content of the rows of sessions.
#[derive(Default)]
struct Read {
    live: Vec<Copied>,
    gone: Vec<SessionId>,
    /// Their accounts cannot be read.
    unreadable: Vec<SessionId>,
}

impl Read {
    fn add(&mut self, row: &AnyRow, now: Millis) -> Result<(), PeopleError> {
        let id = SessionId::kept(&row.try_get::<String, _>("token_hash")?);
        let expires_at: Millis = row.try_get("expires_at")?;
        let [ended, locked]: [i64; 2] = [row.try_get("ended")?, row.try_get("locked")?];
        if ended != 0 || locked != 0 || expires_at <= now {
            self.gone.push(id);
            return Ok(());
        }
        match accounts::resident(row) {
            Ok(resident) => self.live.push(Copied { id, resident: Arc::new(resident), expires_at }),
            // Such a session stays what it was. One account must not keep all others from being brought up to date, and
            // a device that is signed out could not call.
            Err(PeopleError::Unreadable(error)) => {
                tracing::warn!(%error, "an account cannot be read, its sessions stay as they were");
                self.unreadable.push(id);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}
