//! Statistics, as far as they need more than `domain::statistics`, which is pure.

mod zone;

pub use zone::{Iana, UnknownZone};
