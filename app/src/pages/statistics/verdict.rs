//! The sentence that the page begins with.

use domain::statistics::Counts;
use leptos::prelude::*;

use super::wording;
use crate::i18n::{Locale, td_string};

/// A part of the sentence.
struct Clause {
    /// It is about calls to which nobody came.
    is_red: bool,
    /// Its words inside the sentence.
    inside: String,
    /// Its words at the end.
    last: String,
}

/// Returns the sentence on the outcomes of the calls of the period.
pub(super) fn verdict(locale: Locale, counts: &Counts) -> AnyView {
    if counts.calls == 0 {
        return view! { <p class="verdict" data-testid="verdict">{td_string!(locale, statistics.quiet)}</p> }
            .into_any();
    }
    let clauses = clauses(locale, counts);
    let number = clauses.len();
    let parts = clauses.into_iter().enumerate().map(|(index, clause)| {
        let is_last = index + 1 == number;
        let before = if is_last && number > 1 { and(locale) } else { " " };
        let words = if is_last { clause.last } else { clause.inside };
        let class = if clause.is_red { "nobody" } else { "" };
        view! { {before} <b class=class>{words}</b> }
    });
    let begins = td_string!(locale, statistics.of_calls, calls = wording::calls(locale, counts.calls));
    view! { <p class="verdict" data-testid="verdict">{begins} {parts.collect_view()}</p> }.into_any()
}

/// Stands before the last of several parts.
const fn and(locale: Locale) -> &'static str {
    match locale {
        Locale::ko => " ",
        Locale::en => " and ",
    }
}

/// Returns a part for each outcome that a call had.
fn clauses(locale: Locale, counts: &Counts) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut add = |is_red, inside, last| clauses.push(Clause { is_red, inside, last });
    if counts.accepted > 0 {
        let count = counts.accepted;
        let (inside, last) = (
            td_string!(locale, statistics.came, count = count),
            td_string!(locale, statistics.came_last, count = count),
        );
        add(false, inside, last);
    }
    if counts.taken_back > 0 {
        let count = counts.taken_back;
        let (inside, last) = (
            td_string!(locale, statistics.taken_back, count = count),
            td_string!(locale, statistics.taken_back_last, count = count),
        );
        add(false, inside, last);
    }
    if counts.waiting > 0 {
        let count = counts.waiting;
        let (inside, last) = (
            td_string!(locale, statistics.waiting, count = count),
            td_string!(locale, statistics.waiting_last, count = count),
        );
        add(false, inside, last);
    }
    if counts.nobody_came > 0 {
        let count = counts.nobody_came;
        let (inside, last) = (
            td_string!(locale, statistics.nobody, count = count),
            td_string!(locale, statistics.nobody_last, count = count),
        );
        add(true, inside, last);
    }
    clauses
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::statistics::samples::counts;

    /// The words of the sentence, without tags and with one space between two words.
    fn sentence_of(locale: Locale, [accepted, taken_back, waiting, nobody_came]: [u64; 4]) -> String {
        let calls = accepted + taken_back + waiting + nobody_came;
        let counts =
            domain::statistics::Counts { calls, accepted, taken_back, waiting, nobody_came, ..counts() };
        let html = verdict(locale, &counts).to_html();
        let outside = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
        outside.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_sentence_names_every_outcome_that_there_was() {
        assert_eq!(
            sentence_of(Locale::ko, [35, 4, 0, 2]),
            "요청 41건 가운데 35건에 이웃이 나섰고, 4건은 바로 취소했고, 2건에는 아무도 오지 않았어요."
        );
        assert_eq!(
            sentence_of(Locale::en, [35, 4, 0, 2]),
            "Of 41 calls, neighbours came to 35, callers cancelled 4 at once, and nobody came to 2."
        );
        assert_eq!(sentence_of(Locale::ko, [0, 0, 0, 1]), "요청 1건 가운데 1건에는 아무도 오지 않았어요.");
        assert_eq!(sentence_of(Locale::en, [0, 0, 1, 0]), "Of 1 call, no neighbour has come yet to 1.");
    }

    #[test]
    fn a_period_without_a_call_is_quiet() {
        assert_eq!(sentence_of(Locale::ko, [0; 4]), "이 기간에는 도움 요청이 없었어요.");
    }
}
