//! Chance that can be repeated. A seed gives the same numbers on every machine and in every version.

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Begins at a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number of 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, which must not be 0. That small ones are likelier by a hair does not matter.
    pub fn below(&mut self, end: usize) -> usize {
        // A remainder of a usize is one.
        usize::try_from(self.bits() % end as u64).unwrap_or_default()
    }

    /// Returns true so many times of a hundred.
    pub fn percent(&mut self, of_a_hundred: usize) -> bool {
        self.below(100) < of_a_hundred
    }

    /// Returns a number from `first` to `last`, which must not be smaller.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        let width = last.saturating_sub(first).max(0).unsigned_abs();
        first.saturating_add_unsigned(self.bits() % width.saturating_add(1))
    }

    /// Returns a number of the same range of which small ones are far likelier, as the times are that people take.
    pub fn soon(&mut self, first: i64, last: i64) -> i64 {
        let drawn = [self.between(first, last), self.between(first, last), self.between(first, last)];
        drawn.into_iter().fold(last, i64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_numbers_of_the_published_generator() {
        let mut random = Random::new(1_234_567);
        let drawn = [random.bits(), random.bits(), random.bits()];
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_stay_within_their_range() {
        let mut random = Random::new(1);
        for _ in 0..1_000 {
            assert!((-3..=4).contains(&random.between(-3, 4)));
            assert!((10..=20).contains(&random.soon(10, 20)));
            assert!(random.below(7) < 7);
        }
        assert_eq!(random.between(5, 5), 5);
    }
}
