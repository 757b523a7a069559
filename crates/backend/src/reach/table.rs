//! The table in which each node renews which houses it has connected with their sound armed. Its times are the
//! database's.

use std::collections::BTreeSet;

use domain::{House, Line, Millis};
use sqlx::{AnyConnection, AssertSqlSafe, Row, any::AnyRow};

use super::known::{Flats, HOLDS};
use crate::{
    database::{self, Database, DatabaseError, stored::name},
    people::PeopleError,
};

/// Rows of this age are removed, in milliseconds. Their node is gone.
const KEPT: Millis = 10 * 60 * 1000;

/// A node's part of the table, and those of the others.
pub(super) struct Table {
    database: Database,
    /// The name of this process.
    node: String,
}

impl Table {
    pub(super) fn new(database: Database, node: String) -> Self {
        Self { database, node }
    }

    /// Renews the rows of this node. `written` is what they held when they were last written; it is not known after a
    /// failure, and then all are written anew.
    ///
    /// # Errors
    /// The database's. The content of the rows is not known then.
    pub(super) async fn renew(&self, own: &Flats, written: Option<&Flats>) -> Result<(), DatabaseError> {
        if own.is_empty() && written.is_some_and(Flats::is_empty) {
            return Ok(());
        }
        self.database.prepare().await?;
        database::outcome::<(), DatabaseError>(async {
            let mut transaction = self.database.pool().begin().await?;
            let renewed = match written {
                Some(written) => self.touch(&mut transaction).await? == written.len(),
                None => false,
            };
            let nothing = Flats::new();
            let written = written.filter(|_| renewed).unwrap_or(&nothing);
            if !renewed {
                self.clear(&mut transaction).await?;
            }
            for line in written.keys() {
                if !own.contains_key(line) {
                    self.remove(&mut transaction, line).await?;
                }
            }
            for (line, houses) in own {
                if written.get(line) != Some(houses) {
                    self.put(&mut transaction, line, houses).await?;
                }
            }
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Renews the times of this node's rows; returns how many there are. Rows of nodes that are gone are removed.
    async fn touch(&self, connection: &mut AnyConnection) -> Result<usize, sqlx::Error> {
        let now = self.database.now();
        let touch = format!("UPDATE reachability SET at = {now} WHERE node = $1");
        let touch = sqlx::query(AssertSqlSafe(touch)).bind(self.node.clone());
        let touched = touch.execute(&mut *connection).await?.rows_affected();
        let forget = format!("DELETE FROM reachability WHERE at < {now} - $1");
        sqlx::query(AssertSqlSafe(forget)).bind(KEPT).execute(&mut *connection).await?;
        Ok(usize::try_from(touched).unwrap_or(usize::MAX))
    }

    async fn clear(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        let clear = sqlx::query("DELETE FROM reachability WHERE node = $1").bind(self.node.clone());
        clear.execute(connection).await.map(drop)
    }

    async fn remove(&self, connection: &mut AnyConnection, line: &Line) -> Result<(), sqlx::Error> {
        let remove = sqlx::query("DELETE FROM reachability WHERE node = $1 AND line = $2");
        let remove = remove.bind(self.node.clone()).bind(line.to_string());
        remove.execute(connection).await.map(drop)
    }

    async fn put(
        &self,
        connection: &mut AnyConnection,
        line: &Line,
        houses: &BTreeSet<House>,
    ) -> Result<(), sqlx::Error> {
        let now = self.database.now();
        let put = format!(
            "INSERT INTO reachability (node, line, houses, at) VALUES ($1, $2, $3, {now})
             ON CONFLICT (node, line) DO UPDATE SET houses = $3, at = {now}"
        );
        let houses = serde_json::json!(houses).to_string();
        let put = sqlx::query(AssertSqlSafe(put)).bind(self.node.clone()).bind(line.to_string()).bind(houses);
        put.execute(connection).await.map(drop)
    }

    /// Returns the houses of all other nodes that have renewed their rows of late.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn of_others(&self) -> Result<Flats, DatabaseError> {
        self.database.prepare().await?;
        let holds = Millis::try_from(HOLDS.as_millis()).unwrap_or(Millis::MAX);
        let list = format!(
            "SELECT line, houses FROM reachability WHERE node <> $1 AND at >= {} - $2",
            self.database.now()
        );
        let list = sqlx::query(AssertSqlSafe(list)).bind(self.node.clone()).bind(holds);
        let mut flats = Flats::new();
        for row in &database::answer(list.fetch_all(self.database.pool())).await? {
            match houses(row) {
                Ok((line, houses)) => flats.entry(line).or_default().extend(houses),
                // A row of a later version must not hide all others.
                Err(error) => tracing::warn!(%error, "whom another node reaches cannot be read"),
            }
        }
        Ok(flats)
    }

    /// Removes this node's rows, because it ends.
    ///
    /// # Errors
    /// The database's. The rows then count until they are thirty seconds old.
    pub(super) async fn leave(&self) -> Result<(), DatabaseError> {
        let leave = sqlx::query("DELETE FROM reachability WHERE node = $1").bind(self.node.clone());
        database::answer(leave.execute(self.database.pool())).await.map(drop)
    }
}

/// Why a row cannot be read.
#[derive(Debug, thiserror::Error)]
enum Odd {
    #[error(transparent)]
    Line(#[from] PeopleError),
    #[error("the houses are no list of names: {0}")]
    Houses(#[from] serde_json::Error),
}

fn houses(row: &AnyRow) -> Result<(Line, BTreeSet<House>), Odd> {
    let text = |column| row.try_get::<String, _>(column).map_err(PeopleError::from);
    let line = name(text("line")?, Line::new).map_err(PeopleError::from)?;
    Ok((line, serde_json::from_str(&text("houses")?)?))
}
