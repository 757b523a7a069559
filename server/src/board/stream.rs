//! `GET /admin/board/calls`, which are Server-Sent Events (HTML, section 9.2) with the HTML of the open calls. The stream
//! ends with the right to read it.

use std::{convert::Infallible, time::Duration};

use app::i18n::Locale;
use axum::{
    extract::{FromRequestParts, Request, State},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use backend::people::{displays::Displays, sessions::SessionChange};
use futures_util::stream;
use http::{HeaderName, HeaderValue, header, request::Parts};
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, sleep_until},
};
use url::form_urlencoded;

use super::{
    looks::Looker,
    now,
    readers::{self, Reader},
};
use crate::{
    boards::{Content, Place},
    problem::role_absent,
    state::AppState,
};

/// A client that gets nothing for longer is not connected. Its page knows a multiple of this (`public/board.js`).
const ALIVE_EVERY: Duration = Duration::from_secs(4);
/// The calls are sent again after this time, with the ages, the day and the clock.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// The shortest time between two states, so that a flood of changes is not a flood of HTML.
const GAP: Duration = Duration::from_millis(500);
/// A stream ends after this time, and its client opens another one, which renews its cookie.
const LASTS: Duration = Duration::from_secs(6 * 60 * 60);
/// Has proxies (nginx) pass each event on at once.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Answers with the stream. `?lang=` is the page's language.
pub(crate) async fn calls(State(state): State<AppState>, request: Request) -> Response {
    if state.settings.shard.is_some() {
        return role_absent("keep every line, which the board shows", "web");
    }
    let (mut parts, _) = request.into_parts();
    let reader = match Reader::from_request_parts(&mut parts, &state).await {
        Ok(reader) => reader,
        Err(problem) => return problem.into_response(),
    };
    let place = match state.boards.enter(reader.name()) {
        Ok(place) => place,
        Err(problem) => return problem.into_response(),
    };
    let cookie = match &reader {
        Reader::Administrator(_) => None,
        Reader::Display(_) => readers::renewed_cookie(&state, &parts, None),
    };
    readers::promised(&state).await;
    let looker = Looker::of(&state, &parts, &reader);
    let feed = Feed::new(state, language(&parts), reader, looker, place);
    let events = stream::unfold(feed, |mut feed| async move {
        let event = feed.next().await?;
        Some((Ok::<_, Infallible>(event), feed))
    });
    let mut response = Sse::new(events).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(BUFFERING, HeaderValue::from_static("no"));
    if let Some(cookie) = cookie {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}

fn language(parts: &Parts) -> Locale {
    let mut pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let asked = pairs.find(|(name, _)| name == "lang");
    asked.and_then(|(_, locale)| locale.parse().ok()).unwrap_or_default()
}

/// One client's stream.
struct Feed {
    state: AppState,
    locale: Locale,
    reader: Reader,
    looker: Looker,
    place: Place,
    version: watch::Receiver<u64>,
    sessions: broadcast::Receiver<SessionChange>,
    /// When the calls were last sent.
    sent: Option<Instant>,
    until: Instant,
    is_over: bool,
}

impl Feed {
    fn new(state: AppState, locale: Locale, reader: Reader, looker: Looker, place: Place) -> Self {
        Self {
            version: state.boards.changes(),
            sessions: state.backend.sessions.watch_changes(),
            state,
            locale,
            reader,
            looker,
            place,
            sent: None,
            until: Instant::now() + LASTS,
            is_over: false,
        }
    }

    /// Returns the next event, or nothing where the stream is over.
    async fn next(&mut self) -> Option<Event> {
        if self.is_over {
            return None;
        }
        let Some(sent) = self.sent else { return Some(self.calls()) };
        let now = Instant::now();
        tokio::select! {
            () = self.state.boards.stopped() => None,
            () = self.place.displaced() => Some(self.last("displaced")),
            () = ended(&self.reader, &self.state.backend.displays, &mut self.sessions) => {
                Some(self.last("ended"))
            }
            () = sleep_until(self.until) => None,
            () = changed(&mut self.version, sent + GAP) => Some(self.calls()),
            () = sleep_until(now + ALIVE_EVERY) => {
                Some(if sent.elapsed() >= AGAIN_AFTER { self.calls() } else { self.alive() })
            }
        }
    }

    fn calls(&mut self) -> Event {
        self.sent = Some(Instant::now());
        self.version.mark_unchanged();
        self.note_seen();
        let render = || now::content(&self.state, self.locale);
        let Content { html, located } = self.state.boards.content(self.locale, render);
        self.looker.looked(&self.state, &located);
        // An event cannot hold a carriage return, and HTML has spaces as good.
        Event::default().event("calls").retry(Duration::from_secs(1)).data(html.replace('\r', " "))
    }

    fn alive(&self) -> Event {
        Event::default().event("alive").data("alive")
    }

    fn last(&mut self, word: &str) -> Event {
        self.is_over = true;
        Event::default().event(word).data(word)
    }

    fn note_seen(&self) {
        if let Reader::Display(id) = &self.reader {
            readers::note_seen(&self.state, id.clone());
        }
    }
}

/// Waits for a change of a call, and then until `not_before`. Giving up between the two loses nothing, because the
/// change stays unread.
async fn changed(version: &mut watch::Receiver<u64>, not_before: Instant) {
    sleep_until(not_before).await;
    // The sender is the board's, which lives as long as the state.
    if version.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Waits until the reader may read no more. An account with another role connects again, and is refused then.
async fn ended(reader: &Reader, displays: &Displays, sessions: &mut broadcast::Receiver<SessionChange>) {
    match reader {
        Reader::Display(id) => displays.revoked(id).await,
        Reader::Administrator(credentials) => loop {
            match sessions.recv().await {
                Ok(SessionChange::Ended(id) | SessionChange::Account(id)) if id != credentials.session.id => {
                }
                // Beyond the bound it is not known whose session has changed.
                Ok(_) | Err(_) => return,
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_waits_for_the_gap_and_is_not_lost_when_the_wait_is_given_up() {
        let sender = watch::Sender::new(0);
        let mut version = sender.subscribe();
        sender.send_replace(1);
        let later = Instant::now() + GAP;
        let given_up = tokio::time::timeout(GAP / 2, changed(&mut version, later)).await;
        assert!(given_up.is_err());
        changed(&mut version, later).await;
        assert!(Instant::now() >= later);
    }

    #[test]
    fn the_language_is_the_pages() {
        for (address, locale) in [("/?lang=en", Locale::en), ("/?lang=xx", Locale::ko), ("/", Locale::ko)] {
            let (parts, ()) = http::Request::get(address).body(()).expect("a request").into_parts();
            assert_eq!(language(&parts), locale, "{address}");
        }
    }
}
