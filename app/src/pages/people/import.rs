//! The import of houses: the form for a table with its faults, and the preview.

use backend::people::import::{Fault, Flat, Preview, ROW_LIMIT, Wrong as Reason};
use http::StatusCode;
use leptos::prelude::*;

use super::{hidden, shown::Wrong};
use crate::{
    i18n::{Locale, td_string},
    page_table::{PEOPLE, PEOPLE_IMPORT},
    request, words,
};

/// New houses that a preview names.
const NAMED: usize = 30;
/// A table as it may be.
const EXAMPLE: &str = "동,라인,호,이웃라인\n101,101-1,1203,101-2\n101,101-1,1204,\n101,101-2,501,";

/// The form, and what was wrong with the last table.
pub(super) fn form(locale: Locale, wrong: Option<&Wrong>) -> AnyView {
    let problem = wrong.map(|wrong| problem(locale, wrong));
    view! {
        <main id="main" class="people narrow" data-testid="import-form">
            <p><a href=PEOPLE.path rel="external">{td_string!(locale, people.all_lines)}</a></p>
            <h1>{td_string!(locale, people.import)}</h1>
            {problem}
            <p>{td_string!(locale, people.import_means)}</p>
            <pre class="example" tabindex="0">{EXAMPLE}</pre>
            <form class="stack" method="post" action=PEOPLE_IMPORT.path enctype="multipart/form-data">
                <label>
                    <span>{td_string!(locale, people.file)}</span>
                    <input type="file" name="file" accept=".csv,text/csv" />
                </label>
                <label>
                    <span>{td_string!(locale, people.pasted)}</span>
                    <textarea name="csv" rows="6"></textarea>
                </label>
                <button class="primary" type="submit">{td_string!(locale, people.preview)}</button>
            </form>
        </main>
    }
    .into_any()
}

fn problem(locale: Locale, wrong: &Wrong) -> AnyView {
    let (status, sentence) = match wrong {
        Wrong::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, td_string!(locale, people.table_too_large)),
        Wrong::BrokeOff => (StatusCode::BAD_REQUEST, td_string!(locale, people.table_broke_off)),
        Wrong::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, td_string!(locale, people.unavailable)),
        Wrong::Faults(_) => (StatusCode::UNPROCESSABLE_ENTITY, td_string!(locale, people.table_faults)),
    };
    request::answer_with(status);
    let faults: &[Fault] = if let Wrong::Faults(faults) = wrong { faults } else { &[] };
    let items = faults.iter().map(|fault| {
        let at = td_string!(locale, people.on_line, line = fault.at);
        view! { <li><b>{at}</b> " " {reason(locale, &fault.what)}</li> }.into_any()
    });
    let items: Vec<AnyView> = items.collect();
    view! {
        <div class="notice error" role="alert" data-testid="faults">
            <p>{sentence}</p>
            <ul>{items}</ul>
        </div>
    }
    .into_any()
}

fn reason(locale: Locale, what: &Reason) -> String {
    match what {
        Reason::Encoding => td_string!(locale, people.fault_encoding).to_owned(),
        Reason::Columns => td_string!(locale, people.fault_columns).to_owned(),
        Reason::Cells { expected, found } => {
            td_string!(locale, people.fault_cells, expected = *expected, found = *found)
        }
        Reason::Line(_) => td_string!(locale, people.fault_line).to_owned(),
        Reason::House(_) => td_string!(locale, people.fault_house).to_owned(),
        Reason::Building => td_string!(locale, people.fault_building).to_owned(),
        Reason::Neighbour(name) => td_string!(locale, people.fault_neighbour, name = name.clone()),
        Reason::UnknownNeighbour(line) => {
            td_string!(locale, people.fault_unknown_neighbour, name = line.to_string())
        }
        Reason::Unseen(_) => td_string!(locale, people.fault_unseen).to_owned(),
        Reason::Twice(first) => td_string!(locale, people.fault_twice, line = *first),
        Reason::OtherBuilding(first) => td_string!(locale, people.fault_other_building, line = *first),
        Reason::Nothing => td_string!(locale, people.fault_nothing).to_owned(),
        Reason::TooLong => td_string!(locale, people.fault_too_long, count = ROW_LIMIT),
    }
}

/// Returns the names of the first of these houses, and how many more there are.
fn names(locale: Locale, houses: &[Flat]) -> String {
    let named = |flat: &Flat| format!("{} {}", flat.line, words::house(locale, &flat.house));
    let mut names: Vec<String> = houses.iter().take(NAMED).map(named).collect();
    if houses.len() > NAMED {
        names.push(td_string!(locale, people.and_more, count = houses.len() - NAMED));
    }
    names.join(", ")
}

/// The changes that an import would make, with the button that makes them.
pub(super) fn preview(locale: Locale, preview: &Preview, table: &str, is_outdated: bool) -> AnyView {
    let Preview { rows, new_lines, changed_lines, new_houses, known_houses, digest } = preview;
    let outdated = is_outdated
        .then(|| view! { <p class="notice error" role="alert">{td_string!(locale, people.outdated)}</p> });
    let lines = |lines: &[domain::Line]| {
        let names: Vec<String> = lines.iter().map(|line| words::line(locale, line)).collect();
        names.join(", ")
    };
    let changes = !new_lines.is_empty() || !changed_lines.is_empty() || !new_houses.is_empty();
    let confirm = changes.then(|| {
        view! {
            <form class="stack" method="post" action=PEOPLE_IMPORT.path>
                {hidden("csv", table)} {hidden("digest", digest)}
                <button class="primary" type="submit" data-testid="confirm">
                    {td_string!(locale, people.confirm, count = new_houses.len())}
                </button>
            </form>
        }
    });
    view! {
        <main id="main" class="people narrow" data-testid="preview">
            <h1>{td_string!(locale, people.preview)}</h1>
            {outdated}
            <p>{td_string!(locale, people.nothing_yet)}</p>
            <dl class="facts">
                <dt>{td_string!(locale, people.rows)}</dt>
                <dd>{*rows}</dd>
                <dt>{td_string!(locale, people.new_lines)}</dt>
                <dd data-testid="new-lines">{new_lines.len()} " " <span class="summary">{lines(new_lines)}</span></dd>
                <dt>{td_string!(locale, people.changed_lines)}</dt>
                <dd>{changed_lines.len()} " " <span class="summary">{lines(changed_lines)}</span></dd>
                <dt>{td_string!(locale, people.new_houses)}</dt>
                <dd data-testid="new-houses">
                    {new_houses.len()} " " <span class="summary">{names(locale, new_houses)}</span>
                </dd>
                <dt>{td_string!(locale, people.known_houses)}</dt>
                <dd>{*known_houses}</dd>
            </dl>
            {confirm}
            {(!changes).then(|| view! { <p class="notice">{td_string!(locale, people.no_change)}</p> })}
            <a class="button" href=PEOPLE_IMPORT.path rel="external">{td_string!(locale, people.another_table)}</a>
        </main>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::InvalidName;

    use super::*;
    use crate::i18n::I18nLocaleTrait;

    #[test]
    fn every_fault_has_words_in_every_language() {
        let line: domain::Line = "101-1".parse().expect("a line's name");
        for what in [
            Reason::Encoding,
            Reason::Columns,
            Reason::Cells { expected: 4, found: 2 },
            Reason::Line(InvalidName::Empty),
            Reason::House(InvalidName::Empty),
            Reason::Building,
            Reason::Neighbour("@".into()),
            Reason::UnknownNeighbour(line),
            Reason::Unseen('\u{200b}'),
            Reason::Twice(2),
            Reason::OtherBuilding(2),
            Reason::Nothing,
            Reason::TooLong,
        ] {
            let locales: &[Locale] = Locale::get_all();
            let words: BTreeSet<_> = locales.iter().map(|locale| reason(*locale, &what)).collect();
            assert!(words.len() == locales.len() && !words.contains(""), "{words:?}");
        }
    }

    #[test]
    fn a_preview_sends_the_table_again_with_its_digest_and_without_changes_it_has_no_button() {
        let shown = Preview {
            rows: 1,
            new_lines: Vec::new(),
            changed_lines: Vec::new(),
            new_houses: Vec::new(),
            known_houses: 1,
            digest: "abc".into(),
        };
        let html = preview(Locale::ko, &shown, "line\n\"<x>", false).to_html();
        assert!(!html.contains("data-testid=\"confirm\""), "{html}");
        let changed = Preview { new_lines: vec!["101-1".parse().expect("a line's name")], ..shown };
        let html = preview(Locale::ko, &changed, "line\n\"<x>", true).to_html();
        assert!(html.contains("value=\"abc\"") && !html.contains("\"<x>"), "{html}");
    }
}
