//! The faults of a table, each with its place and its words.

use std::fmt;

use domain::{InvalidName, Line};
use serde::Serialize;

use super::{BUILDING_LIMIT, ROW_LIMIT};

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
