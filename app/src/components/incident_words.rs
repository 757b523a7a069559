//! The words of a call's card.

use domain::{Incident, Millis, Progress, Response, Stance};

use crate::{
    i18n::{Locale, td_string},
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

pub(super) fn text(_: Locale, incident: &Incident) -> String {
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
        let house = words::house(locale, &response.house);
        let house = match &response.line {
            Some(line) => format!("{} {house}", words::line(locale, line)),
            None => house,
        };
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

/// Returns how many houses have the call, or nothing while none is known, because receipts may be late or have no place
/// to go.
pub(super) fn reached(locale: Locale, incident: &Incident) -> String {
    if incident.reached.is_empty() {
        return String::new();
    }
    td_string!(locale, feed.reached, count = incident.reached.len())
}

pub(super) fn whereabouts(locale: Locale, incident: &Incident) -> String {
    let Some(location) = incident.location else { return td_string!(locale, feed.no_location).to_owned() };
    location
        .accuracy
        .map(|metres| td_string!(locale, feed.accuracy, metres = format!("{metres:.0}")))
        .unwrap_or_default()
}

/// Returns one call of several in a line, with its kind, its time, its text, and who comes to it.
pub(super) fn call_words(locale: Locale, call: &Incident, now: Millis) -> String {
    let who = Some(coming(locale, call)).filter(|who| !who.is_empty());
    let who = who.unwrap_or_else(|| td_string!(locale, feed.nobody_coming).to_owned());
    let mut parts = vec![kind(locale, call), words::ago(locale, call.alert.at, now), text(locale, call), who];
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use domain::{Alert, Event, Kind};

    use super::*;
    use crate::samples::{AT, accept, call, incident};

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
