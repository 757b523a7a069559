//! What only the server knows while it renders a page: the request, the calls its hub has, the answer's status. The
//! browser knows what hydration needs of it.

#[cfg(not(feature = "ssr"))]
pub use browser::*;
#[cfg(feature = "ssr")]
pub use ssr::*;

#[cfg(feature = "ssr")]
mod ssr {
    use backend::hub::Hub;
    use http::{HeaderValue, StatusCode, header, request::Parts};
    use leptos::prelude::*;
    use leptos_axum::ResponseOptions;
    use wire::{AlertId, Incident};

    use crate::{
        i18n::Locale,
        locale::{self, PARAMETER},
    };

    /// The language this request is answered in.
    #[must_use]
    pub fn locale() -> Locale {
        let Some(parts) = use_context::<Parts>() else { return Locale::default() };
        let header = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let cookie = header(header::COOKIE).and_then(locale::of_cookies);
        let accepted = || header(header::ACCEPT_LANGUAGE).and_then(locale::of_accept_language);
        cookie.or_else(accepted).unwrap_or_default()
    }

    /// Where the address says `?lang=`: remembers the language and leads to the same address without it.
    pub fn choose_language() {
        let Some((parts, answer)) = use_context::<Parts>().zip(use_context::<ResponseOptions>()) else {
            return;
        };
        let query = parts.uri.query().unwrap_or_default();
        let (chosen, rest): (Vec<&str>, Vec<&str>) =
            query.split('&').partition(|pair| pair.split('=').next() == Some(PARAMETER));
        let chosen = chosen.last().and_then(|pair| pair.split_once('=')?.1.parse::<Locale>().ok());
        let Some(chosen) = chosen else { return };
        if let Ok(cookie) = HeaderValue::from_str(&locale::cookie(chosen)) {
            answer.append_header(header::SET_COOKIE, cookie);
        }
        let rest = rest.join("&");
        // One slash in front: two would name another host.
        let path = format!("/{}", parts.uri.path().trim_start_matches(['/', '\\']));
        leptos_axum::redirect(&if rest.is_empty() { path } else { format!("{path}?{rest}") });
    }

    /// Answers 404.
    pub fn not_found() {
        if let Some(answer) = use_context::<ResponseOptions>() {
            answer.set_status(StatusCode::NOT_FOUND);
        }
    }

    /// The calls of this id that the server's hub knows.
    #[must_use]
    pub fn calls_named(alert: AlertId) -> Vec<Incident> {
        use_context::<Hub>().map(|hub| hub.named(alert)).unwrap_or_default()
    }

    /// Whether this address's page comes to life in the browser. The others are plain HTML: they need nothing else.
    #[must_use]
    pub fn comes_to_life() -> bool {
        use_context::<Parts>().is_some_and(|parts| matches!(parts.uri.path(), "/" | "/call"))
    }
}

#[cfg(not(feature = "ssr"))]
mod browser {
    use leptos::prelude::*;

    use crate::i18n::Locale;

    /// The language the server answered in.
    #[must_use]
    pub fn locale() -> Locale {
        let root = document().document_element();
        root.and_then(|root| root.get_attribute("lang")?.parse().ok()).unwrap_or_default()
    }
}
