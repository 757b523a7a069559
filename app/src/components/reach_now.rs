//! The number of households that a call could alarm now, before anybody calls. Where it is none, the sentence leads to
//! 119 first.

use leptos::prelude::*;

use crate::{
    home::Home,
    i18n::{Locale, td_string},
    language::use_i18n,
    part::IntoPart,
    reactive::{IntoSignal, Memo, Signal},
    words::text,
};

/// The number above the button. While a call is open, the page is about that call, the own one or a neighbour's.
#[component]
pub fn ReachNow() -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let houses = home.connection.reach;
    let is_nobody = Memo::new(move |_| houses.get() == Some(0));
    let is_over = Signal::derive(move || {
        home.own_house.with(Option::is_some) || home.incoming.with(|houses| !houses.is_empty())
    });
    // A number that changes now and then would interrupt a person who listens to the page.
    let aloud = Signal::derive(move || if is_nobody.get() { "polite" } else { "off" });
    let number = Signal::derive(move || houses.get().map(|houses| houses.to_string()).unwrap_or_default());
    view! {
        <div class="reach" class:notice=is_nobody.into_signal() data-testid="reach" data-houses=number hidden=is_over>
            <p aria-live=aloud>{Signal::derive(move || words(i18n.get_locale(), houses.get()))}</p>
            <a href="tel:119" hidden=Signal::derive(move || !is_nobody.get())>{text!(i18n, print.call_119)}</a>
            <p class="as-of">{text!(i18n, reach.as_of)}</p>
        </div>
    }
    .still()
}

fn words(locale: Locale, houses: Option<u32>) -> String {
    match houses {
        Some(0) => td_string!(locale, reach.nobody).to_owned(),
        Some(houses) => td_string!(locale, reach.now, count = houses),
        None => td_string!(locale, reach.unknown).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_shown_as_it_is_and_none_and_nobody_are_not_the_same() {
        assert_eq!(words(Locale::ko, Some(7)), "지금 이웃 7세대에 닿을 수 있어요.");
        let nobody = words(Locale::ko, Some(0));
        assert!(
            nobody.contains("닿을 수 있는 이웃이 없어요") && nobody.contains("먼저 119에 전화하세요"),
            "{nobody}"
        );
        let unknown = words(Locale::en, None);
        assert!(unknown.contains("not known") && !unknown.contains('0'), "{unknown}");
    }
}
