//! The language of a page. It is the one chosen with the switch (a cookie), else the browser's, else Korean.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::{
    i18n::{I18nLocaleTrait, Locale},
    language::{I18n, use_i18n},
    reactive::effect,
};

/// The cookie that keeps the choice.
pub const COOKIE: &str = "lang";

/// The query parameter that makes the choice where there is no wasm.
pub const PARAMETER: &str = "lang";

const A_YEAR_IN_SECONDS: u32 = 365 * 24 * 60 * 60;

/// The cookie, as a `Set-Cookie` header or `document.cookie` takes it.
#[must_use]
pub fn cookie(locale: Locale) -> String {
    format!("{COOKIE}={}; Path=/; Max-Age={A_YEAR_IN_SECONDS}; SameSite=Lax", locale.as_str())
}

/// The locale of a `Cookie` header, if one was chosen.
#[must_use]
pub fn of_cookies(header: &str) -> Option<Locale> {
    header
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| if name == COOKIE { value.parse().ok() } else { None })
}

/// The locale that an `Accept-Language` header (RFC 9110, section 12.5.4) likes best among those there are.
#[must_use]
pub fn of_accept_language(header: &str) -> Option<Locale> {
    let mut wanted: Vec<(&str, f32)> = header.split(',').map(language_and_weight).collect();
    wanted.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    wanted.into_iter().filter(|(_, weight)| *weight > 0.0).find_map(|(language, _)| {
        let primary = language.split('-').next()?.to_ascii_lowercase();
        primary.parse().ok()
    })
}

fn language_and_weight(range: &str) -> (&str, f32) {
    let (language, parameters) = range.split_once(';').unwrap_or((range, ""));
    let weight = parameters.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok());
    (language.trim(), weight.unwrap_or(1.0))
}

/// Changes the language at once in the browser, and remembers it. Nothing is loaded again, so a call that is being sent
/// goes on.
pub fn choose(i18n: I18n, locale: Locale) {
    i18n.set_locale(locale);
    if let Some(html) = document().dyn_ref::<web_sys::HtmlDocument>() {
        // Where cookies are off the choice holds for this page.
        let _ = html.set_cookie(&cookie(locale));
    }
}

/// Returns the language that was chosen with the switch, if one was, in the browser.
pub(crate) fn chosen() -> Option<Locale> {
    let document = document().dyn_into::<web_sys::HtmlDocument>().ok()?;
    of_cookies(&document.cookie().ok()?)
}

/// Keeps `<html lang>` equal to the language shown.
pub(crate) fn follow_in_document() {
    let i18n = use_i18n();
    effect(move || {
        let locale = i18n.get_locale();
        if let Some(root) = document().document_element() {
            // Only a document that is gone could refuse.
            let _ = root.set_attribute("lang", locale.as_str());
        }
    });
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::push::Language;

    use super::*;

    #[test]
    fn notifications_are_written_in_every_language_of_the_pages() {
        let pages: BTreeSet<&str> = Locale::get_all().iter().map(|locale: &Locale| locale.as_str()).collect();
        assert_eq!(pages, BTreeSet::from(Language::ALL.map(Language::code)));
    }

    #[test]
    fn the_chosen_language_is_found_among_other_cookies() {
        assert_eq!(of_cookies("session=abc; lang=en; x=y"), Some(Locale::en));
        assert_eq!(of_cookies("lang=ko"), Some(Locale::ko));
        assert_eq!(of_cookies("language=en; lang=xx"), None);
    }

    #[test]
    fn the_language_a_browser_prefers_is_chosen() {
        assert_eq!(of_accept_language("en-US,en;q=0.9,ko;q=0.8"), Some(Locale::en));
        assert_eq!(of_accept_language("de, en;q=0.5, ko-KR;q=0.7"), Some(Locale::ko));
        assert_eq!(of_accept_language("de, en;q=0"), None);
        assert_eq!(of_accept_language(""), None);
    }

    #[test]
    fn the_cookie_that_is_set_is_the_cookie_that_is_read() {
        assert_eq!(of_cookies(&cookie(Locale::en)), Some(Locale::en));
    }
}
