//! The loop of one socket. It receives frames, writes snapshots and the queue's frames, and keeps time.

mod receive;
mod snapshots;
mod timers;

use std::{
    future::poll_fn,
    ops::ControlFlow,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::FutureExt;
use stomp::{Decoder, Version};
use tokio::{task::yield_now, time::Instant};

use self::{snapshots::Snapshots, timers::Timers};
use super::{
    connect::Opening,
    farewell::{Farewell, Flow},
    handshake::Handshake,
    session::Session,
    transport::{Happening, Transport},
};
use crate::{budgets::Frames, sockets::Place, state::AppState};

/// Frames written to one socket before it is read again.
const BURST: usize = 16;

/// Runs a socket until it ends. Its task keeps room for whatever it awaits, so all that an idle socket does not await is
/// in boxes.
pub(super) async fn run(beginning: Box<(Handshake, Box<Opening>, Place)>) {
    let Some(mut connection) = Box::pin(Connection::begin(beginning)).await else { return };
    let farewell = loop {
        let work = poll_fn(|context| connection.poll_work(context)).await;
        if let ControlFlow::Break(farewell) = Box::pin(connection.perform(work)).await {
            break farewell;
        }
    };
    Box::pin(connection.leave(farewell)).await;
}

struct Connection {
    transport: Transport,
    /// `None` while the next octet begins a frame.
    decoder: Option<Box<Decoder>>,
    budget: Frames,
    state: AppState,
    /// Until the session has begun.
    opening: Option<Box<Opening>>,
    place: Place,
    session: Option<Session>,
    snapshots: Snapshots,
    timers: Timers,
}

/// The work of a connection that may wait, and which is seldom needed.
enum Work {
    /// More waits to be put, after the other sockets have had their turn.
    LetOthersPass,
    /// Octets of STOMP came that are more than one ACK.
    Receive(Vec<u8>),
    End(Farewell),
}

impl Connection {
    /// Waits for the handshake; `None` if the connection has ended before.
    async fn begin(beginning: Box<(Handshake, Box<Opening>, Place)>) -> Option<Self> {
        let (handshake, opening, place) = *beginning;
        let (stream, read) = handshake.finish().await?;
        let transport = Transport::open(stream, read)
            .inspect_err(|error| tracing::debug!(%error, "an upgraded connection has ended"))
            .ok()?;
        let now = Instant::now();
        Some(Self {
            transport,
            decoder: None,
            budget: Frames::of_stranger(now.into()),
            state: opening.state.clone(),
            opening: Some(opening),
            place,
            session: None,
            snapshots: Snapshots::default(),
            timers: Timers::starting(now),
        })
    }

    /// Does what needs no waiting, until there is other work.
    fn poll_work(&mut self, context: &mut Context<'_>) -> Poll<Work> {
        loop {
            let (has_more, holds) = (self.put_waiting(), self.holds());
            self.transport.hold(holds);
            self.transport.count_elsewhere(self.snapshots.octets());
            if has_more {
                return Poll::Ready(Work::LetOthersPass);
            }
            if let ControlFlow::Break(work) = ready!(self.poll_next(context)) {
                return Poll::Ready(work);
            }
        }
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<ControlFlow<Work>> {
        if let Some(reason) = self.place.closing() {
            return Poll::Ready(ControlFlow::Break(Work::End(Farewell::of(reason))));
        }
        let takes = self.inspects() && self.snapshots.lets_pass();
        if let Poll::Ready(happening) = self.poll_happening(takes, context) {
            return Poll::Ready(self.on(happening));
        }
        if let Poll::Ready(reason) = self.place.poll_closing(context) {
            return Poll::Ready(ControlFlow::Break(Work::End(Farewell::of(reason))));
        }
        ready!(self.timers.poll_due(&self.place));
        Poll::Ready(self.timers.check(Instant::now(), &self.transport).map_break(Work::End))
    }

    async fn perform(&mut self, work: Work) -> Flow {
        let work = match work {
            Work::LetOthersPass => self.let_others_pass().await,
            work => ControlFlow::Break(work),
        };
        match work {
            ControlFlow::Break(Work::Receive(octets)) => self.receive_frames(&octets).await,
            ControlFlow::Break(Work::End(farewell)) => ControlFlow::Break(farewell),
            ControlFlow::Break(Work::LetOthersPass) | ControlFlow::Continue(()) => ControlFlow::Continue(()),
        }
    }

    /// Gives the other sockets their turn. The frames that wait must not keep this one from being read or closed.
    async fn let_others_pass(&mut self) -> ControlFlow<Work> {
        yield_now().await;
        if let Some(reason) = self.place.closing() {
            return ControlFlow::Break(Work::End(Farewell::of(reason)));
        }
        let happening = poll_fn(|context| self.poll_happening(false, context)).now_or_never();
        happening.map_or(ControlFlow::Continue(()), |happening| self.on(happening))
    }

    async fn leave(self, farewell: Farewell) {
        let Self { transport, session, place, .. } = self;
        let version = session.map_or(Version::V1_2, |session| session.version());
        farewell.send(transport, version, place).await;
    }

    /// Returns whether the session must see the frames of the hub before they go out.
    fn inspects(&self) -> bool {
        self.session.as_ref().is_some_and(Session::inspects)
    }

    /// Returns whether the hub must not write to the socket itself.
    fn holds(&self) -> bool {
        self.inspects() || !self.snapshots.lets_pass()
    }

    /// Puts frames of the hub that the session must see, and those of snapshots, while the socket takes them. The
    /// socket sets the pace, so the next is made when the last has gone out. Returns true if it stopped at [`BURST`].
    fn put_waiting(&mut self) -> bool {
        for _ in 0..BURST {
            let passes = self.inspects() && self.snapshots.lets_pass();
            // Asked first, because most sockets never have anything to put.
            if (!passes && self.snapshots.is_empty()) || !self.transport.is_idle() {
                return false;
            }
            if passes && let Some(frame) = self.transport.queued() {
                self.put_messages(&[frame]);
                continue;
            }
            let Some(frames) = self.snapshots.next_piece() else { return false };
            self.put_messages(&frames);
        }
        true
    }

    fn on(&mut self, happening: Happening) -> ControlFlow<Work> {
        let farewell = match happening {
            Happening::Sent | Happening::Queued | Happening::Handled => return ControlFlow::Continue(()),
            Happening::Pong => {
                self.timers.answered();
                return ControlFlow::Continue(());
            }
            Happening::Received(octets) => {
                self.timers.answered();
                return self.receive(octets);
            }
            Happening::Gone => Farewell::Gone,
            Happening::Refused => Farewell::Flood,
            Happening::TooSlow => Farewell::TooSlow,
            Happening::NotUnderstood(fault) => Farewell::not_understood(fault),
        };
        ControlFlow::Break(Work::End(farewell))
    }

    fn put_messages(&mut self, frames: &[Bytes]) {
        if let Some(session) = self.session.as_mut().filter(|session| session.inspects()) {
            frames.iter().for_each(|frame| session.sent(frame));
        }
        self.budget.messages_sent(frames.len() as u64);
        self.transport.put_texts(frames.iter().map(|frame| &frame[..]));
    }
}
