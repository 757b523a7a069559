//! The state of the connection, and so whether calls can arrive right now. The countdown is for the eyes; the text for
//! screen readers changes only with the state.

use leptos::prelude::*;

use crate::{
    home::Home,
    i18n::{Locale, td_string},
    language::use_i18n,
    part::{IntoPart, shown_while},
    reactive::{IntoSignal, Memo, Signal},
    socket::ConnectionState,
    words::text,
};

/// The connection's state, beside a coloured dot.
#[component]
pub(super) fn ConnectionPill() -> impl IntoView {
    let i18n = use_i18n();
    let state = Home::current().connection.state;
    let aloud = Memo::new(move |_| spoken(i18n.get_locale(), state.get()));
    let sign_in_again = move || {
        view! {
            <a class="quiet-button" href="/sign-in?next=%2F" rel="external">
                {text!(i18n, header.sign_in_again)}
            </a>
        }
        .fresh()
    };
    view! {
        <div class="connection" data-testid="connection" data-state=Signal::derive(move || state.get().as_str())>
            <span class="dot" aria-hidden="true"></span>
            <span aria-hidden="true">{Signal::derive(move || shown(i18n.get_locale(), state.get()))}</span>
            <span class="visually-hidden" role="status">
                {aloud.into_signal()}
            </span>
            {shown_while(move || state.get() == ConnectionState::SignedOut, sign_in_again)}
        </div>
    }
    .still()
}

fn shown(locale: Locale, state: ConnectionState) -> String {
    match state {
        ConnectionState::Waiting { retry_in } => {
            td_string!(locale, header.waiting, seconds = retry_in)
        }
        _ => spoken(locale, state).to_owned(),
    }
}

fn spoken(locale: Locale, state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connecting => td_string!(locale, header.connecting),
        ConnectionState::Connected => td_string!(locale, header.connected),
        ConnectionState::Waiting { .. } => td_string!(locale, header.disconnected),
        ConnectionState::SignedOut => td_string!(locale, header.signed_out),
    }
}
