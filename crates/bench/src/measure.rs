//! What every measurement needs: how times are spread, what the machine is, what its disk asks for a durable write, and
//! what a server counts and keeps in memory.

pub(crate) mod counters;
pub(crate) mod disk;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod spread;
