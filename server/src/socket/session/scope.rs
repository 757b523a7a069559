//! The destinations that can be subscribed to, and who may.

use domain::{Line, Resident, Role, destination};

/// The lines of a subscription.
#[derive(PartialEq, Eq)]
pub(super) enum Scope {
    Line(Line),
    EveryLine,
    /// The number of households of a line that can be reached, and none of its calls.
    Reach(Line),
}

impl Scope {
    /// Returns the scope of a destination; `None` if nobody can subscribe to it.
    pub(super) fn of(destination: &str) -> Option<Self> {
        if destination == destination::LINES {
            return Some(Self::EveryLine);
        }
        let calls = destination::line_of(destination).map(Self::Line);
        calls.or_else(|| destination::reach_of(destination).map(Self::Reach))
    }

    /// Returns whether the calls of a line come by it.
    pub(super) fn covers(&self, line: &Line) -> bool {
        match self {
            Self::Line(own) => own == line,
            Self::EveryLine => true,
            Self::Reach(_) => false,
        }
    }

    /// Refuses the calls of others.
    ///
    /// # Errors
    /// The sentence of the ERROR frame.
    pub(super) fn check_for(&self, resident: &Resident) -> Result<(), String> {
        match self {
            Self::Line(line) | Self::Reach(line) if !resident.may_receive(line) => {
                Err(format!("The line {line} is not yours; subscribe to your own."))
            }
            Self::EveryLine if resident.role != Role::Administrator => {
                Err("Only administrators may subscribe to every line; subscribe to your own.".into())
            }
            _ => Ok(()),
        }
    }
}
