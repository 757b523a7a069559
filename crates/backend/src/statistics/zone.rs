//! The complex's time zone, by the IANA database that is compiled into the program. The machine's own database would
//! let two nodes count by different rules.

use domain::{Millis, statistics::Zone};
use jiff::{Timestamp, tz::TimeZone};

/// A name that is not in the IANA database.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a time zone such as Asia/Seoul")]
pub struct UnknownZone(String);

/// A time zone of the IANA database.
#[derive(Clone, Debug)]
pub struct Iana {
    name: String,
    zone: TimeZone,
}

impl Iana {
    /// Returns the zone with this name.
    ///
    /// # Errors
    /// [`UnknownZone`] if there is none.
    pub fn named(name: &str) -> Result<Self, UnknownZone> {
        let zone = TimeZone::get(name).map_err(|_| UnknownZone(name.to_owned()))?;
        let name = zone.iana_name().unwrap_or(name).to_owned();
        Ok(Self { name, zone })
    }

    /// Returns what a clock on the wall shows at this instant, such as `2026-11-28T04:10:00`.
    #[must_use]
    pub fn shown(&self, at: Millis) -> String {
        let seconds = at.div_euclid(1000) * 1000;
        let at = Timestamp::from_millisecond(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
        self.zone.to_datetime(at).to_string()
    }

    /// Returns the rules of the zone.
    pub(super) fn time_zone(&self) -> &TimeZone {
        &self.zone
    }
}

impl Zone for Iana {
    fn name(&self) -> &str {
        &self.name
    }

    fn offset(&self, at: Millis) -> Millis {
        // Only an instant thousands of years away is not a timestamp, and no call began then.
        Timestamp::from_millisecond(at).map_or(0, |at| i64::from(self.zone.to_offset(at).seconds()) * 1000)
    }
}

#[cfg(test)]
mod tests {
    use domain::statistics::Utc;

    use super::*;

    const HOUR: Millis = 60 * 60 * 1000;

    #[test]
    fn offsets_are_those_of_the_zone_on_both_sides_of_a_change() {
        let (seoul, berlin) = (Iana::named("Asia/Seoul").unwrap(), Iana::named("Europe/Berlin").unwrap());
        for (date, before, after) in [("2026-03-29", 1, 2), ("2026-10-25", 2, 1), ("2190-03-28", 1, 2)] {
            let change = Utc.midnight(date.parse().unwrap()) + HOUR;
            let offsets = [berlin.offset(change - 1), berlin.offset(change)];
            assert_eq!(offsets, [before * HOUR, after * HOUR], "{date}");
            assert_eq!(seoul.offset(change), 9 * HOUR);
        }
        assert_eq!(seoul.offset(Millis::MAX), 0);
    }

    #[test]
    fn an_instant_is_shown_as_the_clocks_show_it() {
        let seoul = Iana::named("Asia/Seoul").unwrap();
        assert_eq!(seoul.shown(1_795_820_000_999), "2026-11-28T07:53:20");
    }

    #[test]
    fn a_zone_has_the_name_of_the_database() {
        assert_eq!(Iana::named("asia/seoul").unwrap().name(), "Asia/Seoul");
        for unknown in ["", "Seoul", "Asia/Atlantis"] {
            assert!(Iana::named(unknown).is_err(), "{unknown}");
        }
    }
}
