//! The state of one's own call, and what the caller can do about it.

use domain::{Incident, Millis, Progress};
use leptos::prelude::*;

use super::{
    command::{Command, CommandButton, CommandState, Note, NoteField, Word},
    house_facts::{HouseFacts, HouseWords, as_one, presses, words_of},
    incident_words::{drill_word, kind_word},
    ledger::Ledger,
    own_call_words::own_call_words,
};
use crate::{
    home::Home,
    house_calls::HouseCalls,
    i18n::td_string,
    language::use_i18n,
    location::LocationProblem,
    part::{IntoPart, shown_while},
    press::{CallProgress, PressState},
    reactive::{IntoSignal, Memo, Signal},
    words::text,
};

/// The time, in milliseconds, for which one tap takes back a call that was just recorded.
const UNDO_FOR: Millis = 5_000;

/// One's own call, with the line that shows its state, 119 where that is the way to help, the calls of the own house,
/// and the buttons that fit.
#[component]
pub fn OwnCall() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let (press, now) = (home.press, home.connection.now);
    let command = Command::new();
    let state = Memo::new(move |_| press.progress.with(CallProgress::as_str));
    let words = Memo::new(move |_| {
        let own = press.own_call.get();
        press.progress.with(|progress| own_call_words(i18n.get_locale(), progress, own.as_ref(), now.get()))
    });
    view! {
        <section class="own-call" data-state=state.into_signal()>
            <h2 class="visually-hidden" hidden=unless(is_anything)>{text!(i18n, own.heading)}</h2>
            <p class="call-state" data-testid="call-state" data-state=state.into_signal() role="status">
                {words.into_signal()}
            </p>
            <Undo command />
            <WithoutPlace />
            <a class="button danger call-119" href="tel:119" hidden=unless(CallProgress::needs_119)>
                {text!(i18n, print.call_119)}
            </a>
            <a class="button" href="/sign-in?next=%2F" target="_blank" hidden=unless(needs_sign_in)>
                {text!(i18n, header.sign_in_again)}
            </a>
            <Ledger />
            {shown_while(move || home.own_house.with(Option::is_some), || view! { <OwnHouse /> }.fresh())}
            <EndButtons command />
            <div class="buttons" hidden=unless(is_unsent)>
                <button type="button" class="danger" data-testid="send-now" on:click=move |_| press.send_now()>
                    {text!(i18n, own.send_now)}
                </button>
                <button type="button" class="secondary" data-testid="discard" on:click=move |_| press.dismiss()>
                    {text!(i18n, own.discard)}
                </button>
            </div>
            <button
                type="button"
                class="quiet-button"
                data-testid="dismiss"
                hidden=unless(is_over)
                on:click=move |_| press.dismiss()
            >
                {text!(i18n, own.dismiss)}
            </button>
        </section>
    }
    .still()
}

/// Takes back the call that this device has just made, with one tap. Other open calls of the house stay.
#[component]
fn Undo(command: Command) -> impl IntoView {
    let i18n = use_i18n();
    let Home { press, connection, .. } = Home::current();
    let just_made = Memo::new(move |_| {
        let PressState::Recorded { id, at, .. } = press.state.get() else { return None };
        let now = connection.now.get();
        let is_it = |call: &&Incident| call.alert.id == id && call.is_open(now);
        let call = press.own_call.with(|call| call.as_ref().filter(is_it).map(|call| call.alert.key()));
        call.filter(|_| now.saturating_sub(at) < UNDO_FOR)
    });
    let take_back = move |()| {
        let word = |call| Word::Progress(call, Progress::Cancelled, None);
        just_made.get_untracked().map(word).into_iter().collect::<Vec<_>>()
    };
    view! {
        <CommandButton
            command
            class="undo"
            testid="undo"
            shown=Signal::derive(move || just_made.with(Option::is_some))
            label=Signal::derive(text!(i18n, own.undo))
            words=take_back
        />
    }
    .still()
}

/// The open calls of the own house, as neighbours read them.
#[component]
fn OwnHouse() -> impl IntoView {
    let house = Home::current().own_house;
    let one = as_one(house);
    view! {
        <article
            class="incident own"
            data-testid="incident"
            data-alert=words_of(one, |_, one| one.alert.id.to_string())
            data-open="true"
            data-house=words_of(one, |_, one| one.alert.house.to_string())
            data-kind=words_of(one, kind_word)
            data-drill=words_of(one, drill_word)
            data-presses=presses(house)
        >
            <HouseFacts house one />
            <HouseWords house one />
        </article>
    }
    .fresh()
}

/// The buttons that end the open calls of the own house. They end all of them, because the caller sees them as one.
#[component]
fn EndButtons(command: Command) -> impl IntoView {
    let i18n = use_i18n();
    let Home { press, own_house, .. } = Home::current();
    let note = Note::new();
    let is_open = Memo::new(move |_| own_house.with(Option::is_some));
    let end = move |how| {
        move |()| {
            let calls = own_house.get_untracked();
            let note = if how == Progress::Resolved { note.take() } else { None };
            let word = |call: &Incident| Word::Progress(call.alert.key(), how, note.clone());
            let words = calls.iter().flat_map(HouseCalls::calls).map(word).collect::<Vec<_>>();
            // A press that is still being sent must not be sent after its end.
            press.drop_unrecorded();
            words
        }
    };
    let resolve = Signal::derive(text!(i18n, own.resolve));
    let count = move || own_house.with(|house| house.as_ref().map_or(0, HouseCalls::count));
    let cancel = Signal::derive(move || match count() {
        0 | 1 => td_string!(i18n.get_locale(), own.cancel),
        _ => td_string!(i18n.get_locale(), own.cancel_all),
    });
    view! {
        <NoteField note shown=is_open />
        <div class="buttons">
            <CommandButton
                command
                class="primary"
                testid="resolve"
                shown=is_open
                label=resolve
                words=end(Progress::Resolved)
            />
            <CommandButton
                command
                class="secondary"
                testid="cancel"
                shown=is_open
                label=cancel
                words=end(Progress::Cancelled)
            />
        </div>
        <CommandState command />
    }
    .still()
}

/// Shows why an open call went without a place.
#[component]
fn WithoutPlace() -> impl IntoView {
    let i18n = use_i18n();
    let press = Home::current().press;
    let is_open = is_open();
    let words = Memo::new(move |_| {
        let lacks_place =
            press.own_call.with(|call| call.as_ref().is_some_and(|call| call.location.is_none()));
        match press.location_problem.get().filter(|_| lacks_place && is_open.get()) {
            None => "",
            Some(LocationProblem::KeptBack) => td_string!(i18n.get_locale(), own.place_off),
            Some(LocationProblem::Denied) => td_string!(i18n.get_locale(), own.place_denied),
            Some(_) => td_string!(i18n.get_locale(), own.place_unknown),
        }
    });
    view! { <p hidden=Signal::derive(move || words.get().is_empty())>{words.into_signal()}</p> }.still()
}

/// Returns whether the own call is open.
fn is_open() -> Memo<bool> {
    let Home { press, connection, .. } = Home::current();
    Memo::new(move |_| {
        let now = connection.now.get();
        press.own_call.with(|call| call.as_ref().is_some_and(|call| call.is_open(now)))
    })
}

/// True unless the progress is one of those, for `hidden`.
fn unless(shown: fn(&CallProgress) -> bool) -> Signal<bool> {
    let progress = Home::current().press.progress;
    Signal::derive(move || !progress.with(shown))
}

fn is_anything(progress: &CallProgress) -> bool {
    !matches!(progress, CallProgress::Quiet)
}

fn needs_sign_in(progress: &CallProgress) -> bool {
    matches!(progress, CallProgress::NeedsSignIn { .. })
}

fn is_unsent(progress: &CallProgress) -> bool {
    matches!(progress, CallProgress::Unsent { .. })
}

fn is_over(progress: &CallProgress) -> bool {
    use CallProgress::{Delivered, Ended, Refused, Stands};
    matches!(progress, Refused(_) | Ended(_) | Delivered { .. } | Stands)
}
