//! The [`accounts`] and their [`sessions`]. Passwords are hashed on threads of their own.

pub mod accounts;
mod hashing;
pub mod sessions;

use crate::database::{DatabaseError, stored::Unreadable};

/// Why people, or what they are allowed, cannot be looked up now. A later attempt may succeed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The database did not answer, or with an error.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A password was not hashed.
    #[error("hashing the password failed: {0}")]
    Hashing(String),
    /// The database holds a value that is not what it should be.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The system gave no random number.
    #[error("no token can be made: {0}")]
    NoToken(#[from] getrandom::Error),
}

impl PeopleError {
    fn hashing(error: impl std::fmt::Display) -> Self {
        Self::Hashing(error.to_string())
    }
}

impl From<sqlx::Error> for PeopleError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}
