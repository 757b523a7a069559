//! What every measurement needs: how times are spread, what the machine is, what its disk asks for a durable write, and
//! what a server counts and keeps in memory.

pub mod counters;
pub mod disk;
pub mod machine;
pub mod memory;
pub mod spread;
