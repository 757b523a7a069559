//! The result of the last form, or the reason why it changed nothing.

use leptos::prelude::*;

use super::View;
use crate::i18n::{Locale, td_string};

/// A banner, if the address has a word for one.
pub(super) fn notice(locale: Locale, view: &View) -> AnyView {
    let (done, problem) = (done(locale, &view.done), problem(locale, &view.problem));
    view! {
        {done.map(|words| view! { <p class="notice" role="status" data-testid="done">{words}</p> })}
        {problem.map(|words| view! { <p class="notice error" role="alert" data-testid="problem">{words}</p> })}
    }
    .into_any()
}

fn done(locale: Locale, word: &str) -> Option<&'static str> {
    Some(match word {
        "password" => td_string!(locale, sessions.done_password),
        "session" => td_string!(locale, sessions.done_session),
        "others" => td_string!(locale, sessions.done_others),
        "off" => td_string!(locale, second_factor.done_off),
        _ => return None,
    })
}

fn problem(locale: Locale, slug: &str) -> Option<&'static str> {
    Some(match slug {
        "" => return None,
        "sign-in-refused" => td_string!(locale, second_factor.wrong_password),
        "code-refused" => td_string!(locale, second_factor.wrong_code),
        "too-many" => td_string!(locale, second_factor.busy),
        "outdated" => td_string!(locale, second_factor.outdated),
        "not-yours" => td_string!(locale, second_factor.not_yours),
        "not-known" => td_string!(locale, sessions.gone),
        "invalid" => td_string!(locale, sessions.invalid),
        _ => td_string!(locale, sessions.failed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::I18nLocaleTrait;

    #[test]
    fn every_word_has_a_sentence_of_its_own_in_every_language() {
        for &locale in Locale::get_all() {
            let mut sentences: Vec<_> = ["password", "session", "others", "off"]
                .iter()
                .filter_map(|word| done(locale, word))
                .collect();
            let slugs = [
                "sign-in-refused",
                "code-refused",
                "too-many",
                "outdated",
                "not-yours",
                "not-known",
                "invalid",
            ];
            sentences.extend(slugs.iter().filter_map(|slug| problem(locale, slug)));
            sentences.extend(problem(locale, "of-tomorrow"));
            let count = sentences.len();
            sentences.sort_unstable();
            sentences.dedup();
            assert_eq!((count, sentences.len()), (12, 12));
            assert_eq!((done(locale, "<script>"), problem(locale, "")), (None, None));
        }
    }
}
