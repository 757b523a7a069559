//! The houses that call, the most urgent first, with a card for each, and the button to come. Screen readers announce a
//! new card at once; later changes in it wait for their turn.

use leptos::prelude::*;

use super::{
    house_card::HouseCard,
    house_facts::is_elsewhere,
    incident_words::{urgent_heading, urgent_heading_elsewhere},
};
use crate::{
    home::Home,
    house_calls::{Flat, HouseCalls},
    i18n::td_string,
    language::{I18n, use_i18n},
    part::{IntoPart, for_each, shown_while},
    reactive::{IntoSignal, Memo, Signal},
    title,
    words::text,
};

/// The houses that call, while there are any.
#[component]
pub fn AlarmPanel() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let alarm = home.alarm;
    let sounding = move || alarm.sounding.get().is_some();
    title::alternate(Signal::derive(move || sounding_heading(home, i18n)));
    let waiting = Memo::new(move |_| {
        home.incoming.with(|houses| houses.iter().filter(|house| !house.is_answered()).count())
    });
    let is_drill = Memo::new(move |_| {
        home.incoming.with(|houses| !houses.is_empty() && houses.iter().all(HouseCalls::is_drill))
    });
    let state = move || match (sounding(), waiting.get()) {
        _ if is_drill.get() => td_string!(i18n.get_locale(), alarm.drill).to_owned(),
        (true, _) => td_string!(i18n.get_locale(), alarm.sounding).to_owned(),
        (false, 0) => td_string!(i18n.get_locale(), alarm.answered).to_owned(),
        (false, count) => td_string!(i18n.get_locale(), alarm.waiting, count = count),
    };
    let flats = move || home.incoming.with(|houses| houses.iter().map(HouseCalls::flat).collect::<Vec<_>>());
    let panel = move || {
        view! {
            <section
                class="alarm"
                class:sounding=Signal::derive(sounding)
                class:drill=is_drill.into_signal()
                data-testid="alarm"
                role="alert"
                aria-atomic="false"
                aria-relevant="additions"
            >
                <div class="alarm-head" aria-live="off">
                    <p class="alarm-state">{Signal::derive(state)}</p>
                    <button
                        type="button"
                        class="silence"
                        data-testid="silence"
                        hidden=Signal::derive(move || !sounding())
                        on:click=move |_| alarm.silence()
                    >
                        {text!(i18n, alarm.silence)}
                    </button>
                </div>
                {for_each(flats, |flat: Flat| view! { <HouseCard flat /> }.fresh())}
            </section>
        }
        .fresh()
    };
    shown_while(move || home.incoming.with(|houses| !houses.is_empty()), panel).into_view().still()
}

/// Returns the heading of the call that sounds.
fn sounding_heading(home: Home, i18n: I18n) -> Option<String> {
    let sounding = home.alarm.sounding.get()?;
    let incident = home.connection.feed.with(|feed| feed.call(&sounding))?;
    let is_elsewhere = home.viewer.with_value(|viewer| is_elsewhere(viewer, &incident.alert.line));
    let heading = if is_elsewhere { urgent_heading_elsewhere } else { urgent_heading };
    Some(heading(i18n.get_locale(), &incident))
}
