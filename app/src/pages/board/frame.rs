//! The frame of the board, which is its head with the clock, the sound and the connection, and the explanation for people
//! who may not see the calls.

use http::StatusCode;
use leptos::prelude::*;
use leptos_meta::Title;

use super::{
    calls::calls,
    shown::{Now, Reader, Shown},
};
use crate::{
    calendar,
    components::{LanguageSwitch, PlainHeader, SmallPrint},
    i18n::{I18nLocaleTrait, Locale, td_string},
    page_table::{DISPLAYS, HOME},
    request,
};

/// The page.
pub(super) fn page(locale: Locale, shown: Option<&Shown>) -> AnyView {
    let (status, words, testid) = match shown {
        Some(Shown::Now(now, reader)) => return board(locale, now, *reader),
        Some(Shown::Revoked) => (StatusCode::FORBIDDEN, td_string!(locale, board.revoked), "board-revoked"),
        Some(Shown::NotRead) => {
            (StatusCode::SERVICE_UNAVAILABLE, td_string!(locale, board.not_read), "board-not-read")
        }
        None => {
            let words = td_string!(locale, statistics.administrators_only);
            (StatusCode::FORBIDDEN, words, "administrators-only")
        }
    };
    request::answer_with(status);
    // A screen asks again, because its database may be away. Nobody is there to do it.
    let retries = shown.is_some().then_some("30");
    view! {
        <Title text=title(locale) />
        <PlainHeader />
        <main id="main" class="narrow" data-testid=testid data-retry=retries>
            <h1>{td_string!(locale, board.title)}</h1>
            <p class="notice">{words}</p>
            <a class="button primary" href="/" rel="external">{td_string!(locale, not_found.home)}</a>
        </main>
        <SmallPrint />
    }
    .into_any()
}

fn title(locale: Locale) -> String {
    format!("{} · {}", td_string!(locale, board.title), td_string!(locale, app.name))
}

/// The words that the script fills in stand in the page, with their places in braces.
fn board(locale: Locale, now: &Now, reader: Reader) -> AnyView {
    let minutes = td_string!(locale, board.minutes, minutes = "{minutes}", seconds = "{seconds}");
    let hours = td_string!(locale, board.hours, hours = "{hours}", minutes = "{minutes}");
    view! {
        <Title text=title(locale) />
        <div
            id="board"
            class="board"
            data-testid="board"
            data-stream=format!("/admin/board/calls?lang={}", locale.as_str())
            data-words-seconds=td_string!(locale, board.seconds, seconds = "{seconds}")
            data-words-minutes=minutes
            data-words-hours=hours
            data-words-connected=td_string!(locale, board.connected)
            data-words-connecting=td_string!(locale, board.connecting)
            data-words-lost=td_string!(locale, board.lost, time = "{time}")
            data-words-old=td_string!(locale, board.old, ago = "{ago}")
        >
            {head(locale, now)}
            <div id="board-stale" class="board-stale" role="alert" data-testid="board-stale" hidden>
                <b></b>
                <span></span>
            </div>
            <p class="visually-hidden" id="board-news" role="status"></p>
            {calls(locale, now)}
            <footer class="board-foot">
                <p>
                    <b>{td_string!(locale, print.not_119)}</b> " "
                    <a href="tel:119">{td_string!(locale, board.call_119)}</a>
                </p>
                <div class="board-links">{links(locale, reader)} <LanguageSwitch /></div>
            </footer>
        </div>
    }
    .into_any()
}

fn head(locale: Locale, now: &Now) -> AnyView {
    let [hours, minutes, seconds] = now.zone.clock(now.now);
    let day = calendar::weekday(locale, now.zone.local(now.now).date);
    view! {
        <header class="board-head">
            <p class="board-name">
                <b>{td_string!(locale, board.name)}</b>
                <span id="board-ready" class="board-ready" data-testid="board-ready" data-state="static">
                    {td_string!(locale, board.noscript)}
                </span>
            </p>
            <div class="board-sound">
                <button id="board-silence" type="button" data-testid="board-silence" hidden>
                    {td_string!(locale, board.silence)}
                </button>
                <button id="board-arm" class="board-arm" type="button" data-testid="board-arm" hidden>
                    {td_string!(locale, board.sound_off)}
                </button>
                <span id="board-armed" class="board-armed" data-testid="board-armed" hidden>
                    {td_string!(locale, board.sound_on)}
                </span>
            </div>
            <p class="board-clock" data-testid="board-clock">
                <span id="board-day">{day}</span> " " <b id="board-time">{format!("{hours:02}:{minutes:02}")}</b>
                <span id="board-seconds">{format!(":{seconds:02}")}</span>
            </p>
        </header>
    }
    .into_any()
}

/// The way to the other pages, for people of the office. A screen leads nowhere.
fn links(locale: Locale, reader: Reader) -> AnyView {
    if reader == Reader::Display {
        return ().into_any();
    }
    view! {
        <a class="quiet-button" href=HOME.path rel="external">{td_string!(locale, office.now)}</a>
        <a class="quiet-button" href=DISPLAYS.path rel="external" data-testid="board-displays">
            {td_string!(locale, board.displays)}
        </a>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::{super::calls::since, *};

    #[test]
    fn the_words_that_a_script_fills_in_keep_their_places() {
        for &locale in Locale::get_all() {
            let words = td_string!(locale, board.minutes, minutes = "{minutes}", seconds = "{seconds}");
            let filled = words.replace("{minutes}", "4").replace("{seconds}", "12");
            assert_eq!(filled, since(locale, 252_000));
            assert!(td_string!(locale, board.lost, time = "{time}").contains("{time}"));
        }
    }
}
