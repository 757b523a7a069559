//! The events that commands about a call make. They have an actor and a call, and are made only if the fold would apply
//! them.

use domain::{
    Actor, CallKey, Event, EventId, House, Incident, Line, Location, Moved, Progress, Resident, Role, Stance,
    Status,
};

use super::{
    CallAddress, NOT_DEGREES, Refusal,
    rules::{after_own_words, is_of_line, no_flat, not_of_line},
};
use crate::clock;

/// Makes the event by which a resident reports progress of a call, if the fold would apply it to the call as far as
/// that is known. `known` is the call of the address.
pub(super) fn status(
    by: &Resident,
    address: &CallAddress,
    known: Option<&Incident>,
    statement: (EventId, Progress, Option<String>),
) -> Result<Event, Refusal> {
    let (id, progress, note) = statement;
    let actor = actor(by, progress)?;
    // An administrator acts on any line, so only the call shows which one it is.
    let own = by.line.as_ref().filter(|_| matches!(actor, Actor::House(_)));
    let line = line_of(by, address, known, own)?;
    let by_line = own.filter(|own| **own != line).cloned();
    if !progress.ends() {
        is_of_line(known, by_line.as_ref())?;
    }
    let target = target_of(address, known).or_else(|| match &actor {
        // Nobody else may end it in this name.
        Actor::House(house) if progress.ends() => Some(house.clone()),
        _ => None,
    });
    let at = match &actor {
        Actor::House(house) => after_own_words(known, by_line.as_ref(), house),
        Actor::Administrator | Actor::Service => clock::now(),
    };
    let alert = address.id;
    let event = Event::Status(Status {
        id,
        line,
        alert,
        target,
        status: progress,
        by: actor,
        by_line,
        note,
        escalation: None,
        at,
    });
    judge(&event, not_allowed(progress))?;
    Ok(event)
}

/// The reason why a house may not report where it is.
const NO_HELPER: &str =
    "only the house that called, and those that are on their way to it, may send where they are";

/// Makes the event by which a resident reports where the caller is, or a helper, if the fold would apply it to the call
/// as far as that is known. `known` is the call of the address. No `location` is a helper that stops showing it.
pub(super) fn moved(
    by: &Resident,
    address: &CallAddress,
    known: Option<&Incident>,
    location: Option<Location>,
) -> Result<Event, Refusal> {
    let (own_line, own_house) = by.flat().ok_or_else(no_flat)?;
    let line = line_of(by, address, known, Some(own_line))?;
    let target = target_of(address, known).unwrap_or_else(|| own_house.clone());
    let house_line = Some(own_line).filter(|own| **own != line).cloned();
    let is_helper = house_line.is_some() || *own_house != target;
    let (earliest, last) = if is_helper {
        // Nobody else's location is recorded, so the call and the accept must be known here.
        let helper = known.and_then(|call| call.response_of(own_line, own_house));
        let helper = helper.filter(|helper| helper.stance == Stance::Coming);
        let helper = helper.ok_or_else(|| Refusal::NotYours(NO_HELPER.into()))?;
        (after_own_words(known, house_line.as_ref(), own_house), helper.located)
    } else if location.is_some() {
        (clock::now(), known.and_then(|call| call.located))
    } else {
        return Err(Refusal::Invalid(NOT_DEGREES.into()));
    };
    let at = last.map_or(earliest, |last| earliest.max(last.saturating_add(1)));
    let house = is_helper.then(|| own_house.clone());
    let (alert, target) = (address.id, Some(target));
    let event = Event::Moved(Moved { line, alert, target, house, house_line, location, at });
    judge(&event, NO_HELPER)?;
    Ok(event)
}

/// Refuses an event that the fold would not apply to the call whose house it names, by asking the same rules.
pub(super) fn judge(event: &Event, reason: &str) -> Result<(), Refusal> {
    let named = event.target().cloned().zip(event.alert());
    let call = named.map(|(house, id)| CallKey { line: event.line().clone(), house, id });
    match call {
        Some(call) if !event.fits(&call) => Err(Refusal::NotYours(reason.into())),
        _ => Ok(()),
    }
}

/// The house whose call is meant, if that is known.
fn target_of(address: &CallAddress, known: Option<&Incident>) -> Option<House> {
    known.map(|call| call.alert.house.clone()).or_else(|| address.house.clone())
}

/// Returns the line of the call that is meant, which is `own`, if there is one, where nothing else names it.
fn line_of(
    by: &Resident,
    address: &CallAddress,
    known: Option<&Incident>,
    own: Option<&Line>,
) -> Result<Line, Refusal> {
    let may_receive = known.is_some_and(|call| call.may_be_received_by(by));
    let known = known.map(|call| &call.alert.line);
    match known.or(address.line.as_ref()).or(own) {
        Some(line) if may_receive || by.may_receive(line) => Ok(line.clone()),
        Some(_) => Err(not_of_line()),
        None => Err(Refusal::Unknown("no call with this id is known here".into())),
    }
}

/// Returns the actor in whose name a resident reports progress.
fn actor(by: &Resident, progress: Progress) -> Result<Actor, Refusal> {
    if progress == Progress::Resolved && by.role == Role::Administrator {
        return Ok(Actor::Administrator);
    }
    by.house.clone().map(Actor::House).ok_or_else(no_flat)
}

/// Returns why a house may not report this about a call.
fn not_allowed(progress: Progress) -> &'static str {
    match progress {
        Progress::Cancelled => "only the house that called cancels it",
        Progress::Resolved => "only the house that called, or an administrator, resolves it",
        Progress::Withdrawn | Progress::Arrived => "the house that called is there already",
        Progress::Escalated | Progress::Expired => "only the service writes this",
    }
}

#[cfg(test)]
mod tests;
