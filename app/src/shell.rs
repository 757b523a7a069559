//! The HTML document around the application, as the server sends it.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::{App, i18n::I18nLocaleTrait, request};

/// The HTML document that the server sends. The scripts carry the request's nonce.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    request::choose_language();
    let stylesheet = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    // leaflet.js is in front of the module that loads the wasm: the map takes it for granted.
    let comes_to_life = request::comes_to_life();
    let scripts = comes_to_life.then(|| {
        view! {
            <script defer nonce=use_nonce() src="/leaflet/leaflet.js"></script>
            <AutoReload options=options.clone() />
            <HydrationScripts options />
        }
    });
    // For people with scripts the page is changed in place: a page that loads itself again takes the focus away.
    let refresh = request::call_state().map(|path| {
        view! {
            <noscript>
                <meta http-equiv="refresh" content=format!("5; url={path}") />
            </noscript>
            <script defer nonce=use_nonce() src="/call-state.js"></script>
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang=request::locale().as_str()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#f6f4ef" />
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#14171c" />
                <meta name="format-detection" content="telephone=no" />
                <link rel="icon" href="/favicon.ico" sizes="32x32" />
                <link rel="icon" href="/icon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/icon-180.png" />
                <link rel="manifest" href="/manifest.webmanifest" />
                // The own style sheet comes last: it dresses the map.
                {comes_to_life.then(|| view! { <link rel="stylesheet" href="/leaflet/leaflet.css" /> })}
                <link rel="stylesheet" href=stylesheet />
                {scripts}
                {refresh}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}
