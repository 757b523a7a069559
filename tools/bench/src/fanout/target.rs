//! The server to measure, and the people who move into its database for it.

use std::path::PathBuf;

use uuid::Uuid;

use super::Settings;
use crate::callers::{Callers, SOCKETS_OF_FLAT};
use testkit::{
    Error, budgets,
    client::{Client, Session},
    server::{Program, Server},
    town::{Accounts, Residents, Town},
};

/// A server that was started here, or one that runs.
pub(super) struct Target {
    server: Option<Server>,
    pub(super) client: Client,
    accounts: Accounts,
}

impl Target {
    /// Starts the program or finds the server, and makes the accounts of one line.
    pub(super) async fn prepare(settings: &Settings) -> Result<Self, Error> {
        let (server, client, database) = match (&settings.server, &settings.database, &settings.program) {
            (Some(address), Some(database), _) => (None, Client::new(address)?, database.clone()),
            (None, _, Some(program)) => {
                let server = Program::new(program).start().await?;
                let (client, database) = (server.client()?, server.database());
                (Some(server), client, database)
            }
            _ => {
                return Err(Error::Usage(
                    "Which server? Give --server URL and --database URL for one that runs, or --program FILE \
                     (IUTSAI_PROGRAM) for one to start."
                        .into(),
                ));
            }
        };
        let accounts = town(settings).enter(&database).await?;
        Ok(Self { server, client, accounts })
    }

    /// Waits until the server knows everybody.
    pub(super) async fn people(&self, settings: &Settings) -> Result<People, Error> {
        self.accounts.wait_until_known(&self.client).await?;
        let residents = self.accounts.signed_in(&self.client);
        Ok(People { callers: callers(settings), residents })
    }

    /// Where the disk is measured.
    pub(super) fn disk(&self, settings: &Settings) -> PathBuf {
        let of_server = || self.server.as_ref().map(|server| server.data_dir().to_owned());
        settings.disk.clone().or_else(of_server).unwrap_or_else(|| PathBuf::from("."))
    }

    /// Returns whether this tool started the server.
    pub(super) const fn is_own(&self) -> bool {
        self.server.is_some()
    }

    /// Ends the server that was started here; from another one's database the accounts are removed.
    pub(super) async fn leave(self) -> Result<(), Error> {
        match self.server {
            Some(server) => server.end().await,
            None => self.accounts.remove().await,
        }
    }
}

/// The flats of one line, first those that press, then those that listen.
pub(super) struct People {
    callers: usize,
    residents: Residents,
}

impl People {
    pub(super) fn callers(&self) -> Callers {
        Callers::new((0..self.callers).map(|house| self.residents.of(0, house).clone()).collect())
    }

    /// Returns so many devices of neighbours, flat by flat.
    pub(super) fn devices(&self, count: usize) -> Vec<Session> {
        let flats = self.callers..self.callers + count.div_ceil(SOCKETS_OF_FLAT);
        let devices = flats.flat_map(|house| self.residents.devices(0, house));
        devices.take(count).cloned().collect()
    }
}

/// Returns how many flats press in turn.
pub(super) fn callers(settings: &Settings) -> usize {
    let rows = u32::try_from(settings.subscribers.len()).unwrap_or(u32::MAX);
    let presses = settings.presses.saturating_add(settings.warm_up).saturating_mul(rows);
    budgets::flats(presses, settings.interval())
}

/// A line of its own, because the database of a server that runs may have lines of earlier runs.
fn town(settings: &Settings) -> Town {
    let most = settings.subscribers.iter().max().copied().unwrap_or_default() as usize;
    let building = format!("bench-{}", Uuid::now_v7().simple());
    Town::new(1, callers(settings) + most.div_ceil(SOCKETS_OF_FLAT))
        .building(building)
        .sessions(SOCKETS_OF_FLAT)
}
