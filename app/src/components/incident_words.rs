//! The words of a call's card.

use domain::{Escalated, Incident, Millis, Progress, Response, Stance, escalation::Ring};

use crate::{
    i18n::{Locale, td_string},
    map::marks::STALE_AFTER,
    words,
};

pub(super) fn urgent_heading(locale: Locale, incident: &Incident) -> String {
    let house = words::house(locale, &incident.alert.house);
    if incident.alert.drill {
        td_string!(locale, alarm.heading_drill, house = house)
    } else {
        td_string!(locale, alarm.heading, house = house)
    }
}

/// The heading of a call of another line than the viewer's, which it names.
pub(super) fn urgent_heading_elsewhere(locale: Locale, incident: &Incident) -> String {
    let alert = &incident.alert;
    let house = words::flat(locale, Some(&alert.line), &alert.house);
    match alert.drill {
        true => td_string!(locale, alarm.heading_drill, house = house),
        false => td_string!(locale, alarm.heading, house = house),
    }
}

/// As [`plain_heading`], for a call of another line than the viewer's.
pub(super) fn plain_heading_elsewhere(locale: Locale, incident: &Incident) -> String {
    let house = words::flat(locale, Some(&incident.alert.line), &incident.alert.house);
    if incident.alert.drill { format!("{} · {house}", td_string!(locale, feed.drill)) } else { house }
}

pub(super) fn plain_heading(locale: Locale, incident: &Incident) -> String {
    let house = words::house(locale, &incident.alert.house);
    if incident.alert.drill { format!("{} · {house}", td_string!(locale, feed.drill)) } else { house }
}

pub(super) fn line(locale: Locale, incident: &Incident) -> String {
    words::line(locale, &incident.alert.line)
}

pub(super) fn kind(locale: Locale, incident: &Incident) -> String {
    incident.alert.kind.map(|kind| words::kind(locale, kind).to_owned()).unwrap_or_default()
}

/// The kind's word for the style sheet.
pub(super) fn kind_word(_: Locale, incident: &Incident) -> String {
    incident.alert.kind.map(|kind| kind.as_str().to_owned()).unwrap_or_default()
}

/// True of a drill, for the style sheet.
pub(super) fn drill_word(_: Locale, incident: &Incident) -> String {
    incident.alert.drill.to_string()
}

pub(super) fn caller_text(_: Locale, incident: &Incident) -> String {
    incident.alert.text.clone()
}

pub(super) fn end(locale: Locale, incident: &Incident) -> String {
    match &incident.end {
        Some(end) => words::end(locale, end),
        // Not open and ended by nobody, so it has run out.
        None => words::ended(locale, Progress::Expired).to_owned(),
    }
}

/// The words of the house or the office that ended a call.
pub(super) fn note(_: Locale, incident: &Incident) -> String {
    incident.end.as_ref().and_then(|end| end.note.clone()).unwrap_or_default()
}

/// Returns who is coming, and who of them is there.
pub(super) fn coming(locale: Locale, incident: &Incident) -> String {
    let name = |response: &Response| {
        let house = words::flat(locale, response.line.as_ref(), &response.house);
        match response.stance {
            Stance::Arrived => td_string!(locale, feed.house_arrived, house = house),
            _ => house,
        }
    };
    let names: Vec<String> = incident.coming().map(name).collect();
    if names.is_empty() {
        return String::new();
    }
    let names = names.join(", ");
    match incident.end {
        None => td_string!(locale, feed.coming, houses = names),
        // True if they came is not known.
        Some(_) => td_string!(locale, feed.came, houses = names),
    }
}

/// Returns which other people were alarmed because nobody came, and how long after the call. Each ring is named with
/// its last round, and with the words that it was alarmed again.
pub(crate) fn escalated(locale: Locale, incident: &Incident) -> String {
    let mut sentences = Vec::new();
    for ring in Ring::ALL {
        let taken = incident.steps.iter().filter(|taken| taken.step.step == ring.number());
        let Some(last) = taken.max_by_key(|taken| taken.at) else { continue };
        let seconds = last.at.saturating_sub(incident.alert.at).max(0) / 1000;
        let after = match seconds {
            0..120 => td_string!(locale, escalation.seconds, count = seconds),
            _ => td_string!(locale, escalation.minutes_passed, count = seconds / 60),
        };
        let lines: Vec<String> = last.step.lines.iter().map(|line| words::line(locale, line)).collect();
        let of_ring = |taken: &&Escalated| taken.step.step == last.step.step;
        let is_again = incident.steps.iter().filter(of_ring).any(|taken| taken.step.round != last.step.round);
        sentences.push(match (ring, is_again) {
            (Ring::Administrators, _) => td_string!(locale, escalation.administrators, after = after),
            (_, false) => td_string!(locale, escalation.alarmed, lines = lines.join(", "), after = after),
            (_, true) => {
                td_string!(locale, escalation.alarmed_again, lines = lines.join(", "), after = after)
            }
        });
    }
    sentences.join(" ")
}

/// Returns how many houses have the call, or nothing while none is known, because receipts may be late or have no place
/// to go.
pub(super) fn reached(locale: Locale, incident: &Incident) -> String {
    if incident.reached.is_empty() {
        return String::new();
    }
    td_string!(locale, feed.reached, count = incident.reached.len())
}

/// Returns how old a location is, once it is old.
pub(super) fn location_age(locale: Locale, located: Option<Millis>, now: Millis) -> Option<String> {
    let old = located.filter(|at| now.saturating_sub(*at) >= STALE_AFTER)?;
    Some(td_string!(locale, feed.located, ago = words::ago(locale, old, now)))
}

pub(super) fn whereabouts(locale: Locale, incident: &Incident) -> String {
    let Some(location) = incident.location else { return td_string!(locale, feed.no_location).to_owned() };
    location
        .accuracy
        .map(|metres| td_string!(locale, feed.accuracy, metres = words::decimal(metres.round())))
        .unwrap_or_default()
}

/// Returns one call of several in a line, with its kind, its time, its text, and who comes to it.
pub(super) fn call_words(locale: Locale, call: &Incident, now: Millis) -> String {
    let who = Some(coming(locale, call)).filter(|who| !who.is_empty());
    let who = who.unwrap_or_else(|| td_string!(locale, feed.nobody_coming).to_owned());
    let mut parts =
        vec![kind(locale, call), words::ago(locale, call.alert.at, now), caller_text(locale, call), who];
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use domain::{Alert, Event, Kind, escalation::Step};

    use super::*;
    use crate::samples::{AT, accept, call, incident, named_line};

    #[test]
    fn steps_are_named_by_their_lines_and_by_how_long_after_the_call_they_were() {
        let call = call(1);
        let step = |ring, lines: &[&str], passed| {
            let lines = lines.iter().map(|name| named_line(name)).collect();
            Step { ring, round: call.id.0, lines }.event(&call, AT + passed)
        };
        let steps = [
            step(Ring::Administrators, &[], 180_000),
            step(Ring::Neighbours, &["101-2", "101-3"], 30_400),
            step(Ring::Building, &["101-4"], -1),
        ];
        let words = escalated(Locale::ko, &incident(&call, steps.clone()));
        let expected = [
            "101-2 라인, 101-3 라인에도 알렸어요 · 30초",
            "101-4 라인에도 알렸어요 · 0초",
            "관리사무소에도 다시 알렸어요 · 3분",
        ];
        assert_eq!(words, expected.join(" "));
        assert_eq!(escalated(Locale::ko, &incident(&call, [])), "");
        assert!(
            escalated(Locale::en, &incident(&call, steps))
                .starts_with("Line 101-2, Line 101-3 alarmed, too · 30 s")
        );
    }

    #[test]
    fn a_ring_that_is_alarmed_in_a_later_round_is_alarmed_again() {
        let call = call(1);
        let step = |ring, round: u128, line: &str, passed| {
            let lines = [named_line(line)].into();
            Step { ring, round: uuid::Uuid::from_u128(round), lines }.event(&call, AT + passed)
        };
        let first = [
            step(Ring::Neighbours, 1, "101-2", 30_000),
            // A first helper withdrew before the building was alarmed.
            step(Ring::Building, 2, "101-4", 90_000),
        ];
        let words = escalated(Locale::ko, &incident(&call, first.clone()));
        assert_eq!(words, "101-2 라인에도 알렸어요 · 30초 101-4 라인에도 알렸어요 · 90초");
        let again = first.into_iter().chain([step(Ring::Neighbours, 2, "101-2", 70_000)]);
        let again = incident(&call, again);
        let words = escalated(Locale::ko, &again);
        assert_eq!(words, "101-2 라인에 다시 알렸어요 · 70초 101-4 라인에도 알렸어요 · 90초");
        assert!(escalated(Locale::en, &again).starts_with("Line 101-2 alarmed again · 70 s"));
    }

    #[test]
    fn a_location_without_news_for_a_minute_has_its_age() {
        let age = |passed| location_age(Locale::ko, Some(AT), AT + passed);
        assert_eq!((age(59_999), location_age(Locale::ko, None, AT)), (None, None));
        assert_eq!(age(125_000).as_deref(), Some("위치 2분 전"));
    }

    #[test]
    fn the_heading_of_a_call_of_another_line_names_the_line() {
        let call = incident(&call(1), []);
        assert_eq!(urgent_heading_elsewhere(Locale::ko, &call), "101-1 라인 1203호에서 도움을 요청해요");
        assert_eq!(plain_heading_elsewhere(Locale::en, &call), "flat 1203, Line 101-1");
    }

    #[test]
    fn a_line_about_a_call_has_what_is_wrong_since_when_the_text_and_who_comes() {
        let call = Alert { kind: Some(Kind::Fire), text: "smoke".into(), ..call(1) };
        let words = |then: Vec<Event>| call_words(Locale::en, &incident(&call, then), AT + 120_000);
        assert_eq!(words(vec![]), "Fire · 2 min ago · smoke · Nobody is on the way yet");
        assert_eq!(words(vec![accept(&call, "1204")]), "Fire · 2 min ago · smoke · Coming: flat 1204");
    }

    #[test]
    fn a_line_about_a_call_leaves_out_what_the_caller_left_out() {
        let words = call_words(Locale::en, &incident(&call(1), vec![]), AT);
        assert_eq!(words, "just now · Nobody is on the way yet");
    }
}
