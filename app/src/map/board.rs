//! The map as Leaflet draws it: calls in, markers and circles out.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use domain::{CallKey, Incident, Location, Millis};
use leptos::{logging, prelude::document};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, ResizeObserver};

use super::leaflet::{self, Layer, Map, options, place};
use crate::context::{Ground, Plan};

/// What is shown before any call has a place: the Korean peninsula's south.
const NOWHERE: (f64, f64, f64) = (36.4, 127.8, 6.0);
/// How near the map goes by itself.
const CLOSE: f64 = 17.0;
const MARGIN: f64 = 48.0;
/// The nearest that tiles can be seen from.
const NEAREST_TILES: f64 = 19.0;
/// The nearest that a plan can be seen from: a door fills the map.
const NEAREST: f64 = 22.0;
/// How finely the zoom is chosen on a plan. Tiles are sharp at whole levels only.
const FINE_ZOOM: f64 = 0.25;
/// A location that is less accurate than this, in metres, has no circle: it would cover the map and show nothing.
const TOO_VAGUE: f64 = 50_000.0;

/// The words of the zoom buttons.
#[derive(Clone)]
pub(super) struct Words {
    pub(super) zoom_in: String,
    pub(super) zoom_out: String,
}

/// A Leaflet map in an element, until it is dropped.
pub(super) struct Board {
    map: Map,
    markers: BTreeMap<CallKey, Marker>,
    /// The open calls that the map was last fitted to.
    fitted: BTreeSet<CallKey>,
    /// The corners of the site plan, where there is one.
    plan: Option<JsValue>,
    element: HtmlElement,
    /// The places that the map was to be fitted to while it had no size, as in a page that is not shown yet.
    unfitted: Rc<RefCell<Option<JsValue>>>,
    size: ResizeObserver,
    // Leaflet and the browser call them for as long as the map is there.
    _resized: Closure<dyn Fn()>,
    _create_tile: Closure<dyn Fn() -> Element>,
}

struct Marker {
    label: Element,
    pin: Layer,
    accuracy: Option<Layer>,
}

impl Board {
    pub(super) fn new(element: &HtmlElement, ground: &Ground, words: &Words) -> Result<Self, JsValue> {
        let has_tiles = matches!(ground, Ground::Tiles(_));
        let (snap, nearest) = if has_tiles { (1.0, NEAREST_TILES) } else { (FINE_ZOOM, NEAREST) };
        let without = [
            ("zoomControl", false.into()),
            ("attributionControl", false.into()),
            ("zoomSnap", snap.into()),
            ("maxZoom", nearest.into()),
        ];
        let map = leaflet::map(element, &options(without))?;
        map.set_view(&place(NOWHERE.0, NOWHERE.1), NOWHERE.2);
        let titles =
            [("zoomInTitle", words.zoom_in.clone().into()), ("zoomOutTitle", words.zoom_out.clone().into())];
        leaflet::zoom_control(&options(titles)).add_to(&map);
        let create_tile = Closure::new(|| labelled("div", "map-paper-tile"));
        let plan = lay(ground, &map, create_tile.as_ref().unchecked_ref());
        let unfitted = Rc::new(RefCell::new(None));
        let resized = {
            let (map, element) = (map.clone().unchecked_into::<Map>(), element.clone());
            let (unfitted, plan) = (unfitted.clone(), plan.clone());
            Closure::new(move || {
                map.invalidate_size();
                if let Some(bounds) = unfitted.borrow_mut().take_if(|_| has_size(&element)) {
                    fit_to(&map, &bounds, plan.as_ref());
                }
            })
        };
        let size = ResizeObserver::new(resized.as_ref().unchecked_ref())?;
        size.observe(element);
        let board = Self {
            map,
            markers: BTreeMap::new(),
            fitted: BTreeSet::new(),
            plan,
            element: element.clone(),
            unfitted,
            size,
            _resized: resized,
            _create_tile: create_tile,
        };
        board.show_plan();
        Ok(board)
    }

    /// Shows these calls where their callers are, and no others.
    pub(super) fn show(&mut self, incidents: &[Incident], now: Millis) {
        let placed: BTreeMap<_, _> = incidents
            .iter()
            .filter_map(|incident| Some((incident.alert.key(), (incident, incident.location?))))
            .collect();
        self.markers.retain(|name, _| placed.contains_key(name));
        for (name, (incident, location)) in &placed {
            let marker = self
                .markers
                .entry(name.clone())
                .or_insert_with(|| Marker::new(incident, *location, &self.map));
            marker.update(incident, *location, &self.map, now);
        }
        let open = placed.into_iter().filter(|(_, (incident, _))| incident.is_open(now));
        self.fit(&open.map(|(name, (_, location))| (name, location)).collect());
    }

    /// Goes to where the open calls are, when there is another one; follows them, when they move out of sight.
    /// After the last one it goes back to the site plan. Otherwise the person's own view stays.
    fn fit(&mut self, open: &BTreeMap<CallKey, Location>) {
        let names: BTreeSet<_> = open.keys().cloned().collect();
        let places = || open.values().map(|location| place(location.lat, location.lng));
        if names.is_empty() {
            if !self.fitted.is_empty() {
                self.show_plan();
            }
        } else if names.is_subset(&self.fitted) {
            for place in places() {
                self.map.pan_inside(&place, &options([padding()]));
            }
        } else {
            let bounds: JsValue = places().collect::<js_sys::Array>().into();
            if has_size(&self.element) {
                fit_to(&self.map, &bounds, self.plan.as_ref());
            } else {
                self.unfitted.replace(Some(bounds));
            }
        }
        self.fitted = names;
    }

    /// Shows the whole site plan, if there is one.
    fn show_plan(&self) {
        let Some(corners) = &self.plan else { return };
        if has_size(&self.element) {
            self.unfitted.take();
            self.map.fit_bounds(corners, &options([]));
        } else {
            self.unfitted.replace(Some(corners.clone()));
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.size.disconnect();
        self.markers.clear();
        self.map.remove();
    }
}

impl Marker {
    fn new(incident: &Incident, location: Location, map: &Map) -> Self {
        let label = labelled("span", "map-marker");
        // As text: nothing that a resident wrote is ever read as HTML.
        label.set_text_content(Some(incident.alert.house.as_str()));
        attribute(&label, "data-testid", "marker");
        attribute(&label, "data-house", incident.alert.house.as_str());
        attribute(&label, "data-alert", &incident.alert.id.to_string());
        // The size of nothing: the label's own style puts it over the place.
        let icon =
            [("html", label.clone().into()), ("className", "map-pin".into()), ("iconSize", place(0.0, 0.0))];
        let icon = leaflet::div_icon(&options(icon));
        let fixed = [("icon", icon), ("interactive", false.into()), ("keyboard", false.into())];
        let pin = leaflet::marker(&place(location.lat, location.lng), &options(fixed)).add_to(map);
        Self { label, pin, accuracy: None }
    }

    fn update(&mut self, incident: &Incident, location: Location, map: &Map, now: Millis) {
        let here = place(location.lat, location.lng);
        self.pin.set_place(&here);
        attribute(&self.label, "data-lat", &location.lat.to_string());
        attribute(&self.label, "data-lng", &location.lng.to_string());
        let state = if incident.is_open(now) { "map-marker" } else { "map-marker ended" };
        self.label.set_class_name(state);
        match (location.accuracy.filter(|metres| *metres <= TOO_VAGUE), &self.accuracy) {
            (Some(metres), Some(circle)) => {
                circle.set_place(&here).set_radius(metres);
            }
            (Some(metres), None) => {
                let look = [
                    ("radius", metres.into()),
                    ("interactive", false.into()),
                    ("className", "map-accuracy".into()),
                ];
                self.accuracy = Some(leaflet::circle(&here, &options(look)).add_to(map));
            }
            (None, _) => self.remove_accuracy(),
        }
    }

    fn remove_accuracy(&mut self) {
        if let Some(circle) = self.accuracy.take() {
            circle.take_off();
        }
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        self.remove_accuracy();
        self.pin.take_off();
    }
}

fn padding() -> (&'static str, JsValue) {
    ("padding", place(MARGIN, MARGIN))
}

/// Fits the map to these places. Where the whole plan is seen from nearer than a call would be, a call is, too.
fn fit_to(map: &Map, bounds: &JsValue, plan: Option<&JsValue>) {
    let close = plan.map_or(CLOSE, |corners| map.bounds_zoom(corners).max(CLOSE));
    map.fit_bounds(bounds, &options([padding(), ("maxZoom", close.into())]));
}

/// Lays the ground under the markers; returns the corners of the site plan.
fn lay(ground: &Ground, map: &Map, create_tile: &js_sys::Function) -> Option<JsValue> {
    if let Ground::Tiles(tiles) = ground {
        leaflet::tile_layer(&tiles.url, &options([("maxZoom", NEAREST_TILES.into())])).add_to(map);
        return None;
    }
    let paper = leaflet::grid_layer();
    leaflet::create_tiles(&paper, create_tile);
    paper.add_to(map);
    leaflet::scale_control(&options([("imperial", false.into())])).add_to(map);
    // On blank paper every place looks alike; this only sets the scale.
    map.set_view(&place(NOWHERE.0, NOWHERE.1), CLOSE);
    let Ground::Plan(plan) = ground else { return None };
    let Plan { address, south_west, north_east } = plan;
    let corners = js_sys::Array::of2(&place(south_west.0, south_west.1), &place(north_east.0, north_east.1));
    let look = options([("className", "map-plan".into())]);
    leaflet::image_overlay(address, &corners, &look).add_to(map);
    Some(corners.into())
}

/// Tells if the element takes room on the page: Leaflet can fit nothing into one that does not.
fn has_size(element: &HtmlElement) -> bool {
    element.client_width() > 0 && element.client_height() > 0
}

fn labelled(tag: &str, class: &str) -> Element {
    let element = document().create_element(tag).expect("the tag is one of HTML's");
    element.set_class_name(class);
    element
}

fn attribute(element: &Element, name: &str, value: &str) {
    if element.set_attribute(name, value).is_err() {
        logging::warn!("the attribute {name} cannot be set");
    }
}
