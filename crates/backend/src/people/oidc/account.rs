//! The account of a person whom the housing service has signed in.
//!
//! It is the one whose name is the value of the claim, octet for octet. The first sign-in links it with the person's
//! name there that never changes. From then on both must fit, so neither a name that the service gives to somebody else
//! later nor one that people change themselves opens another account. No account is made.

use domain::{Resident, Role};
use sqlx::Row;

use super::token::Person;
use crate::{
    audit::{self, Act, By, Record},
    clock,
    database::{self, Database, DatabaseError},
    people::{
        PeopleError,
        accounts::{self, Accounts, can_be_name},
        from_database,
    },
};

/// Why a person of the housing service gets into no account.
#[derive(Debug, thiserror::Error)]
pub enum NoAccount {
    /// No account has the name.
    #[error("no account has the name that the housing service gives")]
    Unknown,
    /// The account is linked with somebody else there, or the person with another account.
    #[error(
        "the account is linked with another person of the housing service, or the person with another account"
    )]
    Other,
    /// An administrator's account without a second factor needs the own password.
    #[error("an administrator without a second factor signs in with the password")]
    Office,
    /// The account is locked, or cannot be looked up now.
    #[error(transparent)]
    Unavailable(#[from] PeopleError),
}

from_database!(NoAccount);

impl Accounts {
    /// Returns the account of a person, and links the two if that is the first sign-in.
    ///
    /// # Errors
    /// [`NoAccount`]. Nothing is changed then.
    pub async fn of_person(&self, person: &Person) -> Result<Resident, NoAccount> {
        let name = person.account.as_str();
        if !can_be_name(name) {
            return Err(NoAccount::Unknown);
        }
        let find = sqlx::query("SELECT name, line, house, role, locked FROM residents WHERE name = $1")
            .bind(name)
            .fetch_optional(self.database().pool());
        let Some(row) = database::answer(find).await? else { return Err(NoAccount::Unknown) };
        let is_locked = row.try_get::<i64, _>("locked")? != 0;
        let resident = accounts::resident(&row)?;
        if resident.role == Role::Administrator && !self.needs_code(name).await? {
            return Err(NoAccount::Office);
        }
        if is_locked {
            return Err(PeopleError::Locked.into());
        }
        self.link(person).await?;
        Ok(resident)
    }

    /// Links an account with a person, unless either is linked already.
    async fn link(&self, person: &Person) -> Result<(), NoAccount> {
        let Person { issuer, subject, account } = person;
        database::outcome::<_, NoAccount>(async {
            let mut transaction = self.database().pool().begin().await?;
            // The first statement writes: SQLite refuses a transaction that read before another one wrote.
            let link = sqlx::query(
                "INSERT INTO service_links (resident, issuer, subject, linked_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT DO NOTHING",
            );
            let link = link.bind(account.as_str()).bind(issuer.as_str()).bind(subject.as_str());
            let linked = link.bind(clock::now()).execute(&mut *transaction).await?.rows_affected();
            let find = sqlx::query(
                "SELECT COUNT(*) AS links FROM service_links
                 WHERE resident = $1 AND issuer = $2 AND subject = $3",
            );
            let find = find.bind(account.as_str()).bind(issuer.as_str()).bind(subject.as_str());
            let links: i64 = find.fetch_one(&mut *transaction).await?.try_get("links")?;
            if links == 0 {
                return Err(NoAccount::Other);
            }
            if linked > 0 {
                self.record(&mut transaction, Act::ServiceLinked, account, issuer).await?;
            }
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

/// Removes the links of an account, in the name of `by`; returns whether there was one. The next sign-in by the housing
/// service links it anew. The sessions stay.
///
/// # Errors
/// The database's.
pub async fn unlink(database: &Database, name: &str, by: &By) -> Result<bool, DatabaseError> {
    database::outcome::<_, DatabaseError>(async {
        let mut transaction = database.pool().begin().await?;
        let delete = sqlx::query("DELETE FROM service_links WHERE resident = $1").bind(name);
        let removed = delete.execute(&mut *transaction).await?.rows_affected() > 0;
        if removed {
            let record = Record::new(Act::ServiceUnlinked, by.clone()).about(name);
            audit::append(&mut transaction, &[record]).await?;
        }
        transaction.commit().await?;
        Ok(removed)
    })
    .await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn person(subject: &str, account: &str) -> Person {
        Person { issuer: "https://id.example".into(), subject: subject.into(), account: account.into() }
    }

    async fn demo(directory: &std::path::Path) -> (Database, Accounts) {
        let url = format!("sqlite://{}?mode=rwc", directory.join("iutsai.db").display());
        let database = Database::open(&url).await.unwrap();
        let accounts = Accounts::new(database.clone());
        accounts.furnish_demo().await.unwrap();
        (database, accounts)
    }

    #[tokio::test]
    async fn an_account_belongs_to_the_person_who_signed_in_first_until_it_is_unlinked() {
        let directory = tempfile::tempdir().unwrap();
        let (database, accounts) = demo(directory.path()).await;
        let first = accounts.of_person(&person("7", "resident-1203")).await.unwrap();
        assert_eq!(first.name, "resident-1203");
        accounts.of_person(&person("7", "resident-1203")).await.unwrap();
        let same_name = accounts.of_person(&person("8", "resident-1203")).await;
        assert!(matches!(same_name, Err(NoAccount::Other)), "the name is somebody else's now");
        let other_name = accounts.of_person(&person("7", "resident-1204")).await;
        assert!(matches!(other_name, Err(NoAccount::Other)), "people may change their names");
        let elsewhere = Person { issuer: "https://other.example".into(), ..person("8", "resident-1203") };
        accounts.of_person(&elsewhere).await.expect("another service names people anew");

        assert!(unlink(&database, "resident-1203", &By::command_line()).await.unwrap());
        assert!(!unlink(&database, "resident-1203", &By::command_line()).await.unwrap());
        accounts.of_person(&person("8", "resident-1203")).await.unwrap();
    }

    #[tokio::test]
    async fn a_name_fits_exactly_and_neither_the_office_nor_a_locked_account_is_opened() {
        let directory = tempfile::tempdir().unwrap();
        let (_, accounts) = demo(directory.path()).await;
        for unknown in ["Resident-1203", " resident-1203", "resident-1203 ", "nobody", "", "\0"] {
            let outcome = accounts.of_person(&person("7", unknown)).await;
            assert!(matches!(outcome, Err(NoAccount::Unknown)), "{unknown:?}");
        }
        let office = accounts.of_person(&person("7", "admin")).await;
        assert!(matches!(office, Err(NoAccount::Office)));
        accounts.lock("resident-1203").await.unwrap();
        let locked = accounts.of_person(&person("7", "resident-1203")).await;
        assert!(matches!(locked, Err(NoAccount::Unavailable(PeopleError::Locked))));
        accounts.of_person(&person("7", "resident-1204")).await.expect("nothing was linked before");
    }
}
