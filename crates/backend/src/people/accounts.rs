//! The accounts of residents and administrators, with argon2id password hashes.

mod demo;

use std::sync::LazyLock;

use argon2::{
    PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{SaltString, rand_core::OsRng},
};
use domain::{House, Line, Resident, Role, people::unseen};
use sqlx::{AnyConnection, Row, any::AnyRow};

pub use crate::database::account_name::{NAME_LIMIT, can_be_name};
use crate::{
    audit::{self, Act, By, Record},
    clock,
    database::{
        self, Database, DatabaseError,
        stored::{self, StoredResident, Unreadable},
    },
    people::{PeopleError, argon::Hasher, hashing::Hashing, seal::Seal},
};
pub use demo::{DEMO_PASSWORD, DEMO_RESIDENTS};

/// The shortest password, in characters (NIST SP 800-63B, section 5.1.1.1).
pub const PASSWORD_LENGTH: usize = 8;
/// The longest password, in characters, because argon2 must not be fed megabytes.
pub const PASSWORD_LENGTH_LIMIT: usize = 256;

/// Why an account cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name belongs to somebody.
    #[error("the name '{0}' is taken: choose another")]
    Taken(String),
    /// A value that the account is to have cannot be.
    #[error("{0}")]
    Invalid(String),
    /// It is not known whether it could be made.
    #[error(transparent)]
    Unavailable(#[from] PeopleError),
}

impl From<DatabaseError> for AccountError {
    fn from(error: DatabaseError) -> Self {
        Self::Unavailable(error.into())
    }
}

/// An account to be made.
pub struct NewAccount {
    /// The name to sign in with.
    pub name: String,
    /// The password, in the clear; only its hash is kept.
    pub password: String,
    /// The line of the flat; a resident has one.
    pub line: Option<Line>,
    /// The flat; a resident has one.
    pub house: Option<House>,
    /// The rights of the person.
    pub role: Role,
}

/// The accounts of the complex.
#[derive(Clone)]
pub struct Accounts {
    database: Database,
    hashing: Hashing,
    /// Seals the secrets of second factors.
    seal: Seal,
    /// In whose name the audit records acts.
    by: By,
}

impl Accounts {
    /// The accounts kept in `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database, hashing: Hashing::new(), seal: Seal::default(), by: By::service() }
    }

    /// Returns the same accounts, whose second factors have their secrets sealed in the database.
    #[must_use]
    pub fn sealed_by(self, seal: Seal) -> Self {
        Self { seal, ..self }
    }

    /// Returns the same accounts, whose acts the audit records in this name. Without it an act is recorded as the
    /// service's.
    #[must_use]
    pub fn acting(&self, by: By) -> Self {
        Self { by, ..self.clone() }
    }

    /// Records an act within its transaction, as the last thing before the commit.
    pub(super) async fn record(
        &self,
        connection: &mut AnyConnection,
        act: Act,
        subject: &str,
        detail: &str,
    ) -> Result<(), sqlx::Error> {
        let record = Record::new(act, self.by.clone()).about(subject).with(detail);
        audit::append(connection, &[record]).await
    }

    /// In whose name the audit records acts.
    pub(super) fn by(&self) -> &By {
        &self.by
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`AccountError::Taken`], [`AccountError::Invalid`] with what to change, or the database's.
    pub async fn create(&self, account: NewAccount) -> Result<Resident, AccountError> {
        self.insert(account, false).await
    }

    /// Seals the secrets of second factors.
    pub(super) fn seal(&self) -> &Seal {
        &self.seal
    }

    /// The database of the accounts.
    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    async fn insert(&self, account: NewAccount, demo: bool) -> Result<Resident, AccountError> {
        validate(&account)?;
        let NewAccount { name, password, line, house, role } = account;
        let hash = self.hashed(password).await?;
        let insert = sqlx::query(
            "INSERT INTO residents (name, password_hash, line, house, role, demo, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING",
        )
        .bind(&name)
        .bind(hash)
        .bind(line.as_ref().map(Line::as_str))
        .bind(house.as_ref().map(House::as_str))
        .bind(role.as_str())
        .bind(i64::from(demo))
        .bind(clock::now())
        .execute(self.database.pool());
        let inserted = database::answer(insert).await?;
        if inserted.rows_affected() == 0 {
            return Err(AccountError::Taken(name));
        }
        Ok(Resident { name, line, house, role })
    }

    /// Returns whose name and password these are; `None` if nobody's, and [`PeopleError::Locked`] for a locked
    /// account. An unknown name takes as long as a wrong password. A name that no account can have never reaches the
    /// database, because PostgreSQL fails at a NUL in a text.
    ///
    /// # Errors
    /// The database's.
    pub async fn verify(&self, name: &str, password: &str) -> Result<Option<Resident>, PeopleError> {
        if !can_be_name(name) {
            return Ok(None);
        }
        let find = sqlx::query(
            "SELECT name, password_hash, line, house, role, locked FROM residents WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(self.database.pool());
        let row = database::answer(find).await?;
        let hash = match &row {
            Some(row) => row.try_get::<String, _>("password_hash")?,
            None => NOBODY.clone(),
        };
        let right = self.matches(password.to_owned(), hash).await?;
        let Some(row) = row.filter(|_| right) else { return Ok(None) };
        if row.try_get::<i64, _>("locked")? != 0 {
            return Err(PeopleError::Locked);
        }
        resident(&row).map(Some)
    }

    /// Every line of the complex, in order.
    ///
    /// # Errors
    /// The database's.
    pub async fn lines(&self) -> Result<Vec<Line>, PeopleError> {
        let list = sqlx::query("SELECT DISTINCT line FROM residents WHERE line IS NOT NULL ORDER BY line")
            .fetch_all(self.database.pool());
        let rows = database::answer(list).await?;
        rows.iter().map(|row| Ok(stored::name(row.try_get("line")?, Line::new)?)).collect()
    }

    /// Returns the hash of a password, as an account keeps it.
    pub(super) async fn hashed(&self, password: String) -> Result<String, PeopleError> {
        self.hash(move |hasher| {
            let salt = SaltString::generate(&mut OsRng);
            let hash = hasher.hash_password(password.as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(PeopleError::hashing)
        })
        .await?
    }

    async fn matches(&self, password: String, hash: String) -> Result<bool, PeopleError> {
        if password.chars().count() > PASSWORD_LENGTH_LIMIT {
            return Ok(false);
        }
        self.hash(move |hasher| {
            let hash = PasswordHash::new(&hash);
            let hash = hash.map_err(|error| Unreadable(format!("the hash of a password ({error})")))?;
            Ok(hasher.verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await?
    }

    async fn hash<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Hasher) -> T + Send + 'static,
    ) -> Result<T, PeopleError> {
        let done = self.hashing.run(work).await;
        done.map_err(PeopleError::hashing)
    }
}

/// Verified against when the name is unknown, so that the time does not reveal it.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let salt = SaltString::generate(&mut OsRng);
    let hasher = Hasher::default();
    let hash = hasher.hash_password(b"nobody has this password", &salt);
    hash.expect("argon2's own defaults are valid").to_string()
});

/// Checks an account that is to be made.
///
/// # Errors
/// [`AccountError::Invalid`] with what to change.
pub(super) fn validate(account: &NewAccount) -> Result<(), AccountError> {
    let invalid = |what: &str| Err(AccountError::Invalid(what.to_owned()));
    let name = &account.name;
    if name.trim().is_empty() || name.trim() != name || name.len() > NAME_LIMIT {
        return invalid("the name must have 1 to 128 bytes and no white space at its ends");
    }
    all_seen("the name", name)?;
    all_seen("the line", account.line.as_ref().map_or("", Line::as_str))?;
    all_seen("the house", account.house.as_ref().map_or("", House::as_str))?;
    validate_password(&account.password)?;
    if account.line.is_some() != account.house.is_some() {
        return invalid("a flat needs both its line and its house");
    }
    if account.role == Role::Resident && account.house.is_none() {
        return invalid("a resident needs a line and a house");
    }
    Ok(())
}

/// Checks a password that is to be had.
///
/// # Errors
/// [`AccountError::Invalid`] with what to change.
pub(super) fn validate_password(password: &str) -> Result<(), AccountError> {
    if !(PASSWORD_LENGTH..=PASSWORD_LENGTH_LIMIT).contains(&password.chars().count()) {
        return Err(AccountError::Invalid("the password must have 8 to 256 characters".to_owned()));
    }
    Ok(())
}

/// Refuses a name that looks like another one on a screen.
fn all_seen(what: &str, name: &str) -> Result<(), AccountError> {
    let Some(c) = unseen(name) else { return Ok(()) };
    Err(AccountError::Invalid(format!(
        "{what} contains U+{:04X}, which cannot be seen or changes the direction of the text: write it without",
        u32::from(c)
    )))
}

/// Reads the resident of a row with `name`, `line`, `house` and `role`.
pub(crate) fn resident(row: &AnyRow) -> Result<Resident, PeopleError> {
    let stored = StoredResident {
        name: row.try_get("name")?,
        line: row.try_get("line")?,
        house: row.try_get("house")?,
        role: row.try_get("role")?,
    };
    Ok(stored.read()?)
}
