//! A topic's partitions, and where they end.

use std::collections::HashMap;

/// A partition of a topic.
pub type Partition = (String, i32);

/// Per partition the offset behind its last record.
pub type Ends = HashMap<Partition, i64>;
