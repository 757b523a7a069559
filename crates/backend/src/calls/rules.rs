//! The rules on who may do what to which call, and the key under which a request is recorded.

use domain::{House, Incident, Line, Millis, Resident, Response, api::CallRequest, event::TEXT_LENGTH_LIMIT};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{CallAddress, Refusal};
use crate::{clock, delivery::outbox::Origin};

pub(super) fn own_flat(by: &Resident, line: &Line, house: &House) -> Result<(), Refusal> {
    match by.flat() {
        Some((own_line, own_house)) if own_line == line && own_house == house => Ok(()),
        Some((own_line, own_house)) => {
            Err(Refusal::NotYours(format!("you are signed in for house {own_house} of line {own_line} only")))
        }
        None => Err(no_flat()),
    }
}

/// Returns the line of the resident's flat, where it is another one than the call's, and refuses a house that is not the
/// resident's own.
pub(super) fn own_house(by: &Resident, line: &Line, house: &House) -> Result<Option<Line>, Refusal> {
    match by.flat() {
        Some((own_line, own_house)) if own_house == house => {
            Ok(Some(own_line).filter(|own| *own != line).cloned())
        }
        _ => own_flat(by, line, house).map(|()| None),
    }
}

/// Refuses a house of another line, unless the call is known here to have been escalated to its line.
pub(super) fn is_of_line(known: Option<&Incident>, line: Option<&Line>) -> Result<(), Refusal> {
    match line {
        Some(line) if !known.is_some_and(|call| call.is_for(line)) => Err(not_of_line()),
        _ => Ok(()),
    }
}

pub(super) fn not_of_line() -> Refusal {
    Refusal::NotYours("the call is not of your line".into())
}

pub(super) fn no_flat() -> Refusal {
    Refusal::NotYours("this account has no flat: sign in as a resident".into())
}

/// Returns the time of a house's next word about a call. It is now, or right after its newest word if that lies ahead,
/// as after a clock was set back or by the clock of another node. The fold counts the greatest time as the house's last
/// word. `line` is the house's, where it is another one than the call's.
pub(super) fn after_own_words(known: Option<&Incident>, line: Option<&Line>, house: &House) -> Millis {
    let own = |response: &&Response| response.line.as_ref() == line && response.house == *house;
    let words = known.into_iter().flat_map(|incident| incident.responses.iter().filter(own));
    words.map(|response| response.at.saturating_add(1)).fold(clock::now(), Millis::max)
}

/// Returns whether the call is of the resident's own flat. Houses of different lines may have one name, so both are compared.
pub(super) fn is_caller(by: &Resident, incident: &Incident) -> bool {
    by.flat() == Some((&incident.alert.line, &incident.alert.house))
}

pub(super) fn short_enough(field: &str, text: Option<&str>) -> Result<(), Refusal> {
    match text.map_or(0, |text| text.chars().count()) {
        length if length > TEXT_LENGTH_LIMIT => Err(Refusal::Invalid(format!(
            "{field} has {length} characters and may have {TEXT_LENGTH_LIMIT}: shorten it and send again"
        ))),
        _ => Ok(()),
    }
}

pub(super) fn origin(by: &Resident, key: Option<Uuid>, route: String) -> Origin {
    Origin { id: key.unwrap_or_else(Uuid::now_v7), resident: by.name.clone(), route }
}

/// A press is the same wherever the caller is found to be, because the page's form repeats itself with a location
/// added. The versions before put the location into the digest, too.
pub(super) fn digest_of_press(request: &CallRequest) -> [u8; 32] {
    digest(&CallRequest { lat: None, lng: None, accuracy: None, ..request.clone() })
}

/// The digest of a command whose address names a call. One that names no house or line has the digest that earlier
/// versions made.
pub(super) fn digest_at(address: &CallAddress, request: &impl Serialize) -> [u8; 32] {
    match (&address.house, &address.line) {
        (None, None) => digest(request),
        named => digest(&(named, request)),
    }
}

pub(super) fn digest(request: &impl Serialize) -> [u8; 32] {
    let bytes = serde_json::to_vec(request).expect("requests are JSON already");
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use domain::{Accept, Alert, AlertId, Event, EventId, LineIncidents, Source};

    use super::*;

    #[test]
    fn a_houses_next_event_is_later_than_its_last_one_under_any_clock() {
        let ahead = clock::now() + 60 * 60 * 1000;
        let (line, [caller, helper, other]) =
            (Line::new("101-1").unwrap(), ["1203", "1204", "1301"].map(|house| House::new(house).unwrap()));
        let alert = Alert::new(AlertId::generate(), line.clone(), caller.clone(), ahead);
        let accept = Accept {
            id: EventId::generate(),
            line: line.clone(),
            accept: helper.clone(),
            accept_line: None,
            target: caller,
            alert: Some(alert.id),
            at: ahead + 5,
        };
        let mut incidents = LineIncidents::new(line, 1);
        incidents.apply(Event::Alert(alert), Source::Direct);
        incidents.apply(Event::Accept(accept), Source::Direct);
        let incident = incidents.incidents().pop().unwrap();
        assert_eq!(after_own_words(Some(&incident), None, &helper), ahead + 6);
        assert!(after_own_words(Some(&incident), None, &other) < ahead);
        assert!(after_own_words(None, None, &helper) < ahead);
        let elsewhere = Line::new("101-2").unwrap();
        assert!(after_own_words(Some(&incident), Some(&elsewhere), &helper) < ahead, "it is another flat");
    }
}
