//! The last reading of whom a call could alarm. Beyond thirty seconds nothing is known, because a number that was right
//! a minute ago may send somebody to neighbours who are gone.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{House, Line};
use tokio::time::Instant;

/// Households by line.
pub type Flats = BTreeMap<Line, BTreeSet<House>>;

/// The time for which a reading holds, and for which a node that renews nothing counts.
pub(super) const HOLDS: Duration = Duration::from_secs(30);

/// The households that a call could alarm, as last read.
#[derive(Default)]
pub(super) struct Known {
    flats: Flats,
    read_at: Option<Instant>,
}

impl Known {
    /// Takes a reading that began at this moment.
    pub(super) fn replace(&mut self, flats: Flats, read_at: Instant) {
        (self.flats, self.read_at) = (flats, Some(read_at));
    }

    /// Returns the households; `None` while they are not known.
    pub(super) fn flats(&self, now: Instant) -> Option<&Flats> {
        let read_at = self.read_at?;
        (now.saturating_duration_since(read_at) <= HOLDS).then_some(&self.flats)
    }

    /// Returns how many households of a line can be reached besides `own`; `None` while that is not known.
    pub(super) fn neighbours(&self, line: &Line, own: Option<&House>, now: Instant) -> Option<u32> {
        let houses = self.flats(now)?.get(line);
        let others = houses.map_or(0, |houses| houses.iter().filter(|house| Some(*house) != own).count());
        Some(u32::try_from(others).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_house_does_not_count_and_an_old_reading_is_no_number() {
        let (line, other) = (Line::new("101-1").unwrap(), Line::new("101-2").unwrap());
        let [caller, neighbour] = ["1203", "1204"].map(|house| House::new(house).unwrap());
        let (mut known, now) = (Known::default(), Instant::now());
        assert_eq!(known.neighbours(&line, None, now), None, "nothing was read yet");
        known.replace([(line.clone(), [caller.clone(), neighbour].into())].into(), now);
        assert_eq!(known.neighbours(&line, None, now), Some(2));
        assert_eq!(known.neighbours(&line, Some(&caller), now), Some(1));
        assert_eq!(known.neighbours(&other, Some(&caller), now), Some(0), "nobody is there");
        let later = now + HOLDS + Duration::from_secs(1);
        assert_eq!(known.neighbours(&line, Some(&caller), now + HOLDS), Some(1));
        assert_eq!(known.neighbours(&line, Some(&caller), later), None);
    }
}
