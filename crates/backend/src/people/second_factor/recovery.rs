//! Recovery codes, each of which is accepted once in the place of the app's.

use sqlx::AnyConnection;

use super::SetUpError;
use crate::{
    audit::Act,
    database,
    people::{PeopleError, accounts::Accounts, code},
};

/// The number of recovery codes.
pub const RECOVERY_CODES: usize = 10;
/// The characters of a recovery code. They are 80 bits, so that its hash does not give it away.
pub(super) const CODE_LENGTH: usize = 16;

/// A code that is accepted once in the place of the app's.
pub type RecoveryCode = code::Code<CODE_LENGTH>;

impl Accounts {
    /// Makes new recovery codes in the place of the old ones, if the account has a second factor.
    ///
    /// # Errors
    /// [`SetUpError::NotBegun`] without one, or the database's.
    pub async fn renew_recovery_codes(&self, name: &str) -> Result<Vec<RecoveryCode>, SetUpError> {
        let codes = new_codes()?;
        if !self.needs_code(name).await? {
            return Err(SetUpError::NotBegun);
        }
        database::outcome::<_, SetUpError>(async {
            let mut transaction = self.database().pool().begin().await?;
            replace_codes(&mut transaction, name, &codes).await?;
            self.record(&mut transaction, Act::RecoveryCodesRenewed, name, "").await?;
            transaction.commit().await?;
            Ok(())
        })
        .await?;
        Ok(codes)
    }
}

pub(super) fn new_codes() -> Result<Vec<RecoveryCode>, PeopleError> {
    std::iter::repeat_with(RecoveryCode::generate).take(RECOVERY_CODES).collect()
}

pub(super) async fn replace_codes(
    connection: &mut AnyConnection,
    name: &str,
    codes: &[RecoveryCode],
) -> Result<(), sqlx::Error> {
    let forget = sqlx::query("DELETE FROM recovery_codes WHERE resident = $1").bind(name);
    forget.execute(&mut *connection).await?;
    for code in codes {
        let insert = sqlx::query("INSERT INTO recovery_codes (resident, code_hash) VALUES ($1, $2)");
        insert.bind(name).bind(code.hash()).execute(&mut *connection).await?;
    }
    Ok(())
}
