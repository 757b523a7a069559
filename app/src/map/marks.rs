//! The markers of the map, which are those of callers, and of helpers who show where they are.

use domain::{CallKey, Incident, Location, Millis, Neighbour};

use super::marked::marked;
use crate::{i18n::Locale, words};

/// The time, in milliseconds, after which a location has its age beside it.
const AGED_AFTER: Millis = 30_000;
/// The time, in milliseconds, after which a location counts as old, because a device that sends sends more often.
pub(crate) const STALE_AFTER: Millis = 60_000;

/// Names a marker, by the call, and the flat of the helper where it is not the caller's.
pub(crate) type Name = (CallKey, Option<Neighbour>);

/// A marker.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) name: Name,
    pub(crate) location: Location,
    /// The call is open.
    pub(crate) is_open: bool,
    /// The age of the location, once that matters.
    pub(crate) age: String,
    pub(crate) is_stale: bool,
}

impl Mark {
    /// Returns the flat as the marker names it.
    pub(crate) fn label(&self) -> String {
        match &self.name {
            (call, None) => call.house.to_string(),
            (_, Some(Neighbour { line: None, house })) => house.to_string(),
            (_, Some(Neighbour { line: Some(line), house })) => format!("{line} {house}"),
        }
    }
}

/// Returns the markers of these calls, each caller's before those of helpers.
pub(crate) fn marks(locale: Locale, incidents: &[Incident], now: Millis) -> Vec<Mark> {
    let mark = |name: Name, location: Location, located: Option<Millis>, is_open: bool| {
        let age = located.filter(|_| is_open).map_or(0, |at| now.saturating_sub(at));
        let shown = if age < AGED_AFTER { String::new() } else { words::ago(locale, now - age, now) };
        Mark { name, location, is_open, age: shown, is_stale: age >= STALE_AFTER }
    };
    let callers = marked(incidents, now).into_iter();
    let callers = callers
        .map(|(call, location)| mark((call.alert.key(), None), location, call.located, call.is_open(now)));
    let open = incidents.iter().filter(|call| call.is_open(now));
    let helpers = open.flat_map(|call| call.coming().map(move |one| (call, one)));
    let helpers = helpers.filter_map(|(call, one)| {
        Some(mark((call.alert.key(), Some(one.flat())), one.location?, one.located, true))
    });
    callers.chain(helpers).collect()
}

#[cfg(test)]
mod tests {
    use domain::{Alert, Event, Moved, Progress};

    use super::*;
    use crate::samples::{AT, accept, call, house, incident, named_line, status};

    fn shown(call: &Alert, by: &str, line: Option<&str>, lat: f64, at: Millis) -> Event {
        Event::Moved(Moved {
            line: call.line.clone(),
            alert: call.id,
            target: Some(call.house.clone()),
            house: Some(house(by)),
            house_line: line.map(named_line),
            location: Location::new(lat, 127.0, None),
            at,
        })
    }

    fn of(call: &Incident, now: Millis) -> Vec<(String, f64, String, bool)> {
        let marks = marks(Locale::ko, std::slice::from_ref(call), now).into_iter();
        marks.map(|mark| (mark.label(), mark.location.lat, mark.age, mark.is_stale)).collect()
    }

    #[test]
    fn a_helper_has_a_marker_while_the_house_is_on_the_way_and_shows_it() {
        let call = call(1);
        let Event::Accept(elsewhere) = accept(&call, "0501") else { panic!("an accept") };
        let elsewhere = domain::Accept { accept_line: Some(named_line("101-2")), ..elsewhere };
        let mut then = vec![
            accept(&call, "1204"),
            accept(&call, "1301"),
            Event::Accept(elsewhere),
            shown(&call, "1204", None, 37.6, AT + 6_000),
            shown(&call, "0501", Some("101-2"), 37.7, AT + 6_000),
        ];
        let labels = |then: &[Event], now| -> Vec<String> {
            of(&incident(&call, then.to_vec()), now).into_iter().map(|(label, ..)| label).collect()
        };
        assert_eq!(labels(&then, AT + 7_000), ["1203", "101-2 0501", "1204"]);
        then.push(status(&call, Progress::Withdrawn, "1204"));
        assert_eq!(labels(&then, AT + 10_000), ["1203", "101-2 0501"]);
        then.push(status(&call, Progress::Resolved, "1203"));
        assert_eq!(labels(&then, AT + 10_000), ["1203"], "nobody sees helpers of a call that is over");
    }

    #[test]
    fn a_location_has_its_age_after_half_a_minute_and_is_old_after_a_minute() {
        let call = call(1);
        let moved = shown(&call, "1204", None, 37.6, AT + 40_000);
        let call = incident(&call, [accept(&call, "1204"), moved]);
        let ages = |passed| of(&call, AT + passed).into_iter().map(|(.., age, stale)| (age, stale));
        let mark = |age: &str, is_stale| (age.to_owned(), is_stale);
        assert_eq!(ages(41_000).collect::<Vec<_>>(), [mark("40초 전", false), mark("", false)]);
        assert_eq!(ages(75_000).collect::<Vec<_>>(), [mark("1분 전", true), mark("30초 전", false)]);
        assert_eq!(ages(160_000).collect::<Vec<_>>(), [mark("2분 전", true), mark("2분 전", true)]);
    }
}
