//! The domain in words, for houses and lines as people name them, kinds, ends, and times.

use domain::{Actor, End, House, Kind, Line, Millis, Progress};

use crate::{
    api::Trouble,
    i18n::{Locale, td_string},
    language::I18n,
};

/// The words of one key, as a view or an attribute that follows the language. All of them are one type; `t!` makes a
/// type of each key, and with it a kilobyte or two of wasm.
macro_rules! text {
    ($i18n:expr, $($key:tt).+) => {
        $crate::words::in_locale($i18n, |locale| $crate::i18n::td_string!(locale, $($key).+))
    };
}
pub(crate) use text;

/// Returns what [`text!`] becomes.
pub(crate) fn in_locale(
    i18n: I18n,
    words: fn(Locale) -> &'static str,
) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    move || words(i18n.get_locale())
}

/// Returns a house as people name it, such as `1203호`. A name that is not just a number is left as it is.
#[must_use]
pub fn house(locale: Locale, house: &House) -> String {
    if house.is_office() {
        return td_string!(locale, names.office).to_owned();
    }
    let name = house.as_str();
    if is_number(name) { td_string!(locale, names.house, name = name) } else { name.to_owned() }
}

/// Several houses, in the order given.
#[must_use]
pub fn houses<'a>(locale: Locale, all: impl IntoIterator<Item = &'a House>) -> String {
    let names: Vec<String> = all.into_iter().map(|one| house(locale, one)).collect();
    names.join(", ")
}

/// Returns a line as people name it, such as `101-1 라인`. A name with that word is left as it is.
#[must_use]
pub fn line(locale: Locale, line: &Line) -> String {
    let name = line.as_str();
    let has = |word: &str| {
        name.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    let names_itself = has("라인") || has("line");
    if names_itself { name.to_owned() } else { td_string!(locale, names.line, name = name) }
}

/// Returns a flat with its line as people name both, such as `101-1 라인 1203호`; without a line just the house.
#[must_use]
pub fn flat(locale: Locale, of: Option<&Line>, name: &House) -> String {
    let name = house(locale, name);
    match of {
        Some(of) => td_string!(locale, escalation.house, line = line(locale, of), house = name),
        None => name,
    }
}

/// Returns the words by which a person checks from which flat they call.
pub(crate) fn confirm_who(locale: Locale, of: &Line, name: &House) -> String {
    let (line, house) = (line(locale, of), house(locale, name));
    td_string!(locale, call.confirm_who, line = line, house = house)
}

/// A name such as `1203` or `101-1203`, to which `호` can be put.
fn is_number(name: &str) -> bool {
    name.ends_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_digit() || c == '-')
}

/// Returns what the emergency is.
#[must_use]
pub fn kind(locale: Locale, kind: Kind) -> &'static str {
    match kind {
        Kind::Fire => td_string!(locale, kind.fire),
        Kind::Medical => td_string!(locale, kind.medical),
        Kind::Intruder => td_string!(locale, kind.intruder),
        Kind::Other => td_string!(locale, kind.other),
    }
}

/// Returns a number as text, in the browser by its own means.
#[must_use]
pub fn decimal(number: f64) -> String {
    if cfg!(target_arch = "wasm32") {
        js_sys::Number::from(number).to_string_with_radix(10).map(String::from).unwrap_or_default()
    } else {
        number.to_string()
    }
}

/// Returns how a call ended, and who ended it where that is not plain from how.
#[must_use]
pub fn end(locale: Locale, end: &End) -> String {
    let how = ended(locale, end.how);
    let who = match (&end.by, end.how) {
        (Actor::Administrator, _) => td_string!(locale, names.office).to_owned(),
        (Actor::House(by), Progress::Resolved) => house(locale, by),
        (Actor::House(_) | Actor::Service, _) => return how.to_owned(),
    };
    td_string!(locale, feed.ended_by, how = how, who = who)
}

/// Returns how a call ended. Not for what leaves a call open.
#[must_use]
pub fn ended(locale: Locale, how: Progress) -> &'static str {
    match how {
        Progress::Cancelled => td_string!(locale, feed.cancelled),
        Progress::Resolved => td_string!(locale, feed.resolved),
        Progress::Expired => td_string!(locale, feed.expired),
        Progress::Withdrawn | Progress::Arrived | Progress::Escalated => td_string!(locale, feed.open),
    }
}

/// Returns how long ago `at` is at `now`. Coarse below a minute, so that a page at rest does not flicker.
#[must_use]
pub fn ago(locale: Locale, at: Millis, now: Millis) -> String {
    let seconds = now.saturating_sub(at).max(0) / 1000;
    match seconds {
        0..10 => td_string!(locale, time.now).to_owned(),
        10..60 => td_string!(locale, time.seconds, count = seconds / 10 * 10),
        60..3600 => td_string!(locale, time.minutes, count = seconds / 60),
        _ => td_string!(locale, time.hours, count = seconds / 3600),
    }
}

/// Why something is not sent yet.
#[must_use]
pub fn trouble(locale: Locale, trouble: Trouble) -> String {
    match trouble {
        Trouble::Offline => td_string!(locale, trouble.offline).to_owned(),
        Trouble::Busy => td_string!(locale, trouble.busy).to_owned(),
        Trouble::Server(status) => td_string!(locale, trouble.server, status = status),
        Trouble::HeardOnly => td_string!(locale, trouble.heard_only).to_owned(),
    }
}

/// Returns what a form's problem means, by the last segment of the problem's type.
#[must_use]
pub fn problem(locale: Locale, slug: &str) -> &'static str {
    match slug {
        "not-durable" => td_string!(locale, problem.not_durable),
        "heard-not-recorded" => td_string!(locale, problem.heard_only),
        "unavailable" | "internal" | "busy" => td_string!(locale, problem.unavailable),
        "too-many" => td_string!(locale, problem.too_many),
        "invalid" | "too-large" | "malformed" => td_string!(locale, problem.invalid),
        "not-yours" | "foreign-origin" => td_string!(locale, problem.not_yours),
        "no-open-call" => td_string!(locale, problem.no_open_call),
        "several-calls" => td_string!(locale, problem.several_calls),
        "call-stands" => td_string!(locale, problem.call_stands),
        _ => td_string!(locale, problem.other),
    }
}

/// Why a page does not come yet. The browser asks for it again.
#[must_use]
pub fn page_is_late(locale: Locale) -> &'static str {
    td_string!(locale, problem.page_is_late)
}

/// Returns true if a problem of this type leaves a call that neighbours have.
#[must_use]
pub fn is_out(slug: &str) -> bool {
    ["heard-not-recorded", "call-stands"].contains(&slug)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::i18n::I18nLocaleTrait;

    fn worded(name: &str) -> String {
        house(Locale::ko, &House::new(name).expect("a valid house"))
    }

    #[test]
    fn a_number_is_shown_as_a_flat_and_a_name_as_it_is() {
        assert_eq!(worded("1203"), "1203호");
        assert_eq!(worded("지하1호"), "지하1호");
        assert_eq!(worded("B-02"), "B-02");
    }

    #[test]
    fn every_kind_has_words_of_its_own_in_every_language() {
        for &locale in Locale::get_all() {
            let words: BTreeSet<_> = Kind::ALL.iter().map(|of| kind(locale, *of)).collect();
            assert_eq!(words.len(), Kind::ALL.len(), "{words:?}");
        }
    }

    #[test]
    fn a_line_is_not_called_a_line_twice() {
        let worded = |name| line(Locale::ko, &Line::new(name).expect("a valid line"));
        assert_eq!(worded("101-1"), "101-1 라인");
        assert_eq!(worded("101동 1라인"), "101동 1라인");
    }

    #[test]
    fn a_flat_of_another_line_is_named_with_it() {
        let (line, house) =
            (Line::new("101-2").expect("a valid line"), House::new("1203").expect("a valid house"));
        assert_eq!(flat(Locale::ko, Some(&line), &house), "101-2 라인 1203호");
        assert_eq!(flat(Locale::en, Some(&line), &house), "flat 1203, Line 101-2");
        assert_eq!(flat(Locale::ko, None, &house), "1203호");
    }

    #[test]
    fn times_are_shown_in_the_coarsest_useful_unit() {
        let worded = |seconds: i64| ago(Locale::en, 0, seconds * 1000);
        assert_eq!(worded(-5), "just now");
        assert_eq!(worded(9), "just now");
        assert_eq!(worded(47), "40 s ago");
        assert_eq!(worded(119), "1 min ago");
        assert_eq!(worded(2 * 3600), "2 h ago");
    }

    #[test]
    fn an_end_names_its_author_where_that_is_informative() {
        let by = Actor::House(House::new("1203").expect("a valid house"));
        let worded = |how, by| end(Locale::en, &End { how, by, at: 0, note: None });
        assert_eq!(worded(Progress::Cancelled, by.clone()), "Cancelled");
        assert_eq!(worded(Progress::Resolved, by), "Over · flat 1203");
        assert_eq!(worded(Progress::Resolved, Actor::Administrator), "Over · the management office");
        assert_eq!(worded(Progress::Expired, Actor::Service), "Closed after 24 hours");
    }
}
