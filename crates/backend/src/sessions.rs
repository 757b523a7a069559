//! Who is signed in: opaque random tokens, of which the database knows only the SHA-256.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use sqlx::Row;
use tokio::sync::broadcast;
use wire::{Millis, Resident};

use crate::{
    accounts::{self, AccountError},
    clock,
    database::Database,
};

/// How long a session lasts after it was last used.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(180 * 24 * 60 * 60);
const LIFETIME: Millis = 180 * 24 * 60 * 60 * 1000;
/// A session is prolonged at most once a day: not every look-up may cost a write.
const PROLONG_EVERY: Millis = 24 * 60 * 60 * 1000;

/// A session's secret, shown once to the client that signed in.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// The secret as text: 43 characters of URL-safe base64, 256 random bits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// Names a session without being able to open it: the token's hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(String);

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Names the session.
    pub id: SessionId,
    /// Who.
    pub resident: Resident,
    /// The session was prolonged just now: a cookie should be, too.
    pub renewed: bool,
}

/// The sessions of the complex.
#[derive(Clone)]
pub struct Sessions {
    database: Database,
    ended: broadcast::Sender<SessionId>,
}

impl Sessions {
    /// The sessions kept in `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database, ended: broadcast::Sender::new(1024) }
    }

    /// Signs `resident` in.
    ///
    /// # Errors
    /// The database's.
    pub async fn start(&self, resident: &Resident) -> Result<Token, AccountError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| AccountError::Invalid(error.to_string()))?;
        let token = Token(URL_SAFE_NO_PAD.encode(secret));
        sqlx::query("INSERT INTO sessions (token_hash, resident, expires_at) VALUES ($1, $2, $3)")
            .bind(identify(token.as_str()).0)
            .bind(&resident.name)
            .bind(clock::now() + LIFETIME)
            .execute(self.database.pool())
            .await?;
        Ok(token)
    }

    /// Whose session `token` opens; `None` if nobody's.
    ///
    /// # Errors
    /// The database's.
    pub async fn find(&self, token: &str) -> Result<Option<Session>, AccountError> {
        let id = identify(token);
        let now = clock::now();
        let row = sqlx::query(
            "SELECT residents.name, line, house, role, expires_at FROM sessions
             JOIN residents ON residents.name = sessions.resident
             WHERE token_hash = $1 AND expires_at > $2",
        )
        .bind(&id.0)
        .bind(now)
        .fetch_optional(self.database.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let renewed = row.try_get::<i64, _>("expires_at")? < now + LIFETIME - PROLONG_EVERY;
        if renewed {
            sqlx::query("UPDATE sessions SET expires_at = $1 WHERE token_hash = $2")
                .bind(now + LIFETIME)
                .bind(&id.0)
                .execute(self.database.pool())
                .await?;
        }
        Ok(Some(Session { id, resident: accounts::resident(&row)?, renewed }))
    }

    /// Ends the session that `token` opens, if there is one, and tells who watches.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(&self, token: &str) -> Result<(), AccountError> {
        let id = identify(token);
        sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
            .bind(&id.0)
            .execute(self.database.pool())
            .await?;
        // Nobody watching is no error: a session may have no socket.
        let _ = self.ended.send(id);
        Ok(())
    }

    /// Tells of each session that ends: its sockets must close.
    #[must_use]
    pub fn watch_ended(&self) -> broadcast::Receiver<SessionId> {
        self.ended.subscribe()
    }
}

fn identify(token: &str) -> SessionId {
    SessionId(URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes())))
}
