//! The import of a complex from a table of comma-separated values. It is previewed first; a digest of the preview
//! makes sure that nothing else is imported than what was seen. It adds and changes, and never removes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{House, InvalidName, Line, people::unseen};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use super::{
    PeopleError,
    accounts::Accounts,
    complex::{self, Layout},
};
use crate::{
    audit::Act,
    database::{self, DatabaseError},
};

/// The longest table, in bytes.
pub const TABLE_LIMIT: usize = 512 * 1024;
/// The most rows of a table.
pub const ROW_LIMIT: usize = 5_000;
/// The most faults that are listed.
pub const FAULT_LIMIT: usize = 50;
/// The longest name of a building, in characters.
const BUILDING_LIMIT: usize = 32;
/// So many rows are written by one statement.
const AT_ONCE: usize = 100;
/// Separates the names of neighbouring lines in their cell.
const SEPARATOR: char = ';';

/// The columns in the order in which they are described, each by its English and its Korean names.
const COLUMNS: [&[&str]; 4] = [
    &["building", "동"],
    &["line", "라인"],
    &["house", "호", "호수"],
    &["neighbours", "neighbors", "이웃라인", "이웃 라인"],
];

/// A fault of a table, and the line of the table that has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The line of the file, from 1.
    pub at: u64,
    /// The fault.
    #[serde(serialize_with = "as_text")]
    pub what: Wrong,
}

/// The faults of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The text is not UTF-8.
    Encoding,
    /// The first row does not name the column `line`.
    Columns,
    /// The row has another number of cells than the first one.
    Cells {
        /// The number of cells that it should have.
        expected: u64,
        /// The number of cells that it has.
        found: u64,
    },
    /// The line's name cannot be one.
    Line(InvalidName),
    /// The house's name cannot be one.
    House(InvalidName),
    /// The building's name cannot be one.
    Building,
    /// The name of a neighbouring line cannot be one, or is the line itself.
    Neighbour(String),
    /// The neighbouring line is neither in the table nor known.
    UnknownNeighbour(Line),
    /// A name has a character that cannot be seen.
    Unseen(char),
    /// The house stands on an earlier line, too.
    Twice(u64),
    /// The line has another building on an earlier line.
    OtherBuilding(u64),
    /// The table has no rows.
    Nothing,
    /// The table has more rows than [`ROW_LIMIT`].
    TooLong,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding => f.write_str("the text is not UTF-8; save the table as CSV UTF-8"),
            Self::Columns => f.write_str("the first row must name the columns, and 'line' (라인) among them"),
            Self::Cells { expected, found } => {
                write!(f, "the row has {found} cells, and the first row has {expected}")
            }
            Self::Line(why) => write!(f, "the line's name {why}"),
            Self::House(why) => write!(f, "the house's name {why}"),
            Self::Building => {
                write!(f, "the building's name has control characters or more than {BUILDING_LIMIT}")
            }
            Self::Neighbour(name) => write!(f, "'{name}' cannot be a neighbouring line"),
            Self::UnknownNeighbour(line) => {
                write!(f, "the neighbouring line {line} is neither in the table nor known")
            }
            Self::Unseen(c) => write!(f, "a name contains U+{:04X}, which cannot be seen", u32::from(*c)),
            Self::Twice(first) => write!(f, "the same house stands on line {first}"),
            Self::OtherBuilding(first) => write!(f, "the line has another building on line {first}"),
            Self::Nothing => f.write_str("the table has no rows"),
            Self::TooLong => write!(f, "the table has more than {ROW_LIMIT} rows; import it in parts"),
        }
    }
}

fn as_text<S: serde::Serializer>(what: &Wrong, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(what)
}

/// The changes that an import would make, or has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// The rows of the table.
    pub rows: usize,
    /// Lines that are not known yet.
    pub new_lines: Vec<Line>,
    /// Known lines that get another building or other neighbouring lines.
    pub changed_lines: Vec<Line>,
    /// Houses that are not known yet.
    pub new_houses: Vec<Flat>,
    /// Houses that are known already.
    pub known_houses: usize,
    /// Names exactly these changes.
    pub digest: String,
}

/// A house of a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Flat {
    /// The line.
    pub line: Line,
    /// The house.
    pub house: House,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The table is wrong in these places.
    #[error("the table has faults")]
    Faulty(Vec<Fault>),
    /// The digest is of other changes: the table or the complex is another one than it was.
    #[error("the table or the complex has changed since the preview: look at the preview again")]
    Outdated,
    /// It is not known whether anything was imported.
    #[error(transparent)]
    Unavailable(#[from] PeopleError),
}

impl From<DatabaseError> for ImportError {
    fn from(error: DatabaseError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<sqlx::Error> for ImportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

impl Accounts {
    /// Reads a table and returns what its import would do. Nothing is changed.
    ///
    /// # Errors
    /// [`ImportError`].
    pub async fn preview(&self, table: &[u8]) -> Result<Preview, ImportError> {
        let read = Table::read(table).map_err(ImportError::Faulty)?;
        database::outcome(async {
            let mut connection = self.database().pool().acquire().await?;
            let known = complex::layout(&mut connection).await?;
            Ok(Changes::between(&known, &read)?.preview(&read))
        })
        .await
    }

    /// Imports a table whose preview had this digest: all of it or nothing.
    ///
    /// # Errors
    /// [`ImportError`]; nothing is changed then.
    pub async fn import(&self, table: &[u8], digest: &str) -> Result<Preview, ImportError> {
        let read = Table::read(table).map_err(ImportError::Faulty)?;
        database::outcome(async {
            let mut transaction = self.database().pool().begin().await?;
            // SQLite lets one write at a time, and refuses a transaction that read before another one wrote.
            sqlx::query("UPDATE lines SET building = building WHERE line = ''")
                .execute(&mut *transaction)
                .await?;
            let known = complex::layout(&mut transaction).await?;
            let changes = Changes::between(&known, &read)?;
            let preview = changes.preview(&read);
            if preview.digest != digest {
                return Err(ImportError::Outdated);
            }
            changes.apply(&mut transaction).await?;
            let (lines, changed) = (preview.new_lines.len(), preview.changed_lines.len());
            let detail = format!(
                "{} new houses, {lines} new lines, {changed} changed lines",
                preview.new_houses.len()
            );
            self.record(&mut transaction, Act::Imported, "", &detail).await?;
            transaction.commit().await?;
            Ok(preview)
        })
        .await
    }
}

/// A table whose every cell makes sense.
#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    rows: usize,
    lines: BTreeMap<Line, Row>,
    houses: BTreeMap<Flat, u64>,
}

/// The data of a line in a table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// Where it stands first.
    at: u64,
    /// The building, if the table names one, and where.
    building: Option<(String, u64)>,
    neighbours: BTreeSet<Line>,
}

impl Table {
    fn read(table: &[u8]) -> Result<Self, Vec<Fault>> {
        let text = match std::str::from_utf8(table) {
            Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
            Err(error) => {
                let before = &table[..error.valid_up_to()];
                let breaks = before.iter().filter(|octet| **octet == b'\n').count();
                return Err(vec![Fault { at: breaks as u64 + 1, what: Wrong::Encoding }]);
            }
        };
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let (mut read, mut faults) = (Self::default(), Vec::new());
        let mut places = Places::of(text);
        // The text is UTF-8 and rows may have any number of cells, so a record always reads.
        let mut records = reader.records().flatten();
        let header = records.next().unwrap_or_default();
        let Some(columns) = Columns::of(&header) else {
            return Err(vec![Fault { at: places.line_of(&header), what: Wrong::Columns }]);
        };
        for record in records {
            let at = places.line_of(&record);
            if record.iter().all(str::is_empty) {
                continue;
            }
            read.rows += 1;
            if read.rows > ROW_LIMIT {
                faults.push(Fault { at, what: Wrong::TooLong });
                break;
            }
            if let Err(what) = read.add(&record, &columns, at) {
                faults.push(Fault { at, what });
            }
            if faults.len() >= FAULT_LIMIT {
                break;
            }
        }
        if read.rows == 0 && faults.is_empty() {
            faults.push(Fault { at: 1, what: Wrong::Nothing });
        }
        if faults.is_empty() { Ok(read) } else { Err(faults) }
    }

    fn add(&mut self, record: &csv::StringRecord, columns: &Columns, at: u64) -> Result<(), Wrong> {
        let (expected, found) = (columns.count as u64, record.len() as u64);
        if expected != found {
            return Err(Wrong::Cells { expected, found });
        }
        let cell = |column: Option<usize>| column.and_then(|index| record.get(index)).unwrap_or_default();
        let line = seen(cell(Some(columns.line)))?;
        let line = Line::new(line).map_err(Wrong::Line)?;
        let building = building(cell(columns.building))?;
        let neighbours = neighbours(&line, cell(columns.neighbours))?;
        let house = match seen(cell(columns.house))? {
            "" => None,
            house => Some(House::new(house).map_err(Wrong::House)?),
        };
        let row = self.lines.entry(line.clone()).or_insert_with(|| Row {
            at,
            building: None,
            neighbours: BTreeSet::new(),
        });
        if let Some(building) = building {
            match &row.building {
                Some((known, first)) if *known != building => return Err(Wrong::OtherBuilding(*first)),
                Some(_) => {}
                None => row.building = Some((building, at)),
            }
        }
        row.neighbours.extend(neighbours);
        let Some(house) = house else { return Ok(()) };
        match self.houses.insert(Flat { line, house }, at) {
            Some(first) => Err(Wrong::Twice(first)),
            None => Ok(()),
        }
    }
}

/// Counts the lines of a file up to each record. The position that the reader gives is that of the end of the record
/// before.
struct Places<'a> {
    text: &'a [u8],
    counted: usize,
    line: u64,
}

impl<'a> Places<'a> {
    fn of(text: &'a str) -> Self {
        Self { text: text.as_bytes(), counted: 0, line: 1 }
    }

    /// Returns the line on which a record begins. Records come in their order.
    fn line_of(&mut self, record: &csv::StringRecord) -> u64 {
        let after = record.position().map_or(0, csv::Position::byte);
        let after = usize::try_from(after).unwrap_or(usize::MAX).clamp(self.counted, self.text.len());
        let breaks = self.text[after..].iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
        let begin = after + breaks;
        let passed = &self.text[self.counted..begin];
        self.line += passed.iter().filter(|octet| **octet == b'\n').count() as u64;
        self.counted = begin;
        self.line
    }
}

/// Where the columns stand.
struct Columns {
    count: usize,
    building: Option<usize>,
    line: usize,
    house: Option<usize>,
    neighbours: Option<usize>,
}

impl Columns {
    fn of(record: &csv::StringRecord) -> Option<Self> {
        let find = |names: &[&str]| {
            record.iter().position(|cell| names.iter().any(|name| cell.eq_ignore_ascii_case(name)))
        };
        let [building, line, house, neighbours] = COLUMNS.map(find);
        Some(Self { count: record.len(), building, line: line?, house, neighbours })
    }
}

fn seen(name: &str) -> Result<&str, Wrong> {
    unseen(name).map_or(Ok(name), |c| Err(Wrong::Unseen(c)))
}

fn building(cell: &str) -> Result<Option<String>, Wrong> {
    let cell = seen(cell)?;
    if cell.chars().count() > BUILDING_LIMIT {
        return Err(Wrong::Building);
    }
    Ok((!cell.is_empty()).then(|| cell.to_owned()))
}

fn neighbours(line: &Line, cell: &str) -> Result<BTreeSet<Line>, Wrong> {
    let named = cell.split(SEPARATOR).map(str::trim).filter(|name| !name.is_empty());
    named
        .map(|name| {
            let neighbour = Line::new(seen(name)?).map_err(|_| Wrong::Neighbour(name.to_owned()))?;
            if neighbour == *line { Err(Wrong::Neighbour(name.to_owned())) } else { Ok(neighbour) }
        })
        .collect()
}

/// The changes of an import.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Changes {
    /// New lines with their building.
    lines: BTreeMap<Line, String>,
    /// Known lines that get another building.
    buildings: BTreeMap<Line, String>,
    /// Known lines that get other neighbouring lines, all of them.
    changed: BTreeSet<Line>,
    /// Neighbouring lines, in both directions.
    neighbours: BTreeSet<(Line, Line)>,
    houses: BTreeSet<Flat>,
}

impl Changes {
    fn between(known: &Layout, table: &Table) -> Result<Self, ImportError> {
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

    fn preview(&self, table: &Table) -> Preview {
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

    fn digest(&self) -> String {
        let Self { lines, buildings, neighbours, houses, .. } = self;
        let changes = serde_json::to_vec(&(lines, buildings, neighbours, houses));
        URL_SAFE_NO_PAD.encode(Sha256::digest(changes.expect("names and lists of them are always JSON")))
    }

    async fn apply(&self, to: &mut AnyConnection) -> Result<(), sqlx::Error> {
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
pub(super) async fn insert(
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

#[cfg(test)]
mod tests;
