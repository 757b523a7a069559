//! The lines of the complex with how many houses of each have an account, the search, and what concerns all of them.

use backend::{
    people::complex::{Complex, OfHouse, OfLine, Person},
    reach::Overview,
};
use domain::statistics::Zone;
use leptos::prelude::*;

use super::{address_of, line::person, notice::notice, reach::out_of_reach, shown::View};
use crate::{
    i18n::{Locale, td_string},
    page_table::{PEOPLE, PEOPLE_CARDS, PEOPLE_IMPORT},
    words,
};

/// Matches of a search that are shown.
const MATCHES: usize = 50;

/// The page without a line.
pub(super) fn lines(
    locale: Locale,
    complex: &Complex,
    reach: &Overview,
    view: &View,
    zone: &dyn Zone,
) -> AnyView {
    let houses: usize = complex.lines.iter().map(|of| of.houses.len()).sum();
    let missing: usize = complex.lines.iter().map(|of| of.without_account().count()).sum();
    let residents: usize = complex.lines.iter().map(OfLine::residents).sum();
    let rows: Vec<AnyView> = complex.lines.iter().map(|of_line| row(locale, of_line)).collect();
    let office = complex.without_flat.iter().map(|one| person(locale, one, PEOPLE.path, zone));
    let office: Vec<AnyView> = office.collect();
    view! {
        <main id="main" class="people" data-testid="people">
            <h1>{td_string!(locale, people.title)}</h1>
            {notice(locale, view)}
            <p class="summary" data-testid="summary">
                {td_string!(locale, people.summary, houses = houses, residents = residents, missing = missing)}
            </p>
            <div class="buttons">
                <a class="button" href=PEOPLE_IMPORT.path rel="external" data-testid="import">
                    {td_string!(locale, people.import)}
                </a>
                {(missing > 0).then(|| view! {
                    <form method="post" action=PEOPLE_CARDS.path>
                        <button type="submit" data-testid="invite-all">
                            {td_string!(locale, people.invite_missing, count = missing)}
                        </button>
                    </form>
                })}
            </div>
            {search(locale, complex, view)}
            {table(locale, rows)}
            {out_of_reach(locale, complex, reach)}
            {add(locale)}
            <section class="stack">
                <h2>{td_string!(locale, people.office)}</h2>
                <ul class="persons">{office}</ul>
            </section>
        </main>
    }
    .into_any()
}

fn table(locale: Locale, rows: Vec<AnyView>) -> AnyView {
    view! {
        <div class="scrolls" tabindex="0">
            <table data-testid="lines">
                <thead>
                    <tr>
                        <th scope="col">{td_string!(locale, people.line)}</th>
                        <th scope="col">{td_string!(locale, people.building)}</th>
                        <th scope="col">{td_string!(locale, people.houses)}</th>
                        <th scope="col">{td_string!(locale, people.residents)}</th>
                        <th scope="col">{td_string!(locale, people.without_account)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(locale: Locale, of_line: &OfLine) -> AnyView {
    let missing: Vec<String> =
        of_line.without_account().map(|one| words::house(locale, &one.house)).collect();
    let count = missing.len();
    let names = (count > 0).then(|| {
        view! {
            <details>
                <summary>{count}</summary>
                {missing.join(", ")}
            </details>
        }
    });
    view! {
        <tr>
            <th scope="row">
                <a href=address_of(of_line.line.as_str()) rel="external">{words::line(locale, &of_line.line)}</a>
            </th>
            <td>{of_line.building.clone()}</td>
            <td>{of_line.houses.len()}</td>
            <td>{of_line.residents()}</td>
            <td>{(count == 0).then_some("0")} {names}</td>
        </tr>
    }
    .into_any()
}

/// The search for a house or a name, and what it has found.
fn search(locale: Locale, complex: &Complex, view: &View) -> AnyView {
    let found = (!view.search.is_empty()).then(|| {
        let matches = matches(complex, &view.search);
        let is_empty = matches.is_empty();
        let items = matches.into_iter().map(|(of_line, of_house)| {
            let names: Vec<&str> = of_house.residents.iter().map(|one| one.name.as_str()).collect();
            let place = format!("{} {}", words::line(locale, &of_line.line), words::house(locale, &of_house.house));
            view! {
                <li>
                    <a href=address_of(of_line.line.as_str()) rel="external">{place}</a> " " {names.join(", ")}
                </li>
            }
            .into_any()
        });
        let items: Vec<AnyView> = items.collect();
        view! {
            <ul class="found" data-testid="found">{items}</ul>
            {is_empty.then(|| view! { <p class="summary">{td_string!(locale, people.nothing_found)}</p> })}
        }
        .into_any()
    });
    view! {
        <form class="filters" method="get" action=PEOPLE.path role="search">
            <label>
                <span>{td_string!(locale, people.search)}</span>
                <input name="q" type="text" value=view.search.clone() />
            </label>
            <button type="submit">{td_string!(locale, people.search_button)}</button>
        </form>
        {found}
    }
    .into_any()
}

fn matches<'a>(complex: &'a Complex, search: &str) -> Vec<(&'a OfLine, &'a OfHouse)> {
    let is_named = |person: &Person| person.name.to_lowercase().contains(&search.to_lowercase());
    let flats =
        complex.lines.iter().flat_map(|of_line| of_line.houses.iter().map(move |house| (of_line, house)));
    let wanted = |(_, house): &(&OfLine, &OfHouse)| {
        house.house.as_str() == search || house.residents.iter().any(is_named)
    };
    flats.filter(wanted).take(MATCHES).collect()
}

fn add(locale: Locale) -> AnyView {
    let field = |name: &'static str, words: &'static str, is_required: bool| {
        view! {
            <label>
                <span>{words}</span>
                <input name=name type="text" required=is_required />
            </label>
        }
        .into_any()
    };
    view! {
        <details class="act">
            <summary>{td_string!(locale, people.add_house)}</summary>
            <form class="filters" method="post" action="/api/houses">
                {field("building", td_string!(locale, people.building), false)}
                {field("line", td_string!(locale, people.line), true)}
                {field("house", td_string!(locale, people.house), true)}
                <button type="submit">{td_string!(locale, people.add)}</button>
            </form>
        </details>
    }
    .into_any()
}
