//! The data of the office's pages, read before they are rendered.

use app::{
    page_table::{PEOPLE, PEOPLE_CARDS, PEOPLE_IMPORT},
    pages::people::{Shown, View},
};

use crate::{query::word, state::AppState};

/// Returns what the page at an address shows, if it is one of the office's people.
pub(crate) async fn shown(state: &AppState, path: &str, query: Option<&str>) -> Option<Shown> {
    if PEOPLE_IMPORT.is_at(path) {
        return Some(Shown::Import(None));
    }
    if PEOPLE_CARDS.is_at(path) {
        return Some(Shown::Cards { address: String::new(), cards: Vec::new(), zone: state.zone() });
    }
    if !PEOPLE.is_at(path) {
        return None;
    }
    Some(match state.backend.accounts.complex().await {
        Ok(complex) => {
            let (reach, zone) = (state.backend.reach.overview().await, state.zone());
            Shown::People { complex, reach, view: view(query), zone }
        }
        Err(error) => {
            tracing::error!(%error, "the people cannot be shown");
            Shown::Unavailable
        }
    })
}

fn view(query: Option<&str>) -> View {
    let [line, search, done, problem, about] =
        ["line", "q", "done", "problem", "about"].map(|name| word(query, name));
    View { line, search, done, problem, about }
}
