//! The filters, which are in the address, and the download of what they show.

use backend::audit::Act;
use leptos::prelude::*;
use leptos_router::location::Url;

use super::{View, wording};
use crate::{
    i18n::{Locale, td_string},
    page_table::AUDIT,
};

/// The form for the filters.
pub(super) fn filters(locale: Locale, view: &View) -> AnyView {
    let mut acts: Vec<(&'static str, &'static str)> =
        Act::ALL.iter().map(|act| (act.as_str(), wording::act(locale, *act))).collect();
    acts.sort_by_key(|(_, words)| *words);
    let options = acts.into_iter().map(|(value, words)| {
        let is_chosen = value == view.act;
        view! { <option value=value selected=is_chosen>{words}</option> }.into_any()
    });
    let options: Vec<AnyView> = options.collect();
    view! {
        <form class="filters" method="get" action=AUDIT.path data-testid="filters">
            {field("who", td_string!(locale, audit.who), "text", &view.who)}
            {field("whose", td_string!(locale, audit.whose), "text", &view.whose)}
            <label>
                <span>{td_string!(locale, audit.act)}</span>
                <select name="act">
                    <option value="">{td_string!(locale, statistics.all)}</option>
                    {options}
                </select>
            </label>
            {field("from", td_string!(locale, statistics.from), "date", &view.from)}
            {field("until", td_string!(locale, statistics.until), "date", &view.until)}
            <button class="primary" type="submit">{td_string!(locale, statistics.show)}</button>
        </form>
    }
    .into_any()
}

fn field(name: &'static str, words: &'static str, kind: &'static str, value: &str) -> AnyView {
    view! {
        <label>
            <span>{words}</span>
            <input name=name type=kind value=value.to_owned() />
        </label>
    }
    .into_any()
}

/// The form that downloads everything that the filters show.
pub(super) fn download(locale: Locale, view: &View) -> AnyView {
    let hidden: Vec<AnyView> = pairs(view)
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned() /> }.into_any())
        .collect();
    view! {
        <form class="filters" method="post" action="/api/audit.csv" data-testid="audit-csv">
            {hidden}
            <input type="hidden" name="back" value=address(view, "") />
            <label>
                <span>{td_string!(locale, audit.reason)}</span>
                <input name="reason" type="text" required=true maxlength="200" />
            </label>
            <button type="submit">{td_string!(locale, audit.download)}</button>
        </form>
    }
    .into_any()
}

/// The address of the page with these filters, before the record with this number.
pub(super) fn address(view: &View, before: &str) -> String {
    let mut address = AUDIT.path.to_owned();
    let before = ("before", before);
    for (name, value) in pairs(view).into_iter().chain([before]) {
        if !value.is_empty() {
            let separator = if address.contains('?') { '&' } else { '?' };
            address.push_str(&format!("{separator}{name}={}", Url::escape(value)));
        }
    }
    address
}

fn pairs(view: &View) -> [(&'static str, &str); 5] {
    let View { who, act, whose, from, until, .. } = view;
    [
        ("who", who.as_str()),
        ("act", act.as_str()),
        ("whose", whose.as_str()),
        ("from", from.as_str()),
        ("until", until.as_str()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::I18nLocaleTrait;

    fn written() -> View {
        View { who: "김 이웃".into(), act: "locked".into(), before: "7".into(), ..View::default() }
    }

    #[test]
    fn an_address_keeps_the_filters_and_begins_where_it_is_asked_to() {
        let first = address(&written(), "");
        assert!(first.starts_with("/admin/audit?who=%EA") && first.ends_with("&act=locked"), "{first}");
        assert!(address(&written(), "42").ends_with("&before=42"));
        assert_eq!(address(&View::default(), ""), "/admin/audit");
    }

    #[test]
    fn the_forms_show_what_was_asked_and_a_download_needs_a_reason() {
        for &locale in Locale::get_all() {
            let html = filters(locale, &written()).to_html();
            assert!(html.contains("value=\"김 이웃\"") && html.matches("selected").count() == 1, "{html}");
            let html = download(locale, &written()).to_html();
            assert!(html.contains("name=\"reason\"") && html.contains("required"), "{html}");
        }
    }
}
