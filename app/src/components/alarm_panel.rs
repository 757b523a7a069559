//! Open calls of others, on top of everything: who calls, and the button to come. Read aloud at once, each call once;
//! what changes about it afterwards waits for its turn.

use domain::CallKey;
use leptos::prelude::*;

use super::{incident_card::IncidentCard, incident_words::urgent_heading};
use crate::{home::Home, i18n::use_i18n, title, words::say};

/// The incoming calls, while there are any.
#[component]
pub fn AlarmPanel() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let alarm = home.alarm;
    let sounding = move || alarm.sounding.get().is_some();
    let title_words = Signal::derive(move || {
        let sounding = alarm.sounding.get()?;
        let incident = home.connection.feed.with(|feed| feed.call(&sounding))?;
        Some(urgent_heading(i18n.get_locale(), &incident))
    });
    title::alternate(title_words);
    view! {
        <Show when=move || home.incoming.with(|calls| !calls.is_empty())>
            <section
                class="alarm"
                class:sounding=sounding
                data-testid="alarm"
                role="alert"
                aria-atomic="false"
                aria-relevant="additions"
            >
                <button
                    type="button"
                    class="silence"
                    data-testid="silence"
                    hidden=Signal::derive(move || !sounding())
                    on:click=move |_| alarm.silence()
                >
                    {say!(i18n, alarm.silence)}
                </button>
                <For each=move || home.incoming.get() key=CallKey::clone let:call>
                    <IncidentCard call urgent=true />
                </For>
            </section>
        </Show>
    }
    .into_any()
}
