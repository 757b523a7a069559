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

use super::{
    ground,
    leaflet::{self, Layer, Map, options, place},
};
use crate::context::{Ground, Plan};

/// How near the map goes by itself.
const CLOSE: f64 = 17.0;
/// Pixels between a location and the edge of the map. They leave room for half a marker beside the zoom buttons.
const MARGIN: (f64, f64) = (84.0, 48.0);
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
    /// The site plan, where there is one.
    plan: Option<Plan>,
    element: HtmlElement,
    /// The places that the map was to be fitted to while it had no size, as in a page that is not shown yet.
    unfitted: Rc<RefCell<Option<Vec<Location>>>>,
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
        let map = leaflet::map(element, &ground::map_options(ground))?;
        let zoom = [
            ("position", "bottomright".into()),
            ("zoomInTitle", words.zoom_in.clone().into()),
            ("zoomOutTitle", words.zoom_out.clone().into()),
        ];
        leaflet::zoom_control(&options(zoom)).add_to(&map);
        let create_tile = Closure::new(|| labelled("div", "map-paper-tile"));
        ground::lay(ground, &map, create_tile.as_ref().unchecked_ref());
        let plan = if let Ground::Plan(plan) = ground { Some(plan.clone()) } else { None };
        let unfitted = Rc::new(RefCell::new(None::<Vec<Location>>));
        let resized = {
            let (map, element) = (map.clone().unchecked_into::<Map>(), element.clone());
            let (unfitted, plan) = (unfitted.clone(), plan.clone());
            Closure::new(move || {
                map.invalidate_size();
                if let Some(places) = unfitted.borrow_mut().take_if(|_| has_size(&element)) {
                    fit_to(&map, &places, plan.as_ref());
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
        board.go_to(Vec::new());
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
        let is_over = names.is_empty() && !self.fitted.is_empty();
        if is_over || !names.is_subset(&self.fitted) {
            self.go_to(open.values().copied().collect());
        } else {
            keep_inside(&self.map, open.values());
        }
        self.fitted = names;
    }

    /// Goes to these places as soon as the map has a size.
    fn go_to(&self, places: Vec<Location>) {
        let later = if has_size(&self.element) {
            fit_to(&self.map, &places, self.plan.as_ref());
            None
        } else {
            Some(places)
        };
        self.unfitted.replace(later);
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
    ("padding", place(MARGIN.0, MARGIN.1))
}

/// Moves the map no farther than it takes to see each of these places.
fn keep_inside<'a>(map: &Map, places: impl IntoIterator<Item = &'a Location>) {
    for location in places {
        map.pan_inside(&place(location.lat, location.lng), &options([padding()]));
    }
}

/// Shows these places: the whole site plan where they all lie on it and it need not be seen from farther away than a
/// call, else what is around them. Without places it shows the plan.
fn fit_to(map: &Map, places: &[Location], plan: Option<&Plan>) {
    let on_plan = plan.filter(|plan| places.iter().all(|location| ground::holds(plan, *location)));
    let corners = on_plan.map(ground::corners);
    if let Some(corners) = corners.filter(|corners| places.is_empty() || map.bounds_zoom(corners) >= CLOSE) {
        // At once, because Leaflet cannot pan while it zooms.
        map.fit_bounds(&corners, &options([("animate", false.into())]));
        keep_inside(map, places);
    } else if !places.is_empty() {
        let bounds: js_sys::Array = places.iter().map(|location| place(location.lat, location.lng)).collect();
        map.fit_bounds(&bounds, &options([padding(), ("maxZoom", CLOSE.into())]));
    }
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
