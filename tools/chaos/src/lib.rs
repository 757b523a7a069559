//! Parts of the service fail while people call and listen, and what was acknowledged and heard is judged.

pub mod checker;
pub mod faults;
pub mod leader_kill;
pub mod power_cut;
