//! The parts of every measurement, which are the spread of times, the machine, the disk's time for a durable write, and
//! a server's counters, memory and processor time.

pub mod disk;
pub mod machine;
pub mod memory;
pub mod processor;
pub mod spread;

pub use crate::client::counters;
