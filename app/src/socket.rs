//! The connection to the server, which is one WebSocket, opened again without an end, that fills the [`Feed`].

mod conversation;
mod session;

use std::time::Duration;

use domain::{AlertId, CallKey, Line, Millis, collections::BTreeSet, shard::SOCKET};
use futures_channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
use futures_util::{
    StreamExt,
    future::{self, Either},
};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use web_sys::VisibilityState;

use crate::{
    api,
    backoff::RECONNECT,
    clock::Clock,
    context::PageContext,
    feed::{Feed, Notice, Scope},
    kept_page::kept_at,
    reactive::{ReadSignal, RwSignal, StoredValue, WriteSignal, effect, signal, spawn_local},
};

/// The state of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Being opened, or the snapshot has not come whole yet.
    Connecting,
    /// The feed shows what the server knows.
    Connected,
    /// Lost, and tried again in a while.
    Waiting {
        /// Seconds until then.
        retry_in: u32,
    },
    /// The server knows nobody by this browser's session. It is asked again now and then, because a person may sign in
    /// with another tab.
    SignedOut,
}

impl ConnectionState {
    /// One word for scripts, styles and tests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Waiting { .. } => "waiting",
            Self::SignedOut => "signed-out",
        }
    }
}

/// The connection and what comes of it.
#[derive(Clone, Copy)]
pub struct Connection {
    /// Its state.
    pub state: ReadSignal<ConnectionState>,
    /// The calls that were received.
    pub feed: RwSignal<Feed>,
    /// The server's time, once a second.
    pub now: ReadSignal<Millis>,
    /// The page's own monotonic time in milliseconds, once a second; 0 on the server.
    pub moment: ReadSignal<Millis>,
    /// The news of the last frame that brought any.
    pub notices: ReadSignal<Vec<Notice>>,
    /// The number of other households of the viewer's line that a call could alarm now; `None` while that is not known.
    pub reach: ReadSignal<Option<u32>>,
    set_state: WriteSignal<ConnectionState>,
    set_notices: WriteSignal<Vec<Notice>>,
    set_reach: WriteSignal<Option<u32>>,
    /// The line of the viewer's flat.
    line: StoredValue<Option<Line>>,
    /// The path of the socket with its calls, where that is not the plain one.
    path: StoredValue<Option<String>>,
    /// This page would sound a call.
    armed: StoredValue<bool>,
    clock: Clock,
    looked_at: StoredValue<BTreeSet<AlertId>>,
    sounded: StoredValue<BTreeSet<CallKey>>,
    news: StoredValue<Option<UnboundedSender<News>>>,
}

/// News of the browser or the page for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// A person looked at a call.
    Looked,
    /// This device has begun to sound a call.
    Sounded,
    /// This page would sound a call now, or would not any more.
    Armed,
    /// The page became visible, or the network is back.
    Woke,
    /// The network is gone.
    WentOffline,
}

/// Opens the connection in the browser, and keeps it for as long as the page lives. `page` is what the server knew when
/// it rendered the page.
#[must_use]
pub fn connect(scope: Scope, page: &PageContext) -> Connection {
    let (state, set_state) = signal(ConnectionState::Connecting);
    let (notices, set_notices) = signal(Vec::new());
    let (reach, set_reach) = signal(page.reach);
    let line = page.viewer.as_ref().and_then(|viewer| viewer.flat()).map(|(line, _)| line.clone());
    let clock = Clock::start(page.now);
    let connection = Connection {
        state,
        feed: RwSignal::new(Feed::new(&scope)),
        now: clock.signal(),
        moment: clock.moments(),
        notices,
        reach,
        set_state,
        set_notices,
        set_reach,
        line: StoredValue::new(line),
        path: StoredValue::new(page.socket.clone()),
        armed: StoredValue::new(false),
        clock,
        looked_at: StoredValue::new(BTreeSet::new()),
        sounded: StoredValue::new(BTreeSet::new()),
        news: StoredValue::new(None),
    };
    effect(move || {
        let (sender, receiver) = mpsc::unbounded();
        connection.news.set_value(Some(sender));
        // The number of a page that was kept is an old one.
        if kept_at().is_some() {
            connection.set_reach.set(None);
        }
        // Both last as long as the page.
        spawn_local(connection.keep(scope.clone(), receiver));
        connection.listen();
    });
    connection
}

impl Connection {
    /// Reports that a person has this call before them. The server receives it once per connection, and not before the
    /// page is visible, because a call in a hidden tab has been seen by nobody.
    pub fn seen(&self, alert: AlertId) {
        if self.looked_at.try_update_value(|looked_at| looked_at.insert(alert)) == Some(true) {
            self.notify(News::Looked);
        }
    }

    /// Reports that this device has begun to sound a call. The server receives it once per connection.
    pub(crate) fn has_sounded(self, call: CallKey) {
        if self.sounded.try_update_value(|sounded| sounded.insert(call)) == Some(true) {
            self.notify(News::Sounded);
        }
    }

    /// Reports whether this page would sound a call.
    pub(crate) fn would_sound(self, armed: bool) {
        if self.armed.try_update_value(|known| std::mem::replace(known, armed) != armed) == Some(true) {
            self.notify(News::Armed);
        }
    }

    /// Returns the path of the socket.
    fn path(self) -> String {
        self.path.try_get_value().flatten().unwrap_or_else(|| SOCKET.to_owned())
    }

    pub(crate) fn clock(self) -> Clock {
        self.clock
    }

    /// Returns what a person has looked at, if anyone can see the page now.
    fn looked_at(self) -> BTreeSet<AlertId> {
        match document().visibility_state() {
            VisibilityState::Visible => self.looked_at.try_get_value().unwrap_or_default(),
            _ => BTreeSet::new(),
        }
    }

    fn notify(self, news: News) {
        if let Some(sender) = self.news.try_get_value().flatten() {
            // Without a receiver the page is going.
            drop(sender.unbounded_send(news));
        }
    }

    fn listen(self) {
        window_event_listener_untyped("online", move |_| self.notify(News::Woke));
        window_event_listener_untyped("offline", move |_| self.notify(News::WentOffline));
        window_event_listener_untyped("visibilitychange", move |_| {
            if document().visibility_state() == VisibilityState::Visible {
                self.notify(News::Woke);
            }
        });
    }

    /// Keeps the connection, without an end.
    async fn keep(self, scope: Scope, mut news: UnboundedReceiver<News>) {
        let (mut failures, mut sent_on) = (0, 0_u32);
        loop {
            // A signed-out person reads that until there is a connection, not "connecting" now and then.
            if self.state.try_get_untracked() != Some(ConnectionState::SignedOut) {
                self.set_state.try_set(ConnectionState::Connecting);
            }
            let ended = session::run(self, &scope, &mut news).await;
            failures = if ended.was_steady { 1 } else { failures + 1 };
            if let Some(path) = ended.elsewhere {
                sent_on += 1;
                // Nodes that send on to each other do not agree on the shards. Those of the plain path keep every line.
                let path = if sent_on % 2 == 1 { path } else { SOCKET.to_owned() };
                self.path.try_set_value(Some(path));
                if sent_on <= 2 {
                    continue;
                }
            } else if ended.was_steady {
                sent_on = 0;
            }
            if ended.ask_who_is_signed_in {
                let session = api::check_session().await;
                if let Some(time) = session.server_time {
                    self.clock.set(time);
                }
                if session.signed_out {
                    self.set_state.try_set(ConnectionState::SignedOut);
                    wait(RECONNECT.cap, &mut news, |_| {}).await;
                    continue;
                }
            }
            wait(RECONNECT.wait(failures, js_sys::Math::random()), &mut news, |retry_in| {
                self.set_state.try_set(ConnectionState::Waiting { retry_in });
            })
            .await;
        }
    }
}

/// Waits, or until there is a reason to hurry, and shows every second how many are left.
async fn wait(duration: Duration, news: &mut UnboundedReceiver<News>, left: impl Fn(u32)) {
    let mut rest = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
    while rest > 0 {
        left(rest.div_ceil(1_000));
        let slice = rest.min(1_000);
        match future::select(TimeoutFuture::new(slice), news.next()).await {
            Either::Left(_) => rest -= slice,
            Either::Right((Some(News::Woke), _)) => return,
            Either::Right((Some(News::Looked | News::Sounded | News::Armed | News::WentOffline), _)) => {}
            // The page is going.
            Either::Right((None, timeout)) => {
                timeout.await;
                rest -= slice;
            }
        }
    }
}
