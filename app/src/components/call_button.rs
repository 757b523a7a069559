//! The button that calls for help. Held until its ring is full it calls; a short touch does not, so that a pocket
//! cannot call. Keyboards and screen readers have a button of their own, which asks to confirm. Before wasm is there,
//! or without it, the form leads to the page that asks.

mod hold;

use domain::Kind;
use leptos::{ev, html, prelude::*};
use web_sys::{FormData, HtmlFormElement};

use self::hold::{Grip, Hold, Stage};
use super::{CallDetails, confirm_dialog::ConfirmDialog, location_offer::LocationOffer};
use crate::{
    home::Home,
    i18n::{Locale, td_string},
    language::use_i18n,
    offline,
    part::IntoPart,
    press::{CallProgress, Press},
    reactive::{IntoSignal, Memo, RwSignal, Signal},
    words::text,
};

/// The alert button with the fields that may go along with the call.
#[component]
pub fn CallButton() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let press = home.press;
    let form = NodeRef::<html::Form>::new();
    let call = move || call_with(press, form);
    let hold = Hold::new(call);
    let (asks, in_use) = (RwSignal::new(false), RwSignal::new(false));
    let look = Look::new(home, hold, in_use);
    // Enter in a field, a key or a screen reader on the button cannot hold it, so the person is asked.
    let ask = move || {
        if !look.busy.get_untracked() {
            press.prepare();
            asks.set(true);
        }
    };
    view! {
        <form
            class="call-form"
            class:secondary=look.secondary
            method="get"
            action="/call"
            node_ref=form
            on:submit=move |event| event.prevent_default()
        >
            <HeldButton hold look ask />
            <HoldHint hold />
            <NoConnection />
            <button
                type="button"
                class="quiet-button needs-wasm"
                data-testid="alert-press"
                aria-haspopup="dialog"
                disabled=look.busy.into_signal()
                on:click=move |_| ask()
            >
                {text!(i18n, call.press)}
            </button>
            <More secondary=look.secondary in_use />
            <LocationOffer />
        </form>
        <ConfirmDialog open=asks confirmed=call />
    }
    .still()
}

/// The weight and the words of the button, which follow from the calls that are open.
#[derive(Clone, Copy)]
struct Look {
    /// A press is on its way.
    busy: Memo<bool>,
    /// The own house has an open call.
    again: Memo<bool>,
    /// Another house calls.
    others: Memo<bool>,
    /// A call is open, and the page is about that call. The button stays for when nobody answers it.
    secondary: Signal<bool>,
}

impl Look {
    /// A neighbour's call moves nothing under a finger that holds the button, and hides no words that are being
    /// written, which is while `in_use`.
    fn new(home: Home, hold: Hold, in_use: RwSignal<bool>) -> Self {
        let busy = Memo::new(move |_| home.press.progress.with(is_on_its_way));
        let again = Memo::new(move |_| home.press.progress.with(is_recorded));
        let others = Memo::new(move |before: Option<&bool>| {
            let calling = home.incoming.with(|houses| !houses.is_empty());
            let is_fixed = in_use.get() || hold.stage.get() == Stage::Held;
            before.copied().filter(|_| is_fixed).unwrap_or(calling)
        });
        let secondary = Signal::derive(move || again.get() || busy.get() || others.get());
        Self { busy, again, others, secondary }
    }

    fn label(self, locale: Locale) -> &'static str {
        match (self.again.get(), self.others.get() && !self.busy.get()) {
            (true, _) => td_string!(locale, call.again),
            (false, true) => td_string!(locale, call.too),
            (false, false) => td_string!(locale, call.button),
        }
    }
}

/// The round button. A click that no pointer made asks.
#[component]
fn HeldButton(hold: Hold, look: Look, ask: impl Fn() + Copy + 'static) -> impl IntoView {
    let i18n = use_i18n();
    let press = Home::current().press;
    let button = NodeRef::<html::Button>::new();
    view! {
        <button
            type="submit"
            class="alert-button"
            node_ref=button
            class:held=hold.is_at(Stage::Held)
            data-testid="alert-button"
            aria-describedby="hold-hint"
            disabled=look.busy.into_signal()
            on:pointerdown=move |event| {
                if event.button() == 0 {
                    press.prepare();
                    hold.begin(button.get_untracked().map(|button| Grip::new(&button, &event)));
                }
            }
            on:pointermove=move |event| hold.moved_to(&event)
            on:pointerup=move |_| hold.release()
            on:pointercancel=move |_| hold.release()
            on:contextmenu=move |event: ev::MouseEvent| event.prevent_default()
            on:click=move |event| {
                event.prevent_default();
                // No pointer was pressed, so this click is a key's or a screen reader's.
                if event.detail() == 0 {
                    ask();
                }
            }
        >
            <svg class="ring" viewBox="0 0 100 100" aria-hidden="true">
                <circle class="ring-track" cx="50" cy="50" r="47" />
                <circle class="ring-fill" cx="50" cy="50" r="47" pathLength="100" />
            </svg>
            <span class="alert-button-words">{Signal::derive(move || look.label(i18n.get_locale()))}</span>
        </button>
    }
    .still()
}

/// The line that shows how to use the button.
#[component]
fn HoldHint(hold: Hold) -> impl IntoView {
    let i18n = use_i18n();
    let hint = move || match hold.stage.get() {
        Stage::Rest => td_string!(i18n.get_locale(), call.hold),
        Stage::Held => td_string!(i18n.get_locale(), call.holding),
        Stage::TooShort => td_string!(i18n.get_locale(), call.too_short),
    };
    view! {
        <p id="hold-hint" class="hold-hint" class:warning=hold.is_at(Stage::TooShort) role="status">
            {Signal::derive(hint)}
        </p>
    }
    .still()
}

/// The fields that may go along with the call, folded away while the button is secondary.
#[component]
fn More(secondary: Signal<bool>, in_use: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <details
            class="call-more"
            open=Signal::derive(move || !secondary.get())
            on:focusin=move |_| in_use.set(true)
            on:focusout=move |_| in_use.set(false)
        >
            <summary hidden=Signal::derive(move || !secondary.get())>{text!(i18n, call.more)}</summary>
            <CallDetails />
        </details>
    }
    .still()
}

/// Shows beforehand, while there is no connection, what a press can do and what it cannot.
#[component]
fn NoConnection() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let is_lost = offline::is_lost(home.connection);
    let shown = move || is_lost.get() && home.press.progress.with(is_over);
    view! {
        <p class="notice no-connection" data-testid="no-connection" hidden=Signal::derive(move || !shown())>
            {text!(i18n, call.no_connection)} " " <a href="tel:119">{text!(i18n, print.call_119)}</a>
        </p>
    }
    .still()
}

/// Calls with the content of the form, and empties it for the next time.
fn call_with(press: Press, form: NodeRef<html::Form>) {
    let Some(form) = form.get_untracked() else { return press.press(None, String::new()) };
    let (kind, text) = entered(&form);
    press.press(kind, text);
    form.reset();
}

fn entered(form: &HtmlFormElement) -> (Option<Kind>, String) {
    // A call goes out whatever the form has.
    let Ok(fields) = FormData::new_with_form(form) else { return (None, String::new()) };
    let field = |name| fields.get(name).as_string();
    let word = field("kind");
    let kind = Kind::ALL.into_iter().find(|kind| word.as_deref() == Some(kind.as_str()));
    (kind, field("text").unwrap_or_default())
}

/// Returns whether a call is under way that another press would get in the way of.
fn is_on_its_way(progress: &CallProgress) -> bool {
    matches!(
        progress,
        CallProgress::Sending
            | CallProgress::Retrying { .. }
            | CallProgress::Heard { .. }
            | CallProgress::NeedsSignIn { .. }
            | CallProgress::Unsent { .. }
    )
}

/// Returns whether nothing is open or on its way. An open call has a line of its own with more.
fn is_over(progress: &CallProgress) -> bool {
    use CallProgress::{Delivered, Ended, Quiet};
    matches!(progress, Quiet | Delivered { .. } | Ended(_))
}

fn is_recorded(progress: &CallProgress) -> bool {
    matches!(
        progress,
        CallProgress::Recorded
            | CallProgress::Stands
            | CallProgress::Reached(_)
            | CallProgress::NobodyComes(_)
            | CallProgress::Coming(_)
            | CallProgress::NobodyReached
    )
}
