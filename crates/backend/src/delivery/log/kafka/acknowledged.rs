//! The positions that Kafka has acknowledged to this process. No partition may end before them.

use std::sync::{Mutex, PoisonError};

use domain::Position;

use crate::delivery::log::{Ends, Partition};

/// Per partition the offset behind the last record that was acknowledged in this process's life.
#[derive(Debug, Default)]
pub(super) struct Acknowledged(Mutex<Ends>);

impl Acknowledged {
    pub(super) fn record(&self, topic: &str, position: Position) {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = ends.entry((topic.to_owned(), position.partition)).or_default();
        *end = position.offset.saturating_add(1).max(*end);
    }

    /// Returns how far each partition reaches at least.
    pub(super) fn ends(&self) -> Ends {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A topic was made again, and it is not known which.
    pub(super) fn forget_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets a partition that was found to be shorter, because earlier acknowledgements mean nothing any more.
    pub(super) fn forget(&self, partition: &Partition) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(partition);
    }
}
