//! `/join` and `/join/{code}`: a resident who was invited chooses a name and a password, and agrees to the use of the
//! location in a call. Plain forms.

use std::sync::Arc;

use backend::people::invitations::{CONSENT_VERSION, Invited};
use domain::statistics::Zone;
use http::StatusCode;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    calendar,
    components::{PlainHeader, SmallPrint},
    i18n::{I18nLocaleTrait, Locale, t_string, td_string, use_i18n},
    page_table::JOIN,
    request, words,
};

/// The content of the page of a code. The server provides one in an [`Arc`] as context.
pub struct Shown {
    /// The code as it was written in the address.
    pub code: String,
    /// The purpose of the code.
    pub answer: Answer,
    /// The zone whose days are shown.
    pub zone: Option<Arc<dyn Zone>>,
    /// The name that was written.
    pub name: String,
    /// The fault in the form.
    pub wrong: Option<Wrong>,
    /// The status of the answer where a form was refused.
    pub status: Option<StatusCode>,
}

/// The purpose of a code.
pub enum Answer {
    /// It can be used.
    Invited(Invited),
    /// There is no such code.
    Unknown,
    /// It was used.
    Used,
    /// It is too old.
    Expired,
    /// It cannot be looked up right now.
    Unavailable,
    /// The page was opened in KakaoTalk, and should be opened elsewhere.
    KakaoTalk {
        /// The address that opens the real browser.
        external: String,
    },
}

/// The fault in a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The name belongs to somebody.
    Taken,
    /// The name cannot be one.
    Name,
    /// The password is too short or too long.
    Password,
    /// The words were not agreed to.
    Consent,
    /// It is not possible right now.
    Unavailable,
}

impl Shown {
    /// A code of which nothing is known yet.
    #[must_use]
    pub fn new(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            answer: Answer::Unknown,
            zone: None,
            name: String::new(),
            wrong: None,
            status: None,
        }
    }
}

/// Returns the words about the use of the location in a call. Their version is in `backend::people::invitations`.
#[must_use]
pub fn consent(locale: Locale) -> &'static str {
    td_string!(locale, join.consent)
}

/// The page on which a code is written.
#[component]
pub fn CodePage() -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, join.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="narrow">
            <h1>{td_string!(locale, join.title)}</h1>
            <form class="stack" method="get" action=JOIN.path>
                <label>
                    <span>{td_string!(locale, join.code)}</span>
                    <input name="code" type="text" autocomplete="off" autocapitalize="characters" required />
                </label>
                <button class="primary" type="submit">{td_string!(locale, join.next)}</button>
            </form>
        </main>
        <SmallPrint />
    }
    .into_any()
}

/// The page of a code.
#[component]
pub fn JoinPage() -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let content = use_context::<Arc<Shown>>().map(|shown| content(locale, &shown));
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, join.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="narrow" data-testid="join">{content}</main>
        <SmallPrint />
    }
    .into_any()
}

fn content(locale: Locale, shown: &Shown) -> AnyView {
    if let Some(status) = shown.status {
        request::answer_with(status);
    }
    let (status, words) = match &shown.answer {
        Answer::Invited(invited) => return form(locale, shown, invited),
        Answer::KakaoTalk { external } => return elsewhere(locale, external),
        Answer::Unknown => (StatusCode::GONE, td_string!(locale, join.unknown)),
        Answer::Used => (StatusCode::GONE, td_string!(locale, join.used)),
        Answer::Expired => (StatusCode::GONE, td_string!(locale, join.expired)),
        Answer::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, td_string!(locale, join.unavailable)),
    };
    request::answer_with(status);
    view! {
        <h1>{td_string!(locale, join.title)}</h1>
        <p class="notice error" role="alert">{words}</p>
        <a class="button" href="/sign-in" rel="external">{td_string!(locale, sign_in.heading)}</a>
        <a class="button" href=JOIN.path rel="external">{td_string!(locale, join.other_code)}</a>
    }
    .into_any()
}

/// Explains how to leave KakaoTalk's own browser, in which no alarm sounds.
fn elsewhere(locale: Locale, external: &str) -> AnyView {
    view! {
        <div class="stack" data-testid="kakaotalk">
            <h1>{td_string!(locale, join.kakao_title)}</h1>
            <p class="notice">{td_string!(locale, join.kakao_means)}</p>
            <a class="button primary" href=external.to_owned() rel="external">{td_string!(locale, join.kakao_open)}</a>
            <ol>
                <li>{td_string!(locale, join.kakao_step_menu)}</li>
                <li>{td_string!(locale, join.kakao_step_browser)}</li>
            </ol>
            <a href="?here=1" rel="external">{td_string!(locale, join.kakao_here)}</a>
        </div>
    }
    .into_any()
}

fn form(locale: Locale, shown: &Shown, invited: &Invited) -> AnyView {
    let flat = invited.flat.as_ref();
    let place =
        flat.map(|(line, house)| format!("{} {}", words::line(locale, line), words::house(locale, house)));
    let place = place.unwrap_or_else(|| td_string!(locale, names.office).to_owned());
    let until = shown.zone.as_ref().map(|zone| {
        let day = calendar::day(locale, zone.local(invited.expires_at).date);
        view! { <p class="summary">{td_string!(locale, cards.until, day = day)}</p> }
    });
    let problem = shown.wrong.map(|wrong| {
        view! { <p class="notice error" id="join-problem" role="alert">{sentence(locale, wrong)}</p> }
    });
    let submit = if invited.resident.is_some() {
        td_string!(locale, join.submit_password)
    } else {
        td_string!(locale, join.submit)
    };
    let is_password = (shown.wrong == Some(Wrong::Password)).then_some("true");
    let described = shown.wrong.map(|_| "join-problem");
    let action = format!("{}/{}", JOIN.path, shown.code);
    view! {
        <h1>{td_string!(locale, join.heading, place = place)}</h1>
        {until}
        {problem}
        <form class="stack" method="post" action=action>
            <input type="hidden" name="language" value=locale.as_str() />
            {name(locale, shown, invited)}
            <label>
                <span>{td_string!(locale, join.password)}</span>
                <input
                    name="password"
                    type="password"
                    autocomplete="new-password"
                    minlength="8"
                    maxlength="256"
                    required
                    aria-invalid=is_password
                    aria-describedby=described
                />
            </label>
            {invited.resident.is_none().then(|| agreement(locale))}
            <button class="primary" type="submit">{submit}</button>
        </form>
    }
    .into_any()
}

/// The field for the name; that of an account that gets a new password is fixed.
fn name(locale: Locale, shown: &Shown, invited: &Invited) -> AnyView {
    if let Some(resident) = &invited.resident {
        return view! {
            <label>
                <span>{td_string!(locale, join.name)}</span>
                <input name="name" type="text" autocomplete="username" value=resident.clone() readonly />
            </label>
        }
        .into_any();
    }
    let is_wrong = matches!(shown.wrong, Some(Wrong::Taken | Wrong::Name));
    view! {
        <label>
            <span>{td_string!(locale, join.name)}</span>
            <input
                name="name"
                type="text"
                autocomplete="username"
                autocapitalize="none"
                spellcheck="false"
                maxlength="64"
                required
                value=shown.name.clone()
                aria-invalid=is_wrong.then_some("true")
                aria-describedby=is_wrong.then_some("join-problem")
            />
        </label>
    }
    .into_any()
}

fn agreement(locale: Locale) -> AnyView {
    view! {
        <fieldset class="consent stack">
            <legend>{td_string!(locale, join.consent_heading)}</legend>
            <p>{consent(locale)}</p>
            <label class="check">
                <input type="checkbox" name="consent" value=CONSENT_VERSION required />
                " "
                {td_string!(locale, join.agree)}
            </label>
        </fieldset>
    }
    .into_any()
}

fn sentence(locale: Locale, wrong: Wrong) -> &'static str {
    match wrong {
        Wrong::Taken => td_string!(locale, join.taken),
        Wrong::Name => td_string!(locale, join.wrong_name),
        Wrong::Password => td_string!(locale, join.wrong_password),
        Wrong::Consent => td_string!(locale, join.no_consent),
        Wrong::Unavailable => td_string!(locale, join.unavailable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invited(resident: Option<&str>) -> Invited {
        let flat = ("101-1".parse().expect("a line's name"), "1203".parse().expect("a house's name"));
        Invited { flat: Some(flat), resident: resident.map(str::to_owned), expires_at: 1_795_953_600_000 }
    }

    #[test]
    fn a_refused_form_keeps_the_name_and_never_the_password() {
        let shown = Shown { name: "김이웃".into(), wrong: Some(Wrong::Taken), ..Shown::new("K7M4") };
        let html = form(Locale::ko, &shown, &invited(None)).to_html();
        assert!(html.contains("value=\"김이웃\"") && html.contains("role=\"alert\""), "{html}");
        assert!(html.contains(&format!("value=\"{CONSENT_VERSION}\"")), "{html}");
        let [_, password] = html.split_once("name=\"password\"").map(|(a, b)| [a, b]).expect("a field");
        assert!(!password.split('>').next().unwrap_or_default().contains("value="), "{html}");
    }

    #[test]
    fn a_new_password_needs_no_name_and_no_consent() {
        let html = form(Locale::en, &Shown::new("K7M4"), &invited(Some("kim"))).to_html();
        assert!(html.contains("readonly") && html.contains("value=\"kim\""), "{html}");
        assert!(!html.contains("checkbox"), "{html}");
    }
}
