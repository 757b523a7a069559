//! The fields that may go along with a call, which are its kind, and a few words. They are plain form fields, so that
//! they work before wasm.

use domain::{Kind, event::TEXT_LENGTH_LIMIT};
use leptos::prelude::*;

use crate::{
    language::use_i18n,
    part::IntoPart,
    reactive::Signal,
    words::{self, text},
};

/// The fields `kind` and `text` of a form that calls for help.
#[component]
pub fn CallDetails(
    /// The kind chosen already, as the form's word.
    #[prop(optional, into)]
    chosen: String,
    /// The text written already.
    #[prop(optional, into)]
    text: String,
) -> impl IntoView {
    let i18n = use_i18n();
    let chips = Kind::ALL.map(move |kind| {
        let word = kind.as_str();
        view! {
            <label class=format!("chip chip-{word}")>
                <input type="radio" name="kind" value=word checked=chosen == word />
                <span>{Signal::derive(move || words::kind(i18n.get_locale(), kind))}</span>
            </label>
        }
    });
    view! {
        <fieldset class="chips">
            <legend>{text!(i18n, kind.label)}</legend>
            {chips.into_iter().collect_view()}
        </fieldset>
        <label class="text-field">
            <span>{text!(i18n, call.text)}</span>
            <input
                type="text"
                name="text"
                maxlength=TEXT_LENGTH_LIMIT
                autocomplete="off"
                enterkeyhint="done"
                placeholder=Signal::derive(text!(i18n, call.text_hint))
                value=text
            />
        </label>
    }
    .still()
}
