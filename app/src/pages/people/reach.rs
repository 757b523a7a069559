//! The households that no call can alarm now, and the devices that have been silent for long, by line.

use backend::{
    people::complex::{Complex, OfLine},
    reach::{Flats, Overview},
};
use domain::House;
use leptos::prelude::*;

use super::address_of;
use crate::{
    i18n::{Locale, td_string},
    words,
};

/// The section with a row for each line.
pub(super) fn out_of_reach(locale: Locale, complex: &Complex, reach: &Overview) -> AnyView {
    let content = match &reach.reachable {
        Some(reachable) => table(locale, complex, reachable, reach),
        None => view! { <p class="notice">{td_string!(locale, reach.not_known)}</p> }.into_any(),
    };
    view! {
        <section class="stack" data-testid="out-of-reach">
            <h2>{td_string!(locale, reach.heading)}</h2>
            <p>{td_string!(locale, reach.means)}</p>
            {content}
        </section>
    }
    .into_any()
}

fn table(locale: Locale, complex: &Complex, reachable: &Flats, reach: &Overview) -> AnyView {
    let houses: usize = complex.lines.iter().map(|of| of.houses.len()).sum();
    let missing: usize = complex.lines.iter().map(|of| missing(of, reachable).len()).sum();
    let silent = |of_line: &OfLine| {
        let silent = reach.silent.as_ref()?;
        Some(silent.get(&Some(of_line.line.clone())).copied().unwrap_or_default())
    };
    let rows: Vec<AnyView> =
        complex.lines.iter().map(|of_line| row(locale, of_line, reachable, silent(of_line))).collect();
    let summary = match &reach.silent {
        Some(silent) => {
            let devices: u64 = silent.values().sum();
            td_string!(locale, reach.summary, houses = houses, missing = missing, devices = devices)
        }
        None => td_string!(locale, reach.silent_not_known).to_owned(),
    };
    let office =
        reach.silent.as_ref().and_then(|silent| silent.get(&None)).copied().filter(|count| *count > 0);
    let office = office.map(|count| {
        view! {
            <tr>
                <th scope="row">{td_string!(locale, reach.without_flat)}</th>
                <td></td>
                <td></td>
                <td>{count}</td>
            </tr>
        }
    });
    view! {
        <p class="summary" data-testid="out-of-reach-summary">{summary}</p>
        <div class="scrolls" tabindex="0">
            <table data-testid="reach-by-line">
                <thead>
                    <tr>
                        <th scope="col">{td_string!(locale, people.line)}</th>
                        <th scope="col">{td_string!(locale, people.houses)}</th>
                        <th scope="col">{td_string!(locale, reach.out_of_reach)}</th>
                        <th scope="col">{td_string!(locale, reach.silent)}</th>
                    </tr>
                </thead>
                <tbody>{rows} {office}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(locale: Locale, of_line: &OfLine, reachable: &Flats, silent: Option<u64>) -> AnyView {
    let missing = missing(of_line, reachable);
    let count = missing.len();
    let names: Vec<String> = missing.into_iter().map(|house| words::house(locale, house)).collect();
    let names = (count > 0).then(|| {
        view! {
            <details>
                <summary>{count}</summary>
                {names.join(", ")}
            </details>
        }
    });
    let silent = silent.map_or_else(|| "–".to_owned(), |silent| silent.to_string());
    view! {
        <tr data-line=of_line.line.to_string()>
            <th scope="row">
                <a href=address_of(of_line.line.as_str()) rel="external">{words::line(locale, &of_line.line)}</a>
            </th>
            <td>{of_line.houses.len()}</td>
            <td>{(count == 0).then_some("0")} {names}</td>
            <td>{silent}</td>
        </tr>
    }
    .into_any()
}

/// Returns the houses of a line that no call can alarm now.
fn missing<'a>(of_line: &'a OfLine, reachable: &Flats) -> Vec<&'a House> {
    let reachable = reachable.get(&of_line.line);
    let is_missing = |house: &&House| reachable.is_none_or(|reachable| !reachable.contains(*house));
    of_line.houses.iter().map(|of_house| &of_house.house).filter(is_missing).collect()
}

#[cfg(test)]
mod tests {
    use backend::people::complex::OfHouse;

    use super::*;
    use crate::samples::{house, line};

    fn complex() -> Complex {
        let empty = |name| OfHouse { house: house(name), residents: Vec::new(), invitations: 0 };
        let houses = ["1203", "1204", "1301"].map(empty).into();
        let of_line = OfLine { line: line(), building: "101".into(), neighbours: Vec::new(), houses };
        Complex { lines: vec![of_line], without_flat: Vec::new() }
    }

    #[test]
    fn houses_without_a_device_are_named_and_silent_devices_are_counted_by_line_and_in_total() {
        let reach = Overview {
            reachable: Some([(line(), [house("1204")].into())].into()),
            silent: Some([(Some(line()), 2), (None, 1)].into()),
        };
        let html = out_of_reach(Locale::ko, &complex(), &reach).to_html();
        for part in ["1203호, 1301호", "3세대 가운데 2세대", "조용한 기기는 3대", "집이 없는 계정"]
        {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(!html.contains("1204호"), "{html}");
    }

    #[test]
    fn what_is_not_known_is_no_number() {
        let html = out_of_reach(Locale::ko, &complex(), &Overview::default()).to_html();
        assert!(html.contains("지금은 확인할 수 없어요") && !html.contains("1203호"), "{html}");
    }
}
