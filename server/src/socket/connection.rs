//! The loop of one socket. It receives frames, writes snapshots and the queue's frames, and keeps time.

mod receive;
mod snapshots;
mod timers;

use std::{
    future::poll_fn,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
};

use backend::{calls::hub::Queue, readiness::Readiness};
use bytes::Bytes;
use futures_util::FutureExt;
use stomp::{Decoder, Version};
use tokio::{
    task::yield_now,
    time::{Instant, Sleep, sleep_until},
};

use self::{snapshots::Snapshots, timers::Timers};
use super::{
    connect::Opening,
    farewell::{Farewell, Flow},
    handshake::Handshake,
    session::Session,
    transport::{Happening, Transport},
};
use crate::{
    budgets::Frames,
    sockets::{Place, Reason},
};

/// Frames written to one socket before it is read again.
const BURST: usize = 16;

/// Runs a socket until it ends. The beginning is in a box, because the task keeps room for what it is given.
pub(super) async fn run(beginning: Box<(Handshake, Box<Opening>, Place)>) {
    let (handshake, opening, place) = *beginning;
    let Some((stream, read)) = handshake.finish().await else { return };
    let (queue, transport) = match Transport::open(stream, read) {
        Ok(opened) => opened,
        Err(error) => return tracing::debug!(%error, "an upgraded connection has ended"),
    };
    let now = Instant::now();
    let mut connection = Connection {
        transport,
        decoder: Decoder::new(receive::LIMITS),
        budget: Frames::of_stranger(now.into()),
        readiness: opening.state.backend.readiness.clone(),
        opening: Some(opening),
        place,
        queue,
        session: None,
        snapshots: Snapshots::default(),
        timers: Timers::starting(now),
    };
    let farewell = connection.serve().await;
    let Connection { transport, session, place, .. } = connection;
    let version = session.map_or(Version::V1_2, |session| session.version());
    Box::pin(farewell.send(transport, version, place)).await;
}

struct Connection {
    transport: Transport,
    decoder: Decoder,
    budget: Frames,
    readiness: Readiness,
    /// Until the session has begun.
    opening: Option<Box<Opening>>,
    place: Place,
    queue: Queue,
    session: Option<Session>,
    snapshots: Snapshots,
    timers: Timers,
}

/// The end of a wait.
enum Next {
    Happening(Happening),
    /// The place was closed from outside.
    Closing(Reason),
    /// A timer is due.
    Due,
}

impl Connection {
    async fn serve(&mut self) -> Farewell {
        let alarm = sleep_until(self.timers.next());
        tokio::pin!(alarm);
        loop {
            let (has_more, holds) = (self.put_waiting(), self.holds());
            self.transport.hold(holds);
            self.transport.count_elsewhere(self.snapshots.octets());
            let flow = if has_more { self.let_others_pass().await } else { self.wait(alarm.as_mut()).await };
            if let ControlFlow::Break(farewell) = flow {
                return farewell;
            }
        }
    }

    /// Gives the other sockets their turn. The frames that wait must not keep this one from being read or closed.
    async fn let_others_pass(&mut self) -> Flow {
        yield_now().await;
        if let Some(reason) = self.place.closing() {
            return ControlFlow::Break(Farewell::of(reason));
        }
        match poll_fn(|context| self.poll_happening(false, context)).now_or_never() {
            Some(happening) => self.on(happening).await,
            None => ControlFlow::Continue(()),
        }
    }

    async fn wait(&mut self, mut alarm: Pin<&mut Sleep>) -> Flow {
        self.timers.set(alarm.as_mut());
        let takes = self.inspects() && self.snapshots.lets_pass();
        match poll_fn(|context| self.poll_next(takes, alarm.as_mut(), context)).await {
            Next::Happening(happening) => self.on(happening).await,
            Next::Closing(reason) => ControlFlow::Break(Farewell::of(reason)),
            Next::Due => self.timers.check(Instant::now(), &self.transport),
        }
    }

    fn poll_next(&mut self, takes: bool, alarm: Pin<&mut Sleep>, context: &mut Context<'_>) -> Poll<Next> {
        if let Some(reason) = self.place.closing() {
            return Poll::Ready(Next::Closing(reason));
        }
        if let Poll::Ready(happening) = self.poll_happening(takes, context) {
            return Poll::Ready(Next::Happening(happening));
        }
        if let Poll::Ready(reason) = self.place.poll_closing(context) {
            return Poll::Ready(Next::Closing(reason));
        }
        alarm.poll(context).map(|()| Next::Due)
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

    async fn on(&mut self, happening: Happening) -> Flow {
        match happening {
            Happening::Sent | Happening::Queued | Happening::Handled => {}
            Happening::Pong => self.timers.answered(),
            Happening::Gone => return ControlFlow::Break(Farewell::Gone),
            Happening::Refused => return ControlFlow::Break(Farewell::Flood),
            Happening::TooSlow => return ControlFlow::Break(Farewell::TooSlow),
            Happening::NotUnderstood(fault) => {
                return ControlFlow::Break(Farewell::not_understood(fault));
            }
            Happening::Received(bytes) => {
                self.timers.answered();
                return self.receive(&bytes).await;
            }
        }
        ControlFlow::Continue(())
    }

    fn put_messages(&mut self, frames: &[Bytes]) {
        if let Some(session) = self.session.as_mut().filter(|session| session.inspects()) {
            frames.iter().for_each(|frame| session.sent(frame));
        }
        self.budget.messages_sent(frames.len() as u64);
        self.transport.put_texts(frames.iter().map(|frame| &frame[..]));
    }
}
