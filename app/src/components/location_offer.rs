//! The offer to allow the location beforehand, because browsers ask before they give it, and nobody should have to
//! answer that in an emergency.

use leptos::prelude::*;

use crate::{
    i18n::td_string,
    language::use_i18n,
    location::{self, LocationProblem},
    part::IntoPart,
    reactive::{RwSignal, Signal, effect, spawn_local},
    words::text,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody has looked yet, or there is nothing to offer.
    Silent,
    Offered,
    Failed(LocationProblem),
}

/// The offer, while the browser would ask.
#[component]
pub(super) fn LocationOffer() -> impl IntoView {
    let i18n = use_i18n();
    let stage = RwSignal::new(Stage::Silent);
    effect(move || {
        spawn_local(async move {
            let may_be_used = window().is_secure_context() && !location::is_off();
            if may_be_used && !location::is_granted().await {
                // The page may be gone by then.
                stage.try_set(Stage::Offered);
            }
        });
    });
    let ask = move |_| {
        location::ask(move |answer| {
            // As above, the page may be gone.
            stage.try_set(answer.map_or_else(Stage::Failed, |_| Stage::Silent));
        });
    };
    let words = move || match stage.get() {
        Stage::Silent => "",
        Stage::Offered => td_string!(i18n.get_locale(), location.offer),
        Stage::Failed(LocationProblem::Denied) => td_string!(i18n.get_locale(), location.denied),
        Stage::Failed(_) => td_string!(i18n.get_locale(), location.unavailable),
    };
    view! {
        <div class="location-offer" hidden=Signal::derive(move || stage.get() == Stage::Silent)>
            <p role="status">{Signal::derive(words)}</p>
            <button
                type="button"
                class="quiet-button"
                data-testid="allow-location"
                hidden=Signal::derive(move || stage.get() == Stage::Failed(LocationProblem::Denied))
                on:click=ask
            >
                {text!(i18n, location.allow)}
            </button>
        </div>
    }
    .still()
}
