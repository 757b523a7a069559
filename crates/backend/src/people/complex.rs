//! The complex as the office keeps it, with lines, their building and their neighbouring lines, houses, and who lives
//! there.

use std::collections::{BTreeMap, BTreeSet};

use domain::{House, Line, Millis, Resident, Role, escalation::Place};
use serde::Serialize;
use sqlx::{AnyConnection, Row, any::AnyRow};

use super::{PeopleError, accounts, accounts::Accounts};
use crate::{
    clock, database,
    database::stored::{Unreadable, name},
};

/// Everything that the office keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Complex {
    /// The lines, by building, in the order in which people count.
    pub lines: Vec<OfLine>,
    /// People without a flat, such as those of the office.
    pub without_flat: Vec<Person>,
}

/// A line and its houses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfLine {
    /// The line.
    pub line: Line,
    /// Its building, such as `101`.
    pub building: String,
    /// The lines next to it.
    pub neighbours: Vec<Line>,
    /// Its houses.
    pub houses: Vec<OfHouse>,
}

/// A house and its people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfHouse {
    /// The house.
    pub house: House,
    /// The holder of an account.
    pub residents: Vec<Person>,
    /// Invitations that can be used.
    pub invitations: u64,
}

/// An account as the office sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The name to sign in with.
    pub name: String,
    /// The role of the person.
    pub role: Role,
    /// The account cannot be used.
    pub is_locked: bool,
    /// Devices that are signed in.
    pub sessions: u64,
    /// When the use of the location in a call was agreed to.
    pub consented_at: Option<Millis>,
}

impl OfLine {
    /// Returns the houses in which nobody has an account.
    pub fn without_account(&self) -> impl Iterator<Item = &OfHouse> {
        self.houses.iter().filter(|house| house.residents.is_empty())
    }

    /// Returns how many people have an account.
    #[must_use]
    pub fn residents(&self) -> usize {
        self.houses.iter().map(|house| house.residents.len()).sum()
    }
}

/// The data of the complex itself, without its people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) lines: BTreeMap<Line, Kept>,
}

/// The data of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// Empty where it was never given.
    pub(super) building: String,
    pub(super) neighbours: BTreeSet<Line>,
    pub(super) houses: BTreeSet<House>,
}

impl Accounts {
    /// Everything that the office keeps. An account that cannot be read is left out.
    ///
    /// # Errors
    /// The database's.
    pub async fn complex(&self) -> Result<Complex, PeopleError> {
        database::outcome(async {
            let mut connection = self.database().pool().acquire().await?;
            let layout = layout(&mut connection).await?;
            let people = people(&mut connection).await?;
            let invitations = invitations(&mut connection).await?;
            Ok(arranged(layout, people, &invitations))
        })
        .await
    }
}

impl Accounts {
    /// Returns the lines of the complex, with their buildings and the lines next to them.
    ///
    /// # Errors
    /// The database's.
    pub(crate) async fn places(&self) -> Result<BTreeMap<Line, Place>, PeopleError> {
        database::outcome(async {
            let mut connection = self.database().pool().acquire().await?;
            let mut places: BTreeMap<Line, Place> = BTreeMap::new();
            let named = "SELECT line, building FROM lines
                 UNION SELECT line, '' FROM houses UNION SELECT line, '' FROM residents WHERE line IS NOT NULL";
            for row in sqlx::query(named).fetch_all(&mut *connection).await? {
                let Some(line) = readable(line(&row, "line"))? else { continue };
                let building: String = row.try_get("building")?;
                let place = places.entry(line).or_default();
                if !building.is_empty() {
                    place.building = building;
                }
            }
            for (line, place) in &mut places {
                if place.building.is_empty() {
                    place.building = building_of(line);
                }
            }
            let neighbours = sqlx::query("SELECT line, neighbour FROM neighbouring_lines");
            for row in neighbours.fetch_all(&mut *connection).await? {
                let pair = line(&row, "line").and_then(|own| Ok((own, line(&row, "neighbour")?)));
                let Some((own, neighbour)) = readable(pair)? else { continue };
                if let Some(place) = places.get_mut(&own) {
                    place.neighbours.insert(neighbour);
                }
            }
            Ok(places)
        })
        .await
    }
}

/// Reads the lines and houses. Flats that only an account names are among them.
pub(super) async fn layout(connection: &mut AnyConnection) -> Result<Layout, PeopleError> {
    let mut layout = Layout::default();
    for row in sqlx::query("SELECT line, building FROM lines").fetch_all(&mut *connection).await? {
        let kept = Kept { building: row.try_get("building")?, ..Kept::default() };
        layout.lines.insert(line(&row, "line")?, kept);
    }
    let houses = sqlx::query(
        "SELECT line, house FROM houses
         UNION SELECT line, house FROM residents WHERE line IS NOT NULL AND house IS NOT NULL",
    );
    for row in houses.fetch_all(&mut *connection).await? {
        let Some((line, house)) = readable(flat(&row))? else { continue };
        layout.lines.entry(line).or_default().houses.insert(house);
    }
    let neighbours = sqlx::query("SELECT line, neighbour FROM neighbouring_lines");
    for row in neighbours.fetch_all(&mut *connection).await? {
        if let Some(kept) = layout.lines.get_mut(&line(&row, "line")?) {
            kept.neighbours.insert(line(&row, "neighbour")?);
        }
    }
    Ok(layout)
}

async fn people(connection: &mut AnyConnection) -> Result<Vec<(Resident, Person)>, PeopleError> {
    let rows = sqlx::query(
        "SELECT name, line, house, role, locked,
             (SELECT COUNT(*) FROM sessions
              WHERE sessions.resident = residents.name AND ended = 0 AND expires_at > $1) AS sessions,
             (SELECT COALESCE(MAX(given_at), 0) FROM consents
              WHERE consents.resident = residents.name AND withdrawn_at = 0) AS consented_at
         FROM residents ORDER BY name",
    )
    .bind(clock::now())
    .fetch_all(connection)
    .await?;
    let read = |row: &AnyRow| -> Result<(Resident, Person), PeopleError> {
        let resident = accounts::resident(row)?;
        let consented_at: Millis = row.try_get("consented_at")?;
        let sessions: i64 = row.try_get("sessions")?;
        let person = Person {
            name: resident.name.clone(),
            role: resident.role,
            is_locked: row.try_get::<i64, _>("locked")? != 0,
            sessions: u64::try_from(sessions).unwrap_or_default(),
            consented_at: (consented_at > 0).then_some(consented_at),
        };
        Ok((resident, person))
    };
    rows.iter().filter_map(|row| readable(read(row)).transpose()).collect()
}

/// Counts the invitations that can be used, by flat.
async fn invitations(connection: &mut AnyConnection) -> Result<BTreeMap<(Line, House), u64>, PeopleError> {
    let rows = sqlx::query(
        "SELECT line, house, COUNT(*) AS usable FROM invitations
         WHERE used_at = 0 AND expires_at > $1 AND line IS NOT NULL AND house IS NOT NULL GROUP BY line, house",
    )
    .bind(clock::now())
    .fetch_all(connection)
    .await?;
    let read = |row: &AnyRow| -> Result<((Line, House), u64), PeopleError> {
        let usable: i64 = row.try_get("usable")?;
        Ok((flat(row)?, u64::try_from(usable).unwrap_or_default()))
    };
    rows.iter().filter_map(|row| readable(read(row)).transpose()).collect()
}

/// Puts the people into their houses.
fn arranged(
    layout: Layout,
    people: Vec<(Resident, Person)>,
    invitations: &BTreeMap<(Line, House), u64>,
) -> Complex {
    let mut homes: BTreeMap<(Line, House), Vec<Person>> = BTreeMap::new();
    let mut without_flat = Vec::new();
    for (Resident { line, house, .. }, person) in people {
        match line.zip(house) {
            Some(flat) => homes.entry(flat).or_default().push(person),
            None => without_flat.push(person),
        }
    }
    let mut lines: Vec<OfLine> = layout.lines.into_iter().map(|(line, kept)| of_line(line, kept)).collect();
    for of_line in &mut lines {
        for of_house in &mut of_line.houses {
            let flat = (of_line.line.clone(), of_house.house.clone());
            of_house.residents = homes.remove(&flat).unwrap_or_default();
            of_house.invitations = invitations.get(&flat).copied().unwrap_or_default();
        }
    }
    lines.sort_by_cached_key(|of_line| (in_order(&of_line.building), in_order(of_line.line.as_str())));
    Complex { lines, without_flat }
}

fn of_line(line: Line, kept: Kept) -> OfLine {
    let Kept { building, neighbours, houses } = kept;
    let mut neighbours: Vec<Line> = neighbours.into_iter().collect();
    neighbours.sort_by_cached_key(|line| in_order(line.as_str()));
    let empty = |house| OfHouse { house, residents: Vec::new(), invitations: 0 };
    let mut houses: Vec<OfHouse> = houses.into_iter().map(empty).collect();
    houses.sort_by_cached_key(|of_house| in_order(of_house.house.as_str()));
    let building = if building.is_empty() { building_of(&line) } else { building };
    OfLine { line, building, neighbours, houses }
}

/// Returns the building that a line's name suggests, where none was given: `101` of `101-1`.
fn building_of(line: &Line) -> String {
    let name = line.as_str();
    name.rsplit_once('-').map_or(name, |(building, _)| building).to_owned()
}

/// Returns what names are ordered by. A number in one counts by its value, and comes before a word.
fn in_order(name: &str) -> Vec<(u64, String)> {
    let mut parts: Vec<(bool, String)> = Vec::new();
    for c in name.chars() {
        match parts.last_mut() {
            Some((is_number, part)) if *is_number == c.is_ascii_digit() => part.push(c),
            _ => parts.push((c.is_ascii_digit(), c.to_string())),
        }
    }
    let key = |(is_number, part): (bool, String)| match part.parse() {
        Ok(number) if is_number => (number, String::new()),
        _ => (u64::MAX, part),
    };
    parts.into_iter().map(key).collect()
}

fn flat(row: &AnyRow) -> Result<(Line, House), PeopleError> {
    Ok((line(row, "line")?, name(row.try_get("house")?, House::new)?))
}

fn line(row: &AnyRow, column: &str) -> Result<Line, PeopleError> {
    Ok(name(row.try_get(column)?, Line::new)?)
}

/// Leaves out what cannot be read, because one account must not hide all others.
fn readable<T>(read: Result<T, PeopleError>) -> Result<Option<T>, PeopleError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(PeopleError::Unreadable(Unreadable(what))) => {
            tracing::warn!(what, "an account cannot be read, the office does not see it");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
