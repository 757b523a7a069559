//! The delivery ledger for the caller. It counts the neighbours who have the call, sound it, show it and come, and
//! lists, folded away, each house with how far the call has come there.

use domain::{
    Incident, Millis, Neighbour, Stance,
    collections::{BTreeMap, sort_by},
};
use leptos::prelude::*;

use super::incident_words::location_age;
use crate::{
    home::Home,
    i18n::{Locale, td_string},
    language::use_i18n,
    part::{IntoPart, for_each},
    reactive::{Memo, Signal},
    words,
};

/// The ledger of one's own open call; nothing while no neighbour is in it.
#[component]
pub(super) fn Ledger() -> impl IntoView {
    let i18n = use_i18n();
    let Home { press, connection, .. } = Home::current();
    let rows = Memo::new(move |_| {
        let now = connection.now.get();
        press
            .own_call
            .with(|call| call.as_ref().filter(|call| call.is_open(now)).map(rows).unwrap_or_default())
    });
    let places = Memo::new(move |_| {
        let (locale, now) = (i18n.get_locale(), connection.now.get());
        press.own_call.with(|call| call.as_ref().map(|call| places(locale, call, now)).unwrap_or_default())
    });
    let summary = move || rows.with(|rows| summary(i18n.get_locale(), rows, connection.reach.get()));
    let lines = move || {
        let locale = i18n.get_locale();
        let line = |(flat, state): &(Neighbour, State)| {
            let (house, words) = (flat_words(locale, flat), state.words(locale));
            let place = places.with(|places| places.get(flat).map(|place| format!(" · {place}")));
            (state.as_str(), format!("{house} · {words}{}", place.unwrap_or_default()))
        };
        rows.with(|rows| rows.iter().map(line).collect::<Vec<_>>())
    };
    let line = |(state, words): (&'static str, String)| {
        view! { <li data-testid="ledger-house" data-state=state>{words}</li> }.fresh()
    };
    view! {
        <details class="ledger" data-testid="ledger" hidden=Signal::derive(move || rows.with(Vec::is_empty))>
            <summary>{Signal::derive(summary)}</summary>
            <ul aria-live="off">{for_each(lines, line)}</ul>
        </details>
    }
    .still()
}

/// The progress of a call in a house, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Pushed,
    Delivered,
    Sounded,
    Seen,
    Coming,
    Arrived,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::Delivered => "delivered",
            Self::Sounded => "sounded",
            Self::Seen => "seen",
            Self::Coming => "coming",
            Self::Arrived => "arrived",
        }
    }

    fn words(self, locale: Locale) -> &'static str {
        match self {
            Self::Pushed => td_string!(locale, ledger.pushed),
            Self::Delivered => td_string!(locale, ledger.delivered),
            Self::Sounded => td_string!(locale, ledger.sounded),
            Self::Seen => td_string!(locale, ledger.seen),
            Self::Coming => td_string!(locale, ledger.coming),
            Self::Arrived => td_string!(locale, ledger.arrived),
        }
    }
}

/// Returns each house that the call has come to, with its state, those that are furthest first.
fn rows(call: &Incident) -> Vec<(Neighbour, State)> {
    let reports = [
        (&call.pushed, State::Pushed),
        (&call.reached, State::Delivered),
        (&call.sounded, State::Sounded),
        (&call.seen, State::Seen),
    ];
    let mut states: BTreeMap<Neighbour, State> = BTreeMap::new();
    for (flats, state) in reports {
        states.extend(flats.iter().map(|flat| (flat.clone(), state)));
    }
    for response in call.coming() {
        let flat = Neighbour { line: response.line.clone(), house: response.house.clone() };
        let is_there = response.stance == Stance::Arrived;
        states.insert(flat, if is_there { State::Arrived } else { State::Coming });
    }
    let mut rows: Vec<_> = states.into_iter().collect();
    // The order of the houses stays within a state.
    sort_by(&mut rows, |(_, one), (_, other)| other.cmp(one));
    rows
}

/// Returns the houses on the way that show where they are, each with how current that is.
fn places(locale: Locale, call: &Incident, now: Millis) -> BTreeMap<Neighbour, String> {
    let shown = call.coming().filter(|one| one.location.is_some());
    let words = |located| {
        location_age(locale, located, now).unwrap_or_else(|| td_string!(locale, ledger.on_map).to_owned())
    };
    shown.map(|one| (one.flat(), words(one.located))).collect()
}

/// Returns the numbers. A house that shows the call has also got it. `reach` is how many households a call could alarm.
fn summary(locale: Locale, rows: &[(Neighbour, State)], reach: Option<u32>) -> String {
    let count = |least: State| rows.iter().filter(|(_, state)| *state >= least).count();
    let of = reach.filter(|reach| *reach > 0);
    let neighbours = of.map(|houses| td_string!(locale, ledger.neighbours, count = houses));
    let numbers = td_string!(
        locale,
        ledger.numbers,
        delivered = count(State::Delivered),
        sounded = count(State::Sounded),
        seen = count(State::Seen),
        coming = count(State::Coming)
    );
    neighbours.into_iter().chain([numbers]).collect::<Vec<_>>().join(" · ")
}

fn flat_words(locale: Locale, flat: &Neighbour) -> String {
    let house = words::house(locale, &flat.house);
    match &flat.line {
        Some(line) => format!("{} {house}", words::line(locale, line)),
        None => house,
    }
}

#[cfg(test)]
mod tests {
    use domain::{Event, Location, Moved, Progress};

    use super::*;
    use crate::samples::{AT, accept, call, house, incident, status};

    fn flats(names: &[&str]) -> domain::Flats {
        names.iter().map(|name| Neighbour::from(house(name))).collect()
    }

    fn of(then: Vec<domain::Event>) -> Vec<(String, &'static str)> {
        let mut call = incident(&call(1), then);
        call.pushed = flats(&["1401", "1204"]);
        call.reached = flats(&["1204", "1301", "1302"]);
        (call.sounded, call.seen) = (flats(&["1204", "1301"]), flats(&["1301"]));
        rows(&call).into_iter().map(|(flat, state)| (String::from(flat), state.as_str())).collect()
    }

    fn shown(rows: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
        rows.iter().map(|(flat, state)| ((*flat).to_owned(), *state)).collect()
    }

    #[test]
    fn each_house_has_the_furthest_state_that_is_known_of_it() {
        let quiet = [("1301", "seen"), ("1204", "sounded"), ("1302", "delivered"), ("1401", "pushed")];
        assert_eq!(of(vec![]), shown(&quiet));
        let call = call(1);
        let answers =
            vec![accept(&call, "1302"), accept(&call, "1204"), status(&call, Progress::Arrived, "1204")];
        let answered = [("1204", "arrived"), ("1302", "coming"), ("1301", "seen"), ("1401", "pushed")];
        assert_eq!(of(answers), shown(&answered));
        let back = vec![accept(&call, "1302"), status(&call, Progress::Withdrawn, "1302")];
        assert_eq!(of(back), shown(&quiet), "who does not come any more has the call all the same");
    }

    #[test]
    fn a_helper_who_shows_where_they_are_is_on_the_map_or_was_a_while_ago() {
        let call = call(1);
        let moved = Event::Moved(Moved {
            line: call.line.clone(),
            alert: call.id,
            target: Some(call.house.clone()),
            house: Some(house("1204")),
            house_line: None,
            location: Location::new(37.6, 127.0, None),
            at: AT + 10_000,
        });
        let call = incident(&call, [accept(&call, "1204"), accept(&call, "1301"), moved]);
        let words = |now| places(Locale::ko, &call, now).into_iter().collect::<Vec<_>>();
        let of_1204 = |words: &str| vec![(Neighbour::from(house("1204")), words.to_owned())];
        assert_eq!(words(AT + 60_000), of_1204("지도에 보여요"));
        assert_eq!(words(AT + 140_000), of_1204("위치 2분 전"));
    }

    #[test]
    fn the_numbers_include_those_that_are_further_and_no_push() {
        let row = |name: &str, state| (Neighbour::from(house(name)), state);
        let rows = [row("1204", State::Coming), row("1301", State::Sounded), row("1401", State::Pushed)];
        let words = summary(Locale::en, &rows, Some(22));
        assert_eq!(words, "Neighbours: 22 · delivered 2 · sounded 2 · shown 1 · coming 1");
        assert_eq!(summary(Locale::en, &[], None), "delivered 0 · sounded 0 · shown 0 · coming 0");
    }
}
