//! The sessions, which are opaque random tokens, of which the database knows only the SHA-256.
//!
//! Every node holds a [`copy`] of all sessions, which is brought up to date every two seconds ([`sync`]). No press
//! waits for the database, and when that is away, a signed-in person stays so for a day.

mod copy;
mod own;
mod rights;
mod sync;
mod token;

use std::{hash::RandomState, sync::Arc, time::Duration};

use domain::{Millis, Resident};
use sqlx::Row;
use tokio::sync::{broadcast, watch};

use crate::{
    clock,
    database::{self, Database, DatabaseError},
    delivery::outbox::Outbox,
    people::{PeopleError, accounts},
};
use copy::{Copied, Copies};

pub(super) use own::end_others_within;
pub use own::{Device, OwnSession, end_all};
pub use token::{SessionId, Token, is_token};

/// The lifetime of a session after its last use.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(180 * 24 * 60 * 60);
const LIFETIME: Millis = 180 * DAY;
/// The shortest time between two prolongations of a session, because not every look-up may cost a write.
const PROLONG_EVERY: Millis = DAY;
/// The time for which sessions hold that the database has not confirmed.
const HOLD: Millis = DAY;
pub(super) const DAY: Millis = 24 * 60 * 60 * 1000;

/// The most sessions of an account, which is more devices than a family has. The one that would end first ends for a
/// new one.
const MOST_OF_ONE: i64 = 20;

/// The next number of a change. Two at once may get the same, so the copies read some back.
pub(super) const NEXT_CHANGE: &str = "(SELECT COALESCE(MAX(change), 0) + 1 FROM sessions)";

/// A change of a session for which its sockets must close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// It has ended.
    Ended(SessionId),
    /// Its account has another line, house or role now.
    Account(SessionId),
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Names the session.
    pub id: SessionId,
    /// The signed-in person. An administrator whose second factor is missing has the rights of a resident.
    pub resident: Arc<Resident>,
    /// True if the session was prolonged just now, so a cookie should be, too.
    pub renewed: bool,
    /// True if the person is an administrator who must set up a second factor first.
    pub is_limited: bool,
}

/// The sessions of the complex. Clones share the copy.
#[derive(Clone)]
pub struct Sessions {
    database: Database,
    outbox: Outbox,
    copies: Arc<Copies>,
    changes: broadcast::Sender<SessionChange>,
    /// The number of times that the copy was brought up to date.
    synced: watch::Sender<u64>,
    /// Keyed anew by each process.
    hasher: RandomState,
    /// Administrators without a second factor have the rights of residents.
    requires_second_factor: bool,
}

impl Sessions {
    /// The sessions of `database`, with what `outbox` keeps of them while that is away.
    pub async fn open(database: Database, outbox: Outbox, requires_second_factor: bool) -> Self {
        let copies = Arc::new(Copies::default());
        match outbox.kept_sessions().await {
            Ok((kept, synced_at)) => copies.fill(kept.into_iter().filter_map(Copied::kept), synced_at),
            Err(error) => tracing::warn!(%error, "the kept sessions cannot be read"),
        }
        let sessions = Self {
            database,
            outbox,
            copies,
            changes: broadcast::Sender::new(1024),
            synced: watch::Sender::new(0),
            hasher: RandomState::new(),
            requires_second_factor,
        };
        if let Err(error) = sessions.sync(true).await {
            tracing::warn!(%error, "the sessions cannot be read: those known from before hold for a day");
        }
        sessions
    }

    /// Signs `resident` in at a device.
    ///
    /// # Errors
    /// The database's.
    pub async fn start(&self, resident: &Resident, device: &Device) -> Result<Token, PeopleError> {
        let token = Token::generate()?;
        let now = clock::now();
        let (id, expires_at) = (SessionId::of_token(token.as_str()), now + LIFETIME);
        let [device, address] = device.kept();
        let insert = format!(
            "INSERT INTO sessions (token_hash, resident, expires_at, started_at, device, address, change)
             VALUES ($1, $2, $3, $4, $5, $6, {NEXT_CHANGE})"
        );
        let insert = sqlx::query(sqlx::AssertSqlSafe(insert))
            .bind(id.as_str())
            .bind(&resident.name)
            .bind(expires_at)
            .bind(now)
            .bind(device)
            .bind(address)
            .execute(self.database.pool());
        database::answer(insert).await?;
        self.end_surplus(&resident.name).await?;
        self.copies.put(Copied { id, resident: Arc::new(resident.clone()), expires_at });
        Ok(token)
    }

    /// Ends the sessions of an account beyond [`MOST_OF_ONE`]. Every node learns of it when it asks the database next.
    async fn end_surplus(&self, resident: &str) -> Result<(), DatabaseError> {
        let end = format!(
            "UPDATE sessions SET ended = 1, expires_at = $1, change = {NEXT_CHANGE}
             WHERE resident = $2 AND ended = 0 AND token_hash NOT IN (
                 SELECT token_hash FROM sessions WHERE resident = $2 AND ended = 0
                 ORDER BY expires_at DESC LIMIT $3)"
        );
        let end = sqlx::query(sqlx::AssertSqlSafe(end))
            .bind(clock::now() + DAY)
            .bind(resident)
            .bind(MOST_OF_ONE)
            .execute(self.database.pool());
        database::answer(end).await.map(drop)
    }

    /// Returns the fingerprint of the accounts that the sessions were last compared with. Another one means that an
    /// account is another.
    pub(crate) fn compared_accounts(&self) -> Option<u64> {
        self.copies.accounts()
    }

    /// Returns true if `token` is that of a session in this node's copy, be it an expired one. Others cost a question
    /// to the database.
    #[must_use]
    pub fn knows(&self, token: &str) -> bool {
        SessionId::of_text(token).is_some_and(|id| self.has(&id))
    }

    /// Returns true if this node's copy has a session, as [`Sessions::knows`].
    #[must_use]
    pub fn has(&self, id: &SessionId) -> bool {
        self.copies.has(id)
    }

    /// Returns whose session `token` opens, if this node's copy has it. The database is not asked.
    #[must_use]
    pub fn known(&self, token: &str) -> Option<Resident> {
        let (id, now) = (SessionId::of_token(token), clock::now());
        let known = self.copies.get(&id, now - HOLD).filter(|known| known.expires_at > now)?;
        Some(Arc::unwrap_or_clone(self.allowed(known.resident).0))
    }

    /// Waits until this node's copy has the session of one of the tokens. One that another node began comes with the
    /// next round of copying or the one after it; what is no session's never does.
    pub async fn become_known(&self, tokens: &[String]) {
        let mut synced = self.synced.subscribe();
        while !tokens.iter().any(|token| self.knows(token)) {
            if synced.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whose session `token` opens; `None` if nobody's.
    ///
    /// # Errors
    /// The database's, if the text can be a token and the session is not known here.
    pub async fn find(&self, token: &str) -> Result<Option<Session>, PeopleError> {
        match SessionId::of_text(token) {
            Some(id) => self.find_named(&id).await,
            None => Ok(None),
        }
    }

    /// The session of this name; `None` if there is none or it has ended.
    ///
    /// # Errors
    /// The database's, if the session is not known here.
    pub async fn find_named(&self, id: &SessionId) -> Result<Option<Session>, PeopleError> {
        let now = clock::now();
        let known = match self.copies.get(id, now - HOLD) {
            Some(known) => Some(known),
            None => self.look_up(id).await?,
        };
        let Some(known) = known.filter(|known| known.expires_at > now) else { return Ok(None) };
        let renewed = known.expires_at < now + LIFETIME - PROLONG_EVERY && self.prolong(&known, now).await;
        let Copied { id, resident, .. } = known;
        let (resident, is_limited) = self.allowed(resident);
        Ok(Some(Session { id, resident, renewed, is_limited }))
    }

    /// Ends the session that `token` opens, if there is one, and reports it to the watchers.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(&self, token: &str) -> Result<(), PeopleError> {
        let id = SessionId::of_token(token);
        let end = format!(
            "UPDATE sessions SET ended = 1, expires_at = $1, change = {NEXT_CHANGE} WHERE token_hash = $2"
        );
        let end = sqlx::query(sqlx::AssertSqlSafe(end))
            .bind(clock::now() + DAY)
            .bind(id.as_str())
            .execute(self.database.pool());
        database::answer(end).await?;
        self.copies.remove(&id);
        self.report_change(SessionChange::Ended(id));
        Ok(())
    }

    /// Reports each session whose sockets must close.
    #[must_use]
    pub fn watch_changes(&self) -> broadcast::Receiver<SessionChange> {
        self.changes.subscribe()
    }

    /// Reports a change to the watchers. The lack of one is not an error, because a session may have no socket.
    fn report_change(&self, change: SessionChange) {
        let _ = self.changes.send(change);
    }

    async fn look_up(&self, id: &SessionId) -> Result<Option<Copied>, PeopleError> {
        let find = sqlx::query(
            "SELECT residents.name, line, house, role, expires_at FROM sessions
             JOIN residents ON residents.name = sessions.resident
             WHERE token_hash = $1 AND ended = 0 AND locked = 0",
        )
        .bind(id.as_str())
        .fetch_optional(self.database.pool());
        let Some(row) = database::answer(find).await? else { return Ok(None) };
        let found = Copied {
            id: id.clone(),
            resident: Arc::new(accounts::resident(&row)?),
            expires_at: row.try_get("expires_at")?,
        };
        self.copies.put(found.clone());
        Ok(Some(found))
    }

    /// Returns whether the session now lasts longer. With the database away it is prolonged another time.
    async fn prolong(&self, known: &Copied, now: Millis) -> bool {
        let update = format!(
            "UPDATE sessions SET expires_at = $1, change = {NEXT_CHANGE} WHERE token_hash = $2 AND ended = 0"
        );
        let update = sqlx::query(sqlx::AssertSqlSafe(update))
            .bind(now + LIFETIME)
            .bind(known.id.as_str())
            .execute(self.database.pool());
        match database::answer(update).await {
            Ok(_) => self.copies.put(Copied { expires_at: now + LIFETIME, ..known.clone() }),
            Err(error) => tracing::debug!(%error, "a session is not prolonged"),
        }
        self.copies.get(&known.id, now - HOLD).is_some_and(|copy| copy.expires_at > known.expires_at)
    }
}
