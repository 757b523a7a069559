//! A number beside that of the period before, as the difference with a word for its meaning.

use leptos::prelude::*;

use crate::i18n::{Locale, td_string};

/// Which direction is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Better {
    More,
    Fewer,
    /// More is neither.
    Neither,
}

/// The meaning of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Good,
    Bad,
    Same,
}

impl Meaning {
    /// Judges `now` beside `before`.
    pub(super) fn of(now: i64, before: i64, better: Better) -> Self {
        match (now.cmp(&before), better) {
            (std::cmp::Ordering::Equal, _) | (_, Better::Neither) => Self::Same,
            (std::cmp::Ordering::Greater, Better::More) | (std::cmp::Ordering::Less, Better::Fewer) => {
                Self::Good
            }
            _ => Self::Bad,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Good => "delta good",
            Self::Bad => "delta bad",
            Self::Same => "delta",
        }
    }
}

/// Returns the difference in words, with its direction, its size and its meaning.
pub(super) fn difference(
    locale: Locale,
    now: i64,
    before: i64,
    better: Better,
    size: impl Fn(i64) -> String,
) -> String {
    let difference = now.saturating_sub(before);
    let (direction, word) = match difference {
        0 => return td_string!(locale, statistics.same).to_owned(),
        1.. => ("▲", td_string!(locale, statistics.more)),
        _ => ("▼", td_string!(locale, statistics.less)),
    };
    let size = size(difference.saturating_abs());
    let meaning = match Meaning::of(now, before, better) {
        Meaning::Good => td_string!(locale, statistics.better),
        Meaning::Bad => td_string!(locale, statistics.worse),
        Meaning::Same => word,
    };
    format!("{direction} {size} · {meaning}")
}

/// Returns the difference as an entry of the list of numbers, or words for that there is nothing to compare.
pub(super) fn delta(
    locale: Locale,
    now: Option<i64>,
    before: Option<i64>,
    better: Better,
    size: impl Fn(i64) -> String,
) -> AnyView {
    let (class, words) = match (now, before) {
        (Some(now), Some(before)) => {
            (Meaning::of(now, before, better).class(), difference(locale, now, before, better, size))
        }
        _ => ("delta", td_string!(locale, statistics.nothing_before).to_owned()),
    };
    view! { <dd class=class>{words}</dd> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_judged_by_what_it_means_and_not_by_its_sign() {
        let worded =
            |now, before, better| difference(Locale::ko, now, before, better, |size| format!("{size}건"));
        assert_eq!(worded(2, 4, Better::Fewer), "▼ 2건 · 나아졌어요");
        assert_eq!(worded(4, 2, Better::Fewer), "▲ 2건 · 나빠졌어요");
        assert_eq!(worded(4, 2, Better::More), "▲ 2건 · 나아졌어요");
        assert_eq!(worded(1, 2, Better::More), "▼ 1건 · 나빠졌어요");
        assert_eq!(worded(5, 2, Better::Neither), "▲ 3건 · 늘었어요");
        assert_eq!(worded(2, 5, Better::Neither), "▼ 3건 · 줄었어요");
        assert_eq!(worded(2, 2, Better::Fewer), "앞 기간과 같아요");
        assert_eq!(Meaning::of(2, 5, Better::Neither), Meaning::Same);
    }
}
