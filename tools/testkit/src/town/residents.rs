//! The people of a town as clients of one server.

use domain::api::SignedIn;

use super::{Accounts, Town, register::Person, token::Token};
use crate::client::{Client, Session};

/// Everybody of a town, signed in. Lines, houses and administrators are counted from 0; a number beyond them is a
/// mistake of the tool that asks, and panics.
#[derive(Clone, Debug)]
pub struct Residents {
    town: Town,
    /// By person, in the order of [`Town::people`].
    sessions: Vec<Vec<Session>>,
}

impl Residents {
    pub(super) fn new(accounts: &Accounts, client: &Client) -> Self {
        let sessions = accounts.people.iter().map(|Person { resident, tokens }| {
            let session = |token: &Token| {
                let signed_in =
                    SignedIn { token: token.as_str().into(), resident: resident.clone(), socket: None };
                Session::new(client.clone(), signed_in)
            };
            tokens.iter().map(session).collect::<Vec<_>>()
        });
        Self { town: accounts.town.clone(), sessions: sessions.collect() }
    }

    /// The town they live in.
    #[must_use]
    pub const fn town(&self) -> &Town {
        &self.town
    }

    /// The first resident of a flat, by the first device.
    #[must_use]
    pub fn of(&self, line: usize, house: usize) -> &Session {
        &self.devices(line, house)[0]
    }

    /// The sessions of a flat's first resident, one for each device.
    #[must_use]
    pub fn devices(&self, line: usize, house: usize) -> &[Session] {
        assert!(
            line < self.town.lines && house < self.town.houses,
            "{line}, {house} is not a flat of the town"
        );
        &self.sessions[line * self.town.houses + house]
    }

    /// The sessions of an administrator.
    #[must_use]
    pub fn administrator(&self, number: usize) -> &Session {
        &self.sessions[self.town.lines * self.town.houses + number][0]
    }

    /// Returns everybody by the first device, first the flats, then the administrators, then the further
    /// residents.
    pub fn everybody(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter_map(|devices| devices.first())
    }

    /// Every flat by its first device, line by line.
    pub fn flats(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter().take(self.town.lines * self.town.houses).filter_map(|devices| devices.first())
    }
}
