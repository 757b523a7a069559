//! `/call/{id}`, which shows the state of a call in the server's hub. It is plain HTML that is asked for again every
//! five seconds, by the small script `public/call-state.js` or, without scripts, by the browser (the document's head),
//! so that it works in any browser, whatever is blocked.

use domain::{AlertId, Incident, Millis, Resident, Response, Role, Stance};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{
    hooks::{use_params_map, use_query_map},
    location::Url,
};

use crate::{
    components::{PlainHeader, SmallPrint, escalated, own_call_words},
    context::PageContext,
    i18n::{t_string, td_string, use_i18n},
    press::{PressState, progress},
    request,
    words::{self, text},
};

/// The page that shows a call's state.
#[component]
pub fn CallStatePage() -> impl IntoView {
    let i18n = use_i18n();
    let page = PageContext::current();
    let id =
        use_params_map().with_untracked(|params| params.get("id")).and_then(|id| id.parse::<AlertId>().ok());
    let query = use_query_map();
    let asked = move |name: &str| query.with_untracked(|query| query.get(name));
    let problem = asked("problem");
    let state = match (page.viewer, id) {
        (Some(viewer), Some(id)) => {
            let call = find(id, asked("house").as_deref(), asked("line").as_deref(), &viewer);
            view! { <State call viewer now=page.now /> }.into_any()
        }
        (None, Some(id)) => view! {
            <p>{text!(i18n, state_page.sign_in)}</p>
            <a class="button primary" href=format!("/sign-in?next=%2Fcall%2F{id}") rel="external">
                {text!(i18n, sign_in.heading)}
            </a>
        }
        .into_any(),
        (_, None) => {
            request::not_found();
            view! { <h1>{text!(i18n, not_found.heading)}</h1> }.into_any()
        }
    };
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, state_page.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="narrow">
            {problem.map(|slug| view! {
                <p class="notice error" role="alert">
                    {text!(i18n, problem.not_sent)} " " {words::problem(i18n.get_locale_untracked(), &slug)}
                </p>
            })}
            {state}
            <a class="button secondary" href="/" rel="external">{text!(i18n, state_page.home)}</a>
        </main>
        <SmallPrint />
    }
    .into_any()
}

/// The call, if this person may know of it; their own first, since an id alone does not name a call. The address may
/// name its house and line.
fn find(id: AlertId, house: Option<&str>, line: Option<&str>, viewer: &Resident) -> Option<Incident> {
    let mut known = request::calls_named(id);
    known.retain(|call| call.may_be_received_by(viewer));
    let is_own = |call: &Incident| viewer.flat() == Some((&call.alert.line, &call.alert.house));
    known.retain(|call| !call.alert.alone || is_own(call));
    known.retain(|call| house.is_none_or(|house| house == call.alert.house.as_str()));
    known.retain(|call| line.is_none_or(|line| line == call.alert.line.as_str()));
    known.sort_by_key(|call| Some((&call.alert.line, &call.alert.house)) != viewer.flat());
    known.into_iter().next()
}

#[component]
fn State(call: Option<Incident>, viewer: Resident, now: Millis) -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let is_open = call.as_ref().is_some_and(|call| call.is_open(now));
    let (heading, state, needs_119, words) = match &call {
        None => {
            let heading = td_string!(locale, call.heading).to_owned();
            (heading, "recorded", true, td_string!(locale, own.unknown).to_owned())
        }
        Some(call) => {
            let is_elsewhere = viewer.line.as_ref() != Some(&call.alert.line);
            let line = Some(&call.alert.line).filter(|_| is_elsewhere);
            let house = words::flat(locale, line, &call.alert.house);
            let heading = td_string!(locale, state_page.heading, house = house);
            let progress = progress(&PressState::Idle, Some(call), None, now);
            let words = own_call_words(locale, &progress, Some(call), now);
            (heading, progress.as_str(), progress.needs_119(), words)
        }
    };
    let escalated = call.as_ref().map(|call| escalated(locale, call)).filter(|words| !words.is_empty());
    let note = call.as_ref().and_then(|call| call.end.as_ref()?.note.clone());
    let note = note.filter(|note| !note.trim().is_empty());
    let actions = call.clone().filter(|_| is_open).map(|call| view! { <Actions call viewer /> });
    view! {
        <h1>{heading}</h1>
        {call.map(|call| view! {
            <p class="summary">{words::ago(locale, call.alert.at, now)}</p>
            <p class="incident-text">{call.alert.text}</p>
        })}
        <section class="own-call" data-state=state>
            <p class="call-state" data-testid="call-state" data-state=state role="status">{words}</p>
            {escalated.map(|words| view! { <p class="summary" data-testid="escalated">{words}</p> })}
            {note.map(|note| view! { <p class="incident-text" data-testid="note">{note}</p> })}
            {needs_119.then(|| view! {
                <a class="button danger call-119" href="tel:119">{text!(i18n, print.call_119)}</a>
            })}
            {actions}
        </section>
        <p class="summary">{text!(i18n, state_page.refreshes)}</p>
        <p id="stale" class="warning" role="status" hidden>{text!(i18n, feed.stale)}</p>
    }
    .into_any()
}

/// Returns whether the viewer's flat has accepted the call and has not withdrawn.
fn comes(call: &Incident, viewer: &Resident) -> bool {
    let elsewhere = viewer.line.as_ref().filter(|line| **line != call.alert.line);
    let is_own =
        |one: &&Response| one.line.as_ref() == elsewhere && Some(&one.house) == viewer.house.as_ref();
    call.responses.iter().find(is_own).is_some_and(|one| one.stance != Stance::Withdrawn)
}

/// The forms that fit. The caller ends the call, a neighbour comes, an administrator resolves it.
#[component]
fn Actions(call: Incident, viewer: Resident) -> impl IntoView {
    let i18n = use_i18n();
    let id = call.alert.id;
    let is_own = viewer.flat() == Some((&call.alert.line, &call.alert.house));
    let may_accept = !is_own && viewer.line.as_ref().is_some_and(|line| call.is_for(line));
    let comes = comes(&call, &viewer);
    let (house, line) = (Url::escape(call.alert.house.as_str()), Url::escape(call.alert.line.as_str()));
    let to = move |command: &str| format!("/alert/{id}/{command}?house={house}&line={line}");
    let accept = viewer.house.filter(|_| may_accept && !comes).map(|house| {
        view! {
            <form method="post" action="/accept">
                <input type="hidden" name="line" value=call.alert.line.to_string() />
                <input type="hidden" name="acceptHouse" value=house.to_string() />
                <input type="hidden" name="targetHouse" value=call.alert.house.to_string() />
                <input type="hidden" name="alert" value=id.to_string() />
                <button type="submit" class="accept" data-testid="accept">{text!(i18n, alarm.accept)}</button>
            </form>
        }
    });
    let withdraw = (may_accept && comes).then(|| {
        view! {
            <form method="post" action=to("withdraw")>
                <button type="submit" class="secondary" data-testid="withdraw">{text!(i18n, alarm.withdraw)}</button>
            </form>
        }
    });
    let resolve = (is_own || viewer.role == Role::Administrator).then(|| {
        view! {
            <form class="stack" method="post" action=to("resolve")>
                <label>
                    <span>{text!(i18n, own.note)}</span>
                    <input name="note" type="text" maxlength="1000" autocomplete="off" />
                </label>
                <button type="submit" class="primary" data-testid="resolve">{text!(i18n, own.resolve)}</button>
            </form>
        }
    });
    let cancel = is_own.then(|| {
        view! {
            <form method="post" action=to("cancel")>
                <button type="submit" class="secondary" data-testid="cancel">{text!(i18n, own.cancel)}</button>
            </form>
        }
    });
    view! { <div class="buttons">{accept} {withdraw} {resolve} {cancel}</div> }
}
