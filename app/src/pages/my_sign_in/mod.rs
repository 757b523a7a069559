//! `/me/sign-in`: the password, the second factor and the sessions of a person. Plain HTML; every act is a form.

pub(super) mod factor;
mod notice;
mod sessions;

use std::sync::Arc;

use domain::{Millis, statistics::Zone};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{PlainHeader, SmallPrint},
    i18n::{Locale, t_string, td_string, use_i18n},
    page_table::{CALL, MY_SIGN_IN},
};

/// The content of the page. The server provides one in an [`Arc`] as context.
pub struct Shown {
    /// The sessions, the one used last first; `None` if they cannot be read.
    pub sessions: Option<Vec<OwnSession>>,
    /// The second factor.
    pub factor: Factor,
    /// The query of the address.
    pub view: View,
    /// The person must set up a second factor before anything else.
    pub is_limited: bool,
    /// The person has a flat to call from.
    pub may_call: bool,
    /// The zone whose days are shown.
    pub zone: Arc<dyn Zone>,
}

/// The second factor as the page shows it.
pub enum Factor {
    /// Only administrators have one.
    NotOffered,
    /// There is none.
    Off,
    /// Its set-up has begun.
    Begun {
        /// The secret in base 32.
        secret: String,
        /// The secret as an app opens it.
        address: String,
        /// The address as an SVG that a camera reads.
        qr: Option<String>,
    },
    /// Signing in needs a code.
    On {
        /// Since when.
        since: Millis,
        /// The recovery codes that can still be used.
        codes_left: u64,
    },
    /// Recovery codes just made.
    Codes(Vec<String>),
    /// It cannot be read right now.
    Unavailable,
}

/// A session of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnSession {
    /// Names it in a form.
    pub id: String,
    /// A short name of the device; empty if there is none.
    pub device: String,
    /// The address that it signed in from; empty if it is not known.
    pub address: String,
    /// When it began, if that is known.
    pub started_at: Option<Millis>,
    /// When it was last used, to within a day.
    pub used_at: Millis,
    /// It is the one that asks.
    pub is_this: bool,
}

/// The query of the page's address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// A word for what was done.
    pub done: String,
    /// The last segment of the type of problem that kept something from being done.
    pub problem: String,
}

/// The page.
#[component]
pub fn MySignInPage() -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let content = use_context::<Arc<Shown>>().map(|shown| content(locale, &shown));
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, second_factor.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="narrow own-sign-in" data-testid="my-sign-in">{content}</main>
        <SmallPrint />
    }
    .into_any()
}

fn content(locale: Locale, shown: &Shown) -> AnyView {
    if let Factor::Codes(codes) = &shown.factor {
        return factor::codes(locale, codes);
    }
    view! {
        <h1>{td_string!(locale, second_factor.title)}</h1>
        {notice::notice(locale, &shown.view)}
        {shown.is_limited.then(|| required(locale, shown.may_call))}
        {factor::section(locale, &shown.factor, &*shown.zone)}
        {(!shown.is_limited).then(|| sessions::password(locale))}
        {sessions::section(locale, shown.sessions.as_deref(), &*shown.zone)}
        {(!shown.is_limited).then(|| view! {
            <a class="button secondary" href="/" rel="external">{td_string!(locale, sign_in.go_home)}</a>
        })}
    }
    .into_any()
}

/// Explains why nothing else is shown. A person with a flat can still call for help.
fn required(locale: Locale, may_call: bool) -> AnyView {
    view! {
        <p class="notice error" role="alert" data-testid="required">{td_string!(locale, second_factor.required)}</p>
        {may_call.then(|| view! {
            <a class="button" href=CALL.path rel="external">{td_string!(locale, second_factor.call)}</a>
        })}
    }
    .into_any()
}

/// A field that the form sends and nobody sees.
fn hidden(name: &'static str, value: &str) -> AnyView {
    view! { <input type="hidden" name=name value=value.to_owned() /> }.into_any()
}

/// A field for a password.
fn password_field(name: &'static str, words: &'static str, autocomplete: &'static str) -> AnyView {
    view! {
        <label>
            <span>{words}</span>
            <input name=name type="password" autocomplete=autocomplete maxlength="256" required />
        </label>
    }
    .into_any()
}

/// A form of the page with the word for its act.
fn form(act: &'static str, fields: AnyView) -> AnyView {
    view! {
        <form class="stack" method="post" action=MY_SIGN_IN.path data-testid=format!("form-{act}")>
            {hidden("act", act)} {fields}
        </form>
    }
    .into_any()
}
