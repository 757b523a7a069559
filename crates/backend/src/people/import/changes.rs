//! The difference between a table and the complex, its digest, and its writing.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::Line;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use super::{Fault, Flat, ImportError, Preview, Wrong, table::Table};
use crate::people::complex::Layout;

/// The most rows that one statement writes.
const AT_ONCE: usize = 100;

/// The changes of an import.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Changes {
    /// New lines with their building.
    lines: BTreeMap<Line, String>,
    /// Known lines that get another building.
    buildings: BTreeMap<Line, String>,
    /// Known lines that get other neighbouring lines, all of them.
    changed: BTreeSet<Line>,
    /// Neighbouring lines, in both directions.
    pub(super) neighbours: BTreeSet<(Line, Line)>,
    houses: BTreeSet<Flat>,
}

impl Changes {
    pub(super) fn between(known: &Layout, table: &Table) -> Result<Self, ImportError> {
        let mut changes = Self::default();
        let mut faults = Vec::new();
        for (line, row) in &table.lines {
            let building = row.building.as_ref().map(|(building, _)| building.clone());
            match (known.lines.get(line), building) {
                (None, building) => drop(changes.lines.insert(line.clone(), building.unwrap_or_default())),
                (Some(kept), Some(building)) if kept.building != building => {
                    changes.buildings.insert(line.clone(), building);
                }
                (Some(_), _) => {}
            }
            for neighbour in &row.neighbours {
                if !known.lines.contains_key(neighbour) && !table.lines.contains_key(neighbour) {
                    let what = Wrong::UnknownNeighbour(neighbour.clone());
                    faults.push(Fault { at: row.at, what });
                }
                for (one, other) in [(line, neighbour), (neighbour, line)] {
                    let kept = known.lines.get(one);
                    if kept.is_some_and(|kept| kept.neighbours.contains(other)) {
                        continue;
                    }
                    changes.neighbours.insert((one.clone(), other.clone()));
                    changes.changed.extend(kept.map(|_| one.clone()));
                }
            }
        }
        let is_known =
            |flat: &Flat| known.lines.get(&flat.line).is_some_and(|kept| kept.houses.contains(&flat.house));
        changes.houses = table.houses.keys().filter(|flat| !is_known(flat)).cloned().collect();
        if faults.is_empty() { Ok(changes) } else { Err(ImportError::Faulty(faults)) }
    }

    pub(super) fn preview(&self, table: &Table) -> Preview {
        let changed: BTreeSet<&Line> = self.buildings.keys().chain(&self.changed).collect();
        Preview {
            rows: table.rows,
            new_lines: self.lines.keys().cloned().collect(),
            changed_lines: changed.into_iter().cloned().collect(),
            new_houses: self.houses.iter().cloned().collect(),
            known_houses: table.houses.len() - self.houses.len(),
            digest: self.digest(),
        }
    }

    pub(super) fn digest(&self) -> String {
        let Self { lines, buildings, neighbours, houses, .. } = self;
        let changes = serde_json::to_vec(&(lines, buildings, neighbours, houses));
        URL_SAFE_NO_PAD.encode(Sha256::digest(changes.expect("names and lists of them are always JSON")))
    }

    pub(super) async fn apply(&self, to: &mut AnyConnection) -> Result<(), sqlx::Error> {
        let lines: Vec<[&str; 2]> =
            self.lines.iter().map(|(line, building)| [line.as_str(), building.as_str()]).collect();
        insert(to, "lines (line, building)", &lines).await?;
        let neighbours: Vec<[&str; 2]> =
            self.neighbours.iter().map(|(line, neighbour)| [line.as_str(), neighbour.as_str()]).collect();
        insert(to, "neighbouring_lines (line, neighbour)", &neighbours).await?;
        let houses: Vec<[&str; 2]> =
            self.houses.iter().map(|flat| [flat.line.as_str(), flat.house.as_str()]).collect();
        insert(to, "houses (line, house)", &houses).await?;
        for (line, building) in &self.buildings {
            // A line that only an account names has no row yet.
            insert(to, "lines (line, building)", &[[line.as_str(), building.as_str()]]).await?;
            let change = sqlx::query("UPDATE lines SET building = $1 WHERE line = $2");
            change.bind(building.as_str()).bind(line.as_str()).execute(&mut *to).await?;
        }
        Ok(())
    }
}

/// Inserts rows of two columns; those that are there stay.
pub(in crate::people) async fn insert(
    to: &mut AnyConnection,
    into: &'static str,
    rows: &[[&str; 2]],
) -> Result<(), sqlx::Error> {
    for rows in rows.chunks(AT_ONCE) {
        let places: Vec<String> =
            (0..rows.len()).map(|row| format!("(${}, ${})", 2 * row + 1, 2 * row + 2)).collect();
        let statement = format!("INSERT INTO {into} VALUES {} ON CONFLICT DO NOTHING", places.join(", "));
        let mut insert = sqlx::query::<Any>(AssertSqlSafe(statement));
        for cell in rows.iter().flatten() {
            insert = insert.bind((*cell).to_owned());
        }
        insert.execute(&mut *to).await?;
    }
    Ok(())
}
