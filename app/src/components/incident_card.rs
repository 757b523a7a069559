//! A call that is over, in a line with its caller, its kind, and its end.

use domain::{CallKey, Role};
use leptos::prelude::*;

use super::{
    house_facts::{is_elsewhere, is_empty, words_of},
    incident_words::{caller_text, coming, drill_word, end, kind, kind_word, line, note, plain_heading},
};
use crate::{
    home::Home,
    language::use_i18n,
    part::IntoPart,
    reactive::{IntoSignal, Memo, effect},
    words,
};

/// One call that is over.
#[component]
pub(super) fn IncidentCard(
    /// The call.
    call: CallKey,
) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let connection = home.connection;
    let shows_line = home
        .viewer
        .with_value(|viewer| viewer.role == Role::Administrator || is_elsewhere(viewer, &call.line));
    let id = call.id;
    let incident = Memo::new(move |_| connection.feed.with(|feed| feed.call(&call)));
    let ago = Memo::new(move |_| {
        let at = incident.with(|incident| incident.as_ref().map_or(0, |incident| incident.alert.at));
        words::ago(i18n.get_locale(), at, connection.now.get())
    });
    let (kind, text, coming) =
        (words_of(incident, kind), words_of(incident, caller_text), words_of(incident, coming));
    let note = words_of(incident, note);
    effect(move || connection.seen(id));

    view! {
        <article
            class="incident past"
            data-testid="incident"
            data-alert=id.to_string()
            data-open="false"
            data-house=words_of(incident, |_, incident| incident.alert.house.to_string())
            data-kind=words_of(incident, kind_word)
            data-drill=words_of(incident, drill_word)
        >
            <h3 class="incident-heading">{words_of(incident, plain_heading)}</h3>
            <p class="incident-facts">
                <span hidden=!shows_line>{words_of(incident, line)}</span>
                <span class="badge" hidden=is_empty(kind)>{kind}</span>
                <span>{ago.into_signal()}</span>
            </p>
            <p class="incident-end">{words_of(incident, end)}</p>
            <p data-testid="note" hidden=is_empty(note)>{note}</p>
            <p class="incident-text" hidden=is_empty(text)>{text}</p>
            <p class="coming" data-testid="coming" hidden=is_empty(coming)>{coming}</p>
        </article>
    }
    .fresh()
}
