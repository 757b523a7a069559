//! The people who were shown the location, as the page lists them.

use backend::{
    audit::DISPLAY,
    privacy::{Held, Shown as Use},
};
use domain::{Millis, statistics::Zone};
use leptos::prelude::*;

use crate::{
    calendar,
    i18n::{Locale, td_string},
    words,
};

/// The most uses of the location that the page lists.
const LISTED: usize = 100;

/// The people who were shown the location.
pub(super) fn uses(locale: Locale, held: &Held, zone: &dyn Zone) -> AnyView {
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
    format!("{} {hour:02}:{minute:02}", calendar::date(locale, zone.local(at).date))
}

#[cfg(test)]
mod tests {
    use domain::{House, Line, statistics::Utc};

    use super::*;

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
