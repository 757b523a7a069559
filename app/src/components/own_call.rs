//! The state of one's own call, told as it is, and what the caller can do about it.

use leptos::prelude::*;
use wire::{Incident, Progress, Stance};

use super::command::{Command, CommandState, Word};
use crate::{
    i18n::{Locale, t, t_string, td_string, use_i18n},
    location::LocationProblem,
    pages::Home,
    press::CallProgress,
    words,
};

/// One's own call: the line that tells its state, 119 where that is the way to help, and the buttons that end it.
#[component]
pub fn OwnCall() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let press = home.press;
    let command = Command::new();
    let state = Memo::new(move |_| press.progress.with(CallProgress::as_str));
    let now = home.connection.now;
    let words = Memo::new(move |_| {
        let own = press.own_call.get();
        press.progress.with(|progress| own_call_words(i18n.get_locale(), progress, own.as_ref(), now.get()))
    });
    let is_open = Memo::new(move |_| {
        press.own_call.with(|call| call.as_ref().is_some_and(|call| call.is_open(now.get())))
    });
    let place_problem = move || {
        let has_place = press.own_call.with(|call| call.as_ref().is_none_or(|call| call.location.is_some()));
        match press.location_problem.get() {
            Some(LocationProblem::Denied) if is_open.get() && !has_place => {
                Some(t_string!(i18n, own.place_denied))
            }
            Some(_) if is_open.get() && !has_place => Some(t_string!(i18n, own.place_unknown)),
            _ => None,
        }
    };
    let end = move |how| {
        if let Some(call) = press.own_call.get_untracked() {
            command.say(Word::Progress(call.alert.id, how));
        }
    };
    view! {
        <section class="own-call" data-state=state>
            <p class="call-state" data-testid="call-state" data-state=state role="status">
                {words}
            </p>
            <p class="own-place" hidden=move || place_problem().is_none()>
                {move || place_problem().unwrap_or_default()}
            </p>
            <a class="button danger call-119" href="tel:119" hidden=move || !press.progress.with(needs_119)>
                {t!(i18n, print.call_119)}
            </a>
            <a
                class="button"
                href="/sign-in?next=%2F"
                target="_blank"
                hidden=move || !press.progress.with(|progress| *progress == CallProgress::NeedsSignIn)
            >
                {t!(i18n, header.sign_in_again)}
            </a>
            <div class="buttons" hidden=move || !is_open.get()>
                <button
                    type="button"
                    class="primary"
                    data-testid="resolve"
                    disabled=move || command.is_busy()
                    on:click=move |_| end(Progress::Resolved)
                >
                    {t!(i18n, own.resolve)}
                </button>
                <button
                    type="button"
                    class="secondary"
                    data-testid="cancel"
                    disabled=move || command.is_busy()
                    on:click=move |_| end(Progress::Cancelled)
                >
                    {t!(i18n, own.cancel)}
                </button>
            </div>
            <div class="buttons" hidden=move || !press.progress.with(|progress| matches!(progress, CallProgress::Unsent { .. }))>
                <button type="button" class="danger" data-testid="send-now" on:click=move |_| press.send_now()>
                    {t!(i18n, own.send_now)}
                </button>
                <button type="button" class="secondary" on:click=move |_| press.dismiss()>
                    {t!(i18n, own.discard)}
                </button>
            </div>
            <button
                type="button"
                class="quiet-button"
                data-testid="dismiss"
                hidden=move || !press.progress.with(|progress| matches!(progress, CallProgress::Refused(_) | CallProgress::Ended(_)))
                on:click=move |_| press.dismiss()
            >
                {t!(i18n, own.dismiss)}
            </button>
            <CommandState command />
        </section>
    }
    .into_any()
}

/// Where the neighbours cannot be counted on, somebody else must be.
fn needs_119(progress: &CallProgress) -> bool {
    matches!(
        progress,
        CallProgress::NobodyReached
            | CallProgress::Refused(_)
            | CallProgress::Retrying { .. }
            | CallProgress::NeedsSignIn
            | CallProgress::Unsent { .. }
    )
}

/// The state in words. `own` is the call itself, once the feed has it.
pub fn own_call_words(
    locale: Locale,
    progress: &CallProgress,
    own: Option<&Incident>,
    now: wire::Millis,
) -> String {
    match progress {
        CallProgress::Quiet => String::new(),
        CallProgress::Sending => td_string!(locale, own.sending).to_owned(),
        CallProgress::Retrying { why, .. } => {
            let why = words::trouble(locale, *why);
            let why = td_string!(locale, own.why, why = why).to_string();
            format!("{} {why}", td_string!(locale, own.retrying))
        }
        CallProgress::NeedsSignIn => td_string!(locale, own.sign_in).to_owned(),
        CallProgress::Unsent { pressed_at } => {
            let ago = words::ago(locale, *pressed_at, now);
            td_string!(locale, own.unsent, ago = ago).to_string()
        }
        CallProgress::Refused(problem) => {
            format!("{} {}", td_string!(locale, own.refused), problem.detail)
        }
        CallProgress::Recorded => td_string!(locale, own.recorded).to_owned(),
        CallProgress::Reached(count) => td_string!(locale, own.reached, count = *count).to_string(),
        CallProgress::Coming(houses) => coming(locale, houses, own),
        CallProgress::NobodyReached => td_string!(locale, own.nobody).to_owned(),
        CallProgress::Ended(how) => ended(locale, *how).to_owned(),
    }
}

/// Who is on the way, and who is there.
fn coming(locale: Locale, houses: &[wire::House], own: Option<&Incident>) -> String {
    let is_there = |house: &wire::House| {
        own.is_some_and(|own| {
            own.responses.iter().any(|one| one.house == *house && one.stance == Stance::Arrived)
        })
    };
    let (there, under_way): (Vec<_>, Vec<_>) = houses.iter().partition(|house| is_there(house));
    let mut sentences = Vec::new();
    if !there.is_empty() {
        let there = words::houses(locale, there);
        sentences.push(td_string!(locale, own.arrived, houses = there).to_string());
    }
    if !under_way.is_empty() {
        let under_way = words::houses(locale, under_way);
        sentences.push(td_string!(locale, own.coming, houses = under_way).to_string());
    }
    sentences.join(" · ")
}

fn ended(locale: Locale, how: Progress) -> &'static str {
    match how {
        Progress::Cancelled => td_string!(locale, own.cancelled),
        Progress::Expired => td_string!(locale, own.expired),
        _ => td_string!(locale, own.resolved),
    }
}
