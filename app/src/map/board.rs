//! The map as Leaflet draws it, with markers and circles.

use std::{cell::RefCell, mem, rc::Rc};

use domain::collections::{BTreeMap, BTreeSet};
use js_sys::{Array, Reflect};
use leptos::{logging, prelude::document};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, ResizeObserver};

use super::{
    ground,
    leaflet::{self, Layer, Map, options, place},
    marks::{Mark, Name},
    places::{self, Label, Place},
};
use crate::{
    context::{Ground, Plan},
    words,
};

/// The zoom to which the map goes unasked.
const CLOSE: f64 = 17.0;
/// Pixels between a location and the edge of the map. They leave room for half a marker beside the zoom buttons, and
/// for one that is moved by a row.
const MARGIN: (f64, f64) = (84.0, 52.0);
/// The accuracy, in metres, from which a location has no circle, because it would cover the map and show nothing.
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
    markers: BTreeMap<Name, Marker>,
    /// The markers of open calls that the map was last fitted to.
    fitted: BTreeSet<Name>,
    shown: Rc<RefCell<Shown>>,
    element: HtmlElement,
    size: ResizeObserver,
    // Leaflet and the browser call them for as long as the map is there.
    _resized: Closure<dyn Fn()>,
    _zoomed: Closure<dyn Fn()>,
    _create_tile: Closure<dyn Fn() -> Element>,
}

/// The contents of the map, for when its size or its zoom changes.
struct Shown {
    /// The site plan, where there is one.
    plan: Option<Plan>,
    labels: Vec<(Element, Place)>,
    open: Vec<Place>,
    /// The map has not been fitted to the open calls or the plan yet, as while a page that is not shown gives it no
    /// size.
    is_unfitted: bool,
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
        let shown = Rc::new(RefCell::new(Shown::on(ground)));
        let resized = {
            let (map, element, shown) = (map.clone().unchecked_into::<Map>(), element.clone(), shown.clone());
            Closure::new(move || {
                let mut shown = shown.borrow_mut();
                // Panning to one call after the other may leave the first one out of sight.
                shown.is_unfitted |= shown.open.len() > 1;
                shown.bring_into_view(&map, &element);
            })
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
        let board = Self {
            map,
            markers: BTreeMap::new(),
            fitted: BTreeSet::new(),
            shown,
            element: element.clone(),
            size,
            _resized: resized,
            _zoomed: zoomed,
            _create_tile: create_tile,
        };
        board.shown.borrow_mut().bring_into_view(&board.map, &board.element);
        Ok(board)
    }

    /// Shows these markers and no others. It goes to those of open calls when there is another one, and follows them
    /// when they move out of sight. After the last one it goes back to the site plan. Otherwise the person's own view
    /// stays.
    pub(super) fn show(&mut self, marks: &[Mark]) {
        let placed: BTreeMap<&Name, &Mark> = marks.iter().map(|mark| (&mark.name, mark)).collect();
        let longitudes: Vec<f64> = placed.values().map(|mark| mark.location.lng).collect();
        let (mut labels, mut open_places) = (Vec::new(), Vec::new());
        let mut open = BTreeSet::new();
        self.markers.retain(|name, _| placed.contains_key(name));
        for (mark, lng) in placed.into_values().zip(places::unwrapped(&longitudes)) {
            let (name, here) = (&mark.name, (mark.location.lat, lng));
            let marker =
                self.markers.entry(name.clone()).or_insert_with(|| Marker::new(mark, here, &self.map));
            marker.update(mark, here, &self.map);
            labels.push((marker.label.clone(), here));
            if mark.is_open {
                open.insert(name.clone());
                open_places.push(here);
            }
        }
        let is_over = open.is_empty() && !self.fitted.is_empty();
        let mut shown = self.shown.borrow_mut();
        (shown.labels, shown.open) = (labels, open_places);
        shown.is_unfitted |= is_over || !open.is_subset(&self.fitted);
        shown.bring_into_view(&self.map, &self.element);
        self.fitted = open;
    }
}

impl Shown {
    fn on(ground: &Ground) -> Self {
        let plan = if let Ground::Plan(plan) = ground { Some(plan.clone()) } else { None };
        Self { plan, labels: Vec::new(), open: Vec::new(), is_unfitted: true }
    }

    /// Brings the open calls into view, once the map has room for them.
    fn bring_into_view(&mut self, map: &Map, element: &HtmlElement) {
        map.invalidate_size();
        if has_room(element) {
            if mem::take(&mut self.is_unfitted) {
                fit_to(map, &self.open, self.plan.as_ref());
            } else {
                keep_inside(map, &self.open);
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
    fn new(mark: &Mark, (lat, lng): Place, map: &Map) -> Self {
        let (call, helper) = &mark.name;
        let label = labelled("span", "map-marker");
        // Set as text, because nothing that a resident wrote is ever read as HTML.
        label.set_text_content(Some(mark.label().as_str()));
        attribute(&label, "data-testid", if helper.is_some() { "helper-marker" } else { "marker" });
        let house = helper.as_ref().map_or(&call.house, |helper| &helper.house);
        attribute(&label, "data-house", house.as_str());
        attribute(&label, "data-alert", &call.id.to_string());
        // The size is none, because the label's own style puts it over the place.
        let icon =
            [("html", label.clone().into()), ("className", "map-pin".into()), ("iconSize", place(0.0, 0.0))];
        let icon = leaflet::div_icon(&options(icon));
        let fixed = [("icon", icon), ("interactive", false.into()), ("keyboard", false.into())];
        let pin = leaflet::marker(&place(lat, lng), &options(fixed)).add_to(map);
        Self { label, pin, accuracy: None }
    }

    fn update(&mut self, mark: &Mark, (lat, lng): Place, map: &Map) {
        let (location, is_helper) = (mark.location, mark.name.1.is_some());
        let here = place(lat, lng);
        self.pin.set_place(&here);
        attribute(&self.label, "data-lat", &words::decimal(location.lat));
        attribute(&self.label, "data-lng", &words::decimal(location.lng));
        // The style sheet shows it behind the flat.
        attribute(&self.label, "data-age", &mark.age);
        let helper = if is_helper { " helper" } else { "" };
        let state = match (mark.is_open, mark.is_stale) {
            (false, _) => " ended",
            (true, true) => " stale",
            (true, false) => "",
        };
        self.label.set_class_name(&format!("map-marker{helper}{state}"));
        match (location.accuracy.filter(|metres| *metres <= TOO_VAGUE), &self.accuracy) {
            (Some(metres), Some(circle)) => {
                circle.set_place(&here).set_radius(metres);
            }
            (Some(metres), None) => {
                let class = if is_helper { "map-accuracy helper" } else { "map-accuracy" };
                let style =
                    [("radius", metres.into()), ("interactive", false.into()), ("className", class.into())];
                self.accuracy = Some(leaflet::circle(&here, &options(style)).add_to(map));
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

/// Returns whether the element has room for a place within the margins, because Leaflet can fit nothing into one that
/// does not.
fn has_room(element: &HtmlElement) -> bool {
    let (across, down) = MARGIN;
    f64::from(element.client_width()) > 2.0 * across && f64::from(element.client_height()) > 2.0 * down
}

/// Moves the map no farther than it takes to see each of these places.
fn keep_inside(map: &Map, places: &[Place]) {
    for (lat, lng) in places {
        map.pan_inside(&place(*lat, *lng), &options([padding()]));
    }
}

/// Shows these places. It shows the whole site plan where they all lie on it and it need not be seen from farther away
/// than a call, else their surroundings. Without places it shows the plan. All of it happens at once, because Leaflet
/// cannot pan while it zooms.
fn fit_to(map: &Map, places: &[Place], plan: Option<&Plan>) {
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

/// Moves a label down, or up where `pixels` is negative. As a property, because the page's policy forbids the
/// attribute.
fn move_down(label: &Element, pixels: f64) {
    let style = Reflect::get(label, &"style".into()).unwrap_or_default();
    if Reflect::set(&style, &"marginTop".into(), &(words::decimal(pixels) + "px").into()).is_err() {
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
