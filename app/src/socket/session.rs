//! One WebSocket, from its opening to its end.

mod opening;

use std::time::Duration;

use domain::{
    Alert, AlertId, CallKey,
    collections::{BTreeMap, BTreeSet},
};
use futures_channel::mpsc::UnboundedReceiver;
use futures_util::{Stream, StreamExt, future, stream};
use gloo_net::websocket::{Message, WebSocketError};
use gloo_timers::future::IntervalStream;
use leptos::{logging, prelude::*};

use self::opening::open;
use super::{
    Connection, ConnectionState, News, Scope,
    conversation::{Conversation, Delivery, Failure, Received},
};
use crate::clock;

/// The time for opening, and then for the answer to CONNECT.
const OPENING: Duration = Duration::from_secs(10);
/// On top of two heart-beats, before a server that is silent is given up.
const MARGIN: Duration = Duration::from_secs(5);
/// The time from which a connection was a good one, so that the next failure is a first one.
const STEADY: Duration = Duration::from_secs(10);

/// The end of a WebSocket.
pub(super) struct Ended {
    /// True if it had been good, so it is tried again soon.
    pub(super) was_steady: bool,
    /// True if the server refused it, or it never came about, because the session may be over.
    pub(super) ask_who_is_signed_in: bool,
    /// The path of the socket that has the calls, where this one does not.
    pub(super) elsewhere: Option<String>,
}

enum Input {
    Arrived(Message),
    Closed(String),
    News(News),
    Tick,
}

struct Session {
    connection: Connection,
    conversation: Conversation,
    /// The socket by which frames also arrive. It is asked whether it is open, which gloo's sink is not.
    out: web_sys::WebSocket,
    /// When the server was last heard, by [`moment`].
    received_at: Duration,
    /// The time for which it may be silent. `None` is without an end, because WebSocket pings watch it, and are hidden
    /// from pages.
    patience: Option<Duration>,
    connected_at: Option<Duration>,
    /// The calls that were reported as seen here.
    reported_seen: BTreeSet<AlertId>,
    /// The frames that report a call as sounded, which are sent once each.
    sounded: BTreeMap<CallKey, Vec<u8>>,
    /// This page would sound a call, as the server knows it.
    reported_armed: bool,
}

/// Why a WebSocket is given up, in words for the console.
struct Over {
    reason: String,
    refused: bool,
    elsewhere: Option<String>,
}

/// Opens a WebSocket and listens until it ends.
pub(super) async fn run(connection: Connection, scope: &Scope, news: &mut UnboundedReceiver<News>) -> Ended {
    let (out, incoming) = match open(&connection.path()).await {
        Ok(opened) => opened,
        Err(reason) => {
            logging::log!("the connection cannot be opened: {reason}");
            return Ended { was_steady: false, ask_who_is_signed_in: true, elsewhere: None };
        }
    };
    let line = connection.line.try_get_value().flatten();
    let mut session = Session {
        connection,
        conversation: Conversation::new(scope).with_reach(line.as_ref()),
        out,
        received_at: moment(),
        patience: Some(OPENING),
        connected_at: None,
        reported_seen: BTreeSet::new(),
        sounded: BTreeMap::new(),
        reported_armed: false,
    };
    let over = session.listen(incoming, news).await;
    logging::log!("connection ended: {}", over.reason);
    // Nobody reports from now on who can be reached.
    connection.set_reach.try_set(None);
    // Shows the part of a snapshot that came before it broke off.
    connection.feed.try_update(|_| {});
    let lasted = session.connected_at.map(|at| moment().saturating_sub(at));
    Ended {
        was_steady: lasted.is_some_and(|lasted| lasted >= STEADY),
        ask_who_is_signed_in: over.refused || lasted.is_none(),
        elsewhere: over.elsewhere,
    }
}

impl Session {
    async fn listen(
        &mut self,
        incoming: impl Stream<Item = Result<Message, WebSocketError>> + Unpin,
        news: &mut UnboundedReceiver<News>,
    ) -> Over {
        let host = location().hostname().unwrap_or_default();
        if let Err(over) = self.send(&Conversation::connect(&host)) {
            return over;
        }
        let arrived = incoming.map(|message| match message {
            Ok(message) => Input::Arrived(message),
            Err(error) => Input::Closed(error.to_string()),
        });
        let ended = stream::once(future::ready(Input::Closed("the socket is closed".into())));
        let ticks = IntervalStream::new(1_000).map(|()| Input::Tick);
        let others = stream::select(news.map(Input::News), ticks);
        let mut inputs = stream::select(arrived.chain(ended), others);
        while let Some(input) = inputs.next().await {
            if let Err(over) = self.apply(input) {
                return over;
            }
        }
        Over::lost("nothing more can come")
    }

    fn apply(&mut self, input: Input) -> Result<(), Over> {
        match input {
            Input::Arrived(message) => {
                self.received_at = moment();
                let received = match message {
                    Message::Text(text) => self.conversation.receive(text.as_bytes()),
                    Message::Bytes(bytes) => self.conversation.receive(&bytes),
                };
                for received in received.map_err(Over::from)? {
                    self.handle(received)?;
                }
                Ok(())
            }
            Input::Closed(reason) => Err(Over::lost(&reason)),
            Input::News(News::WentOffline) => Err(Over::lost("the network is gone")),
            Input::News(News::Looked | News::Sounded | News::Armed | News::Woke) => {
                self.check_silence()?;
                self.report()
            }
            Input::Tick => self.check_silence(),
        }
    }

    fn handle(&mut self, received: Received) -> Result<(), Over> {
        match received {
            Received::Connected { subscribe, heart_beat } => {
                self.connected_at = Some(moment());
                self.patience = heart_beat.map(|interval| interval * 2 + MARGIN);
                self.connection.feed.try_maybe_update(|feed| {
                    feed.subscribed();
                    (false, ())
                });
                for frame in subscribe {
                    self.send(&frame)?;
                }
                if !self.conversation.has_reach() {
                    self.connection.set_reach.try_set(None);
                }
                self.show_if_complete();
                self.report_armed()
            }
            Received::Delivery(delivery) => self.deliver(*delivery),
            Received::Reach(houses) => {
                self.connection.set_reach.try_set(houses);
                Ok(())
            }
            Received::Unreadable(why) => {
                logging::warn!("a message cannot be read; is this page older than the server? {why}");
                Ok(())
            }
        }
    }

    fn deliver(&mut self, delivery: Delivery) -> Result<(), Over> {
        if let Some(at) = delivery.live_at() {
            self.connection.clock.adjust_to_live(at);
        }
        if let Some(time) = delivery.stamped_now() {
            self.connection.clock.set(time);
        }
        let call = delivery.alert().map(Alert::key);
        let Delivery { body, late, age, ack, sounded, .. } = delivery;
        self.sounded.extend(call.zip(sounded));
        let news_of_frame = self.connection.feed.try_maybe_update(|feed| {
            let notices = feed.receive(body, late, age, clock::moment());
            // A snapshot is shown when it is whole, because drawing two hundred calls two hundred times helps nobody.
            (feed.is_complete(), notices)
        });
        if let Some(notices) = news_of_frame.filter(|notices| !notices.is_empty()) {
            self.connection.set_notices.try_set(notices);
        }
        if let Some(ack) = ack {
            self.send(&ack)?;
        }
        self.show_if_complete();
        self.report()
    }

    fn show_if_complete(&self) {
        let complete = self.connection.feed.try_with_untracked(super::Feed::is_complete) == Some(true);
        let state = self.connection.state.try_get_untracked();
        if complete && state.is_some_and(|state| state != ConnectionState::Connected) {
            self.connection.set_state.try_set(ConnectionState::Connected);
        }
    }

    /// Reports what this device and its people have done since.
    fn report(&mut self) -> Result<(), Over> {
        for call in self.connection.sounded.try_get_value().unwrap_or_default() {
            if let Some(frame) = self.sounded.remove(&call) {
                self.send(&frame)?;
            }
        }
        self.report_armed()?;
        self.report_seen()
    }

    /// Reports whether this page would sound a call now. The server takes a new connection for a silent one.
    fn report_armed(&mut self) -> Result<(), Over> {
        let armed = self.connection.armed.try_get_value() == Some(true);
        let frame = if armed == self.reported_armed { None } else { self.conversation.armed(armed) };
        if let Some(frame) = frame {
            self.send(&frame)?;
            self.reported_armed = armed;
        }
        Ok(())
    }

    /// Reports which calls a person has before them, of those the server knows here.
    fn report_seen(&mut self) -> Result<(), Over> {
        if self.connection.state.try_get_untracked() != Some(ConnectionState::Connected) {
            return Ok(());
        }
        for alert in self.connection.looked_at() {
            if self.reported_seen.insert(alert) {
                self.send(&self.conversation.seen(alert))?;
            }
        }
        Ok(())
    }

    fn check_silence(&self) -> Result<(), Over> {
        let silent = moment().saturating_sub(self.received_at);
        match self.patience {
            Some(patience) if silent > patience => Err(Over::lost("the server is silent")),
            _ => Ok(()),
        }
    }

    fn send(&self, frame: &[u8]) -> Result<(), Over> {
        if self.out.ready_state() != web_sys::WebSocket::OPEN {
            return Err(Over::lost("the socket is closed"));
        }
        // Frames of this side hold nothing but text, and are easier to read as such in the browser's tools.
        let sent = match std::str::from_utf8(frame) {
            Ok(text) => self.out.send_with_str(text),
            Err(_) => self.out.send_with_u8_array(frame),
        };
        sent.map_err(|error| Over::lost(&format!("a frame cannot be sent: {error:?}")))
    }
}

impl Over {
    fn lost(reason: &str) -> Self {
        Self { reason: reason.to_owned(), refused: false, elsewhere: None }
    }
}

impl From<Failure> for Over {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(reason) => Self { refused: true, ..Self::lost(&reason) },
            Failure::Elsewhere(path) => {
                Self { elsewhere: Some(path), ..Self::lost("the calls of the line are at another node") }
            }
            Failure::Broken(error) => Self::lost(&error.to_string()),
        }
    }
}

/// The device's clock, for lengths of time only. It goes on while the device sleeps, so that a connection that died
/// meanwhile is noticed at once.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds since 1970")]
fn moment() -> Duration {
    Duration::from_millis(js_sys::Date::now() as u64)
}
