//! A whole complex, made for a run. It has thousands of accounts and sessions, written into the program's database as
//! it would write them, without a slow hash for each.
//!
//! ```no_run
//! # async fn example() -> Result<(), testkit::Error> {
//! use testkit::{server::Program, town::Town};
//!
//! let server = Program::new("target/release/iutsai").start().await?;
//! let residents = server.populate(&Town::new(40, 50).administrators(1)).await?;
//! let caller = residents.of(0, 0);
//! caller.press(&caller.call("help")?, None).await?.ok()?;
//! # Ok(()) }
//! ```
//!
//! sqlx with its `Any` driver is used because the server has it with the same features, so nothing is compiled a second
//! time.

mod accounts;
pub(crate) mod devices;
mod register;
mod residents;
mod token;

use domain::{House, Line, Resident, Role};

pub use accounts::Accounts;
pub use devices::Device;
pub use residents::Residents;

/// The password of every account of a [`Town::with_password`].
pub const PASSWORD: &str = "neighbour";

/// argon2id of [`PASSWORD`] with the server's parameters and the salt `iutsai-test-town`, computed once.
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$aXV0c2FpLXRlc3QtdG93bg$a7RO0oILCGq8ModZk4ALI3H1aYl7sk8flUTeInbv7Oc";
/// A hash that the server can read and that no known password has.
const NO_PASSWORD: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$aXV0c2FpLXRlc3QtdG93bg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The people of a complex. Some lines have as many flats each, with one account to a flat unless there are further
/// ones, and administrators have no flat.
#[derive(Clone, Debug)]
pub struct Town {
    building: String,
    lines: usize,
    houses: usize,
    administrators: usize,
    further: usize,
    sessions: usize,
    has_password: bool,
}

impl Town {
    /// So many lines with so many houses each, in the building `301`; each account has one session and no password.
    #[must_use]
    pub fn new(lines: usize, houses: usize) -> Self {
        Self {
            building: "301".into(),
            lines,
            houses,
            administrators: 0,
            further: 0,
            sessions: 1,
            has_password: false,
        }
    }

    /// Names the building, of which all names in the town are made. Two towns in one database need two buildings.
    #[must_use]
    pub fn building(mut self, name: impl Into<String>) -> Self {
        self.building = name.into();
        self
    }

    /// Adds administrators.
    #[must_use]
    pub fn administrators(mut self, count: usize) -> Self {
        self.administrators = count;
        self
    }

    /// Adds so many residents to the first one of each flat. The flats get them in turn, in the order of the lines.
    ///
    /// # Panics
    /// Where the town has no flat.
    #[must_use]
    pub fn further(mut self, count: usize) -> Self {
        assert!(count == 0 || self.lines * self.houses > 0, "a resident needs a flat");
        self.further = count;
        self
    }

    /// Gives each account so many sessions, one for each device.
    #[must_use]
    pub fn sessions(mut self, each: usize) -> Self {
        self.sessions = each;
        self
    }

    /// Lets everybody sign in with [`PASSWORD`].
    #[must_use]
    pub fn with_password(mut self) -> Self {
        self.has_password = true;
        self
    }

    /// Returns the name of a line, counted from 0.
    #[must_use]
    pub fn line(&self, line: usize) -> Line {
        Line::new(format!("{}-{}", self.building, line + 1)).expect("a building's number names a line")
    }

    /// Returns the name of a house, counted from 0 and alike on every line. There are two to a floor, 101, 102, 201 and
    /// so on.
    #[must_use]
    pub fn house(&self, house: usize) -> House {
        House::new(format!("{}{:02}", house / 2 + 1, house % 2 + 1)).expect("digits name a house")
    }

    /// Returns the name that a resident signs in with.
    #[must_use]
    pub fn resident(&self, line: usize, house: usize) -> String {
        format!("{}-{}", self.line(line), self.house(house))
    }

    /// Returns the name that an administrator signs in with.
    #[must_use]
    pub fn administrator(&self, number: usize) -> String {
        format!("{}-office-{}", self.building, number + 1)
    }

    /// Writes all accounts and their sessions into the database at `url`, in one transaction. Its tables must be there.
    ///
    /// A server that runs learns of them within seconds ([`Accounts::wait_until_known`]), one that starts later at
    /// once.
    ///
    /// # Errors
    /// [`Error::Database`](crate::Error::Database), also where one of the names is taken.
    pub async fn enter(&self, url: &str) -> Result<Accounts, crate::Error> {
        Accounts::enter(self, url).await
    }

    /// Lists the people. The first residents of the flats come first, line by line and house by house, then
    /// administrators, then the further residents.
    fn people(&self) -> impl Iterator<Item = Resident> {
        let flats = (0..self.lines).flat_map(move |line| (0..self.houses).map(move |house| (line, house)));
        let residents = flats.map(move |(line, house)| Resident {
            name: self.resident(line, house),
            line: Some(self.line(line)),
            house: Some(self.house(house)),
            role: Role::Resident,
        });
        let administrators = (0..self.administrators).map(move |number| Resident {
            name: self.administrator(number),
            line: None,
            house: None,
            role: Role::Administrator,
        });
        residents
            .chain(administrators)
            .chain((0..self.further).map(move |number| self.further_resident(number)))
    }

    /// Returns a further resident, counted from 0.
    fn further_resident(&self, number: usize) -> Resident {
        let flats = self.lines * self.houses;
        let (line, house) = (number % flats / self.houses, number % flats % self.houses);
        Resident {
            name: format!("{}-{}", self.resident(line, house), number / flats + 2),
            line: Some(self.line(line)),
            house: Some(self.house(house)),
            role: Role::Resident,
        }
    }

    const fn password_hash(&self) -> &'static str {
        if self.has_password { HASH } else { NO_PASSWORD }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn everybody_has_a_name_of_their_own_and_a_flat_in_the_order_of_the_lines() {
        let town = Town::new(12, 23).building("7").administrators(2);
        let people: Vec<_> = town.people().collect();
        let names: BTreeSet<_> = people.iter().map(|resident| &resident.name).collect();
        let flats: BTreeSet<_> = people.iter().filter_map(Resident::flat).collect();
        assert_eq!((people.len(), names.len(), flats.len()), (278, 278, 276));
        let of = |line: usize, house: usize| &people[line * 23 + house];
        assert_eq!(of(11, 22).name, town.resident(11, 22));
        assert_eq!(of(11, 22).name, "7-12-1201");
        assert_eq!(of(0, 3).house.as_ref().map(House::as_str), Some("202"));
        assert_eq!((people[277].name.as_str(), people[277].role), ("7-office-2", Role::Administrator));
    }

    #[test]
    fn further_residents_live_in_the_flats_in_turn_and_come_last() {
        let town = Town::new(2, 3).building("7").administrators(1).further(8);
        let people: Vec<_> = town.people().collect();
        let names: BTreeSet<_> = people.iter().map(|resident| &resident.name).collect();
        assert_eq!((people.len(), names.len(), people[6].role), (15, 15, Role::Administrator));
        let further: Vec<_> = people[7..].iter().map(|resident| resident.name.as_str()).collect();
        assert_eq!((further[0], further[3], further[6]), ("7-1-101-2", "7-2-101-2", "7-1-101-3"));
        let mut homes = BTreeMap::new();
        for flat in people.iter().filter_map(Resident::flat) {
            *homes.entry(flat).or_insert(0) += 1;
        }
        assert_eq!(homes.into_values().collect::<Vec<_>>(), [3, 3, 2, 2, 2, 2]);
    }
}
