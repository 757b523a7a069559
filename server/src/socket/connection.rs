//! The loop of one socket. It receives frames, writes snapshots and the queue's frames, and keeps time.

mod receive;
mod snapshots;
mod timers;

use std::ops::ControlFlow;

use backend::{calls::hub::Queue, readiness::Readiness};
use bytes::Bytes;
use futures_util::FutureExt;
use stomp::{Decoder, Version};
use tokio::{
    task::yield_now,
    time::{Instant, sleep_until},
};

use self::{snapshots::Snapshots, timers::Timers};
use super::{
    connect::Opening,
    farewell::{Farewell, Flow},
    handshake::Handshake,
    session::Session,
    transport::{Happening, Transport},
};
use crate::{budgets::Frames, sockets::Place};

/// Frames written to one socket before it is read again.
const BURST: usize = 16;

/// Runs a socket until it ends.
pub(super) async fn run(handshake: Handshake, opening: Box<Opening>, place: Place) {
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

impl Connection {
    async fn serve(&mut self) -> Farewell {
        let close = self.place.close().cancelled_owned();
        tokio::pin!(close);
        let alarm = sleep_until(self.timers.next());
        tokio::pin!(alarm);
        loop {
            let has_more = self.put_waiting();
            self.transport.hold(self.holds());
            self.transport.count_elsewhere(self.snapshots.octets());
            if has_more {
                // The other sockets' turn. The frames that wait must not keep this one from being read or closed.
                yield_now().await;
                if self.place.close().is_cancelled() {
                    return Farewell::of(self.place.reason());
                }
                if let Some(happening) = self.transport.next(false).now_or_never()
                    && let ControlFlow::Break(farewell) = self.on(happening).await
                {
                    return farewell;
                }
                continue;
            }
            let check = self.timers.next();
            // A timer that fires early finds nothing due; moving it back would cost more.
            if check < alarm.deadline() || alarm.is_elapsed() {
                alarm.as_mut().reset(check);
            }
            let takes = self.inspects() && self.snapshots.lets_pass();
            let flow = tokio::select! {
                biased;
                () = &mut close => ControlFlow::Break(Farewell::of(self.place.reason())),
                happening = self.transport.next(takes) => self.on(happening).await,
                () = &mut alarm => self.timers.check(Instant::now(), &self.transport),
            };
            if let ControlFlow::Break(farewell) = flow {
                return farewell;
            }
        }
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
            if !self.transport.is_idle() {
                return false;
            }
            let passes = self.inspects() && self.snapshots.lets_pass();
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
            Happening::Sent | Happening::Queued => {}
            Happening::Pong => self.timers.answered(),
            Happening::Gone => return ControlFlow::Break(Farewell::Gone),
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
