//! The plan has a marker for each caller on it, and names the others below.

use domain::{Alert, Location};

use super::*;
use crate::samples::{AT, accept, call, house, incident};

fn a_plan() -> Plan {
    Plan { address: "/plan".into(), south_west: (37.500, 127.000), north_east: (37.502, 127.003) }
}

fn at(name: &str, number: u128, place: Option<(f64, f64)>) -> Alert {
    let location = place.and_then(|(lat, lng)| Location::new(lat, lng, Some(12.0)));
    Alert { house: house(name), location, ..call(number) }
}

fn drawn(ground: &Ground, calls: &[Incident]) -> Drawing {
    let houses = HouseCalls::by_urgency(calls.iter());
    plan(Locale::ko, ground, &houses, houses.first(), AT + 60_000)
}

#[test]
fn callers_have_a_marker_with_their_state_and_the_newest_a_ring() {
    let (waits, helped) = (at("0704", 1, Some((37.501, 127.001))), at("1203", 2, Some((37.5015, 127.002))));
    let calls = [incident(&waits, []), incident(&helped, [accept(&helped, "1204")])];
    let Drawing { svg, notes } = drawn(&Ground::Plan(a_plan()), &calls);
    for part in ["! 0704호", "→ 1203호", "pin pin-call newest", "pin pin-help", "href=\"/plan\""] {
        assert!(svg.contains(part), "{part} in {svg}");
    }
    assert!(notes.is_empty() && !svg.contains("style"), "{notes:?} {svg}");
}

#[test]
fn a_caller_far_away_and_one_without_a_location_are_named_below() {
    let calls = [at("0704", 1, Some((37.6, 127.001))), at("0501", 2, None)];
    let calls = calls.map(|call| incident(&call, []));
    let Drawing { svg, notes } = drawn(&Ground::Plan(a_plan()), &calls);
    assert!(!svg.contains("board-pin"), "{svg}");
    assert!(notes[0].contains("0704호") && notes[0].contains("11.0 km"), "{notes:?}");
    assert!(notes[1].contains('1'), "{notes:?}");
}

#[test]
fn tiles_cover_the_drawing_and_their_addresses_are_whole() {
    let tiles = Tiles { url: "https://{s}.tiles/{z}/{x}/{y}.png?a&b".into(), attribution: "thanks".into() };
    let calls = [incident(&at("0704", 1, Some((37.501, 127.001))), [])];
    let Drawing { svg, notes } = drawn(&Ground::Tiles(tiles), &calls);
    assert!(svg.matches("<image").count() >= 6, "{svg}");
    assert!(svg.contains(".tiles/19/") && svg.contains(".png?a&amp;b") && !svg.contains('{'), "{svg}");
    assert_eq!(notes, ["thanks"]);
}

#[test]
fn words_never_become_tags() {
    let calls = [incident(&at("<b>", 1, Some((37.501, 127.001))), [])];
    let Drawing { svg, .. } = drawn(&Ground::Paper, &calls);
    assert!(svg.contains("! &lt;b&gt;") && !svg.contains("<b>"), "{svg}");
    assert!(!drawn(&Ground::Paper, &[]).svg.contains("NaN"));
}
