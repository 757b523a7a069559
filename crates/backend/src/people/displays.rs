//! The screens that show the office's board without anybody signed in. Each has a token of its own, of which the database
//! knows only the SHA-256. It does not expire; the office revokes it.
//!
//! Every node holds a copy of all screens, which is brought up to date every two seconds, so that a board works while the
//! database is away and a guessed token costs no query.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Millis, people::unseen};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{Row, any::AnyRow};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{PeopleError, office::Refused, sessions::is_token};
use crate::{
    audit::{self, Act, By, Record},
    clock,
    database::{self, Database},
};

/// The time between two queries of the database. The board of a revoked screen closes within five seconds.
const SYNC_EVERY: Duration = Duration::from_secs(2);
/// The most screens, which is more than an office has walls. Each may hold a stream open.
pub const MOST: i64 = 50;
/// The longest name of a screen, in characters.
const NAME_LIMIT: usize = 64;
/// The shortest time between two notes that a screen was seen, in milliseconds.
const SEEN_EVERY: Millis = 60 * 1000;

/// The secret of a screen, shown once to the administrator who made it.
#[derive(Clone)]
pub struct DisplayToken(String);

impl DisplayToken {
    /// The secret as text, which is 43 characters of URL-safe base64, for 256 random bits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DisplayToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DisplayToken(hidden)")
    }
}

/// A screen that may read the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Display {
    /// Names it, and cannot open the board.
    pub id: String,
    /// The name that the office gave it.
    pub name: String,
    /// The administrator who made it.
    pub made_by: String,
    /// When that was.
    pub made_at: Millis,
    /// When it last asked for the board.
    pub seen_at: Option<Millis>,
}

/// A screen just made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The screen.
    pub display: Display,
    /// Its secret, which nobody can read later.
    pub token: DisplayToken,
}

/// The outcome of looking for a token's screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is a screen's; this is the screen's id.
    Known(String),
    /// It is nobody's, or was revoked.
    Unknown,
    /// The screens have not been read since the start, because the database is away.
    NotRead,
}

/// A screen as a node knows it.
#[derive(PartialEq, Eq)]
struct Known {
    id: String,
    name: String,
}

/// Each screen by the hash of its token; nothing before they were read.
type Copied = Option<Arc<HashMap<String, Known>>>;

/// The screens of the complex. Clones share the copy.
#[derive(Clone)]
pub struct Displays {
    database: Database,
    copy: watch::Sender<Copied>,
}

impl Displays {
    /// The screens of `database`, which may be away.
    pub async fn open(database: Database) -> Self {
        let displays = Self { database, copy: watch::Sender::new(None) };
        if let Err(error) = displays.sync().await {
            tracing::warn!(%error, "the displays cannot be read, retrying");
        }
        displays
    }

    /// Keeps the copy up to date, until it is cancelled.
    pub(crate) async fn run(self, stopping: CancellationToken) {
        let syncing = async {
            loop {
                tokio::time::sleep(SYNC_EVERY).await;
                if let Err(error) = self.sync().await {
                    tracing::debug!(%error, "the displays stay those known from before");
                }
            }
        };
        stopping.run_until_cancelled(syncing).await;
    }

    async fn sync(&self) -> Result<(), PeopleError> {
        self.database.prepare().await?;
        let list = sqlx::query("SELECT token_hash, id, name FROM displays").fetch_all(self.database.pool());
        let rows = database::answer(list).await?;
        let pair = |row: &AnyRow| -> Result<(String, Known), sqlx::Error> {
            Ok((row.try_get("token_hash")?, Known { id: row.try_get("id")?, name: row.try_get("name")? }))
        };
        let read = rows.iter().map(pair).collect::<Result<HashMap<_, _>, _>>()?;
        self.copy.send_if_modified(|copy| {
            let is_new = copy.as_deref() != Some(&read);
            if is_new {
                *copy = Some(Arc::new(read));
            }
            is_new
        });
        Ok(())
    }

    /// Returns whose token this is, by this node's copy.
    #[must_use]
    pub fn find(&self, token: &str) -> Found {
        if !is_token(token) {
            return Found::Unknown;
        }
        match &*self.copy.borrow() {
            None => Found::NotRead,
            Some(known) => match known.get(&hash(token)) {
                Some(display) => Found::Known(display.id.clone()),
                None => Found::Unknown,
            },
        }
    }

    /// Returns the name of a screen, by this node's copy.
    #[must_use]
    pub fn name(&self, id: &str) -> Option<String> {
        let copy = self.copy.borrow();
        let display = copy.as_ref()?.values().find(|display| display.id == id)?;
        Some(display.name.clone())
    }

    /// Waits until the screen is revoked.
    pub async fn revoked(&self, id: &str) {
        let is_gone =
            |copy: &Copied| copy.as_ref().is_some_and(|known| !known.values().any(|one| one.id == id));
        let mut copy = self.copy.subscribe();
        let is_closed = copy.wait_for(is_gone).await.is_err();
        // The sender is this one's own, so the wait ends by the condition alone.
        debug_assert!(!is_closed, "the copy of the displays is gone");
    }

    /// Makes a screen.
    ///
    /// # Errors
    /// [`Refused::Invalid`] for a name that cannot be, or beyond [`MOST`]; else the database's.
    pub async fn make(&self, name: &str, by: &By) -> Result<Made, Refused> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_LIMIT || unseen(name).is_some() {
            let what = format!("the name of a display has 1 to {NAME_LIMIT} characters that can be seen");
            return Err(Refused::Invalid(what));
        }
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(PeopleError::from)?;
        let token = DisplayToken(URL_SAFE_NO_PAD.encode(secret));
        let display = Display {
            id: Uuid::now_v7().to_string(),
            name: name.to_owned(),
            made_by: by.name().to_owned(),
            made_at: clock::now(),
            seen_at: None,
        };
        let record = Record::new(Act::DisplayMade, by.clone()).about(&display.name).with(&display.id);
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database.pool().begin().await?;
            let insert = sqlx::query(
                "INSERT INTO displays (id, token_hash, name, made_by, made_at)
                 SELECT $1, $2, $3, $4, $5 WHERE (SELECT COUNT(*) FROM displays) < $6",
            )
            .bind(&display.id)
            .bind(hash(token.as_str()))
            .bind(&display.name)
            .bind(&display.made_by)
            .bind(display.made_at)
            .bind(MOST);
            if insert.execute(&mut *transaction).await?.rows_affected() == 0 {
                return Err(Refused::Invalid(format!("there are {MOST} displays: remove one first")));
            }
            audit::append(&mut transaction, &[record]).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await?;
        self.after_change().await;
        Ok(Made { display, token })
    }

    /// Revokes a screen's token; returns the screen's name. Its board closes within five seconds on every node.
    ///
    /// # Errors
    /// [`Refused::NoSuchDisplay`], or the database's.
    pub async fn revoke(&self, id: &str, by: &By) -> Result<String, Refused> {
        let missing = || Refused::NoSuchDisplay(id.to_owned());
        let find = sqlx::query("SELECT name FROM displays WHERE id = $1").bind(id);
        let row = database::answer(find.fetch_optional(self.database.pool())).await?.ok_or_else(missing)?;
        let name: String = row.try_get("name")?;
        let record = Record::new(Act::DisplayRevoked, by.clone()).about(&name).with(id);
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database.pool().begin().await?;
            let delete = sqlx::query("DELETE FROM displays WHERE id = $1").bind(id);
            if delete.execute(&mut *transaction).await?.rows_affected() == 0 {
                return Err(missing());
            }
            audit::append(&mut transaction, &[record]).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await?;
        self.after_change().await;
        Ok(name)
    }

    /// Reads the screens at once on this node, because the office looks at the result.
    async fn after_change(&self) {
        if let Err(error) = self.sync().await {
            tracing::debug!(%error, "a change of the displays is applied by the next round");
        }
    }

    /// Returns every screen, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self) -> Result<Vec<Display>, PeopleError> {
        let list = sqlx::query(
            "SELECT id, name, made_by, made_at, seen_at FROM displays ORDER BY made_at DESC, id DESC",
        )
        .fetch_all(self.database.pool());
        database::answer(list).await?.iter().map(display).collect()
    }

    /// Records that a screen asked for the board, once a minute at most.
    ///
    /// # Errors
    /// The database's.
    pub async fn seen(&self, id: &str) -> Result<(), PeopleError> {
        let now = clock::now();
        let note = sqlx::query("UPDATE displays SET seen_at = $1 WHERE id = $2 AND seen_at < $3")
            .bind(now)
            .bind(id)
            .bind(now - SEEN_EVERY)
            .execute(self.database.pool());
        database::answer(note).await?;
        Ok(())
    }
}

fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

fn display(row: &AnyRow) -> Result<Display, PeopleError> {
    let seen_at: Millis = row.try_get("seen_at")?;
    Ok(Display {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        made_by: row.try_get("made_by")?,
        made_at: row.try_get("made_at")?,
        seen_at: (seen_at > 0).then_some(seen_at),
    })
}
