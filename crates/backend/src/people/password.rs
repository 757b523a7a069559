//! The change of one's own password.

use super::{
    PeopleError,
    accounts::{AccountError, Accounts, validate_password},
    sessions::{SessionId, end_others_within},
    tickets,
};
use crate::{audit::Act, database};

impl Accounts {
    /// Gives an account another password, and ends every session but `keep`.
    ///
    /// # Errors
    /// [`AccountError::Invalid`] with what to change, or the database's.
    pub async fn change_password(
        &self,
        name: &str,
        password: &str,
        keep: &SessionId,
    ) -> Result<(), AccountError> {
        validate_password(password)?;
        let hash = self.hashed(password.to_owned()).await?;
        let change = database::outcome::<_, PeopleError>(async {
            let mut transaction = self.database().pool().begin().await?;
            let update =
                sqlx::query("UPDATE residents SET password_hash = $1 WHERE name = $2 AND locked = 0");
            if update.bind(hash.clone()).bind(name).execute(&mut *transaction).await?.rows_affected() == 0 {
                return Err(PeopleError::Locked);
            }
            end_others_within(&mut transaction, name, keep).await?;
            tickets::end_all(&mut transaction, name).await?;
            self.record(&mut transaction, Act::PasswordChosen, name, "").await?;
            transaction.commit().await?;
            Ok(())
        });
        Ok(change.await?)
    }
}
