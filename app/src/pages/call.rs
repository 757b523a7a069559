//! `/call`, which asks whether to call, for browsers in which the home page's button cannot be held, because wasm has
//! not arrived, or never does. Where it does arrive, the location goes along.

use std::time::Duration;

use domain::{AlertId, House, Incident, Line, Location, Millis, Resident, json::uuid};
use leptos::prelude::*;
use uuid::Uuid;

use crate::{
    clock::device_now,
    components::{CallDetails, PlainHeader, SmallPrint},
    context::PageContext,
    i18n::td_string,
    json, key,
    language::use_i18n,
    location::{self, DeviceLocation},
    part::IntoPart,
    reactive::{RwSignal, Signal, effect},
    request, title,
    words::{self, text},
};

/// The time between two checks whether the page's location has become old.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// The page that asks to confirm a call.
#[component]
pub fn CallPage() -> impl IntoView {
    let i18n = use_i18n();
    let page = PageContext::current();
    let flat =
        page.viewer.as_ref().and_then(Resident::flat).map(|(line, house)| (line.clone(), house.clone()));
    title::show(move || {
        let locale = i18n.get_locale();
        format!("{} · {}", td_string!(locale, confirm_page.title), td_string!(locale, app.name))
    });
    view! {
        <PlainHeader />
        <main id="main" class="narrow">
            <h1>{text!(i18n, call.confirm_heading)}</h1>
            {match flat {
                Some((line, house)) => view! { <CallForm line house now=page.now /> }.still(),
                None => view! { <p class="notice error">{text!(i18n, call.no_flat)}</p> }.still(),
            }}
            <a class="button secondary" href="/" rel="external">{text!(i18n, call.back)}</a>
        </main>
        <SmallPrint />
    }
    .still()
}

#[component]
fn CallForm(line: Line, house: House, now: Millis) -> impl IntoView {
    let i18n = use_i18n();
    let field = |name: &str| request::field(name).unwrap_or_default();
    let problem = field("problem");
    let key = json::of_server(|| {
        let call = |id| request::calls_named(id).into_iter().find(|call| is_of(call, &line, &house));
        key_to_offer(&field("idempotencyKey"), call, !problem.is_empty(), now)
    });
    let place = RwSignal::new(None::<DeviceLocation>);
    effect(move || {
        find(place);
        if let Ok(interval) = set_interval_with_handle(move || renew(place), RENEW_EVERY) {
            on_cleanup(move || interval.clear());
        }
    });
    let number = move |of: fn(&Location) -> Option<f64>| {
        move || {
            place.with(|place| {
                place.as_ref().and_then(|found| of(&found.location)).map(words::decimal).unwrap_or_default()
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
            td_string!(i18n.get_locale(), call.location_found)
        } else {
            td_string!(i18n.get_locale(), call.location_unknown)
        }
    };
    view! {
        <form class="stack" method="post" action="/alert">
            {(!problem.is_empty())
                .then(|| view! {
                    <p class="notice error" role="alert">
                        {(!words::is_out(&problem)).then(|| view! { {text!(i18n, problem.not_called)} " " })}
                        {Signal::derive(move || words::problem(i18n.get_locale(), &problem))}
                    </p>
                })}
            <p>{Signal::derive(who)}</p>
            <input type="hidden" name="line" value=line.to_string() />
            <input type="hidden" name="house" value=house.to_string() />
            // Some browsers restore what a hidden field held before a reload, which may be a key that was used.
            <input type="hidden" name="idempotencyKey" value=key.to_string() autocomplete="off" />
            <input type="hidden" name="lat" prop:value=number(|place| Some(place.lat)) />
            <input type="hidden" name="lng" prop:value=number(|place| Some(place.lng)) />
            <input type="hidden" name="accuracy" prop:value=number(|place| place.accuracy) />
            <button type="submit" class="danger big" data-testid="alert-confirm">{text!(i18n, call.confirm)}</button>
            <p class="summary" role="status">{Signal::derive(location_words)}</p>
            <CallDetails chosen=field("kind") text=field("text") />
        </form>
    }
    .still()
}

/// Asks the browser where the device is.
fn find(place: RwSignal<Option<DeviceLocation>>) {
    location::ask(move |found| {
        if let Ok(found) = found {
            let _ = place.try_set(Some(found));
        }
    });
}

/// Drops a location that has become old, and asks for one of now. The page may have been left open for hours.
fn renew(place: RwSignal<Option<DeviceLocation>>) {
    let is_old = place.try_with_untracked(|place| place.is_some_and(|found| !found.is_current(device_now())));
    if is_old == Some(true) {
        let _ = place.try_set(None);
        find(place);
    }
}

fn is_of(call: &Incident, line: &Line, house: &House) -> bool {
    (&call.alert.line, &call.alert.house) == (line, house)
}

/// The key of the form. Sent twice (by an impatient finger, or again after a problem), the form makes one call all the same.
///
/// Returns the key in the address while it can make a call. Once it has made one, an old address (Back, a restored tab)
/// stands for a new emergency, unless the page reports that the press has failed and is to be confirmed again.
fn key_to_offer(
    in_address: &str,
    call: impl FnOnce(AlertId) -> Option<Incident>,
    is_again: bool,
    now: Millis,
) -> Uuid {
    let key = uuid(in_address).filter(|key| key.get_version_num() == 7);
    let can_be_used = |key: &Uuid| call(AlertId(*key)).is_none_or(|call| is_again && call.is_repeatable(now));
    key.filter(can_be_used).unwrap_or_else(key::fresh)
}

#[cfg(test)]
mod tests {
    use domain::{Event, Progress, event::LATE_AFTER};

    use super::*;
    use crate::samples::{AT, call, incident, status};

    const KEY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn is_offered(then: Option<Vec<Event>>, is_again: bool, now: Millis) -> bool {
        let known = then.map(|then| incident(&call(1), then));
        key_to_offer(KEY, |_| known, is_again, now).to_string() == KEY
    }

    #[test]
    fn the_key_of_the_address_is_offered_until_it_has_made_a_call() {
        assert!(is_offered(None, false, AT));
        assert!(is_offered(None, true, AT));
        assert!(!is_offered(Some(vec![]), false, AT));
    }

    #[test]
    fn a_press_that_failed_keeps_its_key_while_its_call_is_open_and_young() {
        assert!(is_offered(Some(vec![]), true, AT + LATE_AFTER));
        assert!(!is_offered(Some(vec![]), true, AT + LATE_AFTER + 1));
        let over = status(&call(1), Progress::Cancelled, "1203");
        assert!(!is_offered(Some(vec![over]), true, AT + 60_000));
    }

    #[test]
    fn a_key_that_the_server_refuses_is_not_offered() {
        for refused in ["", "1", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"] {
            let offered = key_to_offer(refused, |_| None, true, AT);
            assert_eq!(offered.get_version_num(), 7, "{refused}");
            assert_ne!(offered.to_string(), refused);
        }
    }
}
