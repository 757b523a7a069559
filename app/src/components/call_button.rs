//! The button that calls for help. Held until its ring is full it calls; a short touch does not, so that a pocket
//! cannot call. Keyboards and screen readers have a button of their own, which asks to confirm. Before wasm is there,
//! or without it, the form leads to the page that asks.

use std::time::Duration;

use domain::Kind;
use leptos::{ev, html, logging, prelude::*};
use web_sys::{FormData, HtmlButtonElement, HtmlFormElement};

use super::{CallDetails, confirm_dialog::ConfirmDialog, location_offer::LocationOffer};
use crate::{
    home::Home,
    i18n::td_string,
    language::use_i18n,
    offline,
    part::IntoPart,
    press::{CallProgress, Press},
    reactive::{Memo, RwSignal, Signal, StoredValue},
    words::text,
};

/// The time for which the button is held until it calls. The style sheet fills the ring in the same time.
const HOLD: Duration = Duration::from_millis(1_200);

/// The alert button with the fields that may go along with the call.
#[component]
pub fn CallButton() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let press = home.press;
    let form = NodeRef::<html::Form>::new();
    let button = NodeRef::<html::Button>::new();
    let call = move || call_with(press, form);
    let hold = Hold::new(call);
    let asks = RwSignal::new(false);
    let busy = Memo::new(move |_| press.progress.with(is_on_its_way));
    let again = Memo::new(move |_| press.progress.with(is_recorded));
    // A neighbour's call moves nothing under a finger that holds the button, and hides no words that are being written.
    let in_use = RwSignal::new(false);
    let others = Memo::new(move |before: Option<&bool>| {
        let calling = home.incoming.with(|houses| !houses.is_empty());
        let is_fixed = in_use.get() || hold.stage.get() == Stage::Held;
        before.copied().filter(|_| is_fixed).unwrap_or(calling)
    });
    // A call is open, and the page is about that call. The button stays for when nobody answers it.
    let secondary = Signal::derive(move || again.get() || busy.get() || others.get());
    let label = move || match (again.get(), others.get() && !busy.get()) {
        (true, _) => td_string!(i18n.get_locale(), call.again),
        (false, true) => td_string!(i18n.get_locale(), call.too),
        (false, false) => td_string!(i18n.get_locale(), call.button),
    };
    // Enter in a field, a key or a screen reader on the button cannot hold it, so the person is asked.
    let ask = move || {
        if !busy.get_untracked() {
            press.prepare();
            asks.set(true);
        }
    };
    let hint = move || match hold.stage.get() {
        Stage::Rest => td_string!(i18n.get_locale(), call.hold),
        Stage::Held => td_string!(i18n.get_locale(), call.holding),
        Stage::TooShort => td_string!(i18n.get_locale(), call.too_short),
    };
    let is = move |stage| Signal::derive(move || hold.stage.get() == stage);

    view! {
        <form
            class="call-form"
            class:secondary=secondary
            method="get"
            action="/call"
            node_ref=form
            on:submit=move |event| event.prevent_default()
        >
            <button
                type="submit"
                class="alert-button"
                node_ref=button
                class:held=is(Stage::Held)
                data-testid="alert-button"
                aria-describedby="hold-hint"
                disabled=Signal::from(busy)
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
                <span class="alert-button-words">{Signal::derive(label)}</span>
            </button>
            <p id="hold-hint" class="hold-hint" class:warning=is(Stage::TooShort) role="status">
                {Signal::derive(hint)}
            </p>
            <NoConnection />
            <button
                type="button"
                class="quiet-button needs-wasm"
                data-testid="alert-press"
                aria-haspopup="dialog"
                disabled=Signal::from(busy)
                on:click=move |_| ask()
            >
                {text!(i18n, call.press)}
            </button>
            <details
                class="call-more"
                open=Signal::derive(move || !secondary.get())
                on:focusin=move |_| in_use.set(true)
                on:focusout=move |_| in_use.set(false)
            >
                <summary hidden=Signal::derive(move || !secondary.get())>{text!(i18n, call.more)}</summary>
                <CallDetails />
            </details>
            <LocationOffer />
        </form>
        <ConfirmDialog open=asks confirmed=call />
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Rest,
    Held,
    TooShort,
}

/// Where the button was when it was pressed. The page may move it meanwhile, for example when an alarm appears above it,
/// and that is not letting go.
#[derive(Clone, Copy)]
struct Grip {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Grip {
    fn new(button: &HtmlButtonElement, event: &ev::PointerEvent) -> Self {
        // Without a capture, the pointer's release elsewhere would not be noticed here.
        if let Err(error) = button.set_pointer_capture(event.pointer_id()) {
            logging::warn!("the pointer is not captured: {error:?}");
        }
        let place = button.get_bounding_client_rect();
        Self { left: place.left(), top: place.top(), right: place.right(), bottom: place.bottom() }
    }

    fn holds(&self, event: &ev::PointerEvent) -> bool {
        let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }
}

/// A button that is being held, and what to do when that was long enough.
#[derive(Clone, Copy)]
struct Hold {
    stage: RwSignal<Stage>,
    timer: StoredValue<Option<TimeoutHandle>>,
    grip: StoredValue<Option<Grip>>,
    full: Callback<()>,
}

impl Hold {
    fn new(full: impl Fn() + Send + Sync + 'static) -> Self {
        let stage = RwSignal::new(Stage::Rest);
        let (timer, grip) = (StoredValue::new(None), StoredValue::new(None));
        Self { stage, timer, grip, full: Callback::new(move |()| full()) }
    }

    fn begin(self, grip: Option<Grip>) {
        self.stop();
        self.grip.set_value(grip);
        self.stage.set(Stage::Held);
        let full = move || {
            self.timer.set_value(None);
            self.stage.set(Stage::Rest);
            self.full.run(());
        };
        match set_timeout_with_handle(full, HOLD) {
            Ok(timer) => self.timer.set_value(Some(timer)),
            // A browser without timers could never call, so it calls at once.
            Err(_) => full(),
        }
    }

    /// Lets go when the pointer itself slips off.
    fn moved_to(self, event: &ev::PointerEvent) {
        if self.grip.with_value(|grip| grip.as_ref().is_some_and(|grip| !grip.holds(event))) {
            self.release();
        }
    }

    fn release(self) {
        if self.stop() {
            self.stage.set(Stage::TooShort);
        }
    }

    /// Returns whether it was being held.
    fn stop(self) -> bool {
        let timer = self.timer.try_update_value(Option::take).flatten();
        timer.inspect(TimeoutHandle::clear).is_some()
    }
}
