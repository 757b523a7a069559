//! The open boards, with the HTML that was last rendered for them, and their streams.
//!
//! A board is made of HTML that is rendered once for all readers of a language, and again only when a call has changed.

mod streams;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use app::i18n::{I18nLocaleTrait, Locale};
use backend::calls::hub::Hub;
use domain::CallKey;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use self::streams::Place;
use self::streams::Streams;
use crate::problem::Problem;

/// The time for which rendered HTML is still true. The ages of the calls are in it.
const FRESH: Duration = Duration::from_millis(200);

/// The open boards. Clones share them.
#[derive(Clone)]
pub struct Boards(Arc<Inner>);

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
pub(crate) struct Content {
    /// Their HTML.
    pub(crate) html: Arc<str>,
    /// The calls whose location is in it.
    pub(crate) located: Arc<[CallKey]>,
}

impl Default for Boards {
    fn default() -> Self {
        Self(Arc::new(Inner {
            version: watch::Sender::new(0),
            rendered: Mutex::default(),
            streams: Streams::default(),
            stopping: CancellationToken::new(),
        }))
    }
}

impl Boards {
    /// Counts the changes of calls, as long as the hub is there.
    pub async fn watch(self, hub: Hub) {
        let mut wakes = hub.wakes();
        while wakes.next().await {
            self.0.version.send_modify(|version| *version = version.wrapping_add(1));
        }
    }

    /// Returns the count of the changes of calls, by which a stream waits for the next one.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.0.version.subscribe()
    }

    /// Gives a place to one more stream of a holder.
    ///
    /// # Errors
    /// [`crate::problem::Kind::BUSY`] where all are taken.
    pub(crate) fn enter(&self, holder: String) -> Result<Place, Problem> {
        self.0.streams.enter(holder)
    }

    /// Ends every stream, because a stop waits for open requests.
    pub fn stop(&self) {
        self.0.stopping.cancel();
    }

    /// Waits until the streams are to end.
    pub(crate) async fn stopped(&self) {
        self.0.stopping.cancelled().await;
    }

    /// Returns the calls in a language. They are rendered under the lock, so that many streams render them once.
    pub(crate) fn content(&self, locale: Locale, render: impl FnOnce() -> Content) -> Content {
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
        let content = render();
        rendered.insert(locale.as_str(), Rendered { version, at, content: content.clone() });
        content
    }
}
