//! The choice of the office, in one row of the shared database.

use domain::escalation::Settings;
use sqlx::{Row, any::AnyRow};

use crate::{
    audit::{self, Act, By, Record},
    database::{self, Database},
    people::PeopleError,
};

/// The name of the choice in the records of acts.
const SUBJECT: &str = "escalation";

/// Where the choice is kept.
pub(super) struct Store {
    database: Database,
}

impl Store {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }

    /// Reads the choice, which is the default where none was made.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn read(&self) -> Result<Settings, PeopleError> {
        self.database.prepare().await?;
        let read = sqlx::query(
            "SELECT complex, neighbours, building, administrators, arrival FROM escalation WHERE id = 1",
        );
        let row = database::answer(read.fetch_optional(self.database.pool())).await?;
        Ok(row.as_ref().map(settings).transpose()?.unwrap_or_default())
    }

    /// Keeps a choice in the place of the one before, with the record of the act.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn write(&self, settings: &Settings, by: &By) -> Result<(), PeopleError> {
        let record = Record::new(Act::SettingChanged, by.clone()).about(SUBJECT).with(in_words(settings));
        database::outcome::<_, PeopleError>(async {
            let mut transaction = self.database.pool().begin().await?;
            let write = sqlx::query(
                "INSERT INTO escalation (id, complex, neighbours, building, administrators, arrival)
                 VALUES (1, $1, $2, $3, $4, $5)
                 ON CONFLICT (id) DO UPDATE
                 SET complex = $1, neighbours = $2, building = $3, administrators = $4, arrival = $5",
            )
            .bind(i64::from(settings.complex))
            .bind(stored(settings.neighbours))
            .bind(stored(settings.building))
            .bind(stored(settings.administrators))
            .bind(stored(settings.arrival));
            write.execute(&mut *transaction).await?;
            audit::append(&mut transaction, &[record]).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

/// Returns a choice as the record of it has it.
fn in_words(settings: &Settings) -> String {
    let Settings { complex, neighbours, building, administrators, arrival } = settings;
    let number = |number: &Option<u32>| number.map_or_else(|| "off".to_owned(), |number| number.to_string());
    format!(
        "complex {}, neighbours {}, building {}, administrators {}, arrival {}",
        if *complex { "on" } else { "off" },
        number(neighbours),
        number(building),
        number(administrators),
        number(arrival),
    )
}

/// Returns a number as the table has it.
fn stored(number: Option<u32>) -> i64 {
    number.map_or(-1, i64::from)
}

fn settings(row: &AnyRow) -> Result<Settings, sqlx::Error> {
    let number = |column: &str| row.try_get::<i64, _>(column).map(|number| u32::try_from(number).ok());
    Ok(Settings {
        complex: row.try_get::<i64, _>("complex")? != 0,
        neighbours: number("neighbours")?,
        building: number("building")?,
        administrators: number("administrators")?,
        arrival: number("arrival")?,
    })
}
