//! The result of the last act, or the reason why it changed nothing.

use leptos::prelude::*;

use super::shown::View;
use crate::i18n::{Locale, td_string};

/// A banner, if the address has a word for one.
pub(super) fn notice(locale: Locale, view: &View) -> AnyView {
    let done = done(locale, &view.done, &view.about);
    let problem = problem(locale, &view.problem, &view.about);
    view! {
        {done.map(|words| view! { <p class="notice" role="status" data-testid="done">{words}</p> })}
        {problem.map(|words| view! { <p class="notice error" role="alert" data-testid="problem">{words}</p> })}
    }
    .into_any()
}

fn done(locale: Locale, word: &str, about: &str) -> Option<String> {
    Some(match word {
        "imported" => td_string!(locale, people.done_imported, count = about),
        "locked" => td_string!(locale, people.done_locked, name = about),
        "unlocked" => td_string!(locale, people.done_unlocked, name = about),
        "signed-out" => td_string!(locale, people.done_signed_out, name = about),
        "resident" => td_string!(locale, people.done_resident, name = about),
        "administrator" => td_string!(locale, people.done_administrator, name = about),
        "moved-out" => td_string!(locale, people.done_moved_out, name = about),
        "added" => td_string!(locale, people.done_added, name = about),
        "removed" => td_string!(locale, people.done_removed, name = about),
        "neighbours" => td_string!(locale, people.done_neighbours, name = about),
        _ => return None,
    })
}

fn problem(locale: Locale, slug: &str, about: &str) -> Option<String> {
    if slug.is_empty() {
        return None;
    }
    Some(match slug {
        "not-known" => td_string!(locale, people.not_known, name = about),
        "occupied" => td_string!(locale, people.occupied, name = about),
        "last-administrator" => td_string!(locale, people.last_administrator, name = about),
        "unconfirmed" => td_string!(locale, people.unconfirmed, name = about),
        "account-locked" => td_string!(locale, people.is_locked_already, name = about),
        "invalid" | "malformed" | "too-large" => td_string!(locale, people.invalid).to_owned(),
        _ => td_string!(locale, people.unavailable).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::I18nLocaleTrait;

    #[test]
    fn every_notice_has_a_sentence_in_every_language_and_names_its_subject() {
        for &locale in Locale::get_all() {
            for word in [
                "locked",
                "unlocked",
                "signed-out",
                "resident",
                "administrator",
                "moved-out",
                "added",
                "removed",
            ] {
                assert!(done(locale, word, "김이웃").is_some_and(|words| words.contains("김이웃")), "{word}");
            }
            for slug in ["not-known", "occupied", "last-administrator", "account-locked", "unconfirmed"] {
                assert!(
                    problem(locale, slug, "101-1").is_some_and(|words| words.contains("101-1")),
                    "{slug}"
                );
            }
            assert!(problem(locale, "of-tomorrow", "").is_some() && problem(locale, "", "").is_none());
            assert_eq!(done(locale, "<script>", ""), None);
        }
    }
}
