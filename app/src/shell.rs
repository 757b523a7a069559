//! The HTML document around the application, as the server sends it.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::{
    App,
    i18n::{I18nLocaleTrait, td_string},
    request,
};

/// The addresses of the site's files. Each names the version that the page was made with, so that the service worker
/// gives it no other.
#[derive(Clone, Copy)]
struct Site(Option<&'static str>);

impl Site {
    fn file(self, path: &str) -> String {
        self.0.map_or_else(|| path.to_owned(), |version| format!("{path}?v={version}"))
    }
}

/// The HTML document that the server sends. The scripts carry the request's nonce.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    request::choose_language();
    let version = request::site_version(&options);
    request::name_site_version(version);
    let site = Site(version);
    let stylesheet = site.file(&format!("/{}/{}.css", options.site_pkg_dir, options.output_name));
    let comes_to_life = request::comes_to_life();
    let leaflet_style =
        comes_to_life.then(|| view! { <link rel="stylesheet" href=site.file("/leaflet/leaflet.css") /> });
    let scripts = comes_to_life.then(|| view! { <LifeScripts options site /> });
    view! {
        <!DOCTYPE html>
        // A translator replaces the text nodes that the page changes, so the words of a call would stand still. The
        // page itself speaks both languages.
        <html lang=request::locale().as_str() translate="no">
            <head>
                <meta name="google" content="notranslate" />
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#f6f4ef" />
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#14171c" />
                <meta name="format-detection" content="telephone=no" />
                // From the home screen the page opens without the browser around it; older iPhones read only these.
                <meta name="mobile-web-app-capable" content="yes" />
                <meta name="apple-mobile-web-app-capable" content="yes" />
                <meta name="apple-mobile-web-app-title" content=td_string!(request::locale(), app.name) />
                <meta name="apple-mobile-web-app-status-bar-style" content="default" />
                <link rel="icon" href="/favicon.ico" sizes="32x32" />
                <link rel="icon" href="/icon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/icon-180.png" />
                <link rel="manifest" href="/manifest.webmanifest" />
                // The own style sheet comes last, because it dresses the map.
                {leaflet_style}
                <link rel="stylesheet" href=stylesheet />
                // On every page, so that a form finds the service worker already there.
                <script defer nonce=use_nonce() src=site.file("/offline.js")></script>
                {scripts}
                {page_scripts(site)}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The small scripts of single pages.
fn page_scripts(site: Site) -> impl IntoView {
    // For people with scripts the page is changed in place, because a page that loads itself again loses the focus.
    let refresh = request::call_state().map(|path| {
        view! {
            <noscript>
                <meta http-equiv="refresh" content=format!("5; url={path}") />
            </noscript>
            <script defer nonce=use_nonce() src=site.file("/call-state.js")></script>
        }
    });
    let figures = request::shows_statistics().then(|| {
        view! { <script defer nonce=use_nonce() src=site.file("/statistics.js")></script> }
    });
    let board = request::shows_board().then(|| {
        view! {
            <noscript>
                <meta http-equiv="refresh" content="10" />
            </noscript>
            <script defer nonce=use_nonce() src=site.file("/board.js")></script>
        }
    });
    let push = request::uses_push().then(|| {
        view! { <script defer nonce=use_nonce() src=site.file("/push.js")></script> }
    });
    view! { {refresh} {figures} {board} {push} }
}

/// The scripts that bring a page to life. In front are those whose globals the wasm needs, then the wasm itself.
#[component]
fn LifeScripts(options: LeptosOptions, site: Site) -> impl IntoView {
    let of_package = |file: String| site.file(&format!("/{}/{file}", options.site_pkg_dir));
    let script = of_package(format!("{}.js", options.output_name));
    // cargo-leptos names the wasm anew, wasm-bindgen does not.
    let wasm_name = if option_env!("LEPTOS_OUTPUT_NAME").is_some() { "" } else { "_bg" };
    let wasm = of_package(format!("{}{wasm_name}.wasm", options.output_name));
    // As leptos's HydrationScripts does, which cannot name a version.
    let start = format!(
        "import({script:?}).then(({{ default: load, hydrate }}) => load({{ module_or_path: {wasm:?} }}).then(hydrate));"
    );
    view! {
        <script defer nonce=use_nonce() src=site.file("/outbox.js")></script>
        <script defer nonce=use_nonce() src=site.file("/map.js")></script>
        <AutoReload options=options.clone() />
        <link rel="modulepreload" href=script />
        <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
        <script type="module" nonce=use_nonce()>
            {start}
        </script>
    }
}
