//! The home page, with the open calls, the alert button, the map, and the calls that are over. A resident's and an
//! administrator's differ in what the signed-in person has (a flat, every line), not in a page of their own.

use leptos::prelude::*;

use crate::{
    components::{
        AlarmPanel, ArmBanner, CallButton, Header, IncidentList, OwnCall, PlainHeader, ReachNow, SmallPrint,
    },
    context::{Ground, PageContext},
    home::Home,
    i18n::td_string,
    language::use_i18n,
    map::LiveMap,
    part::IntoPart,
    title,
    words::text,
};

/// `/`.
#[component]
pub fn HomePage() -> impl IntoView {
    let page = PageContext::current();
    match page.viewer.clone() {
        Some(viewer) => {
            provide_context(Home::new(viewer, &page));
            view! { <SignedIn page /> }.still()
        }
        // The server redirects the signed out to the sign-in page; this is for one who is not redirected.
        None => view! { <SignedOut /> }.still(),
    }
}

#[component]
fn SignedIn(page: PageContext) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    let has_flat = home.viewer.with_value(|viewer| viewer.flat().is_some());
    title::show(move || td_string!(i18n.get_locale(), app.name).to_owned());
    view! {
        <a class="skip-link" href="#main" rel="external">{text!(i18n, app.skip)}</a>
        <Header />
        <main id="main" class="home" class:with-button=has_flat>
            <h1 class="visually-hidden">{text!(i18n, app.name)}</h1>
            <p class="notice not-awake">{text!(i18n, app.not_awake)}</p>
            <p class="notice not-awake of-kept-page">
                {text!(i18n, app.kept_not_awake)} " " <a href="tel:119">{text!(i18n, print.call_119)}</a>
            </p>
            <noscript><p class="notice">{text!(i18n, app.noscript)}</p></noscript>
            <div class="columns">
                <div class="now">
                    {has_flat.then(|| view! { <OwnCall /> })}
                    <AlarmPanel />
                    <ArmBanner />
                    {has_flat.then(|| view! { <Call /> })}
                </div>
                <Watch ground=page.ground />
                <IncidentList />
            </div>
        </main>
        <SmallPrint listens=true />
    }
    .still()
}

/// Calling for help.
#[component]
fn Call() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="call" aria-labelledby="call-heading">
            <h2 id="call-heading" class="visually-hidden">{text!(i18n, call.heading)}</h2>
            <ReachNow />
            <CallButton />
        </section>
    }
    .still()
}

/// The open calls on the map.
#[component]
fn Watch(ground: Ground) -> impl IntoView {
    let i18n = use_i18n();
    let home = Home::current();
    view! {
        <section class="map-section" aria-labelledby="map-heading">
            <h2 id="map-heading" class="visually-hidden">{text!(i18n, map.heading)}</h2>
            <LiveMap
                incidents=home.open
                now=home.connection.now
                ground
                zoom_in=td_string!(i18n.get_locale(), map.zoom_in).to_owned()
                zoom_out=td_string!(i18n.get_locale(), map.zoom_out).to_owned()
                attr:role="group"
                attr:aria-label=text!(i18n, map.label)
            />
        </section>
    }
    .still()
}

#[component]
fn SignedOut() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <PlainHeader />
        <main id="main" class="narrow">
            <p>{text!(i18n, app.tagline)}</p>
            <a class="button primary" href="/sign-in" rel="external">{text!(i18n, sign_in.heading)}</a>
        </main>
        <SmallPrint />
    }
    .still()
}
