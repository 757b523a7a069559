//! `/me`: who was shown the person's location, what is held, and the choice about the location. `/me/leave` deletes the
//! account. Plain forms.

use std::sync::Arc;

use backend::{
    audit::DISPLAY,
    people::{invitations::CONSENT_VERSION, location_use::LocationUse},
    privacy::{Held, Shown as Use},
};
use domain::{Millis, statistics::Zone};
use http::StatusCode;
use leptos::prelude::*;
use leptos_meta::Title;

use super::{join, my_sign_in::factor::any_code_field, statistics::wording};
use crate::{
    components::{PlainHeader, SmallPrint},
    i18n::{I18nLocaleTrait, Locale, t_string, td_string, use_i18n},
    page_table::{DEVICES, HOME, INSTALL, ME, ME_LEAVE, MY_SIGN_IN},
    request, words,
};

/// The most uses of the location that the page lists.
const LISTED: usize = 100;

/// The content of the pages. The server provides one in an [`Arc`] as context.
pub struct Shown {
    /// Everything that is held; `None` where it cannot be read right now.
    pub held: Option<Held>,
    /// The zone whose times are shown.
    pub zone: Arc<dyn Zone>,
    /// A word for what was done.
    pub done: String,
    /// The last segment of the type of problem that kept something from being done.
    pub problem: String,
}

/// The page about the person.
#[component]
pub fn MePage() -> impl IntoView {
    page(|locale, shown, held| {
        view! {
            <h1>{td_string!(locale, me.heading)}</h1>
            {links(locale)}
            {notice(locale, shown)}
            <p class="summary">{who(locale, held)}</p>
            {choice(locale, held, &*shown.zone)}
            {uses(locale, held, &*shown.zone)}
            <section class="stack" aria-labelledby="me-data">
                <h2 id="me-data">{td_string!(locale, me.data_heading)}</h2>
                <p>{td_string!(locale, me.data_means)}</p>
                <a class="button secondary" href="/me/data.json" rel="external" download data-testid="data">
                    {td_string!(locale, me.download)}
                </a>
            </section>
            <section class="stack" aria-labelledby="me-leave">
                <h2 id="me-leave">{td_string!(locale, me.leave_heading)}</h2>
                <p>{td_string!(locale, me.leave_means)}</p>
                <a class="button secondary" href=ME_LEAVE.path rel="external" data-testid="leave">
                    {td_string!(locale, me.leave)}
                </a>
            </section>
        }
        .into_any()
    })
}

/// The question before an account is deleted.
#[component]
pub fn LeavePage() -> impl IntoView {
    page(|locale, shown, held| {
        let alone = held.is_alone.then(|| {
            view! { <p class="notice" data-testid="alone">{td_string!(locale, me.leave_alone)}</p> }
        });
        let code = held.has_second_factor.then(|| any_code_field(locale));
        view! {
            <h1>{td_string!(locale, me.leave_title)}</h1>
            {notice(locale, shown)}
            <p>{td_string!(locale, me.leave_consequences)}</p>
            {alone}
            <form class="stack" method="post" action=ME_LEAVE.path>
                <input type="hidden" name="username" autocomplete="username" value=held.account.clone() />
                <label>
                    <span>{td_string!(locale, me.password)}</span>
                    <input name="password" type="password" autocomplete="current-password" maxlength="256" required />
                </label>
                {code}
                <button class="primary" type="submit" data-testid="leave-now">{td_string!(locale, me.leave)}</button>
            </form>
            <a class="button secondary" href=ME.path rel="external">{td_string!(locale, me.stay)}</a>
        }
        .into_any()
    })
}

fn page(content: fn(Locale, &Shown, &Held) -> AnyView) -> AnyView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let shown = use_context::<Arc<Shown>>();
    let held = shown.as_ref().and_then(|shown| Some((shown, shown.held.as_ref()?)));
    let content = match held {
        Some((shown, held)) => content(locale, shown, held),
        None => unavailable(locale),
    };
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, me.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="people narrow me" data-testid="me">{content}</main>
        <SmallPrint />
    }
    .into_any()
}

fn unavailable(locale: Locale) -> AnyView {
    request::answer_with(StatusCode::SERVICE_UNAVAILABLE);
    view! {
        <h1>{td_string!(locale, me.heading)}</h1>
        <p class="notice error" role="alert">{td_string!(locale, me.unavailable)}</p>
        <a class="button secondary" href=HOME.path rel="external">{td_string!(locale, not_found.home)}</a>
    }
    .into_any()
}

/// The links between the pages about a person.
fn links(locale: Locale) -> AnyView {
    let pages = [
        (HOME.path, td_string!(locale, not_found.home)),
        (ME.path, td_string!(locale, me.link)),
        (MY_SIGN_IN.path, td_string!(locale, second_factor.title)),
        (DEVICES.path, td_string!(locale, devices.title)),
        (INSTALL.path, td_string!(locale, install.title)),
    ];
    let links = pages.map(|(path, words)| {
        let current = (path == ME.path).then_some("page");
        view! { <a class="quiet-button" href=path rel="external" aria-current=current>{words}</a> }.into_any()
    });
    view! { <nav class="me-nav" aria-label=td_string!(locale, me.title)>{Vec::from(links)}</nav> }.into_any()
}

fn notice(locale: Locale, shown: &Shown) -> Option<AnyView> {
    let done = match shown.done.as_str() {
        "given" => Some(td_string!(locale, me.done_given)),
        "paused" => Some(td_string!(locale, me.done_paused)),
        "withdrawn" => Some(td_string!(locale, me.done_withdrawn)),
        _ => None,
    };
    if let Some(words) = done {
        let view = view! { <p class="notice" role="status" data-testid="done">{words}</p> };
        return Some(view.into_any());
    }
    let words = match shown.problem.as_str() {
        "" => return None,
        "invalid" | "malformed" => td_string!(locale, me.invalid),
        "last-administrator" => td_string!(locale, me.last_administrator),
        "too-many" => td_string!(locale, me.too_many),
        "code-needed" | "code-refused" => td_string!(locale, second_factor.wrong_code),
        _ => td_string!(locale, me.unavailable),
    };
    let view = view! { <p class="notice error" role="alert" data-testid="problem">{words}</p> };
    Some(view.into_any())
}

fn who(locale: Locale, held: &Held) -> String {
    let flat = held.line.as_ref().zip(held.house.as_ref());
    let place =
        flat.map(|(line, house)| format!("{} {}", words::line(locale, line), words::house(locale, house)));
    let place = place.unwrap_or_else(|| td_string!(locale, names.office).to_owned());
    format!("{} · {place}", held.account)
}

/// The state of the consent, and the forms that change it.
fn choice(locale: Locale, held: &Held, zone: &dyn Zone) -> AnyView {
    let consent = held.consent();
    let (state, words) = match (held.location_use, consent) {
        (LocationUse::Allowed, None) => ("unasked", td_string!(locale, me.state_unasked).to_owned()),
        (LocationUse::Allowed, Some(consent)) => {
            let day = wording::date(locale, zone.local(consent.given_at).date);
            ("given", td_string!(locale, me.state_given, day = day))
        }
        (LocationUse::Paused, _) => ("paused", td_string!(locale, me.state_paused).to_owned()),
        (LocationUse::Withdrawn, _) => ("withdrawn", td_string!(locale, me.state_withdrawn).to_owned()),
    };
    let may_give = state != "given";
    let may_pause = held.location_use == LocationUse::Allowed;
    let may_withdraw = held.location_use != LocationUse::Withdrawn;
    view! {
        <section class="stack" aria-labelledby="me-location" data-testid="location" data-state=state>
            <h2 id="me-location">{td_string!(locale, me.location_heading)}</h2>
            <p>{words}</p>
            <blockquote class="summary">{join::consent(locale)}</blockquote>
            {may_give.then(|| form(locale, "give", "primary", td_string!(locale, me.give), None))}
            {may_pause.then(|| {
                let means = Some(td_string!(locale, me.pause_means));
                form(locale, "pause", "secondary", td_string!(locale, me.pause), means)
            })}
            {may_withdraw.then(|| withdrawing(locale))}
        </section>
    }
    .into_any()
}

/// Withdrawing cannot be taken back, so its button is folded away behind the consequences.
fn withdrawing(locale: Locale) -> AnyView {
    view! {
        <details class="act">
            <summary data-testid="withdraw-ask">{td_string!(locale, me.withdraw)}</summary>
            {form(
                locale,
                "withdraw",
                "secondary",
                td_string!(locale, me.withdraw_now),
                Some(td_string!(locale, me.withdraw_means)),
            )}
        </details>
    }
    .into_any()
}

fn form(
    locale: Locale,
    choice: &'static str,
    class: &'static str,
    words: &'static str,
    means: Option<&'static str>,
) -> AnyView {
    view! {
        <form class="stack" method="post" action="/me/location">
            <input type="hidden" name="choice" value=choice />
            <input type="hidden" name="version" value=CONSENT_VERSION />
            <input type="hidden" name="language" value=locale.as_str() />
            {means.map(|means| view! { <p class="summary">{means}</p> })}
            <button class=class type="submit" data-testid=choice>{words}</button>
        </form>
    }
    .into_any()
}

/// The people who were shown the location.
fn uses(locale: Locale, held: &Held, zone: &dyn Zone) -> AnyView {
    let listed: Vec<AnyView> =
        held.location_uses.iter().take(LISTED).map(|one| of_use(locale, one, zone)).collect();
    let is_cut = held.location_uses.len() > LISTED;
    let none = listed.is_empty().then(|| view! { <p>{td_string!(locale, me.uses_none)}</p> });
    let list = (!listed.is_empty()).then(|| view! { <ul class="uses" data-testid="uses">{listed}</ul> });
    view! {
        <section class="stack" aria-labelledby="me-uses">
            <h2 id="me-uses">{td_string!(locale, me.uses_heading)}</h2>
            <p class="summary">{td_string!(locale, me.uses_means)}</p>
            {none}
            {list}
            {is_cut.then(|| view! {
                <p class="summary">{td_string!(locale, me.uses_cut, count = LISTED)}</p>
            })}
        </section>
    }
    .into_any()
}

fn of_use(locale: Locale, one: &Use, zone: &dyn Zone) -> AnyView {
    let means = match one.means.as_str() {
        "alarm" => td_string!(locale, me.by_alarm),
        "board" => td_string!(locale, me.by_board),
        "page" => td_string!(locale, me.by_page),
        _ => td_string!(locale, me.by_snapshot),
    };
    let call = td_string!(locale, me.of_call, time = time(locale, one.called_at, zone));
    view! {
        <li data-testid="use" data-viewer=one.viewer.clone() data-means=one.means.clone()>
            <b>{viewer(locale, one)}</b>
            <span class="summary">{time(locale, one.at, zone)} " · " {means}</span>
            <span class="summary">{call}</span>
        </li>
    }
    .into_any()
}

/// The house and the account of somebody, or the office and the account or the screen.
fn viewer(locale: Locale, one: &Use) -> String {
    let flat = one.viewer_line.as_ref().zip(one.viewer_house.as_ref());
    let place = match flat {
        Some((line, house)) if one.viewer_role != "administrator" => {
            format!("{} {}", words::line(locale, line), words::house(locale, house))
        }
        _ => td_string!(locale, names.office).to_owned(),
    };
    format!("{place} ({})", one.viewer.strip_prefix(DISPLAY).unwrap_or(&one.viewer))
}

fn time(locale: Locale, at: Millis, zone: &dyn Zone) -> String {
    let [hour, minute, _] = zone.clock(at);
    format!("{} {hour:02}:{minute:02}", wording::date(locale, zone.local(at).date))
}

#[cfg(test)]
mod tests {
    use domain::{House, Line, Role};

    use super::*;

    struct Utc;

    impl Zone for Utc {
        fn name(&self) -> &str {
            "UTC"
        }

        fn offset(&self, _: Millis) -> Millis {
            0
        }
    }

    fn held(location_use: LocationUse) -> Held {
        let house = House::new("1203").ok();
        Held {
            account: "resident-1203".into(),
            role: Role::Resident,
            line: Line::new("101-1").ok(),
            house,
            created_at: 0,
            has_second_factor: false,
            service_subject: None,
            location_use,
            consents: Vec::new(),
            location_uses: Vec::new(),
            is_alone: false,
        }
    }

    #[test]
    fn each_state_offers_what_can_follow_it() {
        for (state, word, offered) in [
            (LocationUse::Allowed, "unasked", [true, true, true]),
            (LocationUse::Paused, "paused", [true, false, true]),
            (LocationUse::Withdrawn, "withdrawn", [true, false, false]),
        ] {
            let html = choice(Locale::ko, &held(state), &Utc).to_html();
            assert!(html.contains(&format!("data-state=\"{word}\"")), "{html}");
            let has =
                ["give", "pause", "withdraw"].map(|act| html.contains(&format!("data-testid=\"{act}\"")));
            assert_eq!(has, offered, "{word}");
        }
    }

    #[test]
    fn a_use_names_the_house_the_time_and_the_call_and_the_office_by_its_name() {
        let one = Use {
            call: "0190f8a0-0000-7000-8000-000000000000".into(),
            called_at: 60_000,
            viewer: "resident-1204".into(),
            viewer_line: Line::new("101-1").ok(),
            viewer_house: House::new("1204").ok(),
            viewer_role: "resident".into(),
            means: "alarm".into(),
            at: 120_000,
        };
        let html = of_use(Locale::ko, &one, &Utc).to_html();
        for words in ["101-1 라인 1204호 (resident-1204)", "00:02", "00:01"] {
            assert!(html.contains(words), "{words} is not in {html}");
        }
        let office = Use { viewer: "admin".into(), viewer_role: "administrator".into(), ..one };
        assert_eq!(viewer(Locale::ko, &office), "관리사무소 (admin)");
        let wall =
            Use { viewer: "@display 정문 화면".into(), viewer_line: None, viewer_house: None, ..office };
        assert_eq!(viewer(Locale::ko, &wall), "관리사무소 (정문 화면)");
    }
}
