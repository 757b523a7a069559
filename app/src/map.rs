//! The live map: where those are who call. Without `leaflet.js` it stays empty, and the list says everything, too.

mod board;
mod leaflet;
mod places;

use domain::{Incident, Millis};
use leptos::{html::Div, logging, prelude::*};
use send_wrapper::SendWrapper;

use self::board::{Board, Words};
use crate::context::Tiles;

/// A map of the calls that have a place: a marker with the flat's number, and a circle in which the caller is by 95 %.
/// It goes to the open ones. Without `tiles` it is a plain grid.
#[component]
pub fn LiveMap(
    /// What to show.
    #[prop(into)]
    incidents: Signal<Vec<Incident>>,
    /// The server's time: a call may end by it.
    #[prop(into)]
    now: Signal<Millis>,
    /// Where the pictures come from.
    tiles: Option<Tiles>,
    /// The title of the button that goes nearer.
    zoom_in: String,
    /// The title of the button that goes farther away.
    zoom_out: String,
) -> impl IntoView {
    let element = NodeRef::<Div>::new();
    let attribution = tiles.as_ref().map(|tiles| tiles.attribution.clone()).filter(|text| !text.is_empty());
    let board = StoredValue::new(None::<SendWrapper<Board>>);
    let words = Words { zoom_in, zoom_out };
    Effect::new(move || {
        let Some(element) = element.get() else {
            return;
        };
        if !leaflet::is_loaded() {
            return logging::warn!("leaflet.js is not there, so there is no map");
        }
        match Board::new(&element, tiles.as_ref(), &words) {
            Ok(new) => board.set_value(Some(SendWrapper::new(new))),
            Err(error) => logging::error!("the map cannot be drawn: {error:?}"),
        }
    });
    // Open or not: only that part of the time changes what is drawn.
    let shown = Memo::new(move |_| {
        let (incidents, now) = (incidents.get(), now.get());
        let open: Vec<_> = incidents.iter().map(|incident| incident.is_open(now)).collect();
        (incidents, open)
    });
    Effect::new(move || {
        // The element, too: the board is made when it is there.
        if element.get().is_none() {
            return;
        }
        let (incidents, _) = shown.get();
        board.update_value(|board| {
            if let Some(board) = board {
                board.show(&incidents, now.get_untracked());
            }
        });
    });
    on_cleanup(move || drop(board.try_update_value(Option::take)));
    view! {
        <div class="map-frame">
            <div node_ref=element class="map" data-testid="map"></div>
            {attribution.map(|text| view! { <p class="map-attribution">{text}</p> })}
        </div>
    }
}
