//! The second factor of an account, which is codes of an authenticator app ([`totp`]), and recovery codes for a lost
//! phone. The secret of the app is stored as it is, or sealed by a key ([`super::seal`]), because the server computes
//! with it. The database has only the SHA-256 of recovery codes.

mod recovery;

use domain::Millis;
use sqlx::Row;

use super::{
    PeopleError,
    accounts::Accounts,
    from_database,
    sessions::{SessionId, end_others_within},
    tickets, totp,
};
use crate::{
    audit::{self, Act, By, Record},
    clock,
    database::{self, Database, DatabaseError},
};
use recovery::{CODE_LENGTH, new_codes, replace_codes};
pub use recovery::{RECOVERY_CODES, RecoveryCode};

/// The time within which a set-up is confirmed, in milliseconds.
const SET_UP_WITHIN: Millis = 15 * 60 * 1000;

/// The state of an account's second factor.
#[derive(Clone, PartialEq, Eq)]
pub enum SecondFactor {
    /// There is none.
    Off,
    /// Its set-up has begun, and no code has been shown yet. It protects nothing.
    Begun {
        /// The secret in base 32, as an authenticator app takes it.
        secret: String,
    },
    /// Signing in needs a code.
    On {
        /// Since when.
        since: Millis,
        /// The recovery codes that can still be used.
        codes_left: u64,
    },
}

/// Why a second factor is not set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The code is not one of the secret.
    #[error("the code is not right")]
    WrongCode,
    /// No set-up has begun, or it was too long ago.
    #[error("no set-up has begun, or it was too long ago")]
    NotBegun,
    /// It is not known whether it was done.
    #[error(transparent)]
    Unavailable(#[from] PeopleError),
}

from_database!(SetUpError);

impl Accounts {
    /// Returns whether signing in to an account needs a code.
    ///
    /// # Errors
    /// The database's.
    pub async fn needs_code(&self, name: &str) -> Result<bool, PeopleError> {
        let find =
            sqlx::query("SELECT resident FROM second_factors WHERE resident = $1 AND confirmed_at > 0")
                .bind(name)
                .fetch_optional(self.database().pool());
        Ok(database::answer(find).await?.is_some())
    }

    /// Returns the state of an account's second factor.
    ///
    /// # Errors
    /// The database's.
    pub async fn second_factor(&self, name: &str) -> Result<SecondFactor, PeopleError> {
        let find = sqlx::query(
            "SELECT secret, made_at, confirmed_at,
                 (SELECT COUNT(*) FROM recovery_codes WHERE recovery_codes.resident = second_factors.resident
                  AND used_at = 0) AS codes_left
             FROM second_factors WHERE resident = $1",
        )
        .bind(name)
        .fetch_optional(self.database().pool());
        let Some(row) = database::answer(find).await? else { return Ok(SecondFactor::Off) };
        let [made_at, since, codes_left]: [i64; 3] =
            [row.try_get("made_at")?, row.try_get("confirmed_at")?, row.try_get("codes_left")?];
        if since > 0 {
            return Ok(SecondFactor::On { since, codes_left: u64::try_from(codes_left).unwrap_or_default() });
        }
        if made_at <= clock::now() - SET_UP_WITHIN {
            return Ok(SecondFactor::Off);
        }
        let kept: Vec<u8> = row.try_get("secret")?;
        Ok(SecondFactor::Begun { secret: totp::base32(&self.seal().open(&kept, name)?) })
    }

    /// Begins a set-up with a new secret, in the place of an earlier one that was not confirmed. An account that has a
    /// second factor keeps it.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_second_factor(&self, name: &str) -> Result<(), PeopleError> {
        let mut secret = [0_u8; totp::SECRET_LENGTH];
        getrandom::fill(&mut secret)?;
        let kept = self.seal().close(&secret, name)?;
        database::outcome::<_, PeopleError>(async {
            let mut transaction = self.database().pool().begin().await?;
            let insert = sqlx::query(
                "INSERT INTO second_factors (resident, secret, made_at) VALUES ($1, $2, $3)
                 ON CONFLICT (resident) DO UPDATE SET secret = EXCLUDED.secret, made_at = EXCLUDED.made_at
                 WHERE second_factors.confirmed_at = 0",
            );
            let insert = insert.bind(name).bind(kept).bind(clock::now());
            if insert.execute(&mut *transaction).await?.rows_affected() > 0 {
                self.record(&mut transaction, Act::SecondFactorBegun, name, "").await?;
            }
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Confirms a set-up with a code of its secret, and returns the recovery codes. From now on signing in needs a
    /// code, and every session but `keep` ends, because it began without.
    ///
    /// # Errors
    /// [`SetUpError`]; nothing is changed then.
    pub async fn confirm_second_factor(
        &self,
        name: &str,
        code: &str,
        keep: &SessionId,
    ) -> Result<Vec<RecoveryCode>, SetUpError> {
        let now = clock::now();
        let find = sqlx::query(
            "SELECT secret FROM second_factors WHERE resident = $1 AND confirmed_at = 0 AND made_at > $2",
        )
        .bind(name)
        .bind(now - SET_UP_WITHIN)
        .fetch_optional(self.database().pool());
        let row = database::answer(find).await?.ok_or(SetUpError::NotBegun)?;
        let kept: Vec<u8> = row.try_get("secret")?;
        let secret = self.seal().open(&kept, name)?;
        let step = totp::step_of(&secret, &digits(code), now, 0).map_err(PeopleError::from)?;
        let step = step.ok_or(SetUpError::WrongCode)?;
        let codes = new_codes()?;
        database::outcome::<_, SetUpError>(async {
            let mut transaction = self.database().pool().begin().await?;
            let confirm = sqlx::query(
                "UPDATE second_factors SET confirmed_at = $1, last_step = $2
                 WHERE resident = $3 AND confirmed_at = 0 AND secret = $4",
            );
            let confirm = confirm.bind(now).bind(step).bind(name).bind(kept.clone());
            if confirm.execute(&mut *transaction).await?.rows_affected() == 0 {
                return Err(SetUpError::NotBegun);
            }
            replace_codes(&mut transaction, name, &codes).await?;
            end_others_within(&mut transaction, name, keep).await?;
            tickets::end_all(&mut transaction, name).await?;
            self.record(&mut transaction, Act::SecondFactorSet, name, "").await?;
            transaction.commit().await?;
            Ok(())
        })
        .await?;
        Ok(codes)
    }

    /// Returns whether this is a code that the account may use now, and uses it up. It is the app's, or a recovery
    /// code.
    ///
    /// # Errors
    /// The database's.
    pub async fn use_code(&self, name: &str, code: &str) -> Result<bool, PeopleError> {
        let digits = digits(code);
        if totp::is_code(&digits) {
            return self.use_code_of_app(name, &digits).await;
        }
        let Some(code) = RecoveryCode::read(code) else { return Ok(false) };
        database::outcome::<_, PeopleError>(async {
            let mut transaction = self.database().pool().begin().await?;
            let used = sqlx::query(
                "UPDATE recovery_codes SET used_at = $1 WHERE resident = $2 AND code_hash = $3 AND used_at = 0
                 AND EXISTS (SELECT 1 FROM second_factors
                     WHERE second_factors.resident = $2 AND confirmed_at > 0)",
            );
            let used = used.bind(clock::now()).bind(name).bind(code.hash());
            if used.execute(&mut *transaction).await?.rows_affected() == 0 {
                return Ok(false);
            }
            self.record(&mut transaction, Act::RecoveryCodeUsed, name, "").await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    async fn use_code_of_app(&self, name: &str, code: &str) -> Result<bool, PeopleError> {
        let find = sqlx::query(
            "SELECT secret, last_step FROM second_factors WHERE resident = $1 AND confirmed_at > 0",
        )
        .bind(name)
        .fetch_optional(self.database().pool());
        let Some(row) = database::answer(find).await? else { return Ok(false) };
        let (kept, last): (Vec<u8>, i64) = (row.try_get("secret")?, row.try_get("last_step")?);
        let secret = self.seal().open(&kept, name)?;
        let Some(step) = totp::step_of(&secret, code, clock::now(), last)? else { return Ok(false) };
        // Two at once with the same code meet here, and the second finds its step used.
        let used =
            sqlx::query("UPDATE second_factors SET last_step = $1 WHERE resident = $2 AND last_step < $1")
                .bind(step)
                .bind(name)
                .execute(self.database().pool());
        let is_used = database::answer(used).await?.rows_affected() > 0;
        if is_used && !self.seal().is_current(&kept, name) {
            self.seal_anew(name, kept, &secret).await;
        }
        Ok(is_used)
    }

    /// Seals a secret that was kept before there was a key, or by an older one.
    async fn seal_anew(&self, name: &str, kept: Vec<u8>, secret: &[u8]) {
        let sealed = async {
            let anew = self.seal().close(secret, name)?;
            let update =
                sqlx::query("UPDATE second_factors SET secret = $1 WHERE resident = $2 AND secret = $3")
                    .bind(anew)
                    .bind(name)
                    .bind(kept)
                    .execute(self.database().pool());
            database::answer(update).await.map_err(PeopleError::from)
        };
        if let Err(error) = sealed.await {
            tracing::warn!(%error, "the secret of a second factor is sealed at the next sign-in");
        }
    }

    /// Removes the second factor of an account and its recovery codes; returns whether there was one.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_second_factor(&self, name: &str) -> Result<bool, PeopleError> {
        Ok(remove(self.database(), name, self.by()).await?)
    }
}

/// Removes the second factor of an account and its recovery codes, in the name of `by`; returns whether there was one.
/// The password and the sessions stay.
///
/// # Errors
/// The database's.
pub async fn remove(database: &Database, name: &str, by: &By) -> Result<bool, DatabaseError> {
    database::outcome::<_, DatabaseError>(async {
        let mut transaction = database.pool().begin().await?;
        let factor = sqlx::query("DELETE FROM second_factors WHERE resident = $1").bind(name);
        let removed = factor.execute(&mut *transaction).await?.rows_affected() > 0;
        let codes = sqlx::query("DELETE FROM recovery_codes WHERE resident = $1").bind(name);
        codes.execute(&mut *transaction).await?;
        if removed {
            let record = Record::new(Act::SecondFactorRemoved, by.clone()).about(name);
            audit::append(&mut transaction, &[record]).await?;
        }
        transaction.commit().await?;
        Ok(removed)
    })
    .await
}

/// Returns a code without the spaces that apps show in its middle.
fn digits(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace()).take(2 * CODE_LENGTH).collect()
}
