//! The times at which nodes are killed, counted in presses.

/// A steady rate for four parts of equal length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeline {
    /// Presses per second.
    pub(super) rate: u32,
    /// The length of a part.
    pub(super) seconds: u32,
}

impl Timeline {
    /// Returns the number of presses of the whole run.
    pub(super) const fn presses(self) -> u32 {
        self.part().saturating_mul(4)
    }

    /// Returns the press before which the fan-out is killed, counted from 0.
    pub(super) const fn fanout_is_killed(self) -> u32 {
        self.part()
    }

    /// Returns the press before which the producer is killed.
    pub(super) const fn producer_is_killed(self) -> u32 {
        self.part().saturating_mul(3)
    }

    const fn part(self) -> u32 {
        self.rate.saturating_mul(self.seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fan_out_dies_after_a_quarter_and_a_producer_after_three() {
        let timeline = Timeline { rate: 5, seconds: 15 };
        let [first, second] = [timeline.fanout_is_killed(), timeline.producer_is_killed()];
        assert_eq!((first, second, timeline.presses()), (75, 225, 300));
    }
}
