//! The table, read row by row into names and buildings, with the place of each in the file.

use std::collections::{BTreeMap, BTreeSet};

use domain::{House, Line, people::unseen};

use super::{BUILDING_LIMIT, FAULT_LIMIT, Fault, Flat, ROW_LIMIT, Wrong};

/// Separates the names of neighbouring lines in their cell.
const SEPARATOR: char = ';';

/// The columns in the order in which they are described, each by its English and its Korean names.
const COLUMNS: [&[&str]; 4] = [
    &["building", "동"],
    &["line", "라인"],
    &["house", "호", "호수"],
    &["neighbours", "neighbors", "이웃라인", "이웃 라인"],
];

/// A table whose every cell makes sense.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) rows: usize,
    pub(super) lines: BTreeMap<Line, Row>,
    pub(super) houses: BTreeMap<Flat, u64>,
}

/// The data of a line in a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it stands first.
    pub(super) at: u64,
    /// The building, if the table names one, and where.
    pub(super) building: Option<(String, u64)>,
    pub(super) neighbours: BTreeSet<Line>,
}

impl Table {
    pub(super) fn read(table: &[u8]) -> Result<Self, Vec<Fault>> {
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
