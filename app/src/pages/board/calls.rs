//! The open calls as the board shows them, as a list and on the plan. This part of the page is made anew with each change.

use std::{collections::BTreeMap, time::Duration};

use domain::{CallKey, Incident, Millis, Stance};
use leptos::prelude::*;

use super::{
    plan::{Drawing, plan},
    shown::Now,
};
use crate::{
    components::fault_words,
    house_calls::HouseCalls,
    i18n::{Locale, td_string},
    pages::statistics::wording,
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
            data-day=wording::weekday(locale, date)
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
mod tests {
    use std::sync::Arc;

    use backend::{
        calls::hub::{OpenCall, OpenCalls},
        canary::Fault,
    };
    use domain::{
        Alert, Event, Kind, Progress,
        escalation::{Ring, Step},
        event::LATE_AFTER,
        statistics::Utc,
    };

    use super::*;
    use crate::{
        context::Ground,
        samples::{AT, accept, call, house, incident, named_line, receipt, status},
    };

    fn open(calls: Vec<(Alert, Vec<Event>)>) -> Now {
        let newest_first = calls.into_iter().rev();
        let open = |(call, then): (Alert, Vec<Event>)| OpenCall {
            age: Duration::from_millis((AT + 60_000 - call.at).unsigned_abs()),
            incident: incident(&call, then),
        };
        let calls = newest_first.map(open).collect();
        let open = OpenCalls { calls, ..OpenCalls::default() };
        Now { open, now: AT + 60_000, zone: Arc::new(Utc), ground: Ground::Paper, fault: None }
    }

    fn by(name: &str, number: u128) -> Alert {
        let after = Millis::try_from(number).unwrap_or_default() * 1_000;
        Alert { house: house(name), at: AT + after, ..call(number) }
    }

    fn places(html: &str, parts: &[&str]) -> Vec<usize> {
        parts.iter().map(|part| html.find(part).unwrap_or_else(|| panic!("{part} in {html}"))).collect()
    }

    #[test]
    fn the_oldest_that_nobody_comes_to_is_first_and_the_newest_is_marked() {
        let (helped, oldest, newest) = (by("1203", 1), by("0704", 2), by("0501", 3));
        let calls = vec![
            (helped.clone(), vec![accept(&helped, "1204"), status(&helped, Progress::Arrived, "1204")]),
            (Alert { kind: Some(Kind::Fire), text: "smoke <b>".into(), ..oldest }, vec![]),
            (newest, vec![receipt(&by("0501", 3), &["a", "b"], &["a"], &[])]),
        ];
        let html = fragment(Locale::ko, &open(calls));
        let order = places(&html, &["data-house=\"0704\"", "data-house=\"0501\"", "data-house=\"1203\""]);
        assert!(order.is_sorted(), "{order:?} {html}");
        assert!(html.contains("58초째") && html.contains("1204호 도착"), "{html}");
        assert!(html.contains("화재") && html.contains("smoke &lt;b&gt;"), "{html}");
        assert!(html.contains("닿음 2 · 울림 1 · 봄 0"), "{html}");
        assert_eq!(html.matches("board-call unanswered newest").count(), 1, "{html}");
        // The one that is helped does not sound.
        assert_eq!(html.matches("data-sounds-for").count(), 2, "{html}");
    }

    #[test]
    fn a_call_sounds_for_ten_minutes_and_again_when_its_last_helper_leaves() {
        let alert = by("1203", 1);
        let key = |now: &Now| {
            let houses = HouseCalls::by_urgency(now.open.calls.iter().map(|call| &call.incident));
            let ages = now.open.calls.iter().map(|call| (call.incident.alert.key(), millis(call.age)));
            sounding(&houses[0], &ages.collect())
        };
        let (first, left) = key(&open(vec![(alert.clone(), vec![])])).expect("it sounds");
        assert_eq!(left, LATE_AFTER - 59_000);
        let gone = vec![accept(&alert, "1204"), status(&alert, Progress::Withdrawn, "1204")];
        let (again, _) = key(&open(vec![(alert.clone(), gone)])).expect("it sounds again");
        assert_ne!(first, again);
        let old = Alert { at: AT - LATE_AFTER, ..alert };
        assert_eq!(key(&open(vec![(old, vec![])])), None);
    }

    #[test]
    fn an_escalated_call_is_there_once_and_sounds_again_where_its_helper_does_not_arrive() {
        let alert = by("1203", 1);
        let coming = accept(&alert, "1204");
        let round = coming.id().expect("an accept has an id");
        let step = |ring, lines: &[&str], round, passed: Millis| {
            let lines = lines.iter().map(|name| named_line(name)).collect();
            Step { ring, round, lines }.event(&alert, alert.at + passed)
        };
        let first = step(Ring::Neighbours, &["101-2"], alert.id.0, 30_000);
        let html = |then: Vec<Event>| fragment(Locale::ko, &open(vec![(alert.clone(), then)]));
        let escalated = html(vec![first.clone()]);
        assert_eq!(escalated.matches("data-testid=\"board-call\"").count(), 1, "{escalated}");
        assert!(escalated.contains("라인 밖에도 알림"), "{escalated}");
        let of_office = html(vec![step(Ring::Administrators, &[], alert.id.0, 30_000)]);
        assert!(!of_office.contains("라인 밖에도 알림"), "nobody outside the line was alarmed: {of_office}");
        let helped = html(vec![first.clone(), coming.clone()]);
        assert!(!helped.contains("data-sounds-for"), "somebody comes: {helped}");
        let again = html(vec![first, coming, step(Ring::Neighbours, &["101-2"], round, 50_000)]);
        assert!(again.contains("data-sounds-for=\"591000\""), "{again}");
    }

    #[test]
    fn a_quiet_board_shows_that_it_is_quiet_in_both_languages() {
        for (locale, words) in
            [(Locale::ko, "지금은 도움 요청이 없어요"), (Locale::en, "Nobody is calling for help")]
        {
            let html = fragment(locale, &open(vec![]));
            assert!(html.contains(words) && !html.contains("board-call "), "{html}");
        }
    }

    #[test]
    fn the_board_shows_that_calls_are_not_recorded_or_not_delivered_and_nothing_while_they_are() {
        let html = |fault| fragment(Locale::ko, &Now { fault, ..open(vec![]) });
        for (fault, words) in
            [(Fault::NotRecorded, "기록되지 않아요"), (Fault::NotDelivered, "이웃에게 닿지 않아요")]
        {
            let html = html(Some(fault));
            assert!(html.contains("canary-failing") && html.contains(words), "{html}");
        }
        assert!(!html(None).contains("canary-failing"));
    }

    #[test]
    fn a_duration_counts_seconds_below_an_hour() {
        let words = |seconds: i64| since(Locale::en, seconds * 1000);
        assert_eq!([words(38), words(252), words(3_900)], ["38 s", "4 min 12 s", "1 h 05 min"]);
    }
}
