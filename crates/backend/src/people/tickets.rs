//! Tickets of people who have shown the password of an account with a second factor, and not yet the code. A ticket is
//! not a session. It opens nothing but the form for the code, for minutes, and is used once. The database has its hash.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Millis, Resident};
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;

use super::{
    PeopleError,
    accounts::{self, Accounts},
    sessions::is_token,
};
use crate::{clock, database};

/// The time for which a ticket holds, in milliseconds.
pub const LASTS: Millis = 5 * 60 * 1000;

/// A ticket's secret, shown once to the browser that showed the password.
#[derive(Clone)]
pub struct Ticket(String);

impl Ticket {
    /// The secret as text, with as many characters as the token of a session.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(hidden)")
    }
}

fn hash(ticket: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(ticket.as_bytes()))
}

impl Accounts {
    /// Issues a ticket to somebody who has shown the password.
    ///
    /// # Errors
    /// The database's.
    pub async fn issue_ticket(&self, name: &str) -> Result<Ticket, PeopleError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        let ticket = Ticket(URL_SAFE_NO_PAD.encode(secret));
        let now = clock::now();
        let forget = sqlx::query("DELETE FROM sign_in_tickets WHERE expires_at < $1")
            .bind(now)
            .execute(self.database().pool());
        database::answer(forget).await?;
        let insert = sqlx::query(
            "INSERT INTO sign_in_tickets (ticket_hash, resident, expires_at) VALUES ($1, $2, $3)",
        )
        .bind(hash(&ticket.0))
        .bind(name)
        .bind(now + LASTS)
        .execute(self.database().pool());
        database::answer(insert).await?;
        Ok(ticket)
    }

    /// Returns who was given a ticket, if it holds and the account is not locked.
    ///
    /// # Errors
    /// The database's.
    pub async fn holder_of(&self, ticket: &str) -> Result<Option<Resident>, PeopleError> {
        if !is_token(ticket) {
            return Ok(None);
        }
        let find = sqlx::query(
            "SELECT residents.name, line, house, role FROM sign_in_tickets
             JOIN residents ON residents.name = sign_in_tickets.resident
             WHERE ticket_hash = $1 AND expires_at > $2 AND locked = 0",
        )
        .bind(hash(ticket))
        .bind(clock::now())
        .fetch_optional(self.database().pool());
        let row = database::answer(find).await?;
        row.map(|row| accounts::resident(&row)).transpose()
    }

    /// Uses a ticket up; returns false if it was used meanwhile.
    ///
    /// # Errors
    /// The database's.
    pub async fn use_ticket(&self, ticket: &str) -> Result<bool, PeopleError> {
        let delete = sqlx::query("DELETE FROM sign_in_tickets WHERE ticket_hash = $1")
            .bind(hash(ticket))
            .execute(self.database().pool());
        Ok(database::answer(delete).await?.rows_affected() > 0)
    }
}

/// Ends the tickets of an account, whose password or second factor is another one now.
pub(super) async fn end_all(connection: &mut AnyConnection, name: &str) -> Result<(), sqlx::Error> {
    let delete = sqlx::query("DELETE FROM sign_in_tickets WHERE resident = $1").bind(name);
    delete.execute(connection).await.map(drop)
}
