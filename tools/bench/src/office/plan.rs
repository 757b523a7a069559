//! The complex, with the table that the office imports.

use testkit::{Error, town::Town};

use super::Settings;

/// The building that has all lines.
const BUILDING: &str = "301";

/// The size of the complex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) lines: usize,
    /// The houses of each line.
    pub(super) houses: usize,
    /// The accounts in all houses.
    pub(super) residents: usize,
}

impl Plan {
    /// Spreads the houses over the lines.
    ///
    /// # Errors
    /// [`Error::Usage`] where lines would have unequal numbers of houses, or a house would have no resident.
    pub(super) fn of(settings: &Settings) -> Result<Self, Error> {
        let Settings { houses, lines, residents, .. } = settings;
        if !houses.is_multiple_of(*lines) {
            let usage =
                format!("{houses} houses do not fit on {lines} lines with as many each; change --lines");
            return Err(Error::Usage(usage));
        }
        if *residents < u32::from(*houses) {
            let usage =
                format!("{residents} residents are too few for {houses} houses; each has one or more");
            return Err(Error::Usage(usage));
        }
        Ok(Self {
            lines: usize::from(*lines),
            houses: usize::from(*houses / *lines),
            residents: *residents as usize,
        })
    }

    /// Returns the number of all houses.
    pub(super) const fn flats(self) -> usize {
        self.lines * self.houses
    }

    /// Returns the residents of the imported houses.
    pub(super) fn town(self) -> Town {
        Town::new(self.lines, self.houses).building(BUILDING).further(self.further())
    }

    /// Returns the table of all houses. Each line is next to the one before it and the one after it.
    pub(super) fn table(self) -> String {
        let town = self.town();
        let mut rows = vec!["building,line,house,neighbours".to_owned()];
        for line in 0..self.lines {
            let beside = [line.checked_sub(1), Some(line + 1).filter(|next| *next < self.lines)];
            let beside: Vec<String> =
                beside.into_iter().flatten().map(|next| town.line(next).to_string()).collect();
            let (line, beside) = (town.line(line), beside.join(";"));
            rows.extend(
                (0..self.houses).map(|house| format!("{BUILDING},{line},{},{beside}", town.house(house))),
            );
        }
        rows.join("\n")
    }

    /// Returns the number of accounts on a line, counted from 0.
    pub(super) fn residents_of(self, line: usize) -> usize {
        let (each, over) = (self.further() / self.flats(), self.further() % self.flats());
        self.houses * (1 + each) + over.saturating_sub(line * self.houses).min(self.houses)
    }

    /// Returns the number of accounts beyond the first one of each house.
    const fn further(self) -> usize {
        self.residents - self.flats()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::PathBuf};

    use super::*;

    fn settings(houses: u16, lines: u16, residents: u32) -> Settings {
        Settings { program: PathBuf::new(), database: None, houses, lines, residents, loads: 50 }
    }

    #[test]
    fn the_residents_of_the_lines_are_all_residents() {
        let plan = Plan::of(&settings(800, 20, 2_000)).unwrap();
        assert_eq!((plan.lines, plan.houses, plan.flats()), (20, 40, 800));
        assert_eq!([0, 9, 10, 19].map(|line| plan.residents_of(line)), [120, 120, 80, 80]);
        for (lines, residents) in [(20, 2_000), (20, 800), (1, 801), (800, 5_555)] {
            let plan = Plan::of(&settings(800, lines, residents)).unwrap();
            let all: usize = (0..plan.lines).map(|line| plan.residents_of(line)).sum();
            assert_eq!(all, plan.residents, "{plan:?}");
        }
    }

    #[test]
    fn the_table_has_every_house_once_with_the_lines_beside_its_own() {
        let table = Plan::of(&settings(800, 20, 2_000)).unwrap().table();
        let rows: Vec<&str> = table.lines().skip(1).collect();
        let different: BTreeSet<&str> = rows.iter().copied().collect();
        assert_eq!((rows.len(), different.len()), (800, 800));
        assert_eq!((rows[0], rows[799]), ("301,301-1,101,301-2", "301,301-20,2002,301-19"));
        assert_eq!(rows[40], "301,301-2,101,301-1;301-3");
        assert!(Plan::of(&settings(5, 1, 5)).unwrap().table().ends_with("\n301,301-1,301,"));
    }

    #[test]
    fn unequal_lines_and_empty_houses_are_refused() {
        assert!(Plan::of(&settings(800, 30, 2_000)).is_err());
        assert!(Plan::of(&settings(20, 800, 2_000)).is_err());
        assert!(Plan::of(&settings(800, 20, 799)).is_err());
    }
}
