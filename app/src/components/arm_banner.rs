//! The banner that asks for the tap without which browsers play no sound, and shows when it was not enough.

use leptos::prelude::*;

use crate::{
    home::Home,
    i18n::td_string,
    language::use_i18n,
    page_table::{DEVICES, ME},
    part::IntoPart,
    reactive::{IntoSignal, Memo, Signal},
    words::text,
};

/// Asks for the tap that lets this device sound, and shows whether it can.
#[component]
pub fn ArmBanner() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let alarm = home.alarm;
    let would_sound = Memo::new(move |_| alarm.armed.get() && !alarm.would_be_silent.get());
    let explanation = move || match (alarm.elsewhere.get(), alarm.armed.get()) {
        (true, _) => td_string!(i18n.get_locale(), arm.elsewhere),
        (false, true) => td_string!(i18n.get_locale(), arm.silent),
        (false, false) => td_string!(i18n.get_locale(), arm.ask),
    };
    let words = move || match would_sound.get() {
        true => td_string!(i18n.get_locale(), arm.armed),
        false => explanation(),
    };
    let button = move || {
        if alarm.armed.get() {
            td_string!(i18n.get_locale(), arm.again)
        } else {
            td_string!(i18n.get_locale(), arm.button)
        }
    };
    view! {
        <section class="arm-banner" class:armed=would_sound.into_signal()>
            <p role="status">
                {Signal::derive(words)}
            </p>
            <p class="screen-note" hidden=Signal::derive(move || !would_sound.get() || !alarm.screen.may_go_off.get())>
                {text!(i18n, arm.screen)}
            </p>
            <button
                type="button"
                data-testid="arm"
                data-armed=Signal::derive(move || would_sound.get().to_string())
                hidden=would_sound.into_signal()
                on:click=move |_| alarm.arm(home.is_hiding())
            >
                {Signal::derive(button)}
            </button>
            <a class="quiet-button" href=DEVICES.path rel="external" data-testid="devices">
                {text!(i18n, arm.closed)}
            </a>
            <a class="quiet-button" href=ME.path rel="external" data-testid="me">
                {text!(i18n, me.link)}
            </a>
        </section>
    }
    .still()
}
