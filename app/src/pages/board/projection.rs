//! The part of the world that the board's plan shows, and where a place is drawn on it. Numbers only.

use domain::Location;

use crate::{
    context::{Ground, Plan},
    map::{ground::holds, places::Place},
};

/// The size of the drawing, in its own units. The style sheet scales it.
pub(super) const SIZE: (f64, f64) = (800.0, 520.0);
/// The room around callers without a plan, for half a label.
const EDGE: f64 = 90.0;
/// The least extent of the ground that is shown, in metres.
const LEAST: f64 = 160.0;
/// The greatest extent of a plan that is shown whole while somebody calls, in metres. A larger one is shown around the
/// callers.
const WHOLE: f64 = 700.0;
/// A caller farther from the plan than so many times its extent has no marker, because the plan would be a dot.
const FAR: f64 = 1.5;
/// The length of the equator in metres, which is the width of the projection at latitude 0.
pub(super) const EQUATOR: f64 = 40_075_016.7;
/// The projection has nothing beyond this latitude.
const FARTHEST_NORTH: f64 = 85.05;

/// The part of the world that is drawn. The world is a square of side 1 in the web's projection, north at the top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    /// Units of the drawing in the world's width.
    pub(super) scale: f64,
}

impl Frame {
    /// Returns the frame that has every caller, and the plan as far as it fits; `None` where there is nothing to show.
    pub(super) fn of(ground: &Ground, callers: &[Place]) -> Option<Self> {
        match ground {
            Ground::Plan(plan) => {
                let all_on_it = callers.iter().all(|place| holds(plan, *place));
                if all_on_it && (callers.is_empty() || extent(plan) <= WHOLE) {
                    return Self::around(&corners(plan), 0.0);
                }
                let with_plan = extent(plan) <= WHOLE;
                let plan = if with_plan { corners(plan).to_vec() } else { Vec::new() };
                Self::around(&[callers, &plan[..]].concat(), EDGE)
            }
            Ground::Tiles(_) | Ground::Paper => Self::around(callers, EDGE),
        }
    }

    fn around(places: &[Place], edge: f64) -> Option<Self> {
        let (latitude, _) = *places.first()?;
        let points: Vec<(f64, f64)> = places.iter().map(|place| world(*place)).collect();
        let (west, east) = bounds(points.iter().map(|(x, _)| *x));
        let (north, south) = bounds(points.iter().map(|(_, y)| *y));
        let least = LEAST / (EQUATOR * latitude.to_radians().cos().max(0.05));
        let (across, down) = ((east - west).max(least), (south - north).max(least * SIZE.1 / SIZE.0));
        let scale = ((SIZE.0 - 2.0 * edge) / across).min((SIZE.1 - 2.0 * edge) / down);
        let (x, y) = (f64::midpoint(west, east), f64::midpoint(north, south));
        Some(Self { left: x - SIZE.0 / scale / 2.0, top: y - SIZE.1 / scale / 2.0, scale })
    }

    /// Returns where a place is drawn.
    pub(super) fn at(&self, place: Place) -> (f64, f64) {
        let (x, y) = world(place);
        ((x - self.left) * self.scale, (y - self.top) * self.scale)
    }
}

fn bounds(numbers: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    (numbers.clone().fold(f64::INFINITY, f64::min), numbers.fold(f64::NEG_INFINITY, f64::max))
}

/// The web's projection (EPSG 3857) of a place, on a square of side 1.
fn world((lat, lng): Place) -> (f64, f64) {
    let lat = lat.clamp(-FARTHEST_NORTH, FARTHEST_NORTH).to_radians();
    let north = (lat.tan() + 1.0 / lat.cos()).ln() / std::f64::consts::PI;
    ((lng + 180.0) / 360.0, (1.0 - north) / 2.0)
}

fn corners(plan: &Plan) -> [Place; 2] {
    [plan.south_west, plan.north_east]
}

/// The longer side of a plan in metres.
fn extent(plan: &Plan) -> f64 {
    let [(south, west), (north, east)] = corners(plan);
    let across = (east - west) * south.to_radians().cos();
    (north - south).max(across) * EQUATOR / 360.0
}

/// Returns how far a location is from the middle of a plan, in metres.
pub(super) fn distance(plan: &Plan, location: Location) -> f64 {
    let [(south, west), (north, east)] = corners(plan);
    let (lat, lng) = (f64::midpoint(south, north), f64::midpoint(west, east));
    let turn = (location.lng - lng).rem_euclid(360.0);
    let across = turn.min(360.0 - turn) * lat.to_radians().cos();
    (location.lat - lat).hypot(across) * EQUATOR / 360.0
}

/// Returns whether a caller is near enough to the plan to be drawn with it.
pub(super) fn is_near(plan: &Plan, location: Location) -> bool {
    holds(plan, (location.lat, location.lng)) || distance(plan, location) <= extent(plan) * FAR
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_plan() -> Plan {
        Plan { address: "/plan".into(), south_west: (37.500, 127.000), north_east: (37.502, 127.003) }
    }

    #[test]
    fn a_caller_beside_the_plan_is_drawn_with_all_of_it() {
        let frame = |place| Frame::of(&Ground::Plan(a_plan()), &[place]).expect("a frame");
        assert_eq!(Some(frame((37.501, 127.001))), Frame::around(&corners(&a_plan()), 0.0));
        let outside = (37.4995, 127.004);
        for place in [outside, a_plan().south_west, a_plan().north_east] {
            let (x, y) = frame(outside).at(place);
            assert!((0.0..=SIZE.0).contains(&x) && (0.0..=SIZE.1).contains(&y), "{place:?}: {x} {y}");
        }
    }

    #[test]
    fn north_is_up_and_nothing_to_show_has_no_frame() {
        let frame = Frame::of(&Ground::Paper, &[(37.5, 127.0), (37.6, 127.1)]).expect("a frame");
        let ((west, south), (east, north)) = (frame.at((37.5, 127.0)), frame.at((37.6, 127.1)));
        assert!(west < east && north < south);
        assert_eq!(Frame::of(&Ground::Paper, &[]), None);
    }
}
