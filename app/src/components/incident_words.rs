//! What a call's card says, in words.

use domain::{Incident, Progress, Response, Stance};

use crate::{
    i18n::{Locale, td_string},
    words,
};

/// Whether somebody comes.
pub(super) fn is_answered(incident: &Option<Incident>) -> bool {
    incident.as_ref().is_some_and(|incident| incident.coming().next().is_some())
}

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

pub(super) fn kind(locale: Locale, incident: &Incident) -> String {
    incident.alert.kind.map(|kind| words::kind(locale, kind).to_owned()).unwrap_or_default()
}

/// The kind's word for the style sheet.
pub(super) fn kind_word(_: Locale, incident: &Incident) -> String {
    incident.alert.kind.map(|kind| kind.as_str().to_owned()).unwrap_or_default()
}

pub(super) fn text(_: Locale, incident: &Incident) -> String {
    incident.alert.text.clone()
}

pub(super) fn end(locale: Locale, incident: &Incident) -> String {
    match &incident.end {
        Some(end) => words::end(locale, end),
        // Not open and ended by nobody: it has run out.
        None => words::ended(locale, Progress::Expired).to_owned(),
    }
}

/// Who is coming, and who of them is there.
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
        // Whether they came is not known.
        Some(_) => td_string!(locale, feed.came, houses = names),
    }
}

/// Says how many houses have the call, or nothing while none is known: receipts may be late or have no place to go.
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
