//! The few functions of Leaflet 1.9 that the map needs, of the global `L` that `leaflet.js` makes. They must not be
//! called before [`when_shown`] calls back. They are documented at <https://leafletjs.com/reference.html>.

use js_sys::{Function, Object, Reflect};
use leptos::{logging, prelude::window};
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

#[wasm_bindgen]
extern "C" {
    /// `L.Map`.
    pub(super) type Map;
    #[wasm_bindgen(js_namespace = L, js_name = map, catch)]
    pub(super) fn map(element: &HtmlElement, options: &Object) -> Result<Map, JsValue>;
    #[wasm_bindgen(method, js_name = setView)]
    pub(super) fn set_view(this: &Map, center: &JsValue, zoom: f64) -> Map;
    #[wasm_bindgen(method, js_name = fitBounds)]
    pub(super) fn fit_bounds(this: &Map, bounds: &JsValue, options: &Object) -> Map;
    #[wasm_bindgen(method, js_name = getBoundsZoom)]
    pub(super) fn bounds_zoom(this: &Map, bounds: &JsValue) -> f64;
    #[wasm_bindgen(method, js_name = panInside)]
    pub(super) fn pan_inside(this: &Map, place: &JsValue, options: &Object) -> Map;
    #[wasm_bindgen(method, js_name = invalidateSize)]
    pub(super) fn invalidate_size(this: &Map) -> Map;
    #[wasm_bindgen(method, js_name = latLngToLayerPoint)]
    pub(super) fn point(this: &Map, place: &JsValue) -> Point;
    #[wasm_bindgen(method)]
    pub(super) fn on(this: &Map, event: &str, listener: &Function) -> Map;
    #[wasm_bindgen(method)]
    pub(super) fn remove(this: &Map) -> Map;

    /// `L.Point`, in pixels.
    pub(super) type Point;
    #[wasm_bindgen(method, getter)]
    pub(super) fn x(this: &Point) -> f64;
    #[wasm_bindgen(method, getter)]
    pub(super) fn y(this: &Point) -> f64;

    /// `L.Layer`, which is a grid, tiles, a picture, a marker or a circle, and `L.Control`, too, which is added in the
    /// same way.
    pub(super) type Layer;
    #[wasm_bindgen(method, js_name = addTo)]
    pub(super) fn add_to(this: &Layer, map: &Map) -> Layer;
    #[wasm_bindgen(method, js_name = remove)]
    pub(super) fn take_off(this: &Layer) -> Layer;
    #[wasm_bindgen(method, js_name = setLatLng)]
    pub(super) fn set_place(this: &Layer, place: &JsValue) -> Layer;
    #[wasm_bindgen(method, js_name = setRadius)]
    pub(super) fn set_radius(this: &Layer, metres: f64) -> Layer;

    #[wasm_bindgen(js_namespace = L, js_name = gridLayer)]
    pub(super) fn grid_layer() -> Layer;
    #[wasm_bindgen(js_namespace = L, js_name = tileLayer)]
    pub(super) fn tile_layer(url: &str, options: &Object) -> Layer;
    #[wasm_bindgen(js_namespace = L, js_name = imageOverlay)]
    pub(super) fn image_overlay(url: &str, bounds: &JsValue, options: &Object) -> Layer;
    #[wasm_bindgen(js_namespace = L)]
    pub(super) fn marker(place: &JsValue, options: &Object) -> Layer;
    #[wasm_bindgen(js_namespace = L)]
    pub(super) fn circle(place: &JsValue, options: &Object) -> Layer;
    #[wasm_bindgen(js_namespace = L, js_name = divIcon)]
    pub(super) fn div_icon(options: &Object) -> JsValue;
    #[wasm_bindgen(js_namespace = ["L", "control"], js_name = zoom)]
    pub(super) fn zoom_control(options: &Object) -> Layer;
    #[wasm_bindgen(js_namespace = ["L", "control"], js_name = scale)]
    pub(super) fn scale_control(options: &Object) -> Layer;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = iutsaiMap, js_name = whenShown, catch)]
    fn js_when_shown(element: &HtmlElement, draw: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(js_namespace = iutsaiMap, js_name = bring, catch)]
    fn js_bring() -> Result<(), JsValue>;
}

/// Calls `draw` once `leaflet.js` has run, for which it waits until the element is seen (`public/map.js`).
pub(super) fn when_shown(element: &HtmlElement, draw: impl FnOnce() + 'static) {
    if is_loaded() {
        draw();
    } else if let Err(error) = js_when_shown(element, &Closure::once_into_js(draw)) {
        logging::warn!("map.js is not there, so there is no map: {error:?}");
    }
}

/// Brings `leaflet.js` even if the map is out of sight.
pub(super) fn bring() {
    if let Err(error) = js_bring() {
        logging::warn!("map.js is not there, so there is no map: {error:?}");
    }
}

/// Returns whether `leaflet.js` has run.
fn is_loaded() -> bool {
    Reflect::get(&window(), &"L".into()).is_ok_and(|leaflet| leaflet.is_object())
}

/// An object of Leaflet's options.
pub(super) fn options<const N: usize>(entries: [(&str, JsValue); N]) -> Object {
    let options = Object::new();
    for (name, value) in entries {
        set(&options, name, &value);
    }
    options
}

/// `[lat, lng]`.
pub(super) fn place(lat: f64, lng: f64) -> JsValue {
    js_sys::Array::of2(&lat.into(), &lng.into()).into()
}

/// Replaces `createTile` of a grid layer.
pub(super) fn create_tiles(grid: &Layer, create: &Function) {
    set(grid.unchecked_ref(), "createTile", create);
}

fn set(object: &Object, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect("an object of ours or Leaflet's accepts any property");
}
