//! `/install` shows the steps that put the page on the home screen, for each kind of phone. It is plain HTML for anybody,
//! with the steps for the browser that asks in front.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{PlainHeader, SmallPrint},
    i18n::{Locale, t_string, td_string, use_i18n},
    page_table::DEVICES,
    request,
};

/// The address that opens the page in the phone's browser, where KakaoTalk's own one asks. The server provides it as
/// context.
#[derive(Clone, Debug)]
pub struct External(pub String);

/// A kind of browser, with steps of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Browser {
    IPhone,
    Android,
    Samsung,
    KakaoTalk,
    Desktop,
}

impl Browser {
    const ALL: [Self; 5] = [Self::IPhone, Self::Android, Self::Samsung, Self::KakaoTalk, Self::Desktop];

    /// Returns the kind of the browser that introduces itself so. KakaoTalk's own names the phone as well, and that of
    /// Samsung names Android.
    fn of(agent: &str) -> Self {
        let is = |name: &str| agent.contains(name);
        if is("KAKAOTALK") {
            Self::KakaoTalk
        } else if is("iPhone") || is("iPad") || is("iPod") {
            Self::IPhone
        } else if is("SamsungBrowser") {
            Self::Samsung
        } else if is("Android") {
            Self::Android
        } else {
            Self::Desktop
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::IPhone => "iphone",
            Self::Android => "android",
            Self::Samsung => "samsung",
            Self::KakaoTalk => "kakaotalk",
            Self::Desktop => "desktop",
        }
    }

    fn name(self, locale: Locale) -> &'static str {
        match self {
            Self::IPhone => td_string!(locale, install.iphone),
            Self::Android => td_string!(locale, install.android),
            Self::Samsung => td_string!(locale, install.samsung),
            Self::KakaoTalk => td_string!(locale, install.kakao),
            Self::Desktop => td_string!(locale, install.desktop),
        }
    }

    fn steps(self, locale: Locale) -> Vec<&'static str> {
        match self {
            Self::IPhone => vec![
                td_string!(locale, install.iphone_open),
                td_string!(locale, install.iphone_share),
                td_string!(locale, install.iphone_add),
                td_string!(locale, install.add),
            ],
            Self::Android => vec![
                td_string!(locale, install.android_open),
                td_string!(locale, install.android_menu),
                td_string!(locale, install.android_add),
            ],
            Self::Samsung => vec![
                td_string!(locale, install.samsung_menu),
                td_string!(locale, install.samsung_add),
                td_string!(locale, install.add),
            ],
            Self::KakaoTalk => vec![
                td_string!(locale, install.kakao_menu),
                td_string!(locale, install.kakao_browser),
                td_string!(locale, install.kakao_then),
            ],
            Self::Desktop => {
                vec![td_string!(locale, install.desktop_chrome), td_string!(locale, install.desktop_safari)]
            }
        }
    }
}

/// The page of the home screen.
#[component]
pub fn InstallPage() -> impl IntoView {
    let i18n = use_i18n();
    let locale = i18n.get_locale_untracked();
    let here = Browser::of(&request::user_agent());
    let others = Browser::ALL.into_iter().filter(|browser| *browser != here);
    let ways: Vec<AnyView> =
        std::iter::once(here).chain(others).map(|browser| way(locale, browser, browser == here)).collect();
    view! {
        <Title text=move || format!("{} · {}", t_string!(i18n, install.title), t_string!(i18n, app.name)) />
        <PlainHeader />
        <main id="main" class="narrow install">
            <h1>{td_string!(locale, install.heading)}</h1>
            <p>{td_string!(locale, install.why)}</p>
            {ways}
            <section>
                <h2>{td_string!(locale, install.then)}</h2>
                <ol>
                    <li>{td_string!(locale, install.then_open)}</li>
                    <li>{td_string!(locale, install.then_arm)}</li>
                    <li>{td_string!(locale, install.then_notify)}</li>
                </ol>
            </section>
            <a class="button" href=DEVICES.path rel="external">{td_string!(locale, arm.closed)}</a>
            <a class="button secondary" href="/" rel="external">{td_string!(locale, install.home)}</a>
        </main>
        <SmallPrint />
    }
    .into_any()
}

/// The steps for one kind of browser. They are open where that browser asks.
fn way(locale: Locale, browser: Browser, is_here: bool) -> AnyView {
    let mark = is_here.then(|| view! { <span class="badge">{td_string!(locale, install.here)}</span> });
    let means = (browser == Browser::KakaoTalk).then(|| elsewhere(locale));
    let steps: Vec<_> = browser.steps(locale).into_iter().map(|step| view! { <li>{step}</li> }).collect();
    view! {
        <details open=is_here data-browser=browser.as_str()>
            <summary><h2>{browser.name(locale)} " " {mark}</h2></summary>
            {means}
            <ol>{steps}</ol>
        </details>
    }
    .into_any()
}

/// Explains that KakaoTalk's own browser is to be left, with the address that does so.
fn elsewhere(locale: Locale) -> AnyView {
    let open = use_context::<External>().map(|External(address)| {
        view! { <a class="button primary" href=address rel="external">{td_string!(locale, join.kakao_open)}</a> }
    });
    view! {
        <p>{td_string!(locale, install.kakao_means)}</p>
        {open}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_browser_is_known_by_the_way_it_introduces_itself() {
        const SAFARI: &str =
            "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Mobile/15E148 Safari/604.1";
        const CHROME: &str = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";
        for (agent, browser) in [
            (format!("Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) {SAFARI}"), Browser::IPhone),
            (
                format!("Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) {SAFARI} CriOS/140"),
                Browser::IPhone,
            ),
            (format!("Mozilla/5.0 (Linux; Android 15; SM-S931N) {CHROME}"), Browser::Android),
            (
                format!("Mozilla/5.0 (Linux; Android 15; SAMSUNG SM-S931N) SamsungBrowser/28.0 {CHROME}"),
                Browser::Samsung,
            ),
            (
                format!("Mozilla/5.0 (Linux; Android 15; wv) {CHROME} KAKAOTALK/25.1.0 (INAPP)"),
                Browser::KakaoTalk,
            ),
            (
                format!("Mozilla/5.0 (iPhone; CPU iPhone OS 18_4) {SAFARI} KAKAOTALK 25.1.0"),
                Browser::KakaoTalk,
            ),
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0.0.0".into(), Browser::Desktop),
            (String::new(), Browser::Desktop),
        ] {
            assert_eq!(Browser::of(&agent), browser, "{agent}");
        }
    }
}
