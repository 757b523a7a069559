//! The filters as an address or a form has them.

use app::pages::audit::View;
use backend::{
    audit::{Act, Filter},
    statistics::Iana,
};
use domain::statistics::{Date, Zone as _};
use serde::Deserialize;

use crate::query::word;

/// The parts as they were written.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(super) struct Query {
    who: String,
    act: String,
    whose: String,
    from: String,
    until: String,
    before: String,
}

/// A part that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Invalid;

impl Query {
    /// Reads the query of an address.
    pub(super) fn of(query: Option<&str>) -> Self {
        let [who, act, whose, from, until, before] =
            ["who", "act", "whose", "from", "until", "before"].map(|name| word(query, name));
        Self { who, act, whose, from, until, before }
    }

    /// Returns the records that are wanted. Days are those of the zone.
    pub(super) fn filter(&self, zone: &Iana) -> Result<Filter, Invalid> {
        let act = match self.act.trim() {
            "" => None,
            name => Some(Act::named(name).ok_or(Invalid)?),
        };
        let before = match self.before.trim() {
            "" => None,
            number => Some(number.parse().map_err(|_| Invalid)?),
        };
        Ok(Filter {
            // PostgreSQL fails at a NUL in a text.
            actor: self.who.trim().replace('\0', ""),
            act,
            subject: self.whose.trim().replace('\0', ""),
            from: day(&self.from)?.map(|day| zone.midnight(day)),
            to: day(&self.until)?.map(|day| zone.midnight(day.plus(1))),
            before,
        })
    }

    /// Returns what the page's form keeps.
    pub(super) fn view(&self) -> View {
        let Self { who, act, whose, from, until, before } = self.clone();
        View { who, act, whose, from, until, before, ..View::default() }
    }
}

fn day(text: &str) -> Result<Option<Date>, Invalid> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| Invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_complex_and_nonsense_is_refused() {
        let zone = Iana::named("Asia/Seoul").unwrap();
        let filter = |query| Query::of(Some(query)).filter(&zone);
        let day = filter("from=2026-11-29&until=2026-11-29&who=admin&act=locked").unwrap();
        assert_eq!(day.to.unwrap() - day.from.unwrap(), 86_400_000);
        assert_eq!(day.from.unwrap(), 1_795_953_600_000 - 21 * 3_600_000);
        assert_eq!((day.actor.as_str(), day.act), ("admin", Some(Act::Locked)));
        for wrong in ["from=yesterday", "until=2026-02-30", "act=flood", "before=x"] {
            assert_eq!(filter(wrong), Err(Invalid), "{wrong}");
        }
        assert_eq!(filter("page=2&from=&act="), Ok(Filter::default()));
    }
}
