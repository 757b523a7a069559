//! `/call`: asks whether to call, for browsers in which the home page's button cannot be held: wasm has not arrived,
//! or never does. Where it does arrive, the location goes along.

use domain::{House, Line, Location, Resident};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use uuid::Uuid;

use crate::{
    components::{CallDetails, PlainHeader, SmallPrint},
    context::PageContext,
    i18n::{t_string, td_string, use_i18n},
    location,
    words::{self, say},
};

/// The page that asks to confirm a call.
#[component]
pub fn CallPage() -> impl IntoView {
    let i18n = use_i18n();
    let page = PageContext::current();
    let flat =
        page.viewer.as_ref().and_then(Resident::flat).map(|(line, house)| (line.clone(), house.clone()));
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, confirm_page.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="narrow">
            <h1>{say!(i18n, call.confirm_heading)}</h1>
            {match flat {
                Some((line, house)) => view! { <CallForm line house /> }.into_any(),
                None => view! { <p class="notice error">{say!(i18n, call.no_flat)}</p> }.into_any(),
            }}
            <a class="button secondary" href="/" rel="external">{say!(i18n, call.back)}</a>
        </main>
        <SmallPrint />
    }
    .into_any()
}

#[component]
fn CallForm(line: Line, house: House) -> impl IntoView {
    let i18n = use_i18n();
    let query = use_query_map();
    let said = move |name: &str| query.with_untracked(|query| query.get(name)).unwrap_or_default();
    // Sent twice (an impatient finger, a reload, again after a problem), it is one call all the same.
    let key =
        SharedValue::new(|| said("idempotencyKey").parse().unwrap_or_else(|_| Uuid::now_v7())).into_inner();
    let problem = said("problem");
    let place = RwSignal::new(None::<Location>);
    Effect::new(move || {
        location::ask(move |found| {
            if let Ok(found) = found {
                let _ = place.try_set(Some(found));
            }
        });
    });
    let number = move |of: fn(&Location) -> Option<f64>| {
        move || {
            place.with(|place| {
                place.as_ref().and_then(of).map(|number| number.to_string()).unwrap_or_default()
            })
        }
    };
    let who = {
        let (line, house) = (line.clone(), house.clone());
        move || {
            let locale = i18n.get_locale();
            let (line, house) = (words::line(locale, &line), words::house(locale, &house));
            td_string!(locale, call.confirm_who, line = line, house = house)
        }
    };
    let location_words = move || {
        if place.with(Option::is_some) {
            t_string!(i18n, call.location_found)
        } else {
            t_string!(i18n, call.location_unknown)
        }
    };
    view! {
        <form class="stack" method="post" action="/alert">
            {(!problem.is_empty())
                .then(|| view! {
                    <p class="notice error" role="alert">
                        {(problem != "heard-not-recorded").then(|| view! { {say!(i18n, problem.not_called)} " " })}
                        {move || words::problem(i18n.get_locale(), &problem)}
                    </p>
                })}
            <p>{who}</p>
            <input type="hidden" name="line" value=line.to_string() />
            <input type="hidden" name="house" value=house.to_string() />
            <input type="hidden" name="idempotencyKey" value=key.to_string() />
            <input type="hidden" name="lat" prop:value=number(|place| Some(place.lat)) />
            <input type="hidden" name="lng" prop:value=number(|place| Some(place.lng)) />
            <input type="hidden" name="accuracy" prop:value=number(|place| place.accuracy) />
            <button type="submit" class="danger big" data-testid="alert-confirm">{say!(i18n, call.confirm)}</button>
            <p class="summary" role="status">{location_words}</p>
            <CallDetails chosen=said("kind") text=said("text") />
        </form>
    }
    .into_any()
}
