//! Joining, by which a person uses a code and has an account or a new password.

use domain::{House, Line, Millis, Resident, Role};
use sqlx::{AnyConnection, Row};

use super::{CONSENT_VERSION, Code, PURPOSE};
use crate::{
    audit::{self, Act, Record},
    clock,
    database::{
        self,
        stored::{StoredResident, Unreadable, name},
    },
    people::{
        PeopleError,
        accounts::{self, AccountError, Accounts, NewAccount},
        from_database,
        office::end_sessions,
    },
};

/// The purpose of an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The flat.
    pub flat: Option<(Line, House)>,
    /// The account that gets a new password.
    pub resident: Option<String>,
    /// Until when it can be used.
    pub expires_at: Millis,
}

/// The form of somebody who was invited.
pub struct Joining {
    /// The name to sign in with; that of an account that gets a new password is known.
    pub name: String,
    /// The password, in the clear; only its hash is kept.
    pub password: String,
    /// The version of the words that were agreed to.
    pub consent: Option<String>,
    /// The words.
    pub consent_text: String,
}

/// Why nobody joins. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// There is no such code.
    #[error("there is no such invitation: check the code")]
    Unknown,
    /// The code was used.
    #[error("the invitation has been used: sign in, or ask the office for another one")]
    Used,
    /// The code is too old.
    #[error("the invitation has expired: ask the office for another one")]
    Expired,
    /// The words about the location were not agreed to, or are others now.
    #[error("joining needs consent to the use of the location in a call, version {CONSENT_VERSION}")]
    Consent,
    /// The name or the password cannot be had.
    #[error(transparent)]
    Account(#[from] AccountError),
}

impl From<PeopleError> for JoinError {
    fn from(error: PeopleError) -> Self {
        Self::Account(error.into())
    }
}

from_database!(JoinError);

impl Accounts {
    /// Returns what a code is for. It stays usable, because programs that show a preview of a link open it, too.
    ///
    /// # Errors
    /// [`JoinError`].
    pub async fn invited(&self, code: &Code) -> Result<Invited, JoinError> {
        database::outcome(async {
            let mut connection = self.database().pool().acquire().await?;
            look_up(&mut connection, code).await
        })
        .await
    }

    /// Uses a code, which makes the account, or gives one that there is a new password and ends its sessions.
    ///
    /// # Errors
    /// [`JoinError`]; the code can be used again then.
    pub async fn join(&self, code: &Code, joining: Joining) -> Result<Resident, JoinError> {
        let Invited { flat, resident, .. } = self.invited(code).await?;
        let Joining { name, password, consent, consent_text } = joining;
        let is_new = resident.is_none();
        if is_new && consent.as_deref() != Some(CONSENT_VERSION) {
            return Err(JoinError::Consent);
        }
        let (line, house) = flat.unzip();
        let role = if line.is_some() { Role::Resident } else { Role::Administrator };
        let account = NewAccount { name: resident.unwrap_or(name), password, line, house, role };
        // The name of an account of an older version may have what a new one may not.
        let checked = if is_new {
            accounts::validate(&account)
        } else {
            accounts::validate_password(&account.password)
        };
        checked?;
        let NewAccount { name, password, line, house, role } = account;
        let hash = self.hashed(password).await?;
        let stored = StoredResident {
            name,
            line: line.map(String::from),
            house: house.map(String::from),
            role: role.as_str().to_owned(),
        };
        database::outcome(async {
            let mut transaction = self.database().pool().begin().await?;
            let now = clock::now();
            // Two at once wait here for each other, and the second finds the code used.
            let used = sqlx::query(
                "UPDATE invitations SET used_at = $1 WHERE code_hash = $2 AND used_at = 0 AND expires_at > $1",
            );
            let used = used.bind(now).bind(code.hash()).execute(&mut *transaction).await?;
            if used.rows_affected() == 0 {
                look_up(&mut transaction, code).await?;
                return Err(JoinError::Used);
            }
            let resident = if is_new {
                make(&mut transaction, stored, hash, &consent_text, now).await?
            } else {
                renew(&mut transaction, &stored.name, hash).await?
            };
            let act = if is_new { Act::Joined } else { Act::PasswordChosen };
            let record = Record::new(act, self.by().named(&resident.name)).about(&resident.name);
            audit::append(&mut transaction, &[record]).await?;
            transaction.commit().await?;
            Ok(resident)
        })
        .await
    }
}

async fn look_up(connection: &mut AnyConnection, code: &Code) -> Result<Invited, JoinError> {
    let find = sqlx::query(
        "SELECT line, house, resident, expires_at, used_at FROM invitations WHERE code_hash = $1",
    );
    let row = find.bind(code.hash()).fetch_optional(connection).await?.ok_or(JoinError::Unknown)?;
    if row.try_get::<Millis, _>("used_at")? != 0 {
        return Err(JoinError::Used);
    }
    let expires_at: Millis = row.try_get("expires_at")?;
    if expires_at <= clock::now() {
        return Err(JoinError::Expired);
    }
    let (line, house): (Option<String>, Option<String>) = (row.try_get("line")?, row.try_get("house")?);
    let read = |(line, house)| -> Result<(Line, House), Unreadable> {
        Ok((name(line, Line::new)?, name(house, House::new)?))
    };
    let flat = line.zip(house).map(read);
    let flat = flat.transpose().map_err(PeopleError::Unreadable)?;
    Ok(Invited { flat, resident: row.try_get("resident")?, expires_at })
}

async fn make(
    connection: &mut AnyConnection,
    account: StoredResident,
    hash: String,
    consent_text: &str,
    now: Millis,
) -> Result<Resident, JoinError> {
    let insert = sqlx::query(
        "INSERT INTO residents (name, password_hash, line, house, role, demo, created_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6) ON CONFLICT (name) DO NOTHING",
    );
    let insert = insert
        .bind(account.name.clone())
        .bind(hash)
        .bind(account.line.clone())
        .bind(account.house.clone())
        .bind(account.role.clone())
        .bind(now);
    if insert.execute(&mut *connection).await?.rows_affected() == 0 {
        return Err(AccountError::Taken(account.name).into());
    }
    let consent = sqlx::query(
        "INSERT INTO consents (resident, purpose, version, text, given_at) VALUES ($1, $2, $3, $4, $5)",
    );
    let consent =
        consent.bind(account.name.clone()).bind(PURPOSE).bind(CONSENT_VERSION).bind(consent_text.to_owned());
    consent.bind(now).execute(connection).await?;
    Ok(account.read().map_err(PeopleError::Unreadable)?)
}

/// Gives an account a new password. Its devices sign in with it.
async fn renew(connection: &mut AnyConnection, name: &str, hash: String) -> Result<Resident, JoinError> {
    let update = sqlx::query("UPDATE residents SET password_hash = $1 WHERE name = $2 AND locked = 0");
    if update.bind(hash).bind(name).execute(&mut *connection).await?.rows_affected() == 0 {
        return Err(PeopleError::Locked.into());
    }
    end_sessions(connection, name).await?;
    let find = sqlx::query("SELECT name, line, house, role FROM residents WHERE name = $1").bind(name);
    Ok(accounts::resident(&find.fetch_one(connection).await?)?)
}
