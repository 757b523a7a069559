//! `/admin/board`, the open calls for the screen on the office's wall, and `/admin/board/displays`, the screens that may
//! show it. Both are plain HTML; the small script `public/board.js` puts new calls in place, sounds and runs the clock.

mod calls;
mod displays;
mod frame;
mod plan;
mod projection;
mod shown;

use std::sync::Arc;

use leptos::prelude::*;

pub use self::{
    calls::fragment,
    shown::{Displays, Now, Reader, Shown, View},
};
use crate::{
    components::office_page,
    i18n::{td_string, use_i18n},
    page_table::DISPLAYS,
};

/// The board.
#[component]
pub fn BoardPage() -> impl IntoView {
    let locale = use_i18n().get_locale_untracked();
    frame::page(locale, use_context::<Arc<Shown>>().as_deref())
}

/// The screens that show the board.
#[component]
pub fn DisplaysPage() -> impl IntoView {
    office_page(DISPLAYS, |locale| td_string!(locale, board.displays), displays::content)
}
