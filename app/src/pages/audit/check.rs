//! The monthly check, with the form by which an administrator signs, and the signatures.

use backend::audit::{Entry, Month};
use domain::statistics::Zone;
use leptos::prelude::*;

use super::{Records, wording};
use crate::{
    calendar,
    i18n::{Locale, td_string},
    page_table::AUDIT,
};

/// The form and the signatures.
pub(super) fn check(locale: Locale, found: &Records, zone: &dyn Zone) -> AnyView {
    let Records { checks, unsigned, .. } = found;
    let rows: Vec<AnyView> = checks.iter().map(|entry| row(locale, entry, zone)).collect();
    let signed = (!rows.is_empty()).then(|| {
        view! {
            <div class="scrolls" tabindex="0" role="region" aria-label=td_string!(locale, audit.checks)>
                <table data-testid="checks">
                    <thead>
                        <tr>
                            <th scope="col">{td_string!(locale, audit.month)}</th>
                            <th scope="col">{td_string!(locale, audit.who)}</th>
                            <th scope="col">{td_string!(locale, audit.when)}</th>
                            <th scope="col">{td_string!(locale, audit.note)}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
    });
    view! {
        <section class="stack" id="check">
            <h2>{td_string!(locale, audit.checks)}</h2>
            <p class="summary">{td_string!(locale, audit.check_means)}</p>
            {(!unsigned.is_empty()).then(|| form(locale, found))}
            {signed}
        </section>
    }
    .into_any()
}

fn form(locale: Locale, found: &Records) -> AnyView {
    let options = found.unsigned.iter().map(|month| {
        view! { <option value=month.to_string()>{calendar::month(locale, *month)}</option> }.into_any()
    });
    let options: Vec<AnyView> = options.collect();
    view! {
        <form class="filters" method="post" action="/api/audit/check" data-testid="check">
            <input type="hidden" name="back" value=AUDIT.path />
            <label>
                <span>{td_string!(locale, audit.month)}</span>
                <select name="month">{options}</select>
            </label>
            <label>
                <span>{td_string!(locale, audit.note)}</span>
                <input name="note" type="text" maxlength="500" />
            </label>
            <button class="primary" type="submit">{td_string!(locale, audit.sign)}</button>
        </form>
    }
    .into_any()
}

fn row(locale: Locale, entry: &Entry, zone: &dyn Zone) -> AnyView {
    let month = entry.subject.parse::<Month>();
    let month = month.map_or_else(|_| entry.subject.clone(), |month| calendar::month(locale, month));
    view! {
        <tr data-testid="signed" data-month=entry.subject.clone()>
            <th scope="row">{month}</th>
            <td>{entry.actor.clone()}</td>
            <td>{wording::instant(entry.at, zone)}</td>
            <td>{entry.detail.clone()}</td>
        </tr>
    }
    .into_any()
}
