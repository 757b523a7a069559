//! A word said about a call (accept, cancel, …) on its way to the server: the buttons are disabled meanwhile, and a line
//! beside them says what has become of it.

use domain::{Alert, AlertId, House, Progress, api::Problem};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{self, Refused, Trouble},
    i18n::{td_string, use_i18n},
    words::{self, say},
};

/// What is said.
#[derive(Clone)]
pub(super) enum Word {
    Accept(Alert, House),
    Progress(AlertId, Progress),
}

#[derive(Clone, PartialEq)]
enum Stage {
    Idle,
    Sending,
    Retrying(Trouble),
    SignedOut,
    Refused(Problem),
}

/// One word at a time about one call.
#[derive(Clone, Copy)]
pub(super) struct Command(RwSignal<Stage>);

impl Command {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(Stage::Idle))
    }

    /// Whether a word is on its way.
    pub(super) fn is_busy(self) -> bool {
        matches!(self.0.get(), Stage::Sending | Stage::Retrying(_))
    }

    /// Sends it until it is answered. What it changes arrives by the feed.
    pub(super) fn say(self, word: Word) {
        self.0.set(Stage::Sending);
        // The part of the page that asked may be gone when the answer comes: then nobody is there to tell.
        let tell = move |stage| {
            let _ = self.0.try_set(stage);
        };
        spawn_local(async move {
            let on_trouble = move |trouble, _| tell(Stage::Retrying(trouble));
            let answer = match word {
                Word::Accept(alert, by) => api::accept(&alert, by, on_trouble).await,
                Word::Progress(alert, progress) => api::progress(alert, progress, on_trouble).await,
            };
            tell(match answer {
                Ok(_) => Stage::Idle,
                Err(Refused::SignIn) => Stage::SignedOut,
                Err(Refused::Problem(problem)) => Stage::Refused(problem),
            });
        });
    }
}

/// A button that says a word about a call.
#[component]
pub(super) fn CommandButton(
    /// What it is said with: the button waits while another word is on its way.
    command: Command,
    /// How it looks.
    class: &'static str,
    /// Its name for tests.
    testid: &'static str,
    /// Whether it fits now.
    #[prop(into)]
    shown: Signal<bool>,
    /// What stands on it.
    #[prop(into)]
    label: Signal<&'static str>,
    /// What is said; nothing, if the call has gone meanwhile.
    #[prop(into)]
    word: Callback<(), Option<Word>>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=class
            data-testid=testid
            hidden=Signal::derive(move || !shown.get())
            disabled=Signal::derive(move || command.is_busy())
            on:click=move |_| {
                if let Some(word) = word.run(()) {
                    command.say(word);
                }
            }
        >
            {label}
        </button>
    }
    .into_any()
}

/// The line that says what has become of a word.
#[component]
pub(super) fn CommandState(command: Command) -> impl IntoView {
    let i18n = use_i18n();
    let words = move || {
        let locale = i18n.get_locale();
        command.0.with(|stage| match stage {
            Stage::Idle => String::new(),
            Stage::Sending => td_string!(locale, command.sending).to_owned(),
            Stage::Retrying(Trouble::HeardOnly) => td_string!(locale, command.heard_only).to_owned(),
            Stage::Retrying(trouble) => {
                let why = words::trouble(locale, *trouble);
                td_string!(locale, command.retrying, why = why)
            }
            Stage::SignedOut => td_string!(locale, command.sign_in).to_owned(),
            Stage::Refused(problem) => {
                td_string!(locale, command.problem, detail = problem.detail.clone())
            }
        })
    };
    let is_idle = Signal::derive(move || command.0.with(|stage| *stage == Stage::Idle));
    view! {
        <p class="command-state" class:visually-hidden=is_idle role="status">
            {words}
            <Show when=move || command.0.with(|stage| *stage == Stage::SignedOut)>
                " "
                <a href="/sign-in?next=%2F" rel="external">
                    {say!(i18n, header.sign_in_again)}
                </a>
            </Show>
        </p>
    }
    .into_any()
}
