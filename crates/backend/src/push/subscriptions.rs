//! The devices that take push. They live in the shared database, and every node holds a copy of them beside its copy
//! of the sessions, because a call must reach them while the database is away.

mod add;
mod copy;
mod households;
mod keys;

use std::sync::{Arc, RwLock};

use domain::{
    House, Line, Millis, Resident, Role,
    push::{Device, Language},
};
use sqlx::{AssertSqlSafe, Row, any::AnyRow};
use uuid::Uuid;

use self::keys::decoded;
use super::PushError;
use crate::{
    clock,
    database::{self, Database, DatabaseError},
    people::accounts,
};

/// The time after which a device that has shown nothing is silent, in milliseconds.
const SILENT_AFTER: Millis = 30 * 24 * 60 * 60 * 1000;
/// Devices that one statement names.
const AT_ONCE: usize = 200;

/// A device with what is needed to send to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipient {
    pub(super) id: Uuid,
    pub(super) account: String,
    pub(super) line: Option<Line>,
    pub(super) house: Option<House>,
    pub(super) role: Role,
    pub(super) endpoint: String,
    pub(super) p256dh: Vec<u8>,
    pub(super) auth: Vec<u8>,
    pub(super) language: Language,
}

impl Recipient {
    /// Returns whether the device is alarmed by a call of the flat, as those of its line's residents and of
    /// administrators are, except the flat itself.
    pub(super) fn is_alarmed_by(&self, line: &Line, house: &House) -> bool {
        let may_receive = self.role == Role::Administrator || self.line.as_ref() == Some(line);
        may_receive && !self.is_of_flat(line, house)
    }

    /// Returns whether it is the device of somebody of this flat.
    pub(super) fn is_of_flat(&self, line: &Line, house: &House) -> bool {
        self.line.as_ref() == Some(line) && self.house.as_ref() == Some(house)
    }
}

/// The devices of the complex. Clones share the copy.
#[derive(Clone)]
pub(super) struct Subscriptions {
    database: Database,
    /// The public key that they must have subscribed with, because their push services take no other.
    vapid: String,
    copy: Arc<RwLock<Arc<Vec<Recipient>>>>,
}

impl Subscriptions {
    pub(super) fn new(database: Database, vapid: String) -> Self {
        Self { database, vapid, copy: Arc::default() }
    }

    /// Returns the devices of a person, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn list(&self, of: &Resident) -> Result<Vec<Device>, PushError> {
        let list = sqlx::query(
            "SELECT id, endpoint, device, created_at, accepted_at, worked_at FROM push_subscriptions
             WHERE account = $1 ORDER BY created_at, id",
        )
        .bind(&of.name)
        .fetch_all(self.database.pool());
        database::answer(list).await?.iter().map(device).collect()
    }

    async fn own(&self, of: &Resident, id: Uuid) -> Result<Option<Device>, PushError> {
        let find = sqlx::query(
            "SELECT id, endpoint, device, created_at, accepted_at, worked_at FROM push_subscriptions
             WHERE account = $1 AND id = $2",
        )
        .bind(&of.name)
        .bind(id.to_string())
        .fetch_optional(self.database.pool());
        database::answer(find).await?.as_ref().map(device).transpose()
    }

    /// Removes a device of `by`.
    ///
    /// # Errors
    /// [`PushError::Unknown`], [`PushError::NotYours`], or the database's.
    pub(super) async fn remove(&self, by: &Resident, id: Uuid) -> Result<(), PushError> {
        self.must_be_of(by, id).await?;
        let remove = sqlx::query("DELETE FROM push_subscriptions WHERE id = $1")
            .bind(id.to_string())
            .execute(self.database.pool());
        database::answer(remove).await?;
        self.change_copy(|all| all.retain(|one| one.id != id));
        Ok(())
    }

    /// Returns a device of `by` with what is needed to send to it.
    ///
    /// # Errors
    /// [`PushError::Unknown`], [`PushError::NotYours`], or the database's.
    pub(super) async fn recipient(&self, by: &Resident, id: Uuid) -> Result<Recipient, PushError> {
        self.must_be_of(by, id).await?;
        let find = sqlx::query(AssertSqlSafe(format!(
            "{RECIPIENTS} WHERE push_subscriptions.id = $1 AND residents.locked = 0"
        )))
        .bind(id.to_string())
        .fetch_optional(self.database.pool());
        let row = database::answer(find).await?.ok_or(PushError::Unknown)?;
        recipient(&row)
    }

    /// Notes that a device of `by` has shown a message.
    ///
    /// # Errors
    /// [`PushError::Unknown`], [`PushError::NotYours`], or the database's.
    pub(super) async fn worked(&self, by: &Resident, id: Uuid) -> Result<(), PushError> {
        self.must_be_of(by, id).await?;
        let note = sqlx::query("UPDATE push_subscriptions SET worked_at = $1 WHERE id = $2")
            .bind(clock::now())
            .bind(id.to_string())
            .execute(self.database.pool());
        database::answer(note).await?;
        Ok(())
    }

    async fn must_be_of(&self, by: &Resident, id: Uuid) -> Result<(), PushError> {
        let find = sqlx::query("SELECT account FROM push_subscriptions WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(self.database.pool());
        let row = database::answer(find).await?.ok_or(PushError::Unknown)?;
        let account: String = row.try_get(0)?;
        if account == by.name { Ok(()) } else { Err(PushError::NotYours) }
    }

    /// Removes a device that its push service knows no longer. It stays where its browser has replaced the endpoint
    /// meanwhile, because the answer was about the old one.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn gone(&self, to: &Recipient) -> Result<(), DatabaseError> {
        let remove = sqlx::query("DELETE FROM push_subscriptions WHERE id = $1 AND endpoint = $2")
            .bind(to.id.to_string())
            .bind(&to.endpoint)
            .execute(self.database.pool());
        database::answer(remove).await?;
        self.change_copy(|all| all.retain(|one| one.id != to.id || one.endpoint != to.endpoint));
        Ok(())
    }

    /// Notes that the push services of these devices have taken a message.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn accepted(&self, ids: &[Uuid]) -> Result<(), DatabaseError> {
        for ids in ids.chunks(AT_ONCE) {
            let places: Vec<String> = (2..ids.len() + 2).map(|place| format!("${place}")).collect();
            let note =
                format!("UPDATE push_subscriptions SET accepted_at = $1 WHERE id IN ({})", places.join(", "));
            let mut note = sqlx::query(AssertSqlSafe(note)).bind(clock::now());
            for id in ids {
                note = note.bind(id.to_string());
            }
            database::answer(note.execute(self.database.pool())).await?;
        }
        Ok(())
    }
}

const RECIPIENTS: &str = "SELECT push_subscriptions.id, endpoint, p256dh, auth, language,
     residents.name, line, house, role
     FROM push_subscriptions JOIN residents ON residents.name = push_subscriptions.account";

fn id_of(row: &AnyRow) -> Result<Uuid, PushError> {
    let text: String = row.try_get("id")?;
    text.parse().map_err(|_| PushError::unreadable("the id of a device"))
}

fn recipient(row: &AnyRow) -> Result<Recipient, PushError> {
    let resident = accounts::resident(row)?;
    let text = |column| row.try_get::<String, _>(column);
    Ok(Recipient {
        id: id_of(row)?,
        account: resident.name,
        line: resident.line,
        house: resident.house,
        role: resident.role,
        endpoint: text("endpoint")?,
        p256dh: decoded(&text("p256dh")?),
        auth: decoded(&text("auth")?),
        language: Language::of(&text("language")?),
    })
}

fn device(row: &AnyRow) -> Result<Device, PushError> {
    let endpoint: String = row.try_get("endpoint")?;
    let uri = endpoint.parse::<http::Uri>().ok();
    let created = row.try_get("created_at")?;
    let worked: Option<Millis> = row.try_get("worked_at")?;
    Ok(Device {
        id: id_of(row)?,
        device: row.try_get("device")?,
        service: uri.and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default(),
        created,
        accepted: row.try_get("accepted_at")?,
        worked,
        silent: worked.unwrap_or(created) < clock::now() - SILENT_AFTER,
    })
}

#[cfg(test)]
mod tests;
