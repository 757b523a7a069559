//! Words about the calls of a house (accept, cancel, …) on their way to the server. The buttons are disabled
//! meanwhile, and a line beside them shows the result.

use domain::{Alert, CallKey, House, Progress, api::Problem};
use leptos::prelude::*;

use crate::{
    api::{self, OnTrouble, Refused, Trouble},
    i18n::td_string,
    language::use_i18n,
    part::{IntoPart, shown_while},
    reactive::{RwSignal, Signal, StoredValue, spawn_local},
    words::{self, text},
};

/// A word about one call.
#[derive(Clone)]
pub(super) enum Word {
    Accept(Alert, House),
    /// Progress, with how it ended in words where the person wrote that.
    Progress(CallKey, Progress, Option<String>),
}

#[derive(Clone, PartialEq)]
enum Stage {
    Idle,
    Sending,
    Retrying(Trouble),
    SignedOut,
    Refused(Problem),
}

/// The words that one press of a button sends. They go out at the same time, so that none waits for another that the
/// server cannot record now.
#[derive(Clone, Copy)]
pub(super) struct Command {
    stage: RwSignal<Stage>,
    /// The number of words that are not answered yet.
    unanswered: StoredValue<usize>,
    /// The last refusal of a word, until all are answered.
    refused: StoredValue<Option<Stage>>,
}

impl Command {
    pub(super) fn new() -> Self {
        Self {
            stage: RwSignal::new(Stage::Idle),
            unanswered: StoredValue::new(0),
            refused: StoredValue::new(None),
        }
    }

    /// Returns whether words are on their way.
    pub(super) fn is_busy(self) -> bool {
        matches!(self.stage.get(), Stage::Sending | Stage::Retrying(_))
    }

    /// Sends each word until it is answered. The changes arrive by the feed.
    pub(super) fn send(self, words: Vec<Word>) {
        if words.is_empty() {
            return;
        }
        self.stage.set(Stage::Sending);
        self.refused.set_value(None);
        self.unanswered.set_value(words.len());
        for word in words {
            spawn_local(self.send_one(word));
        }
    }

    async fn send_one(self, word: Word) {
        let on_trouble: OnTrouble = Box::new(move |trouble, _| self.show(Stage::Retrying(trouble)));
        let answer = match word {
            Word::Accept(alert, by) => api::accept(&alert, by, on_trouble).await,
            Word::Progress(call, progress, note) => api::progress(&call, progress, note, on_trouble).await,
        };
        if let Err(refused) = answer {
            self.refused.try_set_value(Some(match refused {
                Refused::SignIn => Stage::SignedOut,
                Refused::Problem(problem) => Stage::Refused(problem),
            }));
        }
        let rest = self.unanswered.try_update_value(|unanswered| {
            *unanswered = unanswered.saturating_sub(1);
            *unanswered
        });
        if rest == Some(0) {
            self.show(self.refused.try_get_value().flatten().unwrap_or(Stage::Idle));
        }
    }

    /// Shows the stage, unless the part of the page that asked is gone.
    fn show(self, stage: Stage) {
        self.stage.try_set(stage);
    }
}

/// A button that sends words about calls.
#[component]
pub(super) fn CommandButton(
    /// The command that sends them. The button is disabled while other words are on their way.
    command: Command,
    /// The CSS class.
    class: &'static str,
    /// Its name for tests.
    testid: &'static str,
    /// True if it fits now.
    #[prop(into)]
    shown: Signal<bool>,
    /// The label.
    #[prop(into)]
    label: Signal<&'static str>,
    /// The words to send; empty if the calls have gone meanwhile.
    #[prop(into)]
    words: Callback<(), Vec<Word>>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=class
            data-testid=testid
            hidden=Signal::derive(move || !shown.get())
            disabled=Signal::derive(move || command.is_busy())
            on:click=move |_| command.send(words.run(()))
        >
            {label}
        </button>
    }
    .part()
}

/// The line that shows what has become of the words.
#[component]
pub(super) fn CommandState(command: Command) -> impl IntoView {
    let i18n = use_i18n();
    let words = move || {
        let locale = i18n.get_locale();
        command.stage.with(|stage| match stage {
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
    let is_idle = Signal::derive(move || command.stage.with(|stage| *stage == Stage::Idle));
    let sign_in_again = move || {
        view! {
            " "
            <a href="/sign-in?next=%2F" rel="external">
                {text!(i18n, header.sign_in_again)}
            </a>
        }
        .fresh()
    };
    view! {
        <p class="command-state" class:visually-hidden=is_idle role="status">
            {Signal::derive(words)}
            {shown_while(move || command.stage.with(|stage| *stage == Stage::SignedOut), sign_in_again)}
        </p>
    }
    .part()
}

/// The words of a person about how a call ended.
#[derive(Clone, Copy)]
pub(super) struct Note(RwSignal<String>);

impl Note {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(String::new()))
    }

    /// Takes what was written, if there is more than white space.
    pub(super) fn take(self) -> Option<String> {
        let written = self.0.try_update(std::mem::take).unwrap_or_default();
        Some(written.trim().to_owned()).filter(|note| !note.is_empty())
    }
}

/// The field for it, folded away until somebody wants to write.
#[component]
pub(super) fn NoteField(
    /// Holds what is written.
    note: Note,
    /// True if a call can be ended now.
    #[prop(into)]
    shown: Signal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <details class="note" hidden=Signal::derive(move || !shown.get())>
            <summary data-testid="write-note">{text!(i18n, own.note)}</summary>
            <input
                name="note"
                type="text"
                maxlength="1000"
                autocomplete="off"
                aria-label=text!(i18n, own.note)
                prop:value=note.0
                on:input=move |event| note.0.set(event_target_value(&event))
            />
        </details>
    }
    .part()
}
