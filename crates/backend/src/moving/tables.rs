//! The tables to move, as the migrations make them in a new database. No list of them is written down here, so none can
//! be forgotten.

use sqlx::{AnyConnection, AssertSqlSafe, Row as _, any::AnyRow, migrate::Migrator};

use super::MoveError;
use crate::database::{self, DatabaseError, migrations};

/// Every table, a table after those that its rows refer to.
pub(super) struct Tables {
    /// Those of the accounts' database.
    pub(super) accounts: Vec<Table>,
    /// Those of the statistics.
    pub(super) statistics: Vec<Table>,
}

/// A table as a new database has it.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The tables that its rows refer to.
    refers_to: Vec<String>,
    /// The rows that the migrations put into it, in order.
    pub(super) first_rows: Vec<Values>,
}

/// A column of a table.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) is_key: bool,
}

/// The types of columns, which SQLite and PostgreSQL both have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Octets,
}

/// The values of a row, in the order of its table's columns.
pub(super) type Values = Vec<Value>;

/// A value, or nothing of its type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Text(Option<String>),
    Number(Option<i64>),
    Octets(Option<Vec<u8>>),
}

impl Tables {
    /// Reads the tables of this version.
    ///
    /// # Errors
    /// [`MoveError`] if a migration makes what cannot be moved, which a test rules out.
    pub(super) async fn read() -> Result<Self, MoveError> {
        Ok(Self { accounts: of(migrations::accounts).await?, statistics: of(migrations::statistics).await? })
    }

    /// Returns all of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Table> {
        self.accounts.iter().chain(&self.statistics)
    }
}

impl Table {
    /// Returns the names of its columns as a statement has them.
    pub(super) fn names(&self) -> String {
        names(self.columns.iter())
    }

    /// Returns the names of the columns of its primary key as a statement has them.
    pub(super) fn key(&self) -> String {
        names(self.columns.iter().filter(|column| column.is_key))
    }

    /// Returns the statement that reads all rows.
    pub(super) fn select(&self) -> AssertSqlSafe<String> {
        AssertSqlSafe(format!("SELECT {} FROM \"{}\"", self.names(), self.name))
    }

    /// Reads a row of that statement.
    ///
    /// # Errors
    /// sqlx's, if a value has another type than its column.
    pub(super) fn values(&self, row: &AnyRow) -> Result<Values, sqlx::Error> {
        let value = |(index, column): (usize, &Column)| {
            Ok(match column.kind {
                Kind::Text => Value::Text(row.try_get(index)?),
                Kind::Number => Value::Number(row.try_get(index)?),
                Kind::Octets => Value::Octets(row.try_get(index)?),
            })
        };
        self.columns.iter().enumerate().map(value).collect()
    }

    /// Returns all rows in order.
    ///
    /// # Errors
    /// sqlx's.
    pub(super) async fn rows(&self, connection: &mut AnyConnection) -> Result<Vec<Values>, sqlx::Error> {
        let rows = sqlx::query(self.select()).fetch_all(connection).await?;
        let mut rows =
            rows.iter().map(|row| self.values(row)).collect::<Result<Vec<Values>, sqlx::Error>>()?;
        // Databases may order texts differently.
        rows.sort();
        Ok(rows)
    }
}

fn names<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    let names: Vec<String> = columns.map(|column| format!("\"{}\"", column.name)).collect();
    names.join(", ")
}

/// Makes the tables of these steps, and reads what they are.
async fn of(steps: fn(bool) -> Migrator) -> Result<Vec<Table>, MoveError> {
    let failed =
        |error: DatabaseError| MoveError::Database { which: "the tables of this version", source: error };
    let mut connection = database::in_memory(steps).await.map_err(failed)?;
    let mut tables = Vec::new();
    for name in table_names(&mut connection).await.map_err(|error| failed(error.into()))? {
        tables.push(describe(&mut connection, name).await?);
    }
    in_order(tables)
}

async fn table_names(connection: &mut AnyConnection) -> Result<Vec<String>, sqlx::Error> {
    let list = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
    let rows = list.fetch_all(connection).await?;
    let names = rows.iter().map(|row| row.try_get("name")).collect::<Result<Vec<String>, sqlx::Error>>()?;
    // SQLite has tables of its own, and the tables that count the steps begin with an underscore.
    Ok(names.into_iter().filter(|name| !name.starts_with("sqlite_") && !name.starts_with('_')).collect())
}

async fn describe(connection: &mut AnyConnection, name: String) -> Result<Table, MoveError> {
    let mut table = Table { name, columns: Vec::new(), refers_to: Vec::new(), first_rows: Vec::new() };
    let described = async {
        let columns = "SELECT name, type AS declared, pk FROM pragma_table_info($1) ORDER BY cid";
        let columns = sqlx::query(columns).bind(table.name.clone()).fetch_all(&mut *connection).await?;
        for row in &columns {
            let (declared, key): (String, i64) = (row.try_get("declared")?, row.try_get("pk")?);
            let name: String = row.try_get("name")?;
            let Some(kind) = Kind::of(&declared) else {
                return Ok(Some(format!("{name} of the type {declared}")));
            };
            table.columns.push(Column { name, kind, is_key: key > 0 });
        }
        let references = "SELECT DISTINCT \"table\" AS target FROM pragma_foreign_key_list($1)";
        let references = sqlx::query(references).bind(table.name.clone()).fetch_all(&mut *connection).await?;
        for row in &references {
            table.refers_to.push(row.try_get("target")?);
        }
        table.first_rows = table.rows(&mut *connection).await?;
        Ok::<_, sqlx::Error>(None)
    };
    let described = described.await;
    match described {
        Ok(None) => Ok(table),
        Ok(Some(column)) => Err(MoveError::Refused(format!(
            "this version cannot move the table {}, because of its column {column}",
            table.name
        ))),
        Err(source) => Err(MoveError::Table { what: "read", table: table.name, source }),
    }
}

/// Puts each table after those that its rows refer to.
fn in_order(mut tables: Vec<Table>) -> Result<Vec<Table>, MoveError> {
    let mut ordered: Vec<Table> = Vec::new();
    while !tables.is_empty() {
        let is_there = |table: &Table, name: &String| {
            *name == table.name || ordered.iter().any(|before| before.name == *name)
        };
        let (next, later): (Vec<Table>, Vec<Table>) =
            tables.into_iter().partition(|table| table.refers_to.iter().all(|name| is_there(table, name)));
        if next.is_empty() {
            let names: Vec<&str> = later.iter().map(|table| table.name.as_str()).collect();
            return Err(MoveError::Refused(format!(
                "this version cannot move the tables {}, because they refer to each other",
                names.join(", ")
            )));
        }
        ordered.extend(next);
        tables = later;
    }
    Ok(ordered)
}

impl Kind {
    /// Reads the type that a column was declared with.
    fn of(declared: &str) -> Option<Self> {
        match declared {
            "TEXT" => Some(Self::Text),
            "BIGINT" => Some(Self::Number),
            "BYTEA" => Some(Self::Octets),
            _ => None,
        }
    }
}
