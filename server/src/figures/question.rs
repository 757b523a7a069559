//! A question as it stands in an address.

use app::pages::statistics::Form;
use domain::{
    Millis,
    statistics::{Asked, Invalid, Query, Zone},
};
use url::form_urlencoded;

use crate::query::word;

/// The parts of a question as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    period: String,
    from: String,
    to: String,
    until: String,
    line: String,
    kind: String,
}

impl Question {
    /// Reads the query of an address.
    pub(super) fn of(query: Option<&str>) -> Self {
        let [period, from, to, until, line, kind] =
            ["period", "from", "to", "until", "line", "kind"].map(|name| word(query, name));
        Self { period, from, to, until, line, kind }
    }

    /// Returns what is asked.
    ///
    /// # Errors
    /// [`Invalid`] with the part that makes no sense.
    pub(super) fn parse(&self, zone: &dyn Zone, now: Millis) -> Result<Query, Invalid> {
        let Self { period, from, to, until, line, kind } = self;
        let asked = Asked {
            from: Some(from),
            to: Some(to),
            until: Some(until),
            period: Some(period),
            line: Some(line),
            kind: Some(kind),
        };
        Query::parse(&asked, zone, now)
    }

    /// Returns the query of an address that asks the same.
    pub(super) fn query(&self) -> String {
        let Self { period, from, to, until, line, kind } = self;
        let mut query = form_urlencoded::Serializer::new(String::new());
        let parts = [
            ("period", period),
            ("from", from),
            ("to", to),
            ("until", until),
            ("line", line),
            ("kind", kind),
        ];
        for (name, value) in parts {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }

    /// Returns what the page's form keeps.
    pub(super) fn form(&self) -> Form {
        let Self { period, from, to, until, line, kind } = self.clone();
        // An address that was written for programs has an end instead of a last day.
        let until = if until.is_empty() { to } else { until };
        Form { period, from, until, line, kind, lines: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use domain::statistics::{Part, Utc};

    use super::*;

    const NOON: Millis = 1_795_953_600_000;

    #[test]
    fn an_address_keeps_what_was_asked() {
        let question =
            Question::of(Some("until=2026-11-28&from=2026-11-01&line=101%EB%8F%99+1&page=2&line=101-1+"));
        assert_eq!(question.query(), "from=2026-11-01&until=2026-11-28&line=101-1");
        assert_eq!(Question::of(Some(&question.query())), question);
        let query = question.parse(&Utc, NOON).unwrap();
        assert_eq!((query.period.to() - query.period.from()) / 86_400_000, 28);
        assert_eq!(query.line.unwrap().as_str(), "101-1");
    }

    #[test]
    fn a_form_keeps_what_makes_no_sense() {
        let question = Question::of(Some("from=yesterday&kind=flood"));
        assert_eq!(question.parse(&Utc, NOON).map_err(|invalid| invalid.part()), Err(Part::From));
        let form = question.form();
        assert_eq!((form.from.as_str(), form.kind.as_str()), ("yesterday", "flood"));
    }

    #[test]
    fn nothing_asks_for_the_usual_period() {
        for empty in [None, Some(""), Some("period=&from=&until=&line=&kind=")] {
            assert_eq!(Question::of(empty), Question::default());
        }
        assert!(Question::default().parse(&Utc, NOON).is_ok());
    }
}
