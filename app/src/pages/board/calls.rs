//! The open calls as the board shows them, as a list and on the plan. This part of the page is made anew with each change.

use std::{collections::BTreeMap, time::Duration};

use domain::{CallKey, Incident, Millis, Stance};
use leptos::prelude::*;

use super::{
    plan::{Drawing, plan},
    shown::Now,
};
use crate::{
    calendar,
    components::fault_words,
    house_calls::HouseCalls,
    i18n::{Locale, td_string},
    sound_rule, words,
};

/// Houses that have a whole card. Further ones have a line each, because nobody scrolls on a wall.
const FULL_CARDS: usize = 4;

/// The age of each open call, in milliseconds.
type Ages = BTreeMap<CallKey, Millis>;

/// Returns the HTML of the calls, as the page has it and as the stream brings it.
#[must_use]
pub fn fragment(locale: Locale, now: &Now) -> String {
    calls(locale, now).to_html()
}

/// The calls.
pub(super) fn calls(locale: Locale, now: &Now) -> AnyView {
    let houses = HouseCalls::by_urgency(now.open.calls.iter().map(|call| &call.incident));
    let ages: Ages =
        now.open.calls.iter().map(|call| (call.incident.alert.key(), millis(call.age))).collect();
    let unanswered = houses.iter().filter(|house| !house.is_answered()).count();
    let newest = houses.iter().filter(|house| !house.is_answered()).max_by_key(|house| house.newest.alert.at);
    let newest_flat = newest.map(HouseCalls::flat);
    let cards: Vec<AnyView> = houses
        .iter()
        .enumerate()
        .map(|(place, house)| {
            let is_newest = newest_flat.as_ref() == Some(&house.flat());
            card(locale, house, &ages, place >= FULL_CARDS, is_newest)
        })
        .collect();
    let Drawing { svg, notes } = plan(locale, &now.ground, &houses, newest, now.now);
    let notes: Vec<AnyView> = notes.into_iter().map(|note| view! { <p>{note}</p> }.into_any()).collect();
    let date = now.zone.local(now.now).date;
    let is_quiet = houses.is_empty();
    let offset = now.zone.offset(now.now);
    let fault = now.fault.map(|fault| {
        view! { <p class="notice error" data-testid="canary-failing">{fault_words(locale, fault)}</p> }
    });
    let truncated = now.open.truncated.then(|| td_string!(locale, board.truncated));
    view! {
        <main
            id="board-now"
            class="board-now"
            data-testid="board-now"
            data-now=now.now.to_string()
            data-offset=offset.to_string()
            data-day=calendar::weekday(locale, date)
        >
            // With more houses than fit it scrolls, which needs a place for the focus.
            <section class="board-list" tabindex="0" aria-labelledby="board-heading">
                <h1 id="board-heading" data-testid="board-heading">{heading(locale, houses.len(), unanswered)}</h1>
                {fault}
                {truncated.map(|words| view! { <p class="notice">{words}</p> })}
                {is_quiet.then(|| view! { <p class="board-quiet">{td_string!(locale, board.quiet)}</p> })}
                <ol class="board-calls" data-testid="board-calls">{cards}</ol>
                <p class="board-ended" data-testid="board-ended">{ended(locale, now)}</p>
            </section>
            <section class="board-plan">
                <div class="board-drawing" inner_html=svg></div>
                <div class="board-notes">{notes}</div>
            </section>
        </main>
    }
    .into_any()
}

fn heading(locale: Locale, houses: usize, unanswered: usize) -> String {
    match (houses, unanswered) {
        (0, _) => td_string!(locale, board.heading_quiet).to_owned(),
        (houses, 0) => td_string!(locale, board.heading_answered, count = houses),
        (houses, waiting) => td_string!(locale, board.heading_waiting, count = waiting, all = houses),
    }
}

fn ended(locale: Locale, now: &Now) -> String {
    match now.open.last_end {
        None => td_string!(locale, board.ended_none).to_owned(),
        Some(last) => {
            let [hours, minutes, _] = now.zone.clock(last);
            let last = format!("{hours:02}:{minutes:02}");
            td_string!(locale, board.ended, count = now.open.ended, last = last)
        }
    }
}

/// A house that calls.
fn card(locale: Locale, house: &HouseCalls, ages: &Ages, is_compact: bool, is_newest: bool) -> AnyView {
    let one = house.as_one();
    let is_answered = house.is_answered();
    let oldest = house.calls().map(|call| age(ages, call)).max().unwrap_or_default();
    let mut class = String::from(if is_answered { "board-call answered" } else { "board-call unanswered" });
    for (applies, word) in [(is_compact, " compact"), (is_newest, " newest"), (one.alert.drill, " drill")] {
        if applies {
            class.push_str(word);
        }
    }
    let kinds: Vec<&str> = house.kinds().into_iter().map(|kind| words::kind(locale, kind)).collect();
    let mut facts = vec![kinds.join(", "), words::line(locale, &one.alert.line)];
    if house.count() > 1 {
        facts.push(td_string!(locale, feed.presses, count = house.count()));
    }
    facts.retain(|fact| !fact.is_empty());
    let name = words::house(locale, &one.alert.house);
    let name = if one.alert.drill { format!("{} · {name}", td_string!(locale, feed.drill)) } else { name };
    let text = Some(one.alert.text.trim().to_owned()).filter(|text| !text.is_empty());
    let (key, sounds_for) = sounding(house, ages).map(|(key, left)| (key, left.to_string())).unzip();
    view! {
        <li
            class=class
            data-testid="board-call"
            data-house=one.alert.house.to_string()
            data-key=key
            data-sounds-for=sounds_for
            data-age=oldest.to_string()
        >
            <h2>{name}</h2>
            <p class="since" data-since="">{since(locale, oldest)}</p>
            <p class="facts">{facts.join(" · ")}</p>
            {text.map(|text| view! { <p class="words">{text}</p> })}
            <p class="who" data-testid="board-who">{who(locale, &one, is_answered)}</p>
            <p class="steps" data-testid="board-steps">{steps(locale, house)}</p>
        </li>
    }
    .into_any()
}

/// Returns who comes to the house, the arrived first.
fn who(locale: Locale, one: &Incident, is_answered: bool) -> String {
    let mut coming: Vec<_> = one.coming().collect();
    coming.sort_by_key(|response| response.stance != Stance::Arrived);
    let name = |response: &domain::Response| {
        let house = words::house(locale, &response.house);
        let house = match &response.line {
            Some(line) => format!("{} {house}", words::line(locale, line)),
            None => house,
        };
        match response.stance {
            Stance::Arrived => td_string!(locale, board.arrived, house = house),
            Stance::Coming | Stance::Withdrawn => td_string!(locale, board.coming, house = house),
        }
    };
    let names: Vec<String> = coming.into_iter().map(name).collect();
    match (names.is_empty(), is_answered) {
        (true, _) => format!("! {}", td_string!(locale, feed.nobody_coming)),
        // Somebody comes to an earlier call of the house, and nobody to a later one.
        (false, false) => {
            format!("! {} · {}", td_string!(locale, feed.nobody_to_latest), names.join(" · "))
        }
        (false, true) => format!("✓ {}", names.join(" · ")),
    }
}

/// Returns what devices reported of the newest call, each thing apart, and whether more people than the line were alarmed.
fn steps(locale: Locale, house: &HouseCalls) -> String {
    let Incident { reached, sounded, seen, .. } = &house.newest;
    let (reached, sounded, seen) = (reached.len(), sounded.len(), seen.len());
    let steps = td_string!(locale, board.steps, reached = reached, sounded = sounded, seen = seen);
    // A step for the office alone alarms nobody outside the line, and a record of a former version names no step.
    let is_wider = |call: &Incident| match call.steps.is_empty() {
        true => call.escalated.is_some(),
        false => !call.lines().is_empty(),
    };
    if house.calls().any(is_wider) {
        return format!("{steps} · {}", td_string!(locale, board.escalated));
    }
    steps
}

/// Returns the name of the newest call that sounds, and for how many milliseconds it still does. The name differs after
/// its last helper has left, and where nobody arrives.
fn sounding(house: &HouseCalls, ages: &Ages) -> Option<(String, Millis)> {
    house.calls().find_map(|call| {
        let left = sound_rule::sounds_on_board_for(call, age(ages, call))?;
        Some((sound_rule::name(call), left))
    })
}

fn age(ages: &Ages, call: &Incident) -> Millis {
    ages.get(&call.alert.key()).copied().unwrap_or_default()
}

/// A duration in words that a script can count on. The words are in the page (`frame`).
pub(super) fn since(locale: Locale, millis: Millis) -> String {
    let seconds = millis.max(0) / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => td_string!(locale, board.seconds, seconds = seconds.to_string()),
        (0, minutes, seconds) => {
            let (minutes, seconds) = (minutes.to_string(), format!("{seconds:02}"));
            td_string!(locale, board.minutes, minutes = minutes, seconds = seconds)
        }
        (hours, minutes, _) => {
            let (hours, minutes) = (hours.to_string(), format!("{minutes:02}"));
            td_string!(locale, board.hours, hours = hours, minutes = minutes)
        }
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests;
