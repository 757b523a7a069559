//! `/admin/escalation`, with the rules by which a call that nobody comes to alarms more people. Plain HTML with one
//! form.

use domain::escalation::{MOST_MINUTES, MOST_SECONDS, Settings};
use http::StatusCode;
use leptos::prelude::*;

use crate::{
    components::office_page,
    i18n::{Locale, td_string},
    page_table::{ESCALATION, PEOPLE},
    request,
};

/// The content of the page for an administrator. The server provides it in an [`Arc`](std::sync::Arc) as context.
pub struct Shown {
    /// The rules; `None` if they cannot be read right now.
    pub settings: Option<Settings>,
    /// The query of the address.
    pub view: View,
}

/// The query of the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The rules were saved.
    pub is_saved: bool,
    /// The last segment of the type of problem that kept them from being saved; empty without one.
    pub problem: String,
}

/// The rules for calls that nobody comes to.
#[component]
pub fn EscalationPage() -> impl IntoView {
    office_page(ESCALATION, |locale| td_string!(locale, escalation.title), content)
}

fn content(locale: Locale, shown: &Shown) -> AnyView {
    let form = match &shown.settings {
        Some(settings) => form(locale, settings),
        None => {
            request::answer_with(StatusCode::SERVICE_UNAVAILABLE);
            let words = td_string!(locale, escalation.unavailable);
            view! { <p class="notice error" role="alert">{words}</p> }.into_any()
        }
    };
    view! {
        <main id="main" class="people narrow" data-testid="escalation">
            <h1>{td_string!(locale, escalation.title)}</h1>
            <p>{td_string!(locale, escalation.means)}</p>
            {notice(locale, &shown.view)}
            {form}
        </main>
    }
    .into_any()
}

fn notice(locale: Locale, view: &View) -> Option<AnyView> {
    if view.is_saved {
        let words = td_string!(locale, escalation.saved);
        return Some(view! { <p class="notice" role="status" data-testid="done">{words}</p> }.into_any());
    }
    let words = match view.problem.as_str() {
        "" => return None,
        "invalid" | "malformed" | "too-large" => td_string!(locale, escalation.invalid),
        _ => td_string!(locale, escalation.unavailable),
    };
    Some(view! { <p class="notice error" role="alert" data-testid="problem">{words}</p> }.into_any())
}

fn form(locale: Locale, settings: &Settings) -> AnyView {
    let default = Settings::default();
    let ring = |name, words, set, otherwise| {
        let asked = (td_string!(locale, escalation.after), td_string!(locale, escalation.off));
        number(name, words, asked, (set, otherwise, MOST_SECONDS))
    };
    let neighbours = td_string!(locale, escalation.ring_neighbours);
    let building = td_string!(locale, escalation.ring_building);
    let administrators = td_string!(locale, escalation.ring_administrators);
    let arrival = (td_string!(locale, escalation.minutes), td_string!(locale, escalation.off_arrival));
    view! {
        <form class="stack" method="post" action="/api/escalation">
            <input type="hidden" name="back" value=ESCALATION.path />
            <label class="check">
                <input type="checkbox" name="complex" value="true" checked=settings.complex />
                <span>{td_string!(locale, escalation.ring_complex)}</span>
            </label>
            {ring("neighbours", neighbours, settings.neighbours, default.neighbours)}
            {ring("building", building, settings.building, default.building)}
            {ring("administrators", administrators, settings.administrators, default.administrators)}
            <p class="summary">
                {td_string!(locale, escalation.at_once)} " "
                <a href=PEOPLE.path rel="external">{td_string!(locale, escalation.neighbours_at)}</a>
            </p>
            {number(
                "arrival",
                td_string!(locale, escalation.arrival),
                arrival,
                (settings.arrival, default.arrival, MOST_MINUTES),
            )}
            <p class="summary">{td_string!(locale, escalation.arrival_means)}</p>
            <button class="primary" type="submit" data-testid="save">{td_string!(locale, escalation.save)}</button>
        </form>
    }
    .into_any()
}

/// A number and the box that turns it off. A ring that is off keeps a number to turn on.
fn number(
    name: &'static str,
    legend: &'static str,
    (label, off): (&'static str, &'static str),
    (set, otherwise, most): (Option<u32>, Option<u32>, u32),
) -> AnyView {
    let shown = set.or(otherwise).unwrap_or_default();
    view! {
        <fieldset class="house stack" data-ring=name>
            <legend>{legend}</legend>
            <label>
                <span>{label}</span>
                <input
                    name=name
                    type="text"
                    inputmode="numeric"
                    autocomplete="off"
                    maxlength=most.to_string().len()
                    value=shown.to_string()
                />
            </label>
            <label class="check">
                <input type="checkbox" name=format!("{name}_off") value="true" checked=set.is_none() />
                <span>{off}</span>
            </label>
        </fieldset>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::I18nLocaleTrait;

    #[test]
    fn a_ring_that_is_off_is_checked_and_keeps_a_number_to_turn_on() {
        let settings = Settings { neighbours: None, building: Some(7), ..Settings::default() };
        let html = form(Locale::ko, &settings).to_html();
        let input = |name: &str| {
            let at = html.find(&format!("name=\"{name}\"")).expect("the input");
            let end = html[at..].find('>').expect("its end");
            html[at..at + end].to_owned()
        };
        assert!(input("neighbours").contains("value=\"30\""), "{html}");
        assert!(input("building").contains("value=\"7\""), "{html}");
        let is_checked = |name| input(name).contains("checked");
        assert!(
            is_checked("neighbours_off") && !is_checked("building_off") && !is_checked("complex"),
            "{html}"
        );
    }

    #[test]
    fn every_outcome_has_a_sentence_in_every_language() {
        for &locale in Locale::get_all() {
            let shown = |is_saved, problem: &str| {
                notice(locale, &View { is_saved, problem: problem.into() }).map(|view| view.to_html())
            };
            assert_eq!(shown(false, ""), None);
            assert!(shown(true, "").is_some_and(|html| html.contains("done")));
            let invalid = shown(false, "invalid").expect("a sentence");
            assert!(invalid.contains("3600") && invalid.contains("240"), "{invalid}");
            assert_ne!(shown(false, "unavailable"), Some(invalid));
        }
    }
}
