//! Adding a device, or bringing it up to date.

use domain::{
    Resident,
    push::{Device, Language, Subscribe},
};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::{
    Subscriptions, id_of,
    keys::{check_keys, decoded},
};
use crate::{
    clock, database,
    push::{PushError, endpoint::Hosts},
};

/// The most devices of an account, which is more than a family has. The one that has been silent the longest is removed
/// for a new one.
const MOST_OF_ONE: i64 = 20;
/// The longest name of a device, in characters.
const NAME_LIMIT: usize = 64;

const NEXT_CHANGE: &str = "(SELECT COALESCE(MAX(change), 0) + 1 FROM push_subscriptions)";

/// The device that has an endpoint.
struct Known {
    id: Uuid,
    account: String,
    endpoint: String,
    keys: (Vec<u8>, Vec<u8>),
    vapid: String,
    device: String,
    language: String,
}

impl Subscriptions {
    /// Adds a device of `by`, or brings the one that has this endpoint or the replaced one up to date. A new one that
    /// names no language gets `otherwise`.
    ///
    /// # Errors
    /// [`PushError`].
    pub(in crate::push) async fn add(
        &self,
        by: &Resident,
        hosts: &Hosts,
        wish: Subscribe,
        otherwise: Language,
    ) -> Result<Device, PushError> {
        hosts.check(&wish.endpoint)?;
        let keys = check_keys(&wish)?;
        let known = match self.known(&wish.endpoint).await? {
            None => self.replaced(by, &wish.replaces).await?,
            known => known,
        };
        let id = match known {
            // A browser in which another person signs in has the same keys, which nobody else can know.
            Some(known) if known.account == by.name || known.keys == keys => {
                let is_same = known.account == by.name
                    && known.endpoint == wish.endpoint
                    && known.keys == keys
                    && known.vapid == self.vapid;
                let device =
                    if wish.device.trim().is_empty() { known.device.clone() } else { name_of(&wish.device) };
                let language = language_of(&wish.language, &known.language);
                // Every page brings its subscription. Where nothing is new, no node reads all devices again.
                if !is_same || device != known.device || language != known.language {
                    self.replace(by, known.id, &Subscribe { device, language, ..wish }).await?;
                }
                known.id
            }
            Some(_) => return Err(PushError::NotYours),
            None => {
                let language = language_of(&wish.language, otherwise.code());
                self.insert(by, &Subscribe { language, ..wish }).await?
            }
        };
        self.drop_surplus(&by.name, id).await?;
        // A call of the next moment must reach it, at this node at least.
        self.put(self.recipient(by, id).await?);
        self.own(by, id).await?.ok_or(PushError::Unknown)
    }

    /// Returns the device of `by` whose browser has replaced this endpoint.
    async fn replaced(&self, by: &Resident, endpoint: &str) -> Result<Option<Known>, PushError> {
        if endpoint.is_empty() {
            return Ok(None);
        }
        Ok(self.known(endpoint).await?.filter(|known| known.account == by.name))
    }

    async fn known(&self, endpoint: &str) -> Result<Option<Known>, PushError> {
        let find = sqlx::query(
            "SELECT id, account, endpoint, p256dh, auth, vapid, device, language FROM push_subscriptions
                 WHERE endpoint = $1",
        )
        .bind(endpoint)
        .fetch_optional(self.database.pool());
        let Some(row) = database::answer(find).await? else { return Ok(None) };
        let text = |column| row.try_get::<String, _>(column);
        let keys = (decoded(&text("p256dh")?), decoded(&text("auth")?));
        Ok(Some(Known {
            id: id_of(&row)?,
            account: text("account")?,
            endpoint: text("endpoint")?,
            keys,
            vapid: text("vapid")?,
            device: text("device")?,
            language: text("language")?,
        }))
    }

    async fn replace(&self, by: &Resident, id: Uuid, wish: &Subscribe) -> Result<(), PushError> {
        let update = format!(
            "UPDATE push_subscriptions SET account = $1, endpoint = $2, p256dh = $3, auth = $4, vapid = $5,
             device = $6, language = $7, change = {NEXT_CHANGE} WHERE id = $8"
        );
        let update = sqlx::query(AssertSqlSafe(update))
            .bind(&by.name)
            .bind(&wish.endpoint)
            .bind(&wish.keys.p256dh)
            .bind(&wish.keys.auth)
            .bind(&self.vapid)
            .bind(name_of(&wish.device))
            .bind(Language::of(&wish.language).code())
            .bind(id.to_string())
            .execute(self.database.pool());
        database::answer(update).await?;
        Ok(())
    }

    async fn insert(&self, by: &Resident, wish: &Subscribe) -> Result<Uuid, PushError> {
        let id = Uuid::now_v7();
        let insert = format!(
            "INSERT INTO push_subscriptions
             (id, account, endpoint, p256dh, auth, vapid, device, language, created_at, change)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, {NEXT_CHANGE})"
        );
        let insert = sqlx::query(AssertSqlSafe(insert))
            .bind(id.to_string())
            .bind(&by.name)
            .bind(&wish.endpoint)
            .bind(&wish.keys.p256dh)
            .bind(&wish.keys.auth)
            .bind(&self.vapid)
            .bind(name_of(&wish.device))
            .bind(Language::of(&wish.language).code())
            .bind(clock::now())
            .execute(self.database.pool());
        database::answer(insert).await?;
        Ok(id)
    }

    async fn drop_surplus(&self, account: &str, newest: Uuid) -> Result<(), PushError> {
        let drop_them = sqlx::query(
            "DELETE FROM push_subscriptions WHERE account = $1 AND id <> $2 AND id NOT IN (
                 SELECT id FROM push_subscriptions WHERE account = $1 AND id <> $2
                 ORDER BY COALESCE(worked_at, created_at) DESC LIMIT $3)",
        )
        .bind(account)
        .bind(newest.to_string())
        .bind(MOST_OF_ONE - 1)
        .execute(self.database.pool());
        database::answer(drop_them).await?;
        Ok(())
    }
}

/// Returns the code of the language that is named, or `otherwise`.
fn language_of(named: &str, otherwise: &str) -> String {
    if named.trim().is_empty() { otherwise.to_owned() } else { Language::of(named).code().to_owned() }
}

/// Returns a name that can be shown, in one line, and short.
fn name_of(device: &str) -> String {
    device.trim().chars().filter(|c| !c.is_control()).take(NAME_LIMIT).collect()
}
