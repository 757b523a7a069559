//! Copies the rows of a table from one database to another, and counts them in both.

use futures_util::TryStreamExt as _;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::{
    MoveError, Moved,
    tables::{Table, Tables, Value, Values},
};

/// The rows that one statement writes. PostgreSQL takes 65 535 values in one.
pub(super) const PAGE: usize = 500;
/// The tables that count the steps of the migrations.
const OF_MIGRATIONS: [&str; 2] = ["_sqlx_migrations", "_statistics_migrations"];

/// Fails if the new database has a table that is not known, or rows in one that is. It need not have any table.
///
/// # Errors
/// [`MoveError::Refused`] with the name of the table.
pub(super) async fn refuse_used(to: &mut AnyConnection, tables: &Tables) -> Result<(), MoveError> {
    let list = "SELECT CAST(tablename AS TEXT) AS name FROM pg_catalog.pg_tables
                WHERE schemaname = current_schema() ORDER BY tablename";
    let unlisted = |source: sqlx::Error| MoveError::Table { what: "read", table: "pg_tables".into(), source };
    let rows = sqlx::query(list).fetch_all(&mut *to).await.map_err(unlisted)?;
    let names = rows.iter().map(|row| row.try_get("name")).collect::<Result<Vec<String>, sqlx::Error>>();
    let names = names.map_err(unlisted)?;
    for name in names.iter().filter(|name| !OF_MIGRATIONS.contains(&name.as_str())) {
        let Some(table) = tables.iter().find(|table| table.name == *name) else {
            return Err(MoveError::Refused(format!(
                "the new database has a table {name}, which is not of iutsai; name an empty database, as createdb \
                 makes it"
            )));
        };
        if table.first_rows.is_empty() {
            refuse_rows(to, table).await?;
        }
    }
    Ok(())
}

/// Fails if a table has other rows than a new one.
///
/// # Errors
/// [`MoveError::Refused`] with its name.
pub(super) async fn refuse_rows(to: &mut AnyConnection, table: &Table) -> Result<(), MoveError> {
    let found = if table.first_rows.is_empty() {
        match count(to, table).await? {
            0 => return Ok(()),
            rows => format!("has rows ({rows})"),
        }
    } else {
        if table.rows(to).await.map_err(failed("read", table))? == table.first_rows {
            return Ok(());
        }
        "has other rows than a new one".into()
    };
    Err(MoveError::Refused(format!(
        "the table {} of the new database {found}; a move needs an empty database, as createdb makes it",
        table.name
    )))
}

/// Copies every row of a table.
///
/// # Errors
/// [`MoveError::Table`].
pub(super) async fn copy(
    table: &Table,
    from: &mut AnyConnection,
    to: &mut AnyConnection,
) -> Result<Moved, MoveError> {
    let mut rows = sqlx::query(table.select()).fetch(from);
    let (mut page, mut copied) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await.map_err(failed("read", table))? {
        page.push(table.values(&row).map_err(failed("read", table))?);
        copied += 1;
        if page.len() == PAGE {
            write(to, table, std::mem::take(&mut page)).await.map_err(failed("write", table))?;
        }
    }
    write(to, table, page).await.map_err(failed("write", table))?;
    Ok(Moved { table: table.name.clone(), rows: copied })
}

/// Fails if a table has not the same number of rows in both databases.
///
/// # Errors
/// [`MoveError::Refused`] with its name, [`MoveError::Table`].
pub(super) async fn compare(
    table: &Table,
    from: &mut AnyConnection,
    to: &mut AnyConnection,
) -> Result<(), MoveError> {
    let (old, new) = (count(from, table).await?, count(to, table).await?);
    if old == new {
        return Ok(());
    }
    Err(MoveError::Refused(format!(
        "the table {} has {old} rows in the old database and {new} in the new one; nothing was moved, so report this \
         and go on with the old one",
        table.name
    )))
}

/// Writes rows. One that the migrations have put there is replaced.
pub(super) async fn write(
    to: &mut AnyConnection,
    table: &Table,
    rows: Vec<Values>,
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut insert = sqlx::query(AssertSqlSafe(insert(table, rows.len())));
    for value in rows.into_iter().flatten() {
        insert = match value {
            Value::Text(text) => insert.bind(text),
            Value::Number(number) => insert.bind(number),
            Value::Octets(octets) => insert.bind(octets),
        };
    }
    insert.execute(to).await.map(drop)
}

/// Returns the statement that writes so many rows.
fn insert(table: &Table, rows: usize) -> String {
    let width = table.columns.len();
    let row = |row: usize| {
        let values: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
        format!("({})", values.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    let insert = format!("INSERT INTO \"{}\" ({}) VALUES {}", table.name, table.names(), rows.join(", "));
    if table.first_rows.is_empty() {
        return insert;
    }
    let others = table.columns.iter().filter(|column| !column.is_key);
    let others: Vec<String> =
        others.map(|column| format!("\"{0}\" = excluded.\"{0}\"", column.name)).collect();
    format!("{insert} ON CONFLICT ({}) DO UPDATE SET {}", table.key(), others.join(", "))
}

async fn count(connection: &mut AnyConnection, table: &Table) -> Result<i64, MoveError> {
    let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM \"{}\"", table.name));
    let row = sqlx::query(count).fetch_one(connection).await;
    row.and_then(|row| row.try_get(0)).map_err(failed("read", table))
}

fn failed(what: &'static str, table: &Table) -> impl FnOnce(sqlx::Error) -> MoveError {
    move |source| MoveError::Table { what, table: table.name.clone(), source }
}
