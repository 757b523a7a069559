//! `/devices`: the devices that are reached while no page is open. Plain HTML with every sentence in it; the small script
//! `public/push.js` shows those that are true of this browser.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{PlainHeader, SmallPrint},
    context::PageContext,
    i18n::{t_string, use_i18n},
    page_table::{INSTALL, MY_SIGN_IN},
    words::text,
};

/// The page of the devices.
#[component]
pub fn DevicesPage() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, devices.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="narrow">
            <h1>{text!(i18n, devices.heading)}</h1>
            <p>{text!(i18n, devices.why)}</p>
            <noscript><p class="notice">{text!(i18n, devices.noscript)}</p></noscript>
            <ThisDevice />
            <Listed />
            {practice()}
            <a href=MY_SIGN_IN.path rel="external" data-testid="my-sign-in">{text!(i18n, sessions.link)}</a>
            <a class="button secondary" href="/" rel="external">{text!(i18n, state_page.home)}</a>
        </main>
        <SmallPrint />
    }
    .into_any()
}

/// The browser that shows the page, with a sentence for each state of its permission.
#[component]
fn ThisDevice() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section id="this-device" class="stack" data-testid="this-device" data-state="checking">
            <h2>{text!(i18n, devices.here)}</h2>
            <p id="push-state" role="status">
                <span data-when="checking">{text!(i18n, devices.checking)}</span>
                <span data-when="on" hidden>{text!(i18n, devices.on)}</span>
                <span data-when="ask" hidden>{text!(i18n, devices.ask)}</span>
                <span data-when="off" hidden>{text!(i18n, devices.off)}</span>
                <span data-when="denied" hidden>{text!(i18n, devices.denied)}</span>
                <span data-when="ios" hidden>{text!(i18n, devices.ios)} " " <HowToInstall /></span>
                <span data-when="kakao" hidden>{text!(i18n, devices.kakao)} " " <HowToInstall /></span>
                <span data-when="unsupported" hidden>{text!(i18n, devices.unsupported)}</span>
                <span data-when="unreachable" hidden>{text!(i18n, devices.unreachable)}</span>
                <span data-when="server" hidden>{text!(i18n, devices.server)}</span>
            </p>
            <form id="turn-on" class="stack" hidden>
                <label>
                    <span>{text!(i18n, devices.name)}</span>
                    <input name="device" maxlength="64" autocomplete="off" />
                </label>
                <button type="submit" class="primary" data-testid="turn-on">{text!(i18n, devices.turn_on)}</button>
            </form>
        </section>
    }
    .into_any()
}

/// The link to the steps for each kind of phone.
#[component]
fn HowToInstall() -> impl IntoView {
    let i18n = use_i18n();
    view! { <a href=INSTALL.path rel="external">{text!(i18n, install.link)}</a> }.into_any()
}

/// A drill that only the own house receives, for residents. It goes the way of every call.
fn practice() -> Option<AnyView> {
    let i18n = use_i18n();
    let viewer = PageContext::current().viewer?;
    let (line, house) = viewer.flat().map(|(line, house)| (line.to_string(), house.to_string()))?;
    Some(
        view! {
            <form class="stack" method="post" action="/alert" aria-labelledby="practise-heading">
                <h2 id="practise-heading">{text!(i18n, devices.practise_heading)}</h2>
                <p id="practise-means">{text!(i18n, devices.practise_means)}</p>
                <input type="hidden" name="line" value=line />
                <input type="hidden" name="house" value=house />
                <input type="hidden" name="drill" value="true" />
                <input type="hidden" name="alone" value="true" />
                <button type="submit" class="secondary" aria-describedby="practise-means" data-testid="practise">
                    {text!(i18n, devices.practise)}
                </button>
            </form>
        }
        .into_any(),
    )
}

/// The list of all devices. The script copies its first entry for each.
#[component]
fn Listed() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <section class="stack" aria-labelledby="devices-heading">
            <h2 id="devices-heading">{text!(i18n, devices.all)}</h2>
            <p id="no-devices" hidden>{text!(i18n, devices.none)}</p>
            <ul id="device-list" data-testid="device-list">
                <li hidden>
                    <strong data-part="name">{text!(i18n, devices.unnamed)}</strong>
                    <span data-part="here" hidden>" · " {text!(i18n, devices.this_mark)}</span>
                    <p data-part="never" hidden>{text!(i18n, devices.never)}</p>
                    <p data-part="worked" hidden>{text!(i18n, devices.worked)} " " <time></time></p>
                    <p data-part="silent" class="warning" hidden>{text!(i18n, devices.silent)}</p>
                    <div class="buttons">
                        <button type="button" class="secondary" data-part="test">{text!(i18n, devices.test)}</button>
                        <button type="button" class="secondary" data-part="remove">
                            {text!(i18n, devices.remove)}
                        </button>
                    </div>
                </li>
            </ul>
            <p id="push-result" role="status" data-testid="push-result">
                <span data-when="sent" hidden>{text!(i18n, devices.sent)}</span>
                <span data-when="not-sent" hidden>{text!(i18n, devices.not_sent)}</span>
                <span data-when="removed" hidden>{text!(i18n, devices.removed)}</span>
                <span data-when="failed" hidden>{text!(i18n, devices.failed)}</span>
            </p>
        </section>
    }
    .into_any()
}
