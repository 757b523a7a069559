//! The whole application: its routes, and the HTML document around them.

use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::{
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::{
    context::PageContext,
    i18n::{I18nLocaleTrait, I18nSubContextProvider},
    locale,
    pages::{CallPage, CallStatePage, HomePage, NotFoundPage, SignInPage},
    request,
};

/// The HTML document that the server sends. The scripts carry the request's nonce.
#[cfg(feature = "ssr")]
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    request::choose_language();
    let stylesheet = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    // leaflet.js is in front of the module that loads the wasm: the map takes it for granted.
    let scripts = request::comes_to_life().then(|| {
        view! {
            <link rel="stylesheet" href="/leaflet/leaflet.css" />
            <script defer nonce=leptos::nonce::use_nonce() src="/leaflet/leaflet.js"></script>
            <AutoReload options=options.clone() />
            <HydrationScripts options />
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
                <link rel="stylesheet" href=stylesheet />
                {scripts}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Everything inside the document's body.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    PageContext::share();
    view! {
        <I18nSubContextProvider initial_locale=Signal::stored(request::locale())>
            <Alive />
            <Router>
                <FlatRoutes fallback=NotFoundPage>
                    <Route path=path!("/") view=HomePage />
                    <Route path=path!("/sign-in") view=SignInPage />
                    <Route path=path!("/call") view=CallPage />
                    <Route path=path!("/call/:id") view=CallStatePage />
                </FlatRoutes>
            </Router>
        </I18nSubContextProvider>
    }
}

/// Tells the document, and with it the style sheet, that the browser has taken the page over.
#[component]
fn Alive() -> impl IntoView {
    locale::tell_document();
    Effect::new(move || {
        if let Some(root) = document().document_element() {
            // Only a document that is gone could refuse.
            let _ = root.set_attribute("data-hydrated", "");
        }
    });
}
