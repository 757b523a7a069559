//! The tables of accounts and sessions, as the server keeps them in SQLite and in PostgreSQL.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::{House, Line, Resident};
use sqlx::{AnyPool, Row as _, any::AnyPoolOptions};
use uuid::Uuid;

use super::{Device, token::Token};
use crate::Error;

/// The lifetime of a session, as the server has it. One that ends sooner would be prolonged, which costs a write.
const LIFETIME: Duration = Duration::from_secs(180 * 24 * 60 * 60);
/// The time for which the row of an ended session is kept.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const RESIDENT: &str = "INSERT INTO residents (name, password_hash, line, house, role, demo, created_at)
    VALUES ($1, $2, $3, $4, $5, 0, $6)";
const SESSION: &str =
    "INSERT INTO sessions (token_hash, resident, expires_at, change) VALUES ($1, $2, $3, $4)";
const LAST_CHANGE: &str = "SELECT COALESCE(MAX(change), 0) FROM sessions";
const END: &str = "UPDATE sessions SET ended = 1, expires_at = $1, change = $2 WHERE token_hash = $3";

const DEVICE: &str = "INSERT INTO push_subscriptions
    (id, account, endpoint, p256dh, auth, vapid, device, language, created_at, change)
    VALUES ($1, $2, $3, $4, $5, $6, 'a telephone', 'ko', $7, $8)";

/// The keys of the device in RFC 8291, section 5. They do for all devices, because the server makes a new key for every
/// message in any case.
const PUBLIC_KEY: &str =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

/// An account with the tokens of its sessions.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) resident: Resident,
    pub(super) tokens: Vec<Token>,
}

/// A connection to the database. Each method is one transaction.
pub(super) struct Register(AnyPool);

impl Register {
    /// Connects to `sqlite://FILE` or `postgres://…`.
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new().max_connections(1).connect(url).await;
        pool.map(Self).map_err(Error::database("open the accounts' database"))
    }

    /// Adds accounts and their sessions.
    pub(super) async fn add(&self, people: &[Person], password_hash: &str) -> Result<(), Error> {
        let added = async {
            let mut transaction = self.0.begin().await?;
            // A write comes first, because SQLite refuses to turn a reader into a writer while others write.
            for Person { resident, .. } in people {
                sqlx::query(RESIDENT)
                    .bind(&resident.name)
                    .bind(password_hash)
                    .bind(resident.line.as_ref().map(Line::as_str))
                    .bind(resident.house.as_ref().map(House::as_str))
                    .bind(resident.role.as_str())
                    .bind(in_milliseconds(Duration::ZERO))
                    .execute(&mut *transaction)
                    .await?;
            }
            let expires_at = in_milliseconds(LIFETIME);
            let last: i64 = sqlx::query(LAST_CHANGE).fetch_one(&mut *transaction).await?.try_get(0)?;
            // Each has a number of its own. The server reads the last hundred numbers again every time.
            let mut change = last;
            for Person { resident, tokens } in people {
                for token in tokens {
                    change += 1;
                    sqlx::query(SESSION)
                        .bind(token.hash())
                        .bind(&resident.name)
                        .bind(expires_at)
                        .bind(change)
                        .execute(&mut *transaction)
                        .await?;
                }
            }
            transaction.commit().await
        };
        added.await.map_err(Error::database("enter the accounts"))
    }

    /// Adds devices that have subscribed for push with this key of the server's.
    pub(super) async fn subscribe(&self, server_key: &str, devices: &[Device]) -> Result<(), Error> {
        let subscribed = async {
            let mut transaction = self.0.begin().await?;
            for (Device { account, endpoint }, change) in devices.iter().zip(1_i64..) {
                sqlx::query(DEVICE)
                    .bind(Uuid::now_v7().to_string())
                    .bind(account)
                    .bind(endpoint)
                    .bind(PUBLIC_KEY)
                    .bind(AUTH)
                    .bind(server_key)
                    .bind(in_milliseconds(Duration::ZERO))
                    .bind(change)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await
        };
        subscribed.await.map_err(Error::database("enter the devices"))
    }

    /// Adds one session of an account that is there.
    pub(super) async fn start(&self, resident: &Resident, token: &Token) -> Result<(), Error> {
        let started = async {
            let last: i64 = sqlx::query(LAST_CHANGE).fetch_one(&self.0).await?.try_get(0)?;
            let insert = sqlx::query(SESSION).bind(token.hash()).bind(&resident.name);
            insert.bind(in_milliseconds(LIFETIME)).bind(last + 1).execute(&self.0).await
        };
        started.await.map(drop).map_err(Error::database("enter a session"))
    }

    /// Ends a session.
    pub(super) async fn end(&self, token: &Token) -> Result<(), Error> {
        let ended = async {
            let last: i64 = sqlx::query(LAST_CHANGE).fetch_one(&self.0).await?.try_get(0)?;
            let end = sqlx::query(END).bind(in_milliseconds(DAY)).bind(last + 1).bind(token.hash());
            end.execute(&self.0).await
        };
        ended.await.map(drop).map_err(Error::database("end a session"))
    }

    /// Removes accounts with all of their sessions.
    pub(super) async fn remove(&self, people: &[Person]) -> Result<(), Error> {
        let removed = async {
            let mut transaction = self.0.begin().await?;
            for Person { resident, .. } in people {
                for delete in
                    ["DELETE FROM sessions WHERE resident = $1", "DELETE FROM residents WHERE name = $1"]
                {
                    sqlx::query(delete).bind(&resident.name).execute(&mut *transaction).await?;
                }
            }
            transaction.commit().await
        };
        removed.await.map_err(Error::database("remove the accounts"))
    }

    /// Closes the connection, so that SQLite leaves no files of a reader behind.
    pub(super) async fn close(self) {
        self.0.close().await;
    }
}

/// Returns the wall-clock time after this duration, in milliseconds since 1970.
fn in_milliseconds(from_now: Duration) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from((now + from_now).as_millis()).unwrap_or(i64::MAX)
}
