//! The parts that only the server knows while it renders a page. They are the request, the calls of its hub, and the
//! answer's status. The browser knows what hydration needs of it.

#[cfg(not(feature = "ssr"))]
pub use browser::*;
#[cfg(feature = "ssr")]
pub use ssr::*;

#[cfg(feature = "ssr")]
mod ssr {
    use std::{fs, iter::successors, path::Path, sync::OnceLock};

    use backend::calls::hub::Hub;
    use domain::{AlertId, Incident};
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
    use leptos::prelude::*;
    use leptos_axum::ResponseOptions;
    use leptos_router::hooks::{use_location, use_query_map};

    use crate::{
        i18n::Locale,
        locale::{self, PARAMETER},
        page_table,
    };

    /// The language this request is answered in.
    #[must_use]
    pub fn locale() -> Locale {
        let Some(parts) = use_context::<Parts>() else { return Locale::default() };
        // The address comes first for the pages that cannot lead elsewhere, such as that of an unknown address.
        asked_language(&parts).or_else(|| language_of(&parts.headers)).unwrap_or_default()
    }

    /// Returns the language that was chosen with the switch, else the browser's, if there is one.
    #[must_use]
    pub fn language_of(headers: &HeaderMap) -> Option<Locale> {
        let header = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let accepted = || header(header::ACCEPT_LANGUAGE).and_then(locale::of_accept_language);
        header(header::COOKIE).and_then(locale::of_cookies).or_else(accepted)
    }

    fn names_language(pair: &str) -> bool {
        pair.split('=').next() == Some(PARAMETER)
    }

    fn asked_language(parts: &Parts) -> Option<Locale> {
        let pair = parts.uri.query()?.split('&').rfind(|pair| names_language(pair))?;
        pair.split_once('=')?.1.parse().ok()
    }

    /// Remembers the language where the address has `?lang=`, and leads to the same address without it.
    pub fn choose_language() {
        let Some((parts, answer)) = use_context::<Parts>().zip(use_context::<ResponseOptions>()) else {
            return;
        };
        let Some(chosen) = asked_language(&parts) else { return };
        if let Ok(cookie) = HeaderValue::from_str(&locale::cookie(chosen)) {
            answer.append_header(header::SET_COOKIE, cookie);
        }
        let query = parts.uri.query().unwrap_or_default();
        let rest: Vec<&str> = query.split('&').filter(|pair| !names_language(pair)).collect();
        let rest = rest.join("&");
        // One slash in front, because two would name another host.
        let path = format!("/{}", parts.uri.path().trim_start_matches(['/', '\\']));
        leptos_axum::redirect(&if rest.is_empty() { path } else { format!("{path}?{rest}") });
    }

    /// The list of the site's files and their version (`script/site-version.mjs`).
    const SITE_LIST: &str = "site.json";

    /// The header by which the service worker knows which files a page belongs to.
    const SITE_VERSION: HeaderName = HeaderName::from_static("iutsai-site");

    /// The version of the files that this process began to serve. `None` where nothing lists them. The service worker
    /// keeps none then.
    #[must_use]
    pub fn site_version(options: &LeptosOptions) -> Option<&'static str> {
        static VERSION: OnceLock<Option<String>> = OnceLock::new();
        let read = || {
            let list = fs::read(Path::new(&*options.site_root).join(SITE_LIST)).ok()?;
            let list: serde_json::Value = serde_json::from_slice(&list).ok()?;
            list.get("version")?.as_str().map(str::to_owned)
        };
        VERSION.get_or_init(read).as_deref()
    }

    /// Names in the answer the version of the files that the page needs.
    pub fn name_site_version(version: Option<&str>) {
        let version = version.and_then(|version| HeaderValue::from_str(version).ok());
        if let Some((version, answer)) = version.zip(use_context::<ResponseOptions>()) {
            answer.insert_header(SITE_VERSION, version);
        }
    }

    /// Keeps the effects of libraries from running on the server, where a page is done once it is written. That of the
    /// translations starts even there (it would set a cookie), often after the page's signals are gone.
    pub fn pause_effects() {
        if let Some(root) = successors(Owner::current(), Owner::parent).last() {
            root.pause();
        }
    }

    /// The value of a field in the address's query.
    #[must_use]
    pub fn field(name: &str) -> Option<String> {
        use_query_map().with_untracked(|query| query.get(name))
    }

    /// Returns the address's query with this field changed.
    #[must_use]
    pub fn query_with(name: &'static str, value: &str) -> String {
        let mut query = use_location().query.get_untracked();
        query.replace(name, value.to_owned());
        query.to_query_string()
    }

    /// Answers 404.
    pub fn not_found() {
        answer_with(StatusCode::NOT_FOUND);
    }

    /// Answers with this status.
    pub fn answer_with(status: StatusCode) {
        if let Some(answer) = use_context::<ResponseOptions>() {
            answer.set_status(status);
        }
    }

    /// The calls of this id that the server's hub knows.
    #[must_use]
    pub fn calls_named(alert: AlertId) -> Vec<Incident> {
        use_context::<Hub>().map(|hub| hub.named(alert)).unwrap_or_default()
    }

    /// Returns the address, where its page shows the state of a call and so must not grow old. It keeps the name of the
    /// call, and not why a form was refused.
    #[must_use]
    pub fn call_state() -> Option<String> {
        let uri = use_context::<Parts>()?.uri;
        let names_call = |pair: &&str| pair.starts_with("house=") || pair.starts_with("line=");
        let names: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(names_call).collect();
        let query = if names.is_empty() { String::new() } else { format!("?{}", names.join("&")) };
        page_table::CALL_STATE.is_at(uri.path()).then(|| format!("{}{query}", uri.path()))
    }

    /// Returns whether this address shows the statistics, which a small script keeps up to date.
    #[must_use]
    pub fn shows_statistics() -> bool {
        use_context::<Parts>().is_some_and(|parts| page_table::STATISTICS.is_at(parts.uri.path()))
    }

    /// Returns whether this address shows the board, which a small script keeps up to date.
    #[must_use]
    pub fn shows_board() -> bool {
        use_context::<Parts>().is_some_and(|parts| page_table::BOARD.is_at(parts.uri.path()))
    }

    /// Returns whether this address's page compares the browser's push subscription with the server's.
    #[must_use]
    pub fn uses_push() -> bool {
        let pages = [page_table::HOME, page_table::DEVICES];
        use_context::<Parts>().is_some_and(|parts| pages.iter().any(|page| page.is_at(parts.uri.path())))
    }

    /// Returns the name by which the browser introduces itself; it may be empty.
    #[must_use]
    pub fn user_agent() -> String {
        let parts = use_context::<Parts>();
        let agent = parts.as_ref().and_then(|parts| parts.headers.get(header::USER_AGENT)?.to_str().ok());
        agent.unwrap_or_default().to_owned()
    }

    /// Returns whether this address's page comes to life in the browser. The others are plain HTML and need nothing
    /// else.
    #[must_use]
    pub fn comes_to_life() -> bool {
        let page = use_context::<Parts>().and_then(|parts| page_table::at(parts.uri.path()));
        page.is_some_and(|page| page.is_hydrated)
    }
}

#[cfg(not(feature = "ssr"))]
mod browser {
    use domain::{AlertId, Incident};
    use leptos::prelude::*;
    use web_sys::UrlSearchParams;

    use crate::i18n::Locale;

    /// The language the server answered in.
    #[must_use]
    pub fn locale() -> Locale {
        let root = document().document_element();
        root.and_then(|root| root.get_attribute("lang")?.parse().ok()).unwrap_or_default()
    }

    /// The path of the address.
    #[must_use]
    pub fn path() -> String {
        window().location().pathname().unwrap_or_default()
    }

    fn query() -> Option<UrlSearchParams> {
        UrlSearchParams::new_with_str(&window().location().search().ok()?).ok()
    }

    /// The value of a field in the address's query.
    #[must_use]
    pub fn field(name: &str) -> Option<String> {
        query()?.get(name)
    }

    /// Returns the address's query with this field changed.
    #[must_use]
    pub fn query_with(name: &'static str, value: &str) -> String {
        let Some(query) = query() else { return format!("?{name}={value}") };
        query.set(name, value);
        format!("?{}", String::from(query.to_string()))
    }

    /// Only the server has a hub to ask.
    #[must_use]
    pub fn calls_named(_: AlertId) -> Vec<Incident> {
        Vec::new()
    }
}
