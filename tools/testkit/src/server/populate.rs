//! A town moves into a server's database.

use std::path::Path;

use super::Server;
use crate::{
    Error,
    client::Session,
    town::{Device, Residents, Town, devices},
};

/// Returns the address of the database that a server without `DATABASE_URL` keeps in its data directory.
#[must_use]
pub fn sqlite(data_dir: &Path) -> String {
    format!("sqlite://{}", data_dir.join("iutsai.db").display())
}

impl Server {
    /// Returns the address of its accounts' database.
    #[must_use]
    pub fn database(&self) -> String {
        self.program.database().unwrap_or_else(|| sqlite(&self.data_dir))
    }

    /// Makes the accounts and sessions of a town and waits until this server knows them. Other servers on the same
    /// database learn of them within seconds.
    ///
    /// # Errors
    /// As [`Town::enter`] and [`crate::town::Accounts::wait_until_known`].
    pub async fn populate(&self, town: &Town) -> Result<Residents, Error> {
        let (accounts, client) = (town.enter(&self.database()).await?, self.client()?);
        accounts.wait_until_known(&client).await?;
        Ok(accounts.signed_in(&client))
    }

    /// Makes devices for push of accounts that are there, and waits until this server sends to them. It must have had
    /// none before.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::Late`], and those of asking the server.
    pub async fn subscribe(&self, administrator: &Session, devices: &[Device]) -> Result<(), Error> {
        devices::subscribe(&self.database(), administrator, devices).await
    }
}
