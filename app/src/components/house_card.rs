//! The open calls of a house that is not the viewer's own, as one card. It shows the caller, the kind, the helpers, and
//! the viewer's actions. Where many houses call, it is one line that opens to the card.

use domain::Incident;
use leptos::prelude::*;

use super::{
    house_actions::HouseActions,
    house_facts::{HouseFacts, HouseWords, as_one, is_elsewhere, presses, words_of},
    incident_words::{
        coming, drill_word, kind_word, plain_heading, plain_heading_elsewhere, urgent_heading,
        urgent_heading_elsewhere,
    },
};
use crate::{
    home::Home,
    house_calls::{FULL_CARDS, Flat, HouseCalls},
    i18n::td_string,
    language::use_i18n,
    part::{IntoPart, shown_while},
    reactive::{IntoSignal, Memo, Signal},
    words::text,
};

/// One house that calls.
#[component]
pub(super) fn HouseCard(
    /// The flat that calls.
    flat: Flat,
) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let is_elsewhere = home.viewer.with_value(|viewer| is_elsewhere(viewer, &flat.0));
    // Its place among the houses that call, and its calls.
    let found = Memo::new(move |_| home.incoming.with(|all| find(all, &flat)));
    let house = Memo::new(move |_| found.get().map(|(_, house)| house));
    let is_compact = Memo::new(move |_| {
        found.with(|found| found.as_ref().is_some_and(|(place, house)| is_compact(home, *place, house)))
    });
    let is_full = Signal::derive(move || !is_compact.get());
    let is_answered =
        Memo::new(move |_| house.with(|house| house.as_ref().is_some_and(HouseCalls::is_answered)));
    let one = as_one(house);
    let (short, long) = match is_elsewhere {
        true => (words_of(one, plain_heading_elsewhere), words_of(one, urgent_heading_elsewhere)),
        false => (words_of(one, plain_heading), words_of(one, urgent_heading)),
    };
    let heading = Signal::derive(move || if is_compact.get() { short.get() } else { long.get() });
    view! {
        <article
            class="incident urgent"
            class:compact=is_compact.into_signal()
            class:answered=is_answered.into_signal()
            data-testid="incident"
            data-alert=words_of(one, |_, one| one.alert.id.to_string())
            data-open="true"
            data-house=words_of(one, |_, one| one.alert.house.to_string())
            data-line=words_of(one, |_, one| one.alert.line.to_string())
            data-kind=words_of(one, kind_word)
            data-drill=words_of(one, drill_word)
            data-presses=presses(house)
        >
            <h2 class="incident-heading">{heading}</h2>
            <HouseFacts house one />
            <details class="incident-more" open=is_full>
                <summary data-testid="more" hidden=is_full>
                    <span class="visually-hidden">{short} " " {text!(i18n, feed.more)}</span>
                </summary>
                <HouseWords house one />
            </details>
            <Answers one is_answered />
            <HouseActions house />
        </article>
    }
    .fresh()
}

/// Returns a house among those that call, with its place.
fn find(all: &[HouseCalls], (line, house): &Flat) -> Option<(usize, HouseCalls)> {
    let place = all.iter().position(|one| one.is_of(line, house))?;
    Some((place, all.get(place)?.clone()))
}

/// Returns whether a house at this place is one line, because many houses call and the viewer does not help it.
fn is_compact(home: Home, place: usize, house: &HouseCalls) -> bool {
    let own = usize::from(home.own_house.with(Option::is_some));
    own + place >= FULL_CARDS && !home.viewer.with_value(|viewer| house.is_helped_by(viewer))
}

/// The helpers, or that there are none.
#[component]
fn Answers(one: Memo<Option<Incident>>, is_answered: Memo<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let coming = words_of(one, coming);
    let is_coming = Signal::derive(move || !coming.with(String::is_empty));
    // Somebody may come to an earlier call of a house that has called again.
    let nobody = move || match is_coming.get() {
        true => td_string!(i18n.get_locale(), feed.nobody_to_latest),
        false => td_string!(i18n.get_locale(), feed.nobody_coming),
    };
    view! {
        <div class="incident-answers" aria-live="polite">
            <p class="nobody" hidden=is_answered.into_signal()>{Signal::derive(nobody)}</p>
            {shown_while(
                move || is_coming.get(),
                move || view! { <p class="coming" data-testid="coming">{coming}</p> }.fresh(),
            )}
        </div>
    }
    .fresh()
}
