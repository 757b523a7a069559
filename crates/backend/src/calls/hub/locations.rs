//! The locations that listeners get. There are none once the call is over, because they are nobody's business then, and
//! none of a helper who is not on the way.

use domain::{Event, Incident, LineIncidents};

/// Returns a call without the places it came from.
pub(super) fn without_coordinates(mut incident: Incident) -> Incident {
    incident.alert.location = None;
    incident.location = None;
    for response in &mut incident.responses {
        response.location = None;
    }
    incident
}

/// Returns whether an event is a location that listeners do not get, because somebody has ended the call or the helper
/// is not on the way. A node that does not know of the last word yet, or another producer, may still send one.
pub(super) fn is_withheld(incidents: &LineIncidents, event: &Event) -> bool {
    let Event::Moved(moved) = event else { return false };
    let calls = incidents.named(moved.alert);
    let may_show = |call: &Incident| event.fits(&call.alert.key()) && call.may_show(moved);
    !calls.iter().any(|call| call.end.is_none() && may_show(call))
}

#[cfg(test)]
mod tests {
    use domain::{
        Accept, Actor, Alert, AlertId, EventId, House, Line, Location, Millis, Moved, Progress, Source,
        Status,
    };

    use super::*;

    const AT: Millis = 1_700_000_000_000;

    fn alert(house: &str) -> Alert {
        Alert {
            id: AlertId(uuid::Uuid::from_u128(1)),
            line: Line::new("101-1").unwrap(),
            house: House::new(house).unwrap(),
            text: String::new(),
            location: Location::new(37.5, 127.0, None),
            kind: None,
            drill: false,
            alone: false,
            at: AT,
        }
    }

    fn moved(alert: &Alert) -> Event {
        Event::Moved(Moved {
            line: alert.line.clone(),
            alert: alert.id,
            target: Some(alert.house.clone()),
            house: None,
            house_line: None,
            location: Location::new(37.6, 127.0, None),
            at: AT + 9_000,
        })
    }

    fn cancelled(alert: &Alert) -> Event {
        Event::Status(Status {
            id: EventId::generate(),
            line: alert.line.clone(),
            alert: alert.id,
            target: Some(alert.house.clone()),
            status: Progress::Cancelled,
            by: Actor::House(alert.house.clone()),
            by_line: None,
            note: None,
            escalation: None,
            at: AT + 5_000,
        })
    }

    #[test]
    fn a_location_counts_as_of_an_ended_call_only_where_its_own_call_has_ended() {
        let (one, other) = (alert("1203"), alert("1301"));
        let mut incidents = LineIncidents::new(one.line.clone(), 1);
        for alert in [&one, &other] {
            incidents.apply(Event::Alert(alert.clone()), Source::Direct);
        }
        assert!(!is_withheld(&incidents, &moved(&one)));
        incidents.apply(cancelled(&one), Source::Direct);
        assert!(is_withheld(&incidents, &moved(&one)));
        assert!(!is_withheld(&incidents, &moved(&other)), "a call of the same id that is open");
        assert!(!is_withheld(&incidents, &cancelled(&one)), "its words are news all the same");
    }

    #[test]
    fn the_location_of_a_helper_is_withheld_unless_the_house_is_on_the_way() {
        let call = alert("1203");
        let Event::Moved(caller) = moved(&call) else { panic!("a location") };
        let here = Moved { house: House::new("1204").ok(), ..caller };
        let gone = Event::Moved(Moved { location: None, ..here.clone() });
        let here = Event::Moved(here);
        let mut incidents = LineIncidents::new(call.line.clone(), 1);
        incidents.apply(Event::Alert(call.clone()), Source::Direct);
        assert!(is_withheld(&incidents, &here), "it has accepted nothing");
        let accept = Accept {
            id: EventId::generate(),
            line: call.line.clone(),
            accept: House::new("1204").unwrap(),
            accept_line: None,
            target: call.house.clone(),
            alert: Some(call.id),
            at: AT + 1_000,
        };
        incidents.apply(Event::Accept(accept), Source::Direct);
        assert!(!is_withheld(&incidents, &here));
        let Event::Status(end) = cancelled(&call) else { panic!("a status") };
        let by = Actor::House(House::new("1204").unwrap());
        let withdrawn = Status { status: Progress::Withdrawn, by, ..end };
        incidents.apply(Event::Status(withdrawn), Source::Direct);
        assert!(is_withheld(&incidents, &here));
        assert!(!is_withheld(&incidents, &gone), "that it is shown no more is always sent");
        incidents.apply(cancelled(&call), Source::Direct);
        assert!(is_withheld(&incidents, &gone));
    }

    #[test]
    fn a_call_without_coordinates_has_no_place() {
        let alert = alert("1203");
        let mut incidents = LineIncidents::new(alert.line.clone(), 1);
        incidents.apply(Event::Alert(alert.clone()), Source::Direct);
        incidents.apply(moved(&alert), Source::Direct);
        let call = without_coordinates(incidents.incidents().pop().unwrap());
        assert_eq!((call.location, call.alert.location), (None, None));
    }
}
