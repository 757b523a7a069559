//! The locations that listeners get. There are none once the call is over, because they are nobody's business then.

use domain::{Event, Incident, LineIncidents};

/// Returns a call without the places it came from.
pub(super) fn without_coordinates(mut incident: Incident) -> Incident {
    incident.alert.location = None;
    incident.location = None;
    incident
}

/// Returns whether an event is the location of a caller whose call somebody has ended. A node that does not know of the
/// end yet, or another producer, may still send one.
pub(super) fn is_of_ended_call(incidents: &LineIncidents, event: &Event) -> bool {
    let Event::Moved(moved) = event else { return false };
    let calls = incidents.named(moved.alert);
    !calls.iter().any(|call| call.end.is_none() && event.fits(&call.alert.key()))
}

#[cfg(test)]
mod tests {
    use domain::{
        Actor, Alert, AlertId, EventId, House, Line, Location, Millis, Moved, Progress, Source, Status,
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
            location: Location::new(37.6, 127.0, None).unwrap(),
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
        assert!(!is_of_ended_call(&incidents, &moved(&one)));
        incidents.apply(cancelled(&one), Source::Direct);
        assert!(is_of_ended_call(&incidents, &moved(&one)));
        assert!(!is_of_ended_call(&incidents, &moved(&other)), "a call of the same id that is open");
        assert!(!is_of_ended_call(&incidents, &cancelled(&one)), "its words are news all the same");
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
