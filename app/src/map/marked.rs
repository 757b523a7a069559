//! The calls that have a marker. A house that has called again from the same place has one, that of its newest call.

use domain::{Incident, Location, Millis, collections::sort_by};

/// Metres between two locations of one house from which each has a marker, because somebody else may need help there.
/// It is more than a good location is wrong by.
const APART: f64 = 30.0;
/// Metres in a degree of latitude.
const DEGREE: f64 = 111_320.0;

/// Returns the calls that have a marker, each with its location.
pub(crate) fn marked(incidents: &[Incident], now: Millis) -> Vec<(&Incident, Location)> {
    let mut located: Vec<_> =
        incidents.iter().filter_map(|incident| Some((incident, incident.location?))).collect();
    let place = |incident: &Incident| (incident.alert.at, incident.alert.id);
    sort_by(&mut located, |(one, _), (other, _)| place(other).cmp(&place(one)));
    let mut marked: Vec<(&Incident, Location)> = Vec::new();
    for (call, location) in located {
        let is_of_house = |other: &Incident| {
            (&other.alert.line, &other.alert.house) == (&call.alert.line, &call.alert.house)
        };
        let hides = |(other, there): &(&Incident, Location)| {
            other.is_open(now) && is_of_house(other) && metres(location, *there) < APART
        };
        if !marked.iter().any(hides) {
            marked.push((call, location));
        }
    }
    marked
}

/// The browser has one already, and the standard library's would travel with the page.
fn cosine(angle: f64) -> f64 {
    if cfg!(target_arch = "wasm32") { js_sys::Math::cos(angle) } else { angle.cos() }
}

/// Returns how far two locations of one complex are apart. The earth is flat there.
fn metres(one: Location, other: Location) -> f64 {
    let apart = (one.lng - other.lng).abs();
    let turn = if apart > 180.0 { 360.0 - apart } else { apart };
    let east = turn * cosine(one.lat.to_radians());
    (one.lat - other.lat).hypot(east) * DEGREE
}

#[cfg(test)]
mod tests {
    use domain::Alert;

    use super::*;
    use crate::samples::{AT, call, house, incident};

    fn at(number: u128, (lat, lng): (f64, f64)) -> Incident {
        let location = Location::new(lat, lng, None);
        let began = AT + i64::try_from(number).unwrap_or_default();
        incident(&Alert { location, at: began, ..call(number) }, [])
    }

    fn numbers(incidents: &[Incident]) -> Vec<u128> {
        marked(incidents, AT + 10).iter().map(|(incident, _)| incident.alert.id.0.as_u128()).collect()
    }

    #[test]
    fn a_house_that_calls_again_from_one_place_has_the_marker_of_its_newest_call() {
        let place = (37.5, 127.0);
        assert_eq!(numbers(&[at(1, place), at(3, place), at(2, place)]), numbers(&[at(3, place)]));
        // About ten metres, and across the 180th meridian.
        assert_eq!(numbers(&[at(1, (37.5001, 127.0)), at(2, place)]).len(), 1);
        assert_eq!(numbers(&[at(1, (0.0, 179.99999)), at(2, (0.0, -179.99999))]).len(), 1);
    }

    #[test]
    fn two_people_of_a_house_and_two_houses_have_a_marker_each() {
        let place = (37.5, 127.0);
        assert_eq!(numbers(&[at(1, (37.501, 127.0)), at(2, place)]).len(), 2);
        let other = Incident { alert: Alert { house: house("1301"), ..at(1, place).alert }, ..at(1, place) };
        assert_eq!(numbers(&[other, at(2, place)]).len(), 2);
    }
}
