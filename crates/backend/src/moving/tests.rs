//! Copies between databases in memory, whose tables are those of the migrations.

use std::{collections::BTreeSet, path::Path};

use sqlx::{Any, migrate::Migrator, pool::PoolConnection};

use super::{
    copy,
    tables::{Kind, Table, Tables, Value, Values},
};
use crate::{
    audit::{self, Act, By, Record},
    database::{self, migrations},
};

/// The rows of a table, one more than a statement writes.
const ROWS: usize = copy::PAGE + 1;

/// Returns the SQL of every step in a folder of this crate.
fn sql_of(folder: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(path).unwrap().map(Result::unwrap).filter(|file| file.path().is_file());
    files.map(|file| std::fs::read_to_string(file.path()).unwrap()).collect()
}

/// Returns rows whose values have the number of their row, so that they refer to rows with the same number.
fn rows(table: &Table) -> Vec<Values> {
    let value = |kind: Kind, number: u32| match kind {
        Kind::Text => Value::Text(Some(format!("{number} 이웃"))),
        Kind::Number => Value::Number(Some(i64::MAX - i64::from(number))),
        Kind::Octets => Value::Octets(Some(number.to_be_bytes().to_vec())),
    };
    let row =
        |number: u32| -> Values { table.columns.iter().map(|column| value(column.kind, number)).collect() };
    (0..).take(ROWS).map(row).collect()
}

/// Returns a database whose tables have rows, but for the audit and those that the migrations fill.
async fn filled(steps: fn(bool) -> Migrator, tables: &[Table]) -> PoolConnection<Any> {
    let mut database = database::in_memory(steps).await.unwrap();
    for table in tables.iter().filter(|table| table.first_rows.is_empty() && table.name != "audit") {
        for page in rows(table).chunks(copy::PAGE) {
            copy::write(&mut database, table, page.to_vec()).await.unwrap();
        }
    }
    database
}

/// Copies tables, and compares every value.
async fn assert_copied(tables: &[Table], old: &mut PoolConnection<Any>, new: &mut PoolConnection<Any>) {
    for table in tables {
        copy::refuse_rows(new, table).await.unwrap();
        let copied = copy::copy(table, old, new).await.unwrap();
        copy::compare(table, old, new).await.unwrap();
        let expected = table.rows(old).await.unwrap();
        assert_eq!(copied.rows, expected.len() as u64, "{}", table.name);
        assert!(table.rows(new).await.unwrap() == expected, "{}", table.name);
        assert!(expected != table.first_rows, "{} has nothing to copy", table.name);
        let error = copy::refuse_rows(new, table).await.unwrap_err().to_string();
        assert!(error.contains(&format!("the table {} of the new database has ", table.name)), "{error}");
    }
}

#[tokio::test]
async fn every_table_of_every_migration_is_moved_after_the_tables_that_it_refers_to() {
    let known = Tables::read().await.unwrap();
    let moved: Vec<&str> = known.iter().map(|table| table.name.as_str()).collect();
    let sql = sql_of("migrations") + &sql_of("statistics_migrations");
    let place = |name: &str| {
        let place = moved.iter().position(|other| *other == name);
        place.unwrap_or_else(|| panic!("{name} is not among {moved:?}"))
    };
    let mut made = BTreeSet::new();
    for table in sql.split("CREATE TABLE ").skip(1) {
        let (table, _) = table.split_once(");").unwrap();
        let name = table.split_whitespace().next().unwrap();
        made.insert(name);
        for reference in table.split("REFERENCES ").skip(1) {
            let other = reference.split_whitespace().next().unwrap();
            assert!(place(other) < place(name), "{name} refers to {other}");
        }
    }
    assert_eq!(moved.len(), made.len(), "{moved:?} and {made:?}");
    assert!(made.iter().all(|name| moved.contains(name)), "{made:?} and not {moved:?}");
    let with_rows = known.iter().filter(|table| !table.first_rows.is_empty());
    let with_rows: Vec<&str> = with_rows.map(|table| table.name.as_str()).collect();
    assert_eq!(with_rows, ["audit_head", "statistics_lease"], "a start must not add to what a new one has");
    assert!(known.iter().all(|table| table.columns.len() * copy::PAGE <= usize::from(u16::MAX)));
    // A number that PostgreSQL gives would begin with 1 after the move.
    for word in ["AUTOINCREMENT", "SERIAL", "IDENTITY", "NEXTVAL"] {
        assert!(!sql.to_uppercase().contains(word), "{word} needs its next number set by the move");
    }
}

#[tokio::test]
async fn every_row_arrives_with_its_values_and_the_audit_stays_whole() {
    let known = Tables::read().await.unwrap();
    let mut old = filled(migrations::accounts, &known.accounts).await;
    let record =
        |number: usize| Record::new(Act::Locked, By::command_line()).about(&format!("house-{number}"));
    let records: Vec<Record> = (0..ROWS).map(record).collect();
    audit::append(&mut old, &records).await.unwrap();
    for change in [
        "UPDATE residents SET line = NULL, house = NULL WHERE name = '7 이웃'",
        "UPDATE push_subscriptions SET accepted_at = NULL, worked_at = 0 WHERE id = '8 이웃'",
        "UPDATE second_factors SET secret = X'' WHERE resident = '9 이웃'",
        "UPDATE consents SET text = '' WHERE resident = '9 이웃'",
    ] {
        assert_eq!(sqlx::query(change).execute(&mut *old).await.unwrap().rows_affected(), 1, "{change}");
    }
    let mut new = database::in_memory(migrations::accounts).await.unwrap();
    assert_copied(&known.accounts, &mut old, &mut new).await;
    let verified = audit::verify_within(&mut new).await.unwrap();
    assert_eq!(verified, audit::verify_within(&mut old).await.unwrap());
    assert_eq!(verified.rows, ROWS as u64);

    let mut old = filled(migrations::statistics, &known.statistics).await;
    let rebuilt = "UPDATE statistics_lease SET generation = 7 WHERE id = 1";
    sqlx::query(rebuilt).execute(&mut *old).await.unwrap();
    let mut new = database::in_memory(migrations::statistics).await.unwrap();
    assert_copied(&known.statistics, &mut old, &mut new).await;
}

#[tokio::test]
async fn a_table_that_lacks_rows_is_named() {
    let known = Tables::read().await.unwrap();
    let mut old = filled(migrations::accounts, &known.accounts).await;
    let mut new = database::in_memory(migrations::accounts).await.unwrap();
    let houses = known.iter().find(|table| table.name == "houses").unwrap();
    copy::copy(houses, &mut old, &mut new).await.unwrap();
    sqlx::query("DELETE FROM houses WHERE house = '7 이웃'").execute(&mut *new).await.unwrap();
    let error = copy::compare(houses, &mut old, &mut new).await.unwrap_err().to_string();
    let expected =
        format!("the table houses has {ROWS} rows in the old database and {} in the new", ROWS - 1);
    assert!(error.contains(&expected), "{error}");
}
