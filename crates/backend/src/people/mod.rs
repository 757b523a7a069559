//! The [`accounts`] and their [`sessions`]. Passwords are hashed on threads of their own.
//!
//! The office keeps the [`complex`] of buildings, lines and houses, fills it by an [`import`], invites houses
//! ([`invitations`]) and acts on accounts ([`office`]). People choose whether their location is used
//! ([`location_use`]). Screens on a wall are no accounts ([`displays`]).
//!
//! An administrator can protect the account with a [`second_factor`], whose secret [`seal`] keeps. Between the
//! password and its code there is a ticket ([`tickets`]). People can also sign in by the housing service ([`oidc`]).

pub mod accounts;
mod argon;
mod code;
pub mod complex;
pub mod cost;
pub mod displays;
mod hashing;
pub mod import;
pub mod invitations;
pub mod location_use;
pub mod office;
pub mod oidc;
mod password;
pub mod seal;
pub mod second_factor;
pub mod sessions;
pub mod tickets;
mod totp;

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
    /// The name and the password are right, and the office has locked the account.
    #[error("the account is locked")]
    Locked,
    /// The system gave no random number.
    #[error("no token can be made: {0}")]
    NoToken(#[from] getrandom::Error),
    /// OpenSSL failed at a code of a second factor.
    #[error("a code cannot be computed: {0}")]
    Code(#[from] openssl::error::ErrorStack),
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

/// Makes the database's errors those of an act, for which they are a [`PeopleError`].
macro_rules! from_database {
    ($error:ty) => {
        impl From<$crate::database::DatabaseError> for $error {
            fn from(error: $crate::database::DatabaseError) -> Self {
                $crate::people::PeopleError::from(error).into()
            }
        }

        impl From<sqlx::Error> for $error {
            fn from(error: sqlx::Error) -> Self {
                $crate::people::PeopleError::from(error).into()
            }
        }
    };
}
pub(crate) use from_database;
