//! The server to measure, and the people who move into its database for it.

use std::path::PathBuf;

use uuid::Uuid;

use super::Settings;
use crate::{
    callers::{Callers, SOCKETS_OF_FLAT},
    processes::Processes,
    sources::Sources,
};
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

    /// Restarts the server that was started here, so that a run does not depend on the one before; returns whether
    /// there is one.
    pub(super) async fn restart(&mut self) -> Result<bool, Error> {
        let Some(server) = &mut self.server else { return Ok(false) };
        server.restart().await?;
        // Connections of the client before have ended with the server.
        self.client = server.client()?;
        Ok(true)
    }

    /// Returns the processes of the server that was started here.
    pub(super) fn processes(&self) -> Result<Option<Processes>, Error> {
        let process = self.server.as_ref().map(Server::process).transpose()?;
        Ok(process.map(Processes::one))
    }

    /// Waits until the server knows everybody.
    pub(super) async fn people(&self, settings: &Settings) -> Result<People, Error> {
        self.accounts.wait_until_known(&self.client).await?;
        let residents = self.accounts.signed_in(&self.client);
        let sources = Sources::of(&self.client, most(settings))?;
        Ok(People { callers: callers(settings), residents, sources })
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
    sources: Sources,
}

impl People {
    pub(super) fn callers(&self) -> Callers {
        Callers::new((0..self.callers).map(|house| self.residents.of(0, house).clone()).collect())
    }

    /// Returns so many devices of neighbours, flat by flat.
    pub(super) fn devices(&self, count: usize) -> Vec<Session> {
        let flats = self.callers..self.callers + count.div_ceil(SOCKETS_OF_FLAT);
        let devices = flats.flat_map(|house| self.residents.devices(0, house)).take(count);
        devices.enumerate().map(|(number, device)| device.at(self.sources.get(number))).collect()
    }
}

/// Returns how many flats press in turn.
pub(super) fn callers(settings: &Settings) -> usize {
    let rows = u32::try_from(settings.subscribers.len()).unwrap_or(u32::MAX).saturating_mul(settings.runs);
    let presses = settings.presses.saturating_add(settings.warm_up).saturating_mul(rows);
    budgets::flats(presses, settings.interval())
}

/// A line of its own, because the database of a server that runs may have lines of earlier runs.
fn town(settings: &Settings) -> Town {
    let building = format!("bench-{}", Uuid::now_v7().simple());
    Town::new(1, callers(settings) + most(settings).div_ceil(SOCKETS_OF_FLAT))
        .building(building)
        .sessions(SOCKETS_OF_FLAT)
}

fn most(settings: &Settings) -> usize {
    settings.subscribers.iter().max().copied().unwrap_or_default() as usize
}
