//! The live map of the callers and their helpers. Without `leaflet.js` it is a still plan at most; the list has
//! everything, too.

mod board;
pub(crate) mod ground;
mod leaflet;
pub(crate) mod marked;
pub(crate) mod marks;
pub(crate) mod places;

use domain::{Incident, Millis};
use leptos::{html::Div, logging, prelude::*};
use send_wrapper::SendWrapper;
use web_sys::HtmlElement;

use self::{
    board::{Board, Words},
    marks::{Mark, marks},
};
use crate::{
    context::Ground,
    language::use_i18n,
    reactive::{Memo, RwSignal, Signal, StoredValue, effect},
    words::text,
};

/// The map, once it is drawn.
type Drawn = StoredValue<Option<SendWrapper<Board>>>;

/// A map of the calls that have a place, and of the helpers who show theirs. Each has a marker with the flat's number,
/// and a circle in which the person is by 95 %. The map goes to the open ones. Until Leaflet draws it, and where nothing
/// does, the site plan is a still picture.
#[component]
pub fn LiveMap(
    /// The calls to show.
    #[prop(into)]
    incidents: Signal<Vec<Incident>>,
    /// The server's time, by which a call may end.
    #[prop(into)]
    now: Signal<Millis>,
    /// The ground under the markers.
    ground: Ground,
    /// The title of the button that goes nearer.
    zoom_in: String,
    /// The title of the button that goes farther away.
    zoom_out: String,
) -> impl IntoView {
    let element = NodeRef::<Div>::new();
    let i18n = use_i18n();
    let (still, note) = match &ground {
        Ground::Tiles(tiles) => (None, Some(tiles.attribution.clone()).filter(|text| !text.is_empty())),
        Ground::Plan(plan) => (Some(plan.address.clone()), None),
        Ground::Paper => (None, None),
    };
    let on_paper = matches!(ground, Ground::Paper);
    let board: Drawn = StoredValue::new(None);
    let words = Words { zoom_in, zoom_out };
    let is_loaded = RwSignal::new(false);
    effect(move || wait_for_leaflet(element, is_loaded));
    effect(move || {
        if let Some(element) = element.get().filter(|_| is_loaded.get()) {
            draw(board, &element, &ground, &words);
        }
    });
    // The drawing changes only with what is seen of the time.
    let shown = Memo::new(move |_| {
        let (locale, now) = (i18n.get_locale(), now.get());
        incidents.with(|incidents| marks(locale, incidents, now))
    });
    effect(move || show(board, &shown.get(), is_loaded));
    on_cleanup(move || drop(board.try_update_value(Option::take)));
    view! {
        <div class="map-frame">
            <div node_ref=element class="map" data-testid="map">
                {still.map(|address| view! { <img class="map-still" src=address alt=text!(i18n, map.plan) /> })}
            </div>
            {note.map(|text| view! { <p class="map-note">{text}</p> })}
            {on_paper.then(|| view! { <p class="map-note">{text!(i18n, map.paper)}</p> })}
        </div>
    }
}

fn wait_for_leaflet(element: NodeRef<Div>, is_loaded: RwSignal<bool>) {
    if let Some(element) = element.get() {
        leaflet::when_shown(&element, move || {
            // The page may be gone by then.
            is_loaded.try_set(true);
        });
    }
}

fn draw(board: Drawn, element: &HtmlElement, ground: &Ground, words: &Words) {
    match Board::new(element, ground, words) {
        Ok(new) => board.set_value(Some(SendWrapper::new(new))),
        Err(error) => logging::error!("the map cannot be drawn: {error:?}"),
    }
}

/// Shows the marks, or brings Leaflet for the first of them.
fn show(board: Drawn, marks: &[Mark], is_loaded: RwSignal<bool>) {
    // This is read, too, because the board is made then.
    if !is_loaded.get() {
        if !marks.is_empty() {
            leaflet::bring();
        }
        return;
    }
    board.update_value(|board| {
        if let Some(board) = board {
            board.show(marks);
        }
    });
}
