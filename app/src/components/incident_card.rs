//! One call, whatever has come of it, with what this person can do about it.

use domain::{CallKey, Incident};
use leptos::prelude::*;

use super::{
    incident_actions::IncidentActions,
    incident_words::{
        coming, end, is_answered, kind, kind_word, plain_heading, reached, text, urgent_heading, whereabouts,
    },
};
use crate::{
    home::Home,
    i18n::{Locale, use_i18n},
    words::{self, say},
};

/// One call. Where it is somebody else's and open it stands in the alarm panel and is `urgent`.
#[component]
pub(super) fn IncidentCard(
    /// The call.
    call: CallKey,
    /// Whether it stands in the alarm panel.
    #[prop(optional)]
    urgent: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let connection = home.connection;
    let id = call.id;
    let incident = Memo::new(move |_| connection.feed.with(|feed| feed.call(&call)));
    let is_open = Memo::new(move |_| {
        let now = connection.now.get();
        incident.with(|incident| incident.as_ref().is_some_and(|incident| incident.is_open(now)))
    });
    // What is said of a call while it is on the page; a call that has just left it says nothing.
    let told = move |words: fn(Locale, &Incident) -> String| {
        move || {
            let locale = i18n.get_locale();
            incident.with(|incident| {
                incident.as_ref().map(|incident| words(locale, incident)).unwrap_or_default()
            })
        }
    };
    let heading = told(if urgent { urgent_heading } else { plain_heading });
    let ago = Memo::new(move |_| {
        let at = incident.with(|incident| incident.as_ref().map_or(0, |incident| incident.alert.at));
        words::ago(i18n.get_locale(), at, connection.now.get())
    });
    let is_answered = Signal::derive(move || incident.with(is_answered));
    let is_over = Signal::derive(move || !is_open.get());
    let without = |words: fn(Locale, &Incident) -> String| Signal::derive(move || told(words)().is_empty());
    Effect::new(move || connection.seen(id));

    view! {
        <article
            class="incident"
            class:urgent=urgent
            class:answered=is_answered
            data-testid="incident"
            data-alert=id.to_string()
            data-open=Signal::derive(move || is_open.get().to_string())
            data-house=told(|_, incident| incident.alert.house.to_string())
            data-kind=told(kind_word)
        >
            <h3 class="incident-heading">{heading}</h3>
            <p class="incident-facts">
                <span>{told(|locale, incident| words::line(locale, &incident.alert.line))}</span>
                <span class="badge" hidden=without(kind)>{told(kind)}</span>
                <span aria-live="off">{ago}</span>
            </p>
            <p class="incident-text" hidden=without(text)>{told(text)}</p>
            <p class="incident-end" hidden=is_open>{told(end)}</p>
            <div class="incident-answers" aria-live=if urgent { "polite" } else { "off" }>
                <p class="nobody" hidden=Signal::derive(move || is_answered.get() || is_over.get())>
                    {say!(i18n, feed.nobody_coming)}
                </p>
                <Show when=move || is_answered.get()>
                    <p class="coming" data-testid="coming">{told(coming)}</p>
                </Show>
            </div>
            <p class="incident-facts" hidden=is_over aria-live="off">
                <span hidden=without(reached)>{told(reached)}</span>
                <span>{told(whereabouts)}</span>
            </p>
            <IncidentActions incident is_open />
        </article>
    }
    .into_any()
}
