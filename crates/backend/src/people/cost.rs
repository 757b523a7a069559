//! The cost of checking a password on this machine, for `iutsai check-config`.

use std::time::{Duration, Instant};

use argon2::{
    Params, PasswordHasher, PasswordVerifier,
    password_hash::{SaltString, rand_core::OsRng},
};

use super::{PeopleError, argon::Hasher};

/// The number of checks that are measured. The fastest counts, because it was disturbed the least.
const CHECKS: usize = 5;

/// The cost of checking one password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingCost {
    /// The memory that it fills, in KiB.
    pub memory_kib: u32,
    /// The passes over that memory.
    pub passes: u32,
    /// The lanes that could be filled at the same time.
    pub lanes: u32,
    /// The time that it takes.
    pub check: Duration,
}

/// Measures the cost with the parameters of new passwords, which `accounts` uses.
///
/// # Errors
/// [`PeopleError::Hashing`].
pub fn measure() -> Result<HashingCost, PeopleError> {
    const PASSWORD: &[u8] = b"measured, and nobody's";
    let hasher = Hasher::default();
    let salt = SaltString::generate(&mut OsRng);
    let hash = hasher.hash_password(PASSWORD, &salt).map_err(PeopleError::hashing)?;
    let mut check = Duration::MAX;
    for _ in 0..CHECKS {
        let begun = Instant::now();
        hasher.verify_password(PASSWORD, &hash).map_err(PeopleError::hashing)?;
        check = check.min(begun.elapsed());
    }
    let parameters = Params::default();
    Ok(HashingCost {
        memory_kib: parameters.m_cost(),
        passes: parameters.t_cost(),
        lanes: parameters.p_cost(),
        check,
    })
}
