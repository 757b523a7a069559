//! A marker with the flat's number, and the circle in which the person is.

use js_sys::Reflect;
use leptos::{logging, prelude::document};
use web_sys::Element;

use crate::{
    map::{
        leaflet::{self, Layer, Map, options, place},
        marks::Mark,
        places::Place,
    },
    words,
};

/// The accuracy, in metres, from which a location has no circle, because it would cover the map and show nothing.
const TOO_VAGUE: f64 = 50_000.0;

/// The marker of a mark, until it is dropped.
pub(super) struct Marker {
    pub(super) label: Element,
    pin: Layer,
    accuracy: Option<Layer>,
}

impl Marker {
    pub(super) fn new(mark: &Mark, (lat, lng): Place, map: &Map) -> Self {
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

    pub(super) fn update(&mut self, mark: &Mark, (lat, lng): Place, map: &Map) {
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

/// Moves a label down, or up where `pixels` is negative. As a property, because the page's policy forbids the
/// attribute.
pub(super) fn move_down(label: &Element, pixels: f64) {
    let style = Reflect::get(label, &"style".into()).unwrap_or_default();
    if Reflect::set(&style, &"marginTop".into(), &(words::decimal(pixels) + "px").into()).is_err() {
        logging::warn!("a label of the map cannot be moved");
    }
}

pub(super) fn labelled(tag: &str, class: &str) -> Element {
    let element = document().create_element(tag).expect("the tag is one of HTML's");
    element.set_class_name(class);
    element
}

fn attribute(element: &Element, name: &str, value: &str) {
    if element.set_attribute(name, value).is_err() {
        logging::warn!("the attribute {name} cannot be set");
    }
}
