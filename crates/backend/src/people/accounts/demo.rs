//! The accounts of the demo complex.

use domain::{House, Line, Role};
use sqlx::Row;

use super::{AccountError, Accounts, NewAccount};
use crate::{database, people::PeopleError};

/// The password of every account of the demo complex.
pub const DEMO_PASSWORD: &str = "neighbour";
/// The demo complex, as name, line and house. The last is the administrator, who has no flat.
pub const DEMO_RESIDENTS: [(&str, Option<(&str, &str)>); 5] = [
    ("resident-1203", Some(("101-1", "1203"))),
    ("resident-1204", Some(("101-1", "1204"))),
    ("resident-1301", Some(("101-1", "1301"))),
    ("resident-0501", Some(("101-2", "501"))),
    ("admin", None),
];

impl Accounts {
    /// Makes the demo complex, if nobody else has an account yet. Several processes may do so at once, and one that
    /// ended halfway is made good for.
    ///
    /// # Errors
    /// The database's.
    pub async fn furnish_demo(&self) -> Result<(), AccountError> {
        let others = self.count("SELECT COUNT(*) FROM residents WHERE demo = 0").await?;
        let made = self.count("SELECT COUNT(*) FROM residents WHERE demo = 1").await?;
        if others > 0 || usize::try_from(made) == Ok(DEMO_RESIDENTS.len()) {
            return Ok(());
        }
        for (name, flat) in DEMO_RESIDENTS {
            let account = NewAccount {
                name: name.into(),
                password: DEMO_PASSWORD.into(),
                line: flat.and_then(|(line, _)| Line::new(line).ok()),
                house: flat.and_then(|(_, house)| House::new(house).ok()),
                role: if flat.is_some() { Role::Resident } else { Role::Administrator },
            };
            match self.insert(account, true).await {
                Ok(_) | Err(AccountError::Taken(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Returns whether some account has the public password.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_demo(&self) -> Result<bool, PeopleError> {
        Ok(self.count("SELECT COUNT(*) FROM residents WHERE demo = 1").await? > 0)
    }

    /// Returns true if only the demo complex has accounts.
    ///
    /// # Errors
    /// The database's.
    pub async fn is_demo(&self) -> Result<bool, PeopleError> {
        let others = self.count("SELECT COUNT(*) FROM residents WHERE demo = 0").await?;
        Ok(others == 0 && self.has_demo().await?)
    }

    async fn count(&self, query: &'static str) -> Result<i64, PeopleError> {
        let count = sqlx::query(query).fetch_one(self.database.pool());
        Ok(database::answer(count).await?.try_get(0)?)
    }
}
