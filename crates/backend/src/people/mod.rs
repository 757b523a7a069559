//! Who may sign in ([`accounts`]) and who is signed in ([`sessions`]); passwords are hashed on threads of their own.

pub mod accounts;
mod hashing;
pub mod sessions;
