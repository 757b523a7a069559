//! The ground under the markers, which is tiles, or paper with the site plan on it.

use js_sys::{Function, Object};
use wasm_bindgen::JsValue;

use super::{
    leaflet::{self, Map, options, place},
    places::Place,
};
use crate::context::{Ground, Plan};

/// The view of tiles before any call has a place, which is the south of the Korean peninsula.
const NOWHERE: (f64, f64, f64) = (36.4, 127.8, 6.0);
/// The zoom of blank paper before any call has a place. Its scale then fits a complex.
const PAPER_ZOOM: f64 = 17.0;
/// The nearest that tiles can be seen from.
const NEAREST_TILES: f64 = 19.0;
/// The nearest zoom for a plan, at which a door fills the map.
const NEAREST: f64 = 22.0;
/// The step of the zoom on paper. Tiles are sharp at whole levels only.
const FINE_ZOOM: f64 = 0.25;

/// The options of a map on this ground.
pub(super) fn map_options(ground: &Ground) -> Object {
    let has_tiles = matches!(ground, Ground::Tiles(_));
    let (snap, nearest) = if has_tiles { (1.0, NEAREST_TILES) } else { (FINE_ZOOM, NEAREST) };
    options([
        ("zoomControl", false.into()),
        ("attributionControl", false.into()),
        ("zoomSnap", snap.into()),
        ("maxZoom", nearest.into()),
    ])
}

/// Lays the ground under the markers; `create_tile` makes the paper's tiles.
pub(super) fn lay(ground: &Ground, map: &Map, create_tile: &Function) {
    let (lat, lng, zoom) = NOWHERE;
    if let Ground::Tiles(tiles) = ground {
        map.set_view(&place(lat, lng), zoom);
        leaflet::tile_layer(&tiles.url, &options([("maxZoom", NEAREST_TILES.into())])).add_to(map);
        return;
    }
    map.set_view(&place(lat, lng), PAPER_ZOOM);
    let paper = leaflet::grid_layer();
    leaflet::create_tiles(&paper, create_tile);
    paper.add_to(map);
    leaflet::scale_control(&options([("imperial", false.into())])).add_to(map);
    if let Ground::Plan(plan) = ground {
        let style = options([("className", "map-plan".into())]);
        leaflet::image_overlay(&plan.address, &corners(plan), &style).add_to(map);
    }
}

/// The corners of a plan, as Leaflet takes bounds.
pub(super) fn corners(plan: &Plan) -> JsValue {
    let [south_west, north_east] = [plan.south_west, plan.north_east].map(|(lat, lng)| place(lat, lng));
    js_sys::Array::of2(&south_west, &north_east).into()
}

/// Returns whether a place lies on the plan.
pub(crate) fn holds(plan: &Plan, (lat, lng): Place) -> bool {
    let (south_west, north_east) = (plan.south_west, plan.north_east);
    (south_west.0..=north_east.0).contains(&lat) && (south_west.1..=north_east.1).contains(&lng)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_holds_what_lies_between_its_corners() {
        let plan =
            Plan { address: "/plan".into(), south_west: (37.500, 127.000), north_east: (37.502, 127.003) };
        let at = |lat, lng| holds(&plan, (lat, lng));
        assert!(at(37.500, 127.000) && at(37.501, 127.002));
        for (lat, lng) in [(37.499, 127.001), (37.503, 127.001), (37.501, 126.999), (37.501, 127.004)] {
            assert!(!at(lat, lng), "{lat}, {lng}");
        }
    }
}
