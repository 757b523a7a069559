//! Statistics, which are the figures of many calls. A [`Row`] has the kept data of one call. [`figures()`] counts
//! rows, and [`Counting`] one after another. Live reading and batch use the same functions, so they give the same
//! numbers.
//!
//! `row` makes a row from the events in `held`, `query` and `preset` have the questions, `zone` derives local time from
//! a zone's offsets, `month` has the months of the calendar, and `buckets`, `heat_map`, `times`, `percentiles` and
//! `count` count rows. The results are in `figures`.

mod buckets;
mod count;
mod figures;
mod heat_map;
mod held;
mod month;
mod percentiles;
mod preset;
mod query;
mod row;
mod times;
mod zone;

pub use buckets::{Buckets, Day, QUARTER, Tally};
pub use count::{Basis, Counting, figures};
pub use figures::{
    Alarms, Counts, Distributions, Drills, Figures, OfLine, Positions, Previous, Reach, Unanswered,
};
pub use heat_map::{ByHour, HeatMap};
pub use held::{Held, rows, without_places};
pub use percentiles::{CLASS_BOUNDS, Distribution, Percentiles, distribution};
pub use preset::{Preset, USUAL_DAYS};
pub use query::{Asked, Invalid, MOST_DAYS, Part, Period, Query};
pub use row::{Ended, FALSE_ALARM_WITHIN, Outcome, Row, Step, WAITS_FOR};
pub use zone::{Date, InvalidDate, Local, Utc, Zone};
