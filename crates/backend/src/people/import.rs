//! The import of a complex from a table of comma-separated values. It is previewed first; a digest of the preview
//! makes sure that nothing else is imported than what was seen. It adds and changes, and never removes.

mod changes;
mod faults;
mod table;

use domain::{House, Line};
use serde::Serialize;

pub(super) use self::changes::insert;
pub use self::faults::{Fault, Wrong};
use self::{changes::Changes, table::Table};
use super::{PeopleError, accounts::Accounts, complex, from_database};
use crate::{audit::Act, database};

/// The longest table, in bytes.
pub const TABLE_LIMIT: usize = 512 * 1024;
/// The most rows of a table.
pub const ROW_LIMIT: usize = 5_000;
/// The most faults that are listed.
pub const FAULT_LIMIT: usize = 50;
/// The longest name of a building, in characters.
const BUILDING_LIMIT: usize = 32;

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
    /// The digest is of other changes, because the table or the complex is another one than it was.
    #[error("the table or the complex has changed since the preview: look at the preview again")]
    Outdated,
    /// It is not known whether anything was imported.
    #[error(transparent)]
    Unavailable(#[from] PeopleError),
}

from_database!(ImportError);

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

    /// Imports a table whose preview had this digest, all of it or nothing.
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

#[cfg(test)]
mod tests;
