//! The dialog that asks whether to call for help. It is the way for keyboards, screen readers and hands that cannot
//! hold a button.

use domain::{House, Line};
use leptos::{ev, html, prelude::*};

use crate::{
    home::Home,
    language::use_i18n,
    part::IntoPart,
    reactive::{RwSignal, Signal, effect},
    words::{self, text},
};

/// The question, in a dialog of the browser's own, which keeps the focus and closes with Escape.
#[component]
pub(super) fn ConfirmDialog(
    /// True if it is being asked.
    open: RwSignal<bool>,
    /// Called on a yes.
    confirmed: impl Fn() + Copy + 'static,
) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let dialog = NodeRef::<html::Dialog>::new();
    effect(move || open_or_close(dialog, open));
    let who = move || {
        let locale = i18n.get_locale();
        // Nobody without a flat has the button.
        let who = |(line, house): (&Line, &House)| words::confirm_who(locale, line, house);
        home.viewer.with_value(|viewer| viewer.flat().map(who).unwrap_or_default())
    };
    view! {
        <dialog
            class="confirm"
            node_ref=dialog
            aria-labelledby="confirm-heading"
            on:close=move |_| open.set(false)
            on:keydown=move |event| ignore_held(&event)
        >
            <h2 id="confirm-heading">{text!(i18n, call.confirm_heading)}</h2>
            <p>{Signal::derive(who)}</p>
            <p>{text!(i18n, print.not_119)}</p>
            <div class="buttons">
                <button
                    type="button"
                    class="danger"
                    data-testid="alert-confirm"
                    on:click=move |_| {
                        open.set(false);
                        confirmed();
                    }
                >
                    {text!(i18n, call.confirm)}
                </button>
                // The safe answer has the focus, so that a second Enter, as some keyboards send, calls nobody.
                <button type="button" class="secondary" autofocus=true on:click=move |_| open.set(false)>
                    {text!(i18n, call.back)}
                </button>
            </div>
        </dialog>
    }
    .still()
}

fn open_or_close(dialog: NodeRef<html::Dialog>, open: RwSignal<bool>) {
    let Some(dialog) = dialog.get() else { return };
    if !open.get() {
        dialog.close();
    } else if !dialog.open() && dialog.show_modal().is_err() {
        // Without a modal dialog, one within the page asks as well.
        dialog.set_open(true);
    }
}

/// The key that opened the dialog must not answer it, because it may still be held, or be the one that ends a syllable
/// in an input method.
fn ignore_held(event: &ev::KeyboardEvent) {
    if event.repeat() || event.is_composing() {
        event.prevent_default();
    }
}
