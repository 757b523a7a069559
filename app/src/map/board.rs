//! The map as Leaflet draws it: calls in, markers and circles out.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use domain::{CallKey, Incident, Millis};
use js_sys::{Array, Reflect};
use leptos::{logging, prelude::document};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, ResizeObserver};

use super::{
    leaflet::{self, Layer, Map, options, place},
    places::{self, Label},
};
use crate::context::Tiles;

/// What is shown before any call has a place: the Korean peninsula's south.
const NOWHERE: (f64, f64, f64) = (36.4, 127.8, 6.0);
/// How near the map goes by itself.
const CLOSE: f64 = 17.0;
const MARGIN: f64 = 48.0;
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
    shown: Rc<RefCell<Shown>>,
    size: ResizeObserver,
    // Leaflet and the browser call them for as long as the map is there.
    _resized: Closure<dyn Fn()>,
    _zoomed: Closure<dyn Fn()>,
    _create_tile: Closure<dyn Fn() -> Element>,
}

/// A latitude and a longitude in degrees, the longitude as the map has it: [`places::unwrapped`].
type Place = (f64, f64);

/// What is on the map, for when its size or its zoom changes.
#[derive(Default)]
struct Shown {
    labels: Vec<(Element, Place)>,
    open: Vec<Place>,
    /// The map has not been fitted to the open calls yet, as while a page that is not shown gives it no size.
    is_unfitted: bool,
}

struct Marker {
    label: Element,
    pin: Layer,
    accuracy: Option<Layer>,
}

impl Board {
    pub(super) fn new(element: &HtmlElement, tiles: Option<&Tiles>, words: &Words) -> Result<Self, JsValue> {
        let without = options([("zoomControl", false.into()), ("attributionControl", false.into())]);
        let map = leaflet::map(element, &without)?;
        map.set_view(&place(NOWHERE.0, NOWHERE.1), NOWHERE.2);
        let titles =
            [("zoomInTitle", words.zoom_in.clone().into()), ("zoomOutTitle", words.zoom_out.clone().into())];
        leaflet::zoom_control(&options(titles)).add_to(&map);
        let create_tile = Closure::new(|| labelled("div", "map-grid-tile"));
        match tiles {
            Some(tiles) => leaflet::tile_layer(&tiles.url, &options([("maxZoom", 19.into())])),
            None => {
                let grid = leaflet::grid_layer();
                leaflet::create_tiles(&grid, create_tile.as_ref().unchecked_ref());
                grid
            }
        }
        .add_to(&map);
        let shown = Rc::new(RefCell::new(Shown::default()));
        let resized = {
            let (map, element, shown) = (map.clone().unchecked_into::<Map>(), element.clone(), shown.clone());
            Closure::new(move || shown.borrow_mut().look(&map, &element))
        };
        let zoomed = {
            let (map, shown) = (map.clone().unchecked_into::<Map>(), shown.clone());
            Closure::new(move || {
                // Fitting zooms, and spreads the labels itself.
                if let Ok(shown) = shown.try_borrow() {
                    shown.spread(&map);
                }
            })
        };
        map.on("zoomend", zoomed.as_ref().unchecked_ref());
        let size = ResizeObserver::new(resized.as_ref().unchecked_ref())?;
        size.observe(element);
        Ok(Self {
            map,
            markers: BTreeMap::new(),
            fitted: BTreeSet::new(),
            element: element.clone(),
            shown,
            size,
            _resized: resized,
            _zoomed: zoomed,
            _create_tile: create_tile,
        })
    }

    /// Shows these calls where their callers are, and no others. It goes to the open ones when there is another one,
    /// and follows them when they move out of sight; otherwise the person's own view stays.
    pub(super) fn show(&mut self, incidents: &[Incident], now: Millis) {
        let placed: BTreeMap<_, _> = incidents
            .iter()
            .filter_map(|incident| Some((incident.alert.key(), (incident, incident.location?))))
            .collect();
        let longitudes: Vec<f64> = placed.values().map(|(_, location)| location.lng).collect();
        let mut shown = Shown::default();
        let mut open = BTreeSet::new();
        self.markers.retain(|name, _| placed.contains_key(name));
        for ((name, (incident, location)), lng) in placed.iter().zip(places::unwrapped(&longitudes)) {
            let here = (location.lat, lng);
            let marker =
                self.markers.entry(name.clone()).or_insert_with(|| Marker::new(incident, here, &self.map));
            marker.update(incident, here, &self.map, now);
            shown.labels.push((marker.label.clone(), here));
            if incident.is_open(now) {
                open.insert(name.clone());
                shown.open.push(here);
            }
        }
        let mut known = self.shown.borrow_mut();
        shown.is_unfitted = known.is_unfitted || !open.is_subset(&self.fitted);
        *known = shown;
        known.look(&self.map, &self.element);
        self.fitted = open;
    }
}

impl Shown {
    /// Brings the open calls into view, once the map has room for them.
    fn look(&mut self, map: &Map, element: &HtmlElement) {
        map.invalidate_size();
        if has_room(element) && !self.open.is_empty() {
            if std::mem::take(&mut self.is_unfitted) {
                let bounds: JsValue =
                    self.open.iter().map(|(lat, lng)| place(*lat, *lng)).collect::<Array>().into();
                map.fit_bounds(&bounds, &options([padding(), ("maxZoom", CLOSE.into())]));
            } else {
                for (lat, lng) in &self.open {
                    map.pan_inside(&place(*lat, *lng), &options([padding()]));
                }
            }
        }
        self.spread(map);
    }

    /// Moves labels apart that would hide each other at this zoom.
    fn spread(&self, map: &Map) {
        let label = |(label, (lat, lng)): &(Element, Place)| {
            let point = map.point(&place(*lat, *lng));
            Label { x: point.x(), y: point.y(), width: f64::from(label.client_width()) }
        };
        let labels: Vec<Label> = self.labels.iter().map(label).collect();
        for ((label, _), offset) in self.labels.iter().zip(places::spread(&labels)) {
            move_down(label, offset);
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
    fn new(incident: &Incident, (lat, lng): Place, map: &Map) -> Self {
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
        let pin = leaflet::marker(&place(lat, lng), &options(fixed)).add_to(map);
        Self { label, pin, accuracy: None }
    }

    fn update(&mut self, incident: &Incident, (lat, lng): Place, map: &Map, now: Millis) {
        let Some(location) = incident.location else { return };
        let here = place(lat, lng);
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

/// Tells if the element has room for a place within the margins: Leaflet can fit nothing into one that does not.
fn has_room(element: &HtmlElement) -> bool {
    let needed = 2.0 * MARGIN;
    f64::from(element.client_width()) > needed && f64::from(element.client_height()) > needed
}

/// Moves a label down, or up where `pixels` is negative. As a property, because the page's policy forbids the
/// attribute.
fn move_down(label: &Element, pixels: f64) {
    let style = Reflect::get(label, &"style".into()).unwrap_or_default();
    if Reflect::set(&style, &"marginTop".into(), &format!("{pixels}px").into()).is_err() {
        logging::warn!("a label of the map cannot be moved");
    }
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
