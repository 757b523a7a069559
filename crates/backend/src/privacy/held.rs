//! The data held about a person, as the person sees them.

use domain::{House, Line, Millis, Resident, Role};
use serde::Serialize;
use serde_json::Value;
use sqlx::{Row, any::AnyRow};

use super::{Privacy, PrivacyError};
use crate::{
    database::{self, Database, stored::name},
    people::{PeopleError, invitations::PURPOSE, location_use::LocationUse},
};

/// The most uses of a location that are listed, the newest first.
const LISTED: i64 = 1_000;

/// An account and what hangs on it.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// The name to sign in with.
    pub account: String,
    /// The rights of the person.
    pub role: Role,
    /// The line of the flat.
    pub line: Option<Line>,
    /// The flat.
    pub house: Option<House>,
    /// When the account was made.
    pub created_at: Millis,
    /// Signing in needs a code besides the password.
    pub has_second_factor: bool,
    /// The name that never changes of the person at the housing service, if the account is linked with one.
    pub service_subject: Option<String>,
    /// The choice of the person about the location.
    pub location_use: LocationUse,
    /// The consents, the newest first.
    pub consents: Vec<Consent>,
    /// The uses of the person's location, the newest first.
    pub location_uses: Vec<Shown>,
    /// Nobody else of the flat has an account.
    pub is_alone: bool,
}

impl Held {
    /// Returns the consent to the use of the location that holds.
    #[must_use]
    pub fn consent(&self) -> Option<&Consent> {
        self.consents.iter().find(|consent| consent.purpose == PURPOSE && consent.withdrawn_at.is_none())
    }
}

/// A consent.
#[derive(Clone, Debug, Serialize)]
pub struct Consent {
    /// The purpose.
    pub purpose: String,
    /// The version of the words.
    pub version: String,
    /// The words that were shown.
    pub text: String,
    /// When it was given.
    pub given_at: Millis,
    /// When it was taken back.
    pub withdrawn_at: Option<Millis>,
}

/// A use of the person's location.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// The call.
    pub call: String,
    /// When the location went out with it.
    pub called_at: Millis,
    /// The account that was shown it.
    pub viewer: String,
    /// The line of that account.
    pub viewer_line: Option<Line>,
    /// The house of that account.
    pub viewer_house: Option<House>,
    /// The role of that account, `resident` or `administrator`.
    pub viewer_role: String,
    /// The way, which is `alarm`, `snapshot`, `board` or `page`.
    pub means: String,
    /// When.
    pub at: Millis,
}

/// A record of the person in this node's outbox.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// The topic.
    pub topic: String,
    /// When it was received.
    pub at: Millis,
    /// The value.
    pub value: Value,
}

impl Privacy {
    /// Returns what is held about a person; `None` if there is no such account any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn held(&self, of: &Resident) -> Result<Option<Held>, PeopleError> {
        database::outcome(read(&self.database, of)).await
    }

    /// Returns the newest thousand records of an account that this node has, the newest first. Those of a former
    /// account of the same name are not among them.
    ///
    /// # Errors
    /// The outbox's.
    pub async fn records(&self, of: &Held) -> Result<Vec<Record>, PrivacyError> {
        let mut entries = self.outbox.pages()?.of_resident(&of.account).await?;
        entries.retain(|(_, entry)| entry.at >= of.created_at);
        let record = |entry: crate::delivery::outbox::Entry| Record {
            topic: entry.topic,
            at: entry.at,
            value: serde_json::from_slice(&entry.value).unwrap_or_default(),
        };
        Ok(entries.into_iter().map(|(_, entry)| record(entry)).collect())
    }
}

async fn read(database: &Database, of: &Resident) -> Result<Option<Held>, PeopleError> {
    let find = sqlx::query(
        "SELECT created_at, location_use,
             (SELECT COUNT(*) FROM second_factors
              WHERE second_factors.resident = residents.name AND confirmed_at > 0) AS factors,
             (SELECT subject FROM service_links WHERE service_links.resident = residents.name
              ORDER BY linked_at DESC LIMIT 1) AS subject,
             (SELECT COUNT(*) FROM residents AS other WHERE other.line = residents.line
              AND other.house = residents.house AND other.name <> residents.name) AS others
         FROM residents WHERE name = $1",
    );
    let find = find.bind(of.name.clone());
    let Some(account) = find.fetch_optional(database.pool()).await? else { return Ok(None) };
    let word: String = account.try_get("location_use")?;
    let [factors, others]: [i64; 2] = [account.try_get("factors")?, account.try_get("others")?];
    let created_at: Millis = account.try_get("created_at")?;
    Ok(Some(Held {
        account: of.name.clone(),
        role: of.role,
        line: of.line.clone(),
        house: of.house.clone(),
        created_at,
        has_second_factor: factors > 0,
        service_subject: account.try_get("subject")?,
        location_use: LocationUse::read(&word),
        consents: consents(database, &of.name).await?,
        location_uses: location_uses(database, &of.name, created_at).await?,
        is_alone: of.house.is_some() && others == 0,
    }))
}

async fn consents(database: &Database, account: &str) -> Result<Vec<Consent>, PeopleError> {
    let list = sqlx::query(
        "SELECT purpose, version, text, given_at, withdrawn_at FROM consents WHERE resident = $1
         ORDER BY given_at DESC",
    );
    let rows = list.bind(account.to_owned()).fetch_all(database.pool()).await?;
    let read = |row: &AnyRow| -> Result<Consent, PeopleError> {
        let withdrawn_at: Millis = row.try_get("withdrawn_at")?;
        Ok(Consent {
            purpose: row.try_get("purpose")?,
            version: row.try_get("version")?,
            text: row.try_get("text")?,
            given_at: row.try_get("given_at")?,
            withdrawn_at: (withdrawn_at > 0).then_some(withdrawn_at),
        })
    };
    rows.iter().map(read).collect()
}

/// Returns who was shown the locations of an account, without the person's own devices. A former account of the same
/// name was somebody else's.
async fn location_uses(database: &Database, account: &str, since: Millis) -> Result<Vec<Shown>, PeopleError> {
    let list = sqlx::query(
        "SELECT location_uses.alert, located_calls.at AS called_at, viewer, viewer_line, viewer_house, viewer_role,
             means, location_uses.at AS shown_at
         FROM location_uses JOIN located_calls ON located_calls.line = location_uses.line
             AND located_calls.house = location_uses.house AND located_calls.alert = location_uses.alert
         WHERE located_calls.account = $1 AND viewer <> $1 AND located_calls.at >= $3
         ORDER BY location_uses.at DESC, viewer LIMIT $2",
    );
    let list = list.bind(account.to_owned()).bind(LISTED).bind(since);
    list.fetch_all(database.pool()).await?.iter().map(shown).collect()
}

fn shown(row: &AnyRow) -> Result<Shown, PeopleError> {
    let (line, house): (Option<String>, Option<String>) =
        (row.try_get("viewer_line")?, row.try_get("viewer_house")?);
    Ok(Shown {
        call: row.try_get("alert")?,
        called_at: row.try_get("called_at")?,
        viewer: row.try_get("viewer")?,
        viewer_line: line.map(|line| name(line, Line::new)).transpose()?,
        viewer_house: house.map(|house| name(house, House::new)).transpose()?,
        viewer_role: row.try_get("viewer_role")?,
        means: row.try_get("means")?,
        at: row.try_get("shown_at")?,
    })
}
