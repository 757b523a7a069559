//! Invitations as cards, eight on a sheet of A4.

use domain::statistics::Zone;
use leptos::prelude::*;

use super::shown::Card;
use crate::{
    calendar,
    i18n::{Locale, td_string},
    page_table::PEOPLE,
    words,
};

/// The page of cards.
pub(super) fn cards(locale: Locale, address: &str, cards: &[Card], zone: &dyn Zone) -> AnyView {
    let count = cards.len();
    let shown: Vec<AnyView> = cards.iter().map(|one| card(locale, address, one, zone)).collect();
    let means = if count == 0 { td_string!(locale, cards.gone) } else { td_string!(locale, cards.means) };
    view! {
        <main id="main" class="people" data-testid="cards">
            <div class="no-print stack">
                <h1>{td_string!(locale, cards.title, count = count)}</h1>
                <p class="notice">{means}</p>
                <p>{td_string!(locale, cards.print)}</p>
                <a class="button" href=PEOPLE.path rel="external">{td_string!(locale, people.all_lines)}</a>
            </div>
            <ul class="invites">{shown}</ul>
        </main>
    }
    .into_any()
}

fn card(locale: Locale, address: &str, card: &Card, zone: &dyn Zone) -> AnyView {
    let line = card.flat.as_ref().map(|(line, _)| words::line(locale, line));
    let house = card.flat.as_ref().map(|(_, house)| words::house(locale, house));
    let heading = card.resident.clone().or(house).unwrap_or_default();
    let second = if card.resident.is_some() {
        td_string!(locale, cards.step_password)
    } else {
        td_string!(locale, cards.step_name)
    };
    let until =
        td_string!(locale, cards.until, day = calendar::day(locale, zone.local(card.expires_at).date));
    let shown = address.split_once("://").map_or(address, |(_, rest)| rest).to_owned();
    view! {
        <li class="invite" data-testid="card">
            <header><b>{td_string!(locale, app.name)}</b> <span>{line.unwrap_or_default()}</span></header>
            <h2>{heading}</h2>
            <ol>
                <li>{td_string!(locale, cards.step_camera)}</li>
                <li>{second}</li>
                <li>{td_string!(locale, cards.step_alarm)}</li>
            </ol>
            <div class="qr-frame" inner_html=card.qr.clone().unwrap_or_default()></div>
            <p class="code">
                <span>{shown}</span>
                " "
                <b data-testid="code" data-link=card.link.clone()>{card.code.clone()}</b>
            </p>
            <p class="until">{until} " " <b>{td_string!(locale, cards.not_119)}</b></p>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::statistics::Utc;

    use super::*;

    #[test]
    fn a_card_names_the_flat_the_code_and_the_address_to_type() {
        let flat = ("101-1".parse().expect("a line's name"), "1203".parse().expect("a house's name"));
        let card = Card {
            flat: Some(flat),
            resident: None,
            code: "K7M4-Q2XP-9TRA".into(),
            link: "https://iutsai.example/join/K7M4-Q2XP-9TRA".into(),
            qr: Some("<svg></svg>".into()),
            expires_at: 1_795_953_600_000,
        };
        let html = cards(Locale::ko, "https://iutsai.example/join", &[card], &Utc).to_html();
        for part in
            ["101-1 라인", "1203호", "K7M4-Q2XP-9TRA", ">iutsai.example/join<", "<svg></svg>", "11월 29일"]
        {
            assert!(html.contains(part), "{part} in {html}");
        }
    }
}
