//! The table of records, by page.

use backend::audit::Entry;
use domain::statistics::Zone;
use leptos::prelude::*;

use super::{Records, View, filters::address, wording};
use crate::i18n::{Locale, td_string};

/// The table and the links to other pages of it.
pub(super) fn records(locale: Locale, view: &View, found: &Records, zone: &dyn Zone) -> AnyView {
    let Records { entries, has_more, head, .. } = found;
    let is_empty = entries.is_empty();
    let rows: Vec<AnyView> = entries.iter().map(|entry| row(locale, entry, zone)).collect();
    let last = entries.last().map(|entry| entry.sequence).filter(|_| *has_more);
    let older = last.map(|last| {
        let to = address(view, &last.to_string());
        view! {
            <a class="quiet-button" href=to rel="external" data-testid="older">
                {td_string!(locale, audit.older)}
            </a>
        }
    });
    let newest = (!view.before.is_empty()).then(|| {
        let to = address(view, "");
        view! { <a class="quiet-button" href=to rel="external">{td_string!(locale, audit.newest)}</a> }
    });
    view! {
        {is_empty.then(|| view! { <p class="summary">{td_string!(locale, audit.nothing)}</p> })}
        <div class="scrolls" tabindex="0" role="region" aria-label=td_string!(locale, audit.title)>
            <table data-testid="records">
                <thead>
                    <tr>
                        <th scope="col">{td_string!(locale, audit.when)}</th>
                        <th scope="col">{td_string!(locale, audit.who)}</th>
                        <th scope="col">{td_string!(locale, audit.act)}</th>
                        <th scope="col">{td_string!(locale, audit.whose)}</th>
                        <th scope="col">{td_string!(locale, audit.detail)}</th>
                        <th scope="col">{td_string!(locale, audit.address)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <div class="buttons">{newest} {older}</div>
        <p class="summary chain" data-testid="chain">
            {td_string!(locale, audit.chain, count = head.sequence - head.pruned, hash = head.hash.clone())}
        </p>
    }
    .into_any()
}

fn row(locale: Locale, entry: &Entry, zone: &dyn Zone) -> AnyView {
    let Entry { sequence, at, act, actor, address: from, subject, detail, count, .. } = entry;
    let filtered = |view: View, words: String| {
        let to = address(&view, "");
        view! { <a href=to rel="external">{words}</a> }.into_any()
    };
    let who = match actor.as_str() {
        "" => view! { <span>{td_string!(locale, audit.stranger)}</span> }.into_any(),
        _ => filtered(View { who: actor.clone(), ..View::default() }, wording::actor(locale, actor)),
    };
    let whose = (!subject.is_empty())
        .then(|| filtered(View { whose: subject.clone(), ..View::default() }, subject.clone()));
    let times = (*count > 1).then(|| td_string!(locale, audit.times, count = *count));
    view! {
        <tr data-testid="record" data-act=act.clone() data-sequence=sequence.to_string()>
            <td>{wording::instant(*at, zone)}</td>
            <td>{who}</td>
            <td>{wording::named(locale, act)} " " {times}</td>
            <td>{whose}</td>
            <td>{detail.clone()}</td>
            <td>{from.clone()}</td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use backend::audit::Head;
    use domain::statistics::Utc;

    use super::*;

    fn found() -> Records {
        let entry = Entry {
            sequence: 7,
            at: 1_795_953_600_000,
            act: "sign-in-refused".into(),
            actor: String::new(),
            address: "203.0.113.9".into(),
            subject: "<b>".into(),
            detail: "sign-in-refused".into(),
            count: 12,
            hash: String::new(),
        };
        let newer = Entry { act: "of-tomorrow".into(), actor: "admin".into(), count: 1, ..entry.clone() };
        let head = Head { sequence: 9, hash: "ab".into(), pruned: 2, pruned_hash: String::new() };
        Records {
            entries: vec![newer, entry],
            has_more: true,
            head,
            checks: Vec::new(),
            unsigned: Vec::new(),
        }
    }

    #[test]
    fn a_record_is_shown_with_its_time_and_nothing_in_it_is_html() {
        let html = records(Locale::en, &View::default(), &found(), &Utc).to_html();
        assert!(html.contains("2026-11-29 12:00:00") && html.contains("203.0.113.9"), "{html}");
        assert!(html.contains("12 times") && !html.contains("<b>"), "{html}");
        assert!(html.contains("of-tomorrow"), "an act of a newer version has its name: {html}");
        assert!(html.contains("before=7") && html.contains("7 records"), "{html}");
    }
}
