//! The accounts' database at the start, and while it is away.

use std::time::Duration;

use super::{Backend, Settings, StartError};
use crate::{
    clock,
    database::{Database, DatabaseError, claim::Claim},
    people::{
        PeopleError,
        accounts::{AccountError, Accounts},
    },
};

/// The time to wait for the accounts' database at the start; after that it is retried.
const DATABASE_PATIENCE: Duration = Duration::from_secs(5);
const RETRY_AFTER: Duration = Duration::from_secs(2);

impl Backend {
    /// Retries until the database can be used. A second server that is found only then cannot be refused any more,
    /// because calls of this one would be lost with it.
    pub(super) async fn prepare_later(self, settings: Settings) {
        loop {
            tokio::time::sleep(RETRY_AFTER).await;
            match prepare(&self.database, &self.accounts, &settings).await {
                Ok(Some(claim)) => {
                    tracing::info!("the accounts' database answers");
                    self.furnish_demo(&settings).await;
                    return claim.keep().await;
                }
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "the accounts' database cannot be used, retrying"),
            }
        }
    }

    /// Gives a demo complex a past, because its statistics would be empty otherwise. A failure does not stop the start.
    pub(super) async fn furnish_demo(&self, settings: &Settings) {
        if !(settings.demo && settings.statistics) {
            return;
        }
        let furnish = async {
            match self.accounts.is_demo().await {
                Ok(true) => {
                    self.statistics.furnish_demo(clock::now()).await.map_err(|error| error.to_string())
                }
                Ok(false) => Ok(0),
                Err(error) => Err(error.to_string()),
            }
        };
        let furnished = tokio::time::timeout(DATABASE_PATIENCE, furnish).await;
        match furnished.unwrap_or_else(|_| Err(format!("no answer within {DATABASE_PATIENCE:?}"))) {
            Ok(0) => {}
            Ok(calls) => tracing::info!(calls, "the demo has a past of calls that never happened"),
            Err(error) => {
                tracing::warn!(%error, "the demo's past cannot be written, the next start retries it");
            }
        }
    }
}

/// The right to use the database, once it is there with its tables and the demo complex, if that is wanted; `None`
/// while it is away.
pub(super) async fn prepare(
    database: &Database,
    accounts: &Accounts,
    settings: &Settings,
) -> Result<Option<Claim>, StartError> {
    let preparing = async {
        database.prepare().await?;
        let claim = Claim::take(database, &settings.data_dir, settings.kafka.is_some()).await?;
        if settings.demo {
            accounts.furnish_demo().await?;
        }
        Ok::<_, StartError>(claim)
    };
    match tokio::time::timeout(DATABASE_PATIENCE, preparing).await {
        Ok(Ok(claim)) => Ok(Some(claim)),
        Ok(Err(
            StartError::Database(error @ DatabaseError::Away(_))
            | StartError::Accounts(AccountError::Unavailable(PeopleError::Database(
                error @ DatabaseError::Away(_),
            ))),
        )) => {
            tracing::warn!(%error, "the accounts' database is away, so nobody new can sign in until it is back");
            Ok(None)
        }
        Ok(Err(error)) => Err(error),
        Err(_) => {
            tracing::warn!("the accounts' database does not answer, so nobody new can sign in until it does");
            Ok(None)
        }
    }
}
