//! The acts of the office on accounts, and on lines and houses. An act that is refused changes nothing.

mod houses;

use domain::{House, Line, Role};
use sqlx::{AnyConnection, AssertSqlSafe, Row};

use super::{
    PeopleError,
    accounts::Accounts,
    from_database,
    sessions::{DAY, NEXT_CHANGE},
    tickets,
};
use crate::{
    audit::{Act, CheckError},
    clock, database,
};

/// A condition on an account, that one that can sign in and leads the office remains without it.
pub(crate) const NOT_THE_LAST: &str =
    "(role <> 'administrator' OR locked <> 0 OR EXISTS (SELECT 1 FROM residents AS other
     WHERE other.role = 'administrator' AND other.locked = 0 AND other.name <> residents.name))";

/// Why something is not done. Nothing is changed then.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No account has this name.
    #[error("no account has the name '{0}'")]
    NoSuchPerson(String),
    /// The complex has no such line.
    #[error("there is no line {0}")]
    NoSuchLine(Line),
    /// The line has no such house.
    #[error("there is no house {1} on the line {0}")]
    NoSuchHouse(Line, House),
    /// No screen has this id.
    #[error("there is no display {0}: it may have been removed")]
    NoSuchDisplay(String),
    /// Somebody who has an account still lives there.
    #[error("{residents} people of {place} still have an account: let them move out first")]
    Occupied {
        /// The line, or the line and the house.
        place: String,
        /// The number of them.
        residents: usize,
    },
    /// Nobody could lead the office any more.
    #[error("'{0}' is the only administrator who can sign in: make another one first")]
    LastAdministrator(String),
    /// A resident needs a flat.
    #[error("'{0}' has no flat and can only be an administrator")]
    NoFlat(String),
    /// A locked account cannot be used, and a new password would not change that.
    #[error("the account of '{0}' is locked: unlock it first")]
    Locked(String),
    /// A value that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// It is not known whether it was done.
    #[error(transparent)]
    Unavailable(#[from] PeopleError),
}

from_database!(Refused);

impl From<CheckError> for Refused {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::NotOver(_) => Self::Invalid(error.to_string()),
            CheckError::Database(error) => error.into(),
        }
    }
}

impl Accounts {
    /// Locks an account. It cannot sign in, its sessions end, and their sockets close within five seconds on every
    /// node.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn lock(&self, name: &str) -> Result<(), Refused> {
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database().pool().begin().await?;
            let lock = format!("UPDATE residents SET locked = 1 WHERE name = $1 AND {NOT_THE_LAST}");
            let lock = sqlx::query(AssertSqlSafe(lock)).bind(name).execute(&mut *transaction).await?;
            if lock.rows_affected() == 0 {
                return Err(why_not(&mut transaction, name).await?);
            }
            end_sessions(&mut transaction, name).await?;
            self.record(&mut transaction, Act::Locked, name, "").await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Unlocks an account.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn unlock(&self, name: &str) -> Result<(), Refused> {
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database().pool().begin().await?;
            let unlock = sqlx::query("UPDATE residents SET locked = 0 WHERE name = $1").bind(name);
            changed(unlock.execute(&mut *transaction).await?.rows_affected(), name)?;
            self.record(&mut transaction, Act::Unlocked, name, "").await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Ends every session of an account; returns how many there were.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn sign_out_everywhere(&self, name: &str) -> Result<u64, Refused> {
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database().pool().begin().await?;
            let ended = end_sessions(&mut transaction, name).await?;
            if flat(&mut transaction, name).await?.is_none() {
                return Err(Refused::NoSuchPerson(name.to_owned()));
            }
            self.record(&mut transaction, Act::SessionsEnded, name, "").await?;
            transaction.commit().await?;
            Ok(ended)
        })
        .await
    }

    /// Gives an account another role.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn set_role(&self, name: &str, role: Role) -> Result<(), Refused> {
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database().pool().begin().await?;
            if role == Role::Administrator {
                let rise =
                    sqlx::query("UPDATE residents SET role = 'administrator' WHERE name = $1").bind(name);
                changed(rise.execute(&mut *transaction).await?.rows_affected(), name)?;
            } else {
                make_resident(&mut transaction, name).await?;
            }
            self.record(&mut transaction, Act::RoleChanged, name, role.as_str()).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Removes the account of somebody who has moved out, with its sessions and the invitations to the flat. The
    /// house stays.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn move_out(&self, name: &str) -> Result<(), Refused> {
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database().pool().begin().await?;
            // The first statement writes, because SQLite refuses a transaction that read before another one wrote.
            let house = sqlx::query(
                "INSERT INTO houses (line, house)
                 SELECT line, house FROM residents WHERE name = $1 AND line IS NOT NULL AND house IS NOT NULL
                 ON CONFLICT DO NOTHING",
            );
            house.bind(name).execute(&mut *transaction).await?;
            let invitations = sqlx::query(
                "DELETE FROM invitations WHERE used_at = 0 AND EXISTS (SELECT 1 FROM residents
                 WHERE residents.name = $1 AND residents.line = invitations.line
                 AND residents.house = invitations.house)",
            );
            invitations.bind(name).execute(&mut *transaction).await?;
            let delete = format!("DELETE FROM residents WHERE name = $1 AND {NOT_THE_LAST}");
            let delete = sqlx::query(AssertSqlSafe(delete)).bind(name).execute(&mut *transaction).await?;
            if delete.rows_affected() == 0 {
                return Err(why_not(&mut transaction, name).await?);
            }
            self.record(&mut transaction, Act::MovedOut, name, "").await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

/// Makes somebody a resident, who needs a flat and must not be the last administrator.
async fn make_resident(connection: &mut AnyConnection, name: &str) -> Result<(), Refused> {
    let change = format!(
        "UPDATE residents SET role = 'resident'
         WHERE name = $1 AND line IS NOT NULL AND house IS NOT NULL AND {NOT_THE_LAST}"
    );
    let change = sqlx::query(AssertSqlSafe(change)).bind(name).execute(&mut *connection).await?;
    if change.rows_affected() > 0 {
        return Ok(());
    }
    Err(match flat(connection, name).await? {
        Some((None, _) | (_, None)) => Refused::NoFlat(name.to_owned()),
        _ => why_not(connection, name).await?,
    })
}

/// Ends the sessions and tickets of an account within a transaction, and returns how many sessions there were. Every node
/// learns of it when it asks the database next.
pub(super) async fn end_sessions(connection: &mut AnyConnection, name: &str) -> Result<u64, sqlx::Error> {
    let end = format!(
        "UPDATE sessions SET ended = 1, expires_at = $1, change = {NEXT_CHANGE} WHERE resident = $2 AND ended = 0"
    );
    let end = sqlx::query(AssertSqlSafe(end)).bind(clock::now() + DAY).bind(name);
    let ended = end.execute(&mut *connection).await?.rows_affected();
    tickets::end_all(connection, name).await?;
    Ok(ended)
}

/// A flat as an account names it.
type Flat = (Option<String>, Option<String>);

/// Returns the flat of an account; `None` if there is no such account.
pub(super) async fn flat(connection: &mut AnyConnection, name: &str) -> Result<Option<Flat>, sqlx::Error> {
    let find = sqlx::query("SELECT line, house FROM residents WHERE name = $1").bind(name);
    let row = find.fetch_optional(connection).await?;
    row.map(|row| Ok((row.try_get("line")?, row.try_get("house")?))).transpose()
}

/// Returns why an account was not changed.
pub(crate) async fn why_not(connection: &mut AnyConnection, name: &str) -> Result<Refused, sqlx::Error> {
    Ok(match flat(connection, name).await? {
        Some(_) => Refused::LastAdministrator(name.to_owned()),
        None => Refused::NoSuchPerson(name.to_owned()),
    })
}

fn changed(rows: u64, name: &str) -> Result<(), Refused> {
    if rows == 0 { Err(Refused::NoSuchPerson(name.to_owned())) } else { Ok(()) }
}
