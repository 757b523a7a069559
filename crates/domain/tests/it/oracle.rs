//! The rules of the fold once more, as plainly as possible. Everything is known at once, and every question looks at
//! everything. It is slow, and nothing in it depends on an order.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Accept, Actor, Alert, End, Event, Flats, House, Incident, Line, LineIncidents, Moved, Neighbour,
    Position, Progress, Response, Source, Stance, Status, partition, record,
};

use crate::history::{Sighting, identity, line};

/// Returns what a whole history adds up to.
pub(crate) fn incidents(sightings: &[Sighting], partitions: i32) -> Vec<Incident> {
    let events = counted(sightings);
    let alerts: Vec<(&Alert, &Vec<Position>)> = events
        .values()
        .filter_map(|(event, positions)| match event {
            Event::Alert(alert) => Some((alert, positions)),
            _ => None,
        })
        .collect();
    let mut incidents: Vec<Incident> =
        alerts.iter().map(|(alert, _)| incident(alert, &alerts, &events, partitions)).collect();
    incidents.sort_by_key(|incident| (incident.alert.at, incident.alert.id, incident.alert.house.clone()));
    incidents
}

/// The fold's own, in the same order.
pub(crate) fn sorted(fold: &LineIncidents) -> Vec<Incident> {
    let mut incidents = fold.incidents();
    incidents.sort_by_key(|incident| (incident.alert.at, incident.alert.id, incident.alert.house.clone()));
    incidents
}

type Known = (Event, Vec<Position>);

/// The record of each event that counts, and every place of it.
fn counted(sightings: &[Sighting]) -> BTreeMap<String, Known> {
    let rank = |event: &Event| {
        let is_drill = matches!(event, Event::Alert(alert) if alert.drill);
        (is_drill, event.at(), record::write(event).1)
    };
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    for (event, seen) in sightings {
        let (counts, positions) = known.entry(identity(event)).or_insert_with(|| (event.clone(), Vec::new()));
        if rank(event) < rank(counts) {
            *counts = event.clone();
        }
        if let Source::Log(position) = seen {
            positions.push(*position);
        }
    }
    known
}

fn is_about(
    event: &Event,
    positions: &[Position],
    alert: &Alert,
    alerts: &[(&Alert, &Vec<Position>)],
) -> bool {
    match event {
        Event::Accept(accept) => {
            let own_line = accept.accept_line.as_ref().is_none_or(|own| *own == line());
            let own_call = own_line && accept.accept == alert.house;
            let named = match accept.alert {
                Some(id) => id == alert.id,
                None => newest_before(accept, positions, alerts) == Some(alert),
            };
            named && accept.target == alert.house && !own_call
        }
        Event::Status(status) => {
            status.alert == alert.id
                && is_meant(status.target.as_ref(), alert)
                && is_permitted(status, &alert.house)
        }
        _ => false,
    }
}

fn newest_before<'a>(
    accept: &Accept,
    positions: &[Position],
    alerts: &[(&'a Alert, &Vec<Position>)],
) -> Option<&'a Alert> {
    let earliest = |positions: &[Position]| positions.iter().map(|position| position.timestamp).min();
    let accepted = earliest(positions)?;
    let candidates = alerts.iter().filter(|(alert, _)| alert.house == accept.target && !alert.drill);
    let began = candidates.filter_map(|(alert, positions)| Some((earliest(positions)?, alert.id, *alert)));
    began
        .filter(|(began, ..)| *began <= accepted)
        .max_by_key(|(began, id, _)| (*began, *id))
        .map(|found| found.2)
}

/// Where a record names the house that called, it is this call's.
fn is_meant(target: Option<&House>, alert: &Alert) -> bool {
    target.is_none_or(|target| *target == alert.house)
}

fn is_permitted(Status { status: what, by, by_line, .. }: &Status, caller: &House) -> bool {
    let what = *what;
    let own_line = by_line.as_ref().is_none_or(|own| *own == line());
    match by {
        Actor::House(house) if own_line && house == caller => {
            matches!(what, Progress::Cancelled | Progress::Resolved)
        }
        Actor::House(_) => matches!(what, Progress::Withdrawn | Progress::Arrived),
        Actor::Administrator => what == Progress::Resolved,
        Actor::Service => matches!(what, Progress::Escalated | Progress::Expired),
    }
}

fn incident(
    alert: &Alert,
    alerts: &[(&Alert, &Vec<Position>)],
    events: &BTreeMap<String, Known>,
    partitions: i32,
) -> Incident {
    let callers: BTreeSet<_> =
        alerts.iter().filter(|(other, _)| other.id == alert.id).map(|(a, _)| &a.house).collect();
    let about: Vec<&Known> =
        events.values().filter(|(event, positions)| is_about(event, positions, alert, alerts)).collect();
    let latest = events.values().filter_map(|(event, _)| match event {
        Event::Moved(moved) if moves(moved, alert, callers.len() == 1) => {
            Some((moved.at, record::write(event), moved.location?))
        }
        _ => None,
    });
    let latest = latest.max_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let latest = latest.map(|(at, _, location)| (location, at));
    let located = latest.or_else(|| Some((alert.location?, alert.at)));
    let mut incident = Incident {
        alert: alert.clone(),
        location: located.map(|(location, _)| location),
        located: located.map(|(_, at)| at),
        responses: Vec::new(),
        first: first(&about, partitions),
        end: None,
        escalated: None,
        steps: Vec::new(),
        pushed: Flats::new(),
        reached: Flats::new(),
        sounded: Flats::new(),
        seen: Flats::new(),
    };
    for (event, _) in events.values() {
        if let Event::Receipt(receipt) = event
            && receipt.alert == alert.id
            && is_meant(receipt.target.as_ref(), alert)
        {
            let others = |flats: &Flats| {
                let seen = flats.iter().map(|flat| flat.seen_from(&line()));
                seen.filter(|flat| *flat != Neighbour::from(alert.house.clone())).collect::<Vec<_>>()
            };
            incident.pushed.extend(others(&receipt.pushed));
            incident.reached.extend(others(&receipt.reached));
            incident.sounded.extend(others(&receipt.sounded));
            incident.seen.extend(others(&receipt.seen));
        }
    }
    respond(&mut incident, about);
    for response in &mut incident.responses {
        locate(response, alert, events);
    }
    incident
}

/// The last that a house on the way reported of where it is, unless its last word about the call came later.
fn locate(response: &mut Response, alert: &Alert, events: &BTreeMap<String, Known>) {
    let reports = events.values().filter_map(|(event, _)| match event {
        Event::Moved(moved) => {
            let own = moved.house_line.clone().filter(|own| *own != line());
            let is_own = moved.house.as_ref() == Some(&response.house) && own == response.line;
            let is_about = moved.alert == alert.id && moved.target.as_ref() == Some(&alert.house);
            (is_own && is_about).then(|| (moved.at, record::write(event), moved.location))
        }
        _ => None,
    });
    let last = reports.max_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    if let Some((at, _, location)) = last.filter(|_| response.stance == Stance::Coming)
        && at >= response.at
    {
        (response.location, response.located) = (location, Some(at));
    }
}

/// The caller moves its own marker. A record that names no house does so only where one house alone used the id.
fn moves(moved: &Moved, alert: &Alert, is_alone: bool) -> bool {
    let by_caller = moved.house.as_ref().is_none_or(|house| *house == alert.house)
        && moved.house_line.as_ref().is_none_or(|own| *own == line());
    let names_house = moved.target.is_some() || moved.house.is_some();
    moved.alert == alert.id
        && is_meant(moved.target.as_ref(), alert)
        && by_caller
        && moved.location.is_some()
        && (names_house || is_alone)
}

fn first(about: &[&Known], partitions: i32) -> Option<domain::EventId> {
    let home = partition::of_key(line().as_str().as_bytes(), partitions);
    let mut places: Vec<_> = about
        .iter()
        .flat_map(|(event, positions)| positions.iter().map(move |position| (event, position)))
        .filter_map(|(event, position)| match event {
            Event::Accept(accept) => Some((position, accept.id)),
            _ => None,
        })
        .collect();
    let at_home = places
        .iter()
        .filter(|(place, _)| place.partition == home)
        .min_by_key(|(place, id)| (place.offset, *id));
    if let Some((_, id)) = at_home {
        return Some(*id);
    }
    places.sort_by_key(|(place, id)| (place.timestamp, place.partition, place.offset, *id));
    places.first().map(|(_, id)| *id)
}

fn respond(incident: &mut Incident, mut about: Vec<&Known>) {
    about.sort_by(|(a, _), (b, _)| order(a).cmp(&order(b)));
    let mut responses: BTreeMap<(Option<Line>, House), Response> = BTreeMap::new();
    for (event, _) in about {
        match event {
            Event::Accept(Accept { id, accept, accept_line, at, .. }) => {
                let own = accept_line.clone().filter(|own| *own != line());
                let first = responses.get(&(own.clone(), accept.clone())).is_some_and(|known| known.first);
                let first = first || incident.first == Some(*id);
                let response = Response {
                    house: accept.clone(),
                    line: own.clone(),
                    stance: Stance::Coming,
                    at: *at,
                    word: *id,
                    first,
                    location: None,
                    located: None,
                };
                responses.insert((own, accept.clone()), response);
            }
            Event::Status(status) => match (status.status, &status.by) {
                (Progress::Withdrawn | Progress::Arrived, Actor::House(house)) => {
                    let own = status.by_line.clone().filter(|own| *own != line());
                    let known = responses.remove(&(own.clone(), house.clone()));
                    if known.is_none() && status.status == Progress::Withdrawn {
                        continue;
                    }
                    let first = known.is_some_and(|known| known.first);
                    let stance =
                        if status.status == Progress::Arrived { Stance::Arrived } else { Stance::Withdrawn };
                    let response = Response {
                        house: house.clone(),
                        line: own.clone(),
                        stance,
                        at: status.at,
                        word: status.id,
                        first,
                        location: None,
                        located: None,
                    };
                    responses.insert((own, house.clone()), response);
                }
                (Progress::Escalated, _) => {
                    incident.escalated.get_or_insert(status.at);
                    let step = status.escalation.clone();
                    incident.steps.extend(step.map(|step| domain::Escalated { at: status.at, step }));
                }
                (how, by) => {
                    let note = status.note.clone();
                    incident.end.get_or_insert(End { how, by: by.clone(), at: status.at, note });
                }
            },
            _ => {}
        }
    }
    incident.responses = responses.into_values().collect();
    incident.responses.sort_by(|a, b| (a.at, &a.house, &a.line).cmp(&(b.at, &b.house, &b.line)));
}

/// (time, id), and where one id was used for several things, who, of which line, and what.
fn order(event: &Event) -> impl Ord {
    match event {
        Event::Accept(accept) => {
            let own = accept.accept_line.clone().filter(|own| *own != line());
            let target = Some(accept.target.clone());
            (accept.at, accept.id, Actor::House(accept.accept.clone()), own, None, (accept.alert, target))
        }
        Event::Status(status) => {
            let own = status.by_line.clone().filter(|own| *own != line());
            let call = (Some(status.alert), status.target.clone());
            (status.at, status.id, status.by.clone(), own, Some(status.status), call)
        }
        other => unreachable!("no answer: {other:?}"),
    }
}
