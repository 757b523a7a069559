//! The calls that are over, and a word about how current the page is.

use domain::{AlertId, CallKey, Role};
use leptos::prelude::*;

use super::incident_card::IncidentCard;
use crate::{
    feed::Notice,
    home::Home,
    i18n::{Locale, td_string},
    language::use_i18n,
    part::{IntoPart, for_each},
    reactive::{Memo, Signal},
    socket::ConnectionState,
    words,
};

/// The past calls, the newest first.
#[component]
pub fn IncidentList() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let connection = home.connection;
    let all_lines = home.viewer.with_value(|viewer| viewer.role == Role::Administrator);
    let heading = move || {
        if all_lines {
            td_string!(i18n.get_locale(), feed.heading_office)
        } else {
            td_string!(i18n.get_locale(), feed.heading)
        }
    };
    let listed = Memo::new(move |_| {
        home.open.track();
        let now = connection.now.get_untracked();
        let known = connection.feed.with(|feed| feed.incidents());
        let over = known.iter().filter(|incident| !incident.is_open(now));
        over.map(|incident| incident.alert.key()).collect::<Vec<CallKey>>()
    });
    let is_empty = Signal::derive(move || listed.with(Vec::is_empty));
    let summary = move || match (connection.state.get(), home.open.with(Vec::len)) {
        (ConnectionState::Connecting, 0) => td_string!(i18n.get_locale(), feed.not_yet).to_owned(),
        (ConnectionState::Connected, 0) => td_string!(i18n.get_locale(), feed.quiet).to_owned(),
        (ConnectionState::Waiting { .. } | ConnectionState::SignedOut, _) => {
            td_string!(i18n.get_locale(), feed.stale).to_owned()
        }
        (_, count) => td_string!(i18n.get_locale(), feed.open_count, count = count),
    };
    view! {
        <section class="calls" aria-labelledby="calls-heading">
            <p class="calls-summary" data-testid="summary">{Signal::derive(summary)}</p>
            <h2 id="calls-heading" hidden=is_empty>{Signal::derive(heading)}</h2>
            <Announcements />
            <div class="incidents">
                {for_each(move || listed.get(), |call: CallKey| view! { <IncidentCard call /> }.fresh())}
            </div>
        </section>
    }
    .still()
}

/// News about others' calls, for people who do not see the page change. One's own call has its own line.
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
    view! { <p class="visually-hidden" role="log" aria-live="polite">{Signal::derive(words)}</p> }
}

fn announce(locale: Locale, notice: &Notice, own: Option<AlertId>) -> Option<String> {
    let about = |id: &AlertId| Some(*id) != own;
    match notice {
        Notice::Arrived(id, house) if about(id) => {
            let house = words::house(locale, house);
            Some(td_string!(locale, feed.house_arrived, house = house))
        }
        Notice::Ended(id, how) if about(id) => Some(words::ended(locale, *how).to_owned()),
        // The panel announces a new call itself, and who comes to it.
        _ => None,
    }
}
