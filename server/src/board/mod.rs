//! The office's board, with its readers, its content, and the stream that keeps an open one up to date.
//!
//! A board is made of HTML that is rendered once for all readers of a language, and again only when a call has changed. A
//! stream has no queue. It gets the present state whenever its client has read the last one.

mod looks;
mod now;
mod readers;
mod stream;
mod streams;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use app::{
    i18n::{I18nLocaleTrait, Locale},
    pages::board as page,
};
use axum::{extract::State, response::Response};
use backend::calls::hub::Hub;
use domain::CallKey;
use http::HeaderMap;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::{readers::Reader, streams::Streams};
use crate::{site_plan, state::AppState};

pub(crate) use self::{
    now::shown,
    readers::{entrance, has_display, holder, renewed_cookie},
    stream::calls,
};

/// The time for which rendered HTML is still true. The ages of the calls are in it.
const FRESH: Duration = Duration::from_millis(200);

/// The address of the site plan for readers of the board.
pub(crate) const PLAN_ADDRESS: &str = "/admin/board/plan";

/// The boards that are open. Clones share them.
#[derive(Clone)]
pub struct Board(Arc<Inner>);

struct Inner {
    /// Counts the changes of calls.
    version: watch::Sender<u64>,
    /// By the language.
    rendered: Mutex<HashMap<&'static str, Rendered>>,
    streams: Streams,
    stopping: CancellationToken,
}

/// The HTML of the calls in one language.
struct Rendered {
    version: u64,
    at: Instant,
    content: Content,
}

/// The calls as they are sent.
#[derive(Clone)]
struct Content {
    html: Arc<str>,
    /// The calls whose location is in it.
    located: Arc<[CallKey]>,
}

impl Default for Board {
    fn default() -> Self {
        Self(Arc::new(Inner {
            version: watch::Sender::new(0),
            rendered: Mutex::default(),
            streams: Streams::default(),
            stopping: CancellationToken::new(),
        }))
    }
}

impl Board {
    /// Counts the changes of calls, as long as the hub is there.
    pub async fn watch(self, hub: Hub) {
        let mut wakes = hub.wakes();
        while wakes.next().await {
            self.0.version.send_modify(|version| *version = version.wrapping_add(1));
        }
    }

    /// Ends every stream, because a stop waits for open requests.
    pub fn stop(&self) {
        self.0.stopping.cancel();
    }

    /// Returns the calls. They are rendered under the lock, so that many streams render them once.
    fn content(&self, state: &AppState, locale: Locale) -> Content {
        // A change that comes while the calls are read is counted for the next time.
        let version = *self.0.version.borrow();
        let mut rendered = self.0.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = rendered.get(locale.as_str())
            && known.version == version
            && known.at.elapsed() < FRESH
        {
            return known.content.clone();
        }
        let at = Instant::now();
        let now = now::now(state);
        let content = Content { html: page::fragment(locale, &now).into(), located: looks::located(&now) };
        rendered.insert(locale.as_str(), Rendered { version, at, content: content.clone() });
        content
    }
}

/// `GET /admin/board/plan` answers as `/site-plan`, for readers of the board, who need not be signed in.
pub(crate) async fn picture(_: Reader, State(state): State<AppState>, request: HeaderMap) -> Response {
    site_plan::answer(&state, &request)
}
