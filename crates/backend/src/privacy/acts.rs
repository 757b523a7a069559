//! The acts of a person on the data held about them. An act that is refused changes nothing, and one that is done has
//! its record in the audit.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::Privacy;
use crate::{
    audit::{self, Act, By, Record},
    clock, database,
    people::{
        invitations::{CONSENT_VERSION, PURPOSE},
        location_use::LocationUse,
        office::{NOT_THE_LAST, Refused, why_not},
    },
};

impl Privacy {
    /// Agrees to the use of the location, with the words that were shown and their version. The audit records it in the
    /// name of `by`, as with every act here.
    ///
    /// # Errors
    /// [`Refused`], also for other words than the present ones.
    pub async fn give(&self, account: &str, version: &str, text: &str, by: &By) -> Result<(), Refused> {
        if version != CONSENT_VERSION {
            return Err(Refused::Invalid(format!("consent needs the words of version {CONSENT_VERSION}")));
        }
        let _turn = self.choices.turn().await;
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database.pool().begin().await?;
            let allow = sqlx::query("UPDATE residents SET location_use = '' WHERE name = $1").bind(account);
            if allow.execute(&mut *transaction).await?.rows_affected() == 0 {
                return Err(Refused::NoSuchPerson(account.to_owned()));
            }
            let consent = sqlx::query(
                "INSERT INTO consents (resident, purpose, version, text, given_at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (resident, purpose, version) DO UPDATE
                 SET text = excluded.text, given_at = excluded.given_at, withdrawn_at = 0",
            );
            let consent = consent.bind(account).bind(PURPOSE).bind(version).bind(text).bind(clock::now());
            consent.execute(&mut *transaction).await?;
            let record = Record::new(Act::ConsentGiven, by.clone()).about(account).with(version);
            audit::append(&mut transaction, &[record]).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await?;
        self.choices.put(account, LocationUse::Allowed).await;
        Ok(())
    }

    /// Keeps the location back until consent is given again. Earlier locations and consents stay.
    ///
    /// # Errors
    /// [`Refused`], also where the consent was withdrawn, which is more.
    pub async fn pause(&self, account: &str, by: &By) -> Result<(), Refused> {
        let _turn = self.choices.turn().await;
        database::outcome::<_, Refused>(async {
            let mut transaction = self.database.pool().begin().await?;
            let pause = sqlx::query(
                "UPDATE residents SET location_use = 'paused' WHERE name = $1 AND location_use <> 'withdrawn'",
            );
            let pause = pause.bind(account).execute(&mut *transaction).await?;
            if pause.rows_affected() == 0 {
                return Err(Refused::Invalid("the consent is withdrawn, so there is nothing to pause".into()));
            }
            let record = Record::new(Act::ConsentWithdrawn, by.clone()).about(account).with("paused");
            audit::append(&mut transaction, &[record]).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await?;
        self.choices.put(account, LocationUse::Paused).await;
        Ok(())
    }

    /// Takes the consent back, and destroys the locations of the person and the record of their uses.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn withdraw(&self, account: &str, by: &By) -> Result<(), Refused> {
        self.follow_now().await;
        {
            let _turn = self.choices.turn().await;
            database::outcome::<_, Refused>(async {
                let mut transaction = self.database.pool().begin().await?;
                let now = clock::now();
                let withdraw = sqlx::query("UPDATE residents SET location_use = 'withdrawn' WHERE name = $1");
                let withdraw = withdraw.bind(account).execute(&mut *transaction).await?;
                if withdraw.rows_affected() == 0 {
                    return Err(Refused::NoSuchPerson(account.to_owned()));
                }
                let consents = sqlx::query(
                    "UPDATE consents SET withdrawn_at = $1
                     WHERE resident = $2 AND purpose = $3 AND withdrawn_at = 0",
                );
                consents.bind(now).bind(account).bind(PURPOSE).execute(&mut *transaction).await?;
                let forgotten = forget_uses(&mut transaction, account, now).await?;
                record(&mut transaction, Act::ConsentWithdrawn, account, by, forgotten).await?;
                transaction.commit().await?;
                Ok(())
            })
            .await?;
            self.choices.put(account, LocationUse::Withdrawn).await;
        }
        self.try_to_destroy().await;
        Ok(())
    }

    /// Deletes an account with its sessions, devices and consents, and destroys its locations and the record of their
    /// uses. The house stays, also without anybody. Sockets close within five seconds on every node.
    ///
    /// # Errors
    /// [`Refused`], also for the only administrator who can sign in.
    pub async fn leave(&self, account: &str, by: &By) -> Result<(), Refused> {
        self.follow_now().await;
        {
            let _turn = self.choices.turn().await;
            database::outcome::<_, Refused>(async {
                let mut transaction = self.database.pool().begin().await?;
                // The first statement writes, because SQLite refuses a transaction that read before another one wrote.
                let house = sqlx::query(
                    "INSERT INTO houses (line, house)
                     SELECT line, house FROM residents
                     WHERE name = $1 AND line IS NOT NULL AND house IS NOT NULL
                     ON CONFLICT DO NOTHING",
                );
                house.bind(account).execute(&mut *transaction).await?;
                let forgotten = forget_uses(&mut transaction, account, clock::now()).await?;
                let delete = format!("DELETE FROM residents WHERE name = $1 AND {NOT_THE_LAST}");
                let delete = sqlx::query(AssertSqlSafe(delete)).bind(account);
                if delete.execute(&mut *transaction).await?.rows_affected() == 0 {
                    return Err(why_not(&mut transaction, account).await?);
                }
                record(&mut transaction, Act::AccountLeft, account, by, forgotten).await?;
                transaction.commit().await?;
                Ok(())
            })
            .await?;
            self.choices.put(account, LocationUse::Allowed).await;
        }
        self.try_to_destroy().await;
        Ok(())
    }

    /// Records whose locations went out until now. A call that is missed here is marked when it is found.
    async fn follow_now(&self) {
        if let Err(error) = self.follow().await {
            tracing::warn!(%error, "the newest locations are destroyed a moment later");
        }
    }
}

/// Records an act, and the calls whose locations it has destroyed, as the last thing before the commit.
async fn record(
    connection: &mut AnyConnection,
    act: Act,
    account: &str,
    by: &By,
    forgotten: u64,
) -> Result<(), sqlx::Error> {
    let record = |act| Record::new(act, by.clone()).about(account);
    let mut records = vec![record(act)];
    if forgotten > 0 {
        records.push(record(Act::LocationsForgotten).times(forgotten));
    }
    audit::append(connection, &records).await
}

/// Removes the record of the uses of a person's locations, and marks these to be destroyed; returns the number of their
/// calls.
async fn forget_uses(connection: &mut AnyConnection, account: &str, now: i64) -> Result<u64, sqlx::Error> {
    let uses = sqlx::query(
        "DELETE FROM location_uses WHERE EXISTS (SELECT 1 FROM located_calls
         WHERE located_calls.account = $1 AND located_calls.line = location_uses.line
         AND located_calls.house = location_uses.house AND located_calls.alert = location_uses.alert)",
    );
    uses.bind(account.to_owned()).execute(&mut *connection).await?;
    let calls = sqlx::query("UPDATE located_calls SET account = '', withdrawn_at = $1 WHERE account = $2");
    let marked = calls.bind(now).bind(account.to_owned()).execute(connection).await?;
    Ok(marked.rows_affected())
}
