//! The offer to allow the location beforehand, because browsers ask before they give it, and nobody should have to
//! answer that in an emergency.

use leptos::{prelude::*, task::spawn_local};

use crate::{
    i18n::{t_string, use_i18n},
    location::{self, LocationProblem},
    part::IntoPart,
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
    Effect::new(move || {
        spawn_local(async move {
            if window().is_secure_context() && !location::is_granted().await {
                let _ = stage.try_set(Stage::Offered);
            }
        });
    });
    let ask = move |_| {
        location::ask(move |answer| {
            let _ = stage.try_set(answer.map_or_else(Stage::Failed, |_| Stage::Silent));
        });
    };
    let words = move || match stage.get() {
        Stage::Silent => "",
        Stage::Offered => t_string!(i18n, location.offer),
        Stage::Failed(LocationProblem::Denied) => t_string!(i18n, location.denied),
        Stage::Failed(_) => t_string!(i18n, location.unavailable),
    };
    view! {
        <div class="location-offer" hidden=Signal::derive(move || stage.get() == Stage::Silent)>
            <p role="status">{words}</p>
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
