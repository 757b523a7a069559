//! The map as Leaflet draws it, with markers and circles.

mod fitting;
mod marker;

use std::{cell::RefCell, mem, rc::Rc};

use domain::collections::{BTreeMap, BTreeSet};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement, ResizeObserver};

use self::{
    fitting::{fit_to, has_room, keep_inside},
    marker::{Marker, labelled, move_down},
};
use super::{
    ground,
    leaflet::{self, Map, options, place},
    marks::{Mark, Name},
    places::{self, Label, Place},
};
use crate::context::{Ground, Plan};

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
