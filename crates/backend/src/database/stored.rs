//! People as tables hold them, read back with every value checked.

use domain::{House, InvalidName, Line, Resident, Role};

/// The database holds a value that is not what it should be.
#[derive(Debug, thiserror::Error)]
#[error("the database has an unreadable value: {0}")]
pub struct Unreadable(pub(crate) String);

/// A resident as a table holds one.
pub(crate) struct StoredResident {
    pub(crate) name: String,
    pub(crate) line: Option<String>,
    pub(crate) house: Option<String>,
    pub(crate) role: String,
}

impl StoredResident {
    /// Reads it.
    ///
    /// # Errors
    /// [`Unreadable`] with the value.
    pub(crate) fn read(self) -> Result<Resident, Unreadable> {
        let role = match self.role.as_str() {
            "resident" => Role::Resident,
            "administrator" => Role::Administrator,
            other => return Err(Unreadable(format!("the role {other:?}"))),
        };
        Ok(Resident {
            name: self.name,
            line: self.line.map(|text| name(text, Line::new)).transpose()?,
            house: self.house.map(|text| name(text, House::new)).transpose()?,
            role,
        })
    }
}

/// Reads a name of a line or a house.
///
/// # Errors
/// [`Unreadable`] with why it is not one.
pub(crate) fn name<T>(
    text: String,
    parse: impl Fn(String) -> Result<T, InvalidName>,
) -> Result<T, Unreadable> {
    parse(text).map_err(|error| Unreadable(format!("a name ({error})")))
}
