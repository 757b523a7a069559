//! The calls that are in no other place of the page: one's own, and those that are over.

use domain::{AlertId, CallKey, Role};
use leptos::prelude::*;

use super::incident_card::IncidentCard;
use crate::{
    feed::Notice,
    home::Home,
    i18n::{Locale, t_string, td_string, use_i18n},
    socket::ConnectionState,
    words,
};

/// The list of calls, newest first, with a word about how current it is.
#[component]
pub fn IncidentList() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let connection = home.connection;
    let all_lines = home.viewer.with_value(|viewer| viewer.role == Role::Administrator);
    let heading = move || {
        if all_lines { t_string!(i18n, feed.heading_office) } else { t_string!(i18n, feed.heading) }
    };
    let listed = Memo::new(move |_| {
        let incoming = home.incoming.get();
        let known = connection.feed.with(|feed| feed.incidents());
        let calls = known.into_iter().map(|incident| incident.alert.key());
        calls.filter(|call| !incoming.contains(call)).collect::<Vec<CallKey>>()
    });
    let open_count = Memo::new(move |_| {
        let now = connection.now.get();
        connection.feed.with(|feed| feed.open(now).len())
    });
    let summary = move || match (connection.state.get(), open_count.get()) {
        (ConnectionState::Connecting, 0) => t_string!(i18n, feed.not_yet).to_owned(),
        (ConnectionState::Connected, 0) => t_string!(i18n, feed.quiet).to_owned(),
        (ConnectionState::Waiting { .. } | ConnectionState::SignedOut, _) => {
            t_string!(i18n, feed.stale).to_owned()
        }
        (_, count) => td_string!(i18n.get_locale(), feed.open_count, count = count),
    };
    view! {
        <section class="calls" aria-labelledby="calls-heading">
            <div class="section-head">
                <h2 id="calls-heading">{heading}</h2>
                <p class="summary" data-testid="summary">{summary}</p>
            </div>
            <Announcements />
            <div class="incidents">
                <For each=move || listed.get() key=CallKey::clone let:call>
                    <IncidentCard call />
                </For>
            </div>
        </section>
    }
    .into_any()
}

/// What is new about others' calls, for those who do not see the page change. One's own call has its own line.
#[component]
fn Announcements() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let words = move || {
        let own = home.press.own_call.with_untracked(|own| own.as_ref().map(|own| own.alert.id));
        home.connection.notices.with(|notices| {
            let new = notices.iter().filter_map(|notice| announce(i18n.get_locale(), notice, own));
            new.collect::<Vec<_>>().join(". ")
        })
    };
    view! { <p class="visually-hidden" role="log" aria-live="polite">{words}</p> }
}

fn announce(locale: Locale, notice: &Notice, own: Option<AlertId>) -> Option<String> {
    let about = |id: &AlertId| Some(*id) != own;
    match notice {
        Notice::Arrived(id, house) if about(id) => {
            let house = words::house(locale, house);
            Some(td_string!(locale, feed.house_arrived, house = house))
        }
        Notice::Ended(id, how) if about(id) => Some(words::ended(locale, *how).to_owned()),
        // The panel says a new call itself, and who comes to it.
        _ => None,
    }
}
