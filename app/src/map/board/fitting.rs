//! The part of the map that is shown.

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use crate::{
    context::Plan,
    map::{
        ground,
        leaflet::{Map, options, place},
        places::Place,
    },
};

/// The zoom to which the map goes unasked.
const CLOSE: f64 = 17.0;
/// Pixels between a location and the edge of the map. They leave room for half a marker beside the zoom buttons, and
/// for one that is moved by a row.
const MARGIN: (f64, f64) = (84.0, 52.0);

fn padding() -> (&'static str, JsValue) {
    ("padding", place(MARGIN.0, MARGIN.1))
}

/// Returns whether the element has room for a place within the margins, because Leaflet can fit nothing into one that
/// does not.
pub(super) fn has_room(element: &HtmlElement) -> bool {
    let (across, down) = MARGIN;
    f64::from(element.client_width()) > 2.0 * across && f64::from(element.client_height()) > 2.0 * down
}

/// Moves the map no farther than it takes to see each of these places.
pub(super) fn keep_inside(map: &Map, places: &[Place]) {
    for (lat, lng) in places {
        map.pan_inside(&place(*lat, *lng), &options([padding()]));
    }
}

/// Shows these places. It shows the whole site plan where they all lie on it and it need not be seen from farther away
/// than a call, else their surroundings. Without places it shows the plan. All of it happens at once, because Leaflet
/// cannot pan while it zooms.
pub(super) fn fit_to(map: &Map, places: &[Place], plan: Option<&Plan>) {
    let at_once = || ("animate", JsValue::FALSE);
    let on_plan = plan.filter(|plan| places.iter().all(|place| ground::holds(plan, *place)));
    let corners = on_plan.map(ground::corners);
    if let Some(corners) = corners.filter(|corners| places.is_empty() || map.bounds_zoom(corners) >= CLOSE) {
        map.fit_bounds(&corners, &options([at_once()]));
        keep_inside(map, places);
    } else if !places.is_empty() {
        let bounds: JsValue = places.iter().map(|(lat, lng)| place(*lat, *lng)).collect::<Array>().into();
        map.fit_bounds(&bounds, &options([padding(), ("maxZoom", CLOSE.into()), at_once()]));
    }
}
