//! The facts and the words of a house's open calls, the same for its neighbours and for the house itself.

use domain::{Incident, Line, Resident, Role};
use leptos::prelude::*;

use super::incident_words::{call_words, caller_text, escalated, line, location_age, reached, whereabouts};
use crate::{
    home::Home,
    house_calls::HouseCalls,
    i18n::{Locale, td_string},
    language::use_i18n,
    part::{IntoPart, for_each},
    reactive::{IntoSignal, Memo, Signal, effect},
    words::{self, text},
};

/// The number of calls of a house that have a line each. Earlier ones are only counted.
const LINES: usize = 5;

/// Returns the calls of a house as one.
pub(super) fn as_one(house: Memo<Option<HouseCalls>>) -> Memo<Option<Incident>> {
    Memo::new(move |_| house.with(|house| house.as_ref().map(HouseCalls::as_one)))
}

/// Returns words about a call. A call that has just left the page has none.
pub(super) fn words_of(
    one: Memo<Option<Incident>>,
    words: fn(Locale, &Incident) -> String,
) -> Signal<String> {
    let i18n = use_i18n();
    Signal::derive(move || {
        let locale = i18n.get_locale();
        one.with(|one| one.as_ref().map(|one| words(locale, one)).unwrap_or_default())
    })
}

/// Returns how many open calls a house has, as a number.
pub(super) fn presses(house: Memo<Option<HouseCalls>>) -> Signal<String> {
    Signal::derive(move || house.with(|house| house.as_ref().map_or(0, HouseCalls::count)).to_string())
}

/// True while there is nothing to read, for `hidden`.
pub(super) fn is_empty(words: Signal<String>) -> Signal<bool> {
    Signal::derive(move || words.with(String::is_empty))
}

/// The facts in one line, with the house's line, the kind, the number of calls, and the time since the first.
#[component]
pub(super) fn HouseFacts(house: Memo<Option<HouseCalls>>, one: Memo<Option<Incident>>) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let all_lines = home.viewer.with_value(|viewer| viewer.role == Role::Administrator);
    let elsewhere = Memo::new(move |_| {
        let line = one.with(|one| one.as_ref().map(|one| one.alert.line.clone()));
        home.viewer.with_value(|viewer| line.is_some_and(|line| is_elsewhere(viewer, &line)))
    });
    let kinds = Signal::derive(move || {
        let locale = i18n.get_locale();
        let kinds = house.with(|house| house.as_ref().map(HouseCalls::kinds).unwrap_or_default());
        kinds.into_iter().map(|kind| words::kind(locale, kind)).collect::<Vec<_>>().join(" · ")
    });
    let count =
        Signal::derive(move || match house.with(|house| house.as_ref().map_or(0, HouseCalls::count)) {
            0 | 1 => String::new(),
            count => td_string!(i18n.get_locale(), feed.presses, count = count),
        });
    let ago = Memo::new(move |_| {
        let at = one.with(|one| one.as_ref().map_or(0, |one| one.alert.at));
        words::ago(i18n.get_locale(), at, home.connection.now.get())
    });
    view! {
        <p class="incident-facts">
            <span class="badge" data-testid="elsewhere" hidden=Signal::derive(move || !elsewhere.get())>
                {text!(i18n, escalation.elsewhere)}
            </span>
            <span hidden=Signal::derive(move || !all_lines && !elsewhere.get())>{words_of(one, line)}</span>
            <span class="badge" hidden=is_empty(kinds)>{kinds}</span>
            <span class="presses" aria-live="polite" hidden=is_empty(count)>{count}</span>
            <span aria-live="off">{ago.into_signal()}</span>
        </p>
    }
    .fresh()
}

/// The newest words, a line for each call where there are several, and where the caller is.
#[component]
pub(super) fn HouseWords(house: Memo<Option<HouseCalls>>, one: Memo<Option<Incident>>) -> impl IntoView {
    let i18n = use_i18n();
    let connection = Home::current().connection;
    effect(move || {
        house.with(|house| {
            house.iter().flat_map(HouseCalls::calls).for_each(|call| connection.seen(call.alert.id));
        });
    });
    let lines = Memo::new(move |_| {
        let (locale, now) = (i18n.get_locale(), connection.now.get());
        house.with(|house| house.as_ref().map(|house| lines(locale, house, now)).unwrap_or_default())
    });
    let line =
        |(id, words): (String, String)| view! { <li data-testid="press" data-alert=id>{words}</li> }.fresh();
    let age = Memo::new(move |_| {
        let (locale, now) = (i18n.get_locale(), connection.now.get());
        let age = |one: &Incident| location_age(locale, one.location.and(one.located), now);
        one.with(|one| one.as_ref().and_then(age).unwrap_or_default())
    });
    let (text, reached, escalated) =
        (words_of(one, caller_text), words_of(one, reached), words_of(one, escalated));
    view! {
        <p class="incident-text" aria-live="polite" hidden=is_empty(text)>{text}</p>
        <ol class="each-press" aria-live="off" hidden=Signal::derive(move || lines.with(Vec::is_empty))>
            {for_each(move || lines.get(), line)}
        </ol>
        <p class="incident-facts" aria-live="off">
            <span hidden=is_empty(reached)>{reached}</span>
            <span>{words_of(one, whereabouts)}</span>
            <span data-testid="location-age" hidden=is_empty(age.into())>{age.into_signal()}</span>
        </p>
        <p class="incident-facts" data-testid="escalated" aria-live="polite" hidden=is_empty(escalated)>
            <span>{escalated}</span>
        </p>
    }
    .fresh()
}

/// Returns whether a call of this line comes to a resident of another one.
pub(super) fn is_elsewhere(viewer: &Resident, line: &Line) -> bool {
    viewer.role == Role::Resident && viewer.line.as_ref() != Some(line)
}

/// A line for each call, the newest first, with the call's id. A single call needs none.
fn lines(locale: Locale, house: &HouseCalls, now: domain::Millis) -> Vec<(String, String)> {
    if house.count() == 1 {
        return Vec::new();
    }
    let line = |call: &Incident| (call.alert.id.to_string(), call_words(locale, call, now));
    let mut lines: Vec<_> = house.calls().take(LINES).map(line).collect();
    if let Some(more) = house.count().checked_sub(LINES).filter(|more| *more > 0) {
        lines.push((String::new(), td_string!(locale, feed.earlier, count = more)));
    }
    lines
}
