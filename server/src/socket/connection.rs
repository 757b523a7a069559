//! The loop of one socket. It reads frames, writes snapshots and the queue's frames, and keeps time.

use std::{collections::VecDeque, ops::ControlFlow, time::Duration};

use backend::{
    calls::hub::{Queue, Snapshot},
    readiness::Readiness,
};
use bytes::Bytes;
use domain::header;
use futures_util::FutureExt;
use stomp::{Acknowledgement, Command, Decoder, Frame, Incoming, Limits, Version};
use tokio::{
    task::yield_now,
    time::{Instant, sleep_until, timeout},
};

use super::{
    connect,
    farewell::{Farewell, Flow, refused},
    handshake::Handshake,
    session::{Session, Step},
    transport::{Happening, Transport},
};
use crate::{
    auth::Credentials, budgets::Frames, client_address::ClientAddress, sockets::Place, state::AppState,
};

/// CONNECT must come within this time.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// The time for which a subscription waits while the server applies, after its start, the events that were promised
/// before. Half applied, calls that are over look open, and would sound. It is bounded, because a disk or a database
/// may be away.
const PROMISED_WITHIN: Duration = Duration::from_secs(2);
/// A client is pinged this often, and given up when it left [`MISSED_PINGS`] unanswered.
const PING_EVERY: Duration = Duration::from_secs(20);
const MISSED_PINGS: u32 = 2;
/// Frames written to one socket before it is read again.
const BURST: usize = 16;
/// The octets of a snapshot that are written in one piece. Each piece is a call of the system, which takes longer than
/// to write a few frames more.
const AT_ONCE: usize = 16 * 1024;
/// The bounds on a client's frame. Clients send short ones.
const LIMITS: Limits = Limits { headers: 32, line: 4 * 1024, header_octets: 8 * 1024, body: 16 * 1024 };

/// All that is needed until CONNECT. Sockets are idle nearly always, and keep no more than they need.
pub(super) struct Opening {
    /// The state of every handler.
    pub state: AppState,
    /// The address that opened it.
    pub client: ClientAddress,
    /// The person who opened the WebSocket, by cookie or header.
    pub opened_by: Option<Credentials>,
}

/// Runs a socket until it ends.
pub(super) async fn run(handshake: Handshake, opening: Box<Opening>, place: Place) {
    let Some((stream, read)) = handshake.finish().await else { return };
    let (queue, transport) = match Transport::open(stream, &read) {
        Ok(opened) => opened,
        Err(error) => return tracing::debug!(%error, "an upgraded connection has ended"),
    };
    let now = Instant::now();
    let mut connection = Connection {
        transport,
        decoder: Decoder::new(LIMITS),
        budget: Frames::of_stranger(now.into()),
        readiness: opening.state.backend.readiness.clone(),
        opening: Some(opening),
        place,
        queue,
        session: None,
        snapshots: VecDeque::new(),
        connect_by: Some(now + CONNECT_WITHIN),
        ping_at: now + PING_EVERY,
        unanswered_pings: 0,
        heart_beat: None,
        beat_at: None,
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
    /// The snapshots that are still to be sent, the oldest first. Frames of the hub wait in the queue meanwhile.
    snapshots: VecDeque<Snapshot>,
    connect_by: Option<Instant>,
    ping_at: Instant,
    unanswered_pings: u32,
    heart_beat: Option<Duration>,
    beat_at: Option<Instant>,
}

impl Connection {
    async fn serve(&mut self) -> Farewell {
        let close = self.place.close().cancelled_owned();
        tokio::pin!(close);
        let alarm = sleep_until(self.next_check());
        tokio::pin!(alarm);
        loop {
            let has_more = self.put_waiting();
            self.transport.hold(self.holds());
            self.transport.count_elsewhere(self.snapshots.iter().map(Snapshot::octets).sum());
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
            let check = self.next_check();
            // A timer that fires early finds nothing due; moving it back would cost more.
            if check < alarm.deadline() || alarm.is_elapsed() {
                alarm.as_mut().reset(check);
            }
            let takes = self.inspects() && self.lets_pass();
            let flow = tokio::select! {
                biased;
                () = &mut close => ControlFlow::Break(Farewell::of(self.place.reason())),
                happening = self.transport.next(takes) => self.on(happening).await,
                () = &mut alarm => self.check(Instant::now()),
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

    /// Returns whether frames of the hub may go out before the snapshots.
    fn lets_pass(&self) -> bool {
        self.snapshots.iter().all(Snapshot::lets_pass)
    }

    /// Returns whether the hub must not write to the socket itself.
    fn holds(&self) -> bool {
        self.inspects() || !self.lets_pass()
    }

    /// Puts frames of the hub that the session must see, and those of snapshots, while the socket takes them. The
    /// socket sets the pace, so the next is made when the last has gone out. Returns true if it stopped at [`BURST`].
    fn put_waiting(&mut self) -> bool {
        for _ in 0..BURST {
            if !self.transport.is_idle() {
                return false;
            }
            let passes = self.inspects() && self.lets_pass();
            if passes && let Some(frame) = self.transport.queued() {
                self.put_messages(&[frame]);
                continue;
            }
            let Some(snapshot) = self.snapshots.front_mut() else { return false };
            let frames = at_once(snapshot);
            if frames.is_empty() {
                self.snapshots.pop_front();
            }
            self.put_messages(&frames);
        }
        true
    }

    async fn on(&mut self, happening: Happening) -> Flow {
        match happening {
            Happening::Sent | Happening::Queued => {}
            Happening::Pong => self.unanswered_pings = 0,
            Happening::Gone => return ControlFlow::Break(Farewell::Gone),
            Happening::TooSlow => return ControlFlow::Break(Farewell::TooSlow),
            Happening::NotUnderstood(fault) => {
                return ControlFlow::Break(Farewell::not_understood(fault));
            }
            Happening::Received(bytes) => {
                self.unanswered_pings = 0;
                return self.receive(&bytes).await;
            }
        }
        ControlFlow::Continue(())
    }

    async fn receive(&mut self, bytes: &[u8]) -> Flow {
        self.budget.messages_sent(self.transport.take_sent());
        match self.acknowledge(bytes) {
            Some(flow) => flow,
            // In a box, so that the task of an idle socket has no room for it.
            None => Box::pin(self.receive_frames(bytes)).await,
        }
    }

    async fn receive_frames(&mut self, bytes: &[u8]) -> Flow {
        self.decoder.push(bytes);
        let mut is_part = true;
        loop {
            let incoming = match self.decoder.next() {
                Ok(incoming) => incoming,
                Err(error) => return ControlFlow::Break(Farewell::not_stomp(error.to_string())),
            };
            let now = std::time::Instant::now();
            let is_granted = match &incoming {
                Some(Incoming::Frame(Frame { command: Command::Ack, .. })) => {
                    self.budget.take_acknowledgement(now)
                }
                Some(Incoming::Frame(Frame { command: Command::Subscribe, .. })) => {
                    self.budget.take_costly(now)
                }
                // The end of the message counts only where it completed no frame.
                None if !is_part => true,
                _ => self.budget.take(now),
            };
            if !is_granted {
                return ControlFlow::Break(Farewell::Flood);
            }
            is_part = false;
            match incoming {
                None => return ControlFlow::Continue(()),
                Some(Incoming::Heartbeat) => {}
                Some(Incoming::Frame(frame)) => self.obey(frame).await?,
            }
        }
    }

    /// Handles a message that is one ACK, as nearly all are; `None` if it is anything else.
    fn acknowledge(&mut self, octets: &[u8]) -> Option<Flow> {
        let session = self.session.as_mut().filter(|_| self.decoder.is_between_frames())?;
        let ack = Acknowledgement::read(octets)?;
        let id = session.named(&ack)?;
        if !self.budget.take_acknowledgement(std::time::Instant::now()) {
            return Some(ControlFlow::Break(Farewell::Flood));
        }
        session.acknowledge(id, ack.get(header::SOUNDED) == Some(header::YES));
        Some(ControlFlow::Continue(()))
    }

    async fn obey(&mut self, frame: Frame) -> Flow {
        if frame.command == Command::Subscribe {
            // A message may hold hundreds of subscriptions, and the alarms of others must not wait for all of their
            // snapshots.
            yield_now().await;
            // The known calls are sent in either case.
            let _ = timeout(PROMISED_WITHIN, self.readiness.promised()).await;
            // No frame may go out between the beginning of the subscription and its snapshot.
            self.transport.hold(true);
        }
        let Some(session) = &mut self.session else {
            return self.connect(&frame).await;
        };
        let version = session.version();
        let (answer, flow) = match session.handle(&frame) {
            Ok(Step::Answer(answer)) => (answer, ControlFlow::Continue(())),
            Ok(Step::Begin(answer, snapshot)) => {
                self.drop_snapshot(snapshot.id());
                self.snapshots.push_back(snapshot);
                (answer, ControlFlow::Continue(()))
            }
            Ok(Step::End(answer, id)) => {
                self.drop_snapshot(&id);
                (answer, ControlFlow::Continue(()))
            }
            Ok(Step::Goodbye(answer)) => (answer, ControlFlow::Break(Farewell::Goodbye)),
            Err(error) => (None, refused(error)),
        };
        if let Some(answer) = answer {
            self.transport.put_frame(&answer, version);
        }
        flow
    }

    async fn connect(&mut self, frame: &Frame) -> Flow {
        let Some(mut opening) = self.opening.take() else {
            return refused(Frame::error("The session is open already."));
        };
        let (agreement, credentials) = match self.identify(frame, &mut opening).await {
            Ok(identified) => identified,
            Err(error) => return refused(error),
        };
        let Opening { state, client, .. } = *opening;
        let now = std::time::Instant::now();
        self.budget = state.budgets.frames.of(&credentials.session.id, now);
        if !self.budget.take_costly(now) {
            return ControlFlow::Break(Farewell::Flood);
        }
        let (resident, version) = (credentials.session.resident, agreement.version);
        let by = client.by(&resident.name);
        self.session = Some(Session::new(resident, version, &state.backend, by, self.queue.clone()));
        self.decoder.set_version(agreement.version);
        self.connect_by = None;
        self.heart_beat = agreement.heart_beat;
        self.transport.put_frame(&agreement.connected, agreement.version);
        self.beat_later();
        ControlFlow::Continue(())
    }

    /// Finds out who connects, and gives the socket the place of that session.
    async fn identify(
        &mut self,
        frame: &Frame,
        opening: &mut Opening,
    ) -> Result<(connect::Agreement, Credentials), Frame> {
        let agreement = connect::agree(frame)?;
        let (network, opened_by) = (self.place.network(), opening.opened_by.take());
        let credentials = connect::identify(frame, &opening.state, network, opened_by).await?;
        self.place.belongs_to(&credentials.session).map_err(|full| Frame::error(full.detail()))?;
        connect::confirm(&credentials, &opening.state.backend.sessions).await?;
        Ok((agreement, credentials))
    }

    /// Drops what a subscription's snapshot has not sent yet.
    fn drop_snapshot(&mut self, id: &str) {
        self.snapshots.retain(|snapshot| snapshot.id() != id);
    }

    fn put_messages(&mut self, frames: &[Bytes]) {
        if let Some(session) = self.session.as_mut().filter(|session| session.inspects()) {
            frames.iter().for_each(|frame| session.sent(frame));
        }
        self.budget.messages_sent(frames.len() as u64);
        self.transport.put_texts(frames.iter().map(|frame| &frame[..]));
    }

    /// Frames put no heart-beat off, because the hub writes most of them. One too many does no harm.
    fn beat_later(&mut self) {
        self.beat_at = self.heart_beat.map(|every| Instant::now() + every);
    }

    /// When something is due next.
    fn next_check(&self) -> Instant {
        let due = [self.connect_by, self.beat_at];
        due.into_iter().flatten().fold(self.ping_at, Instant::min)
    }

    fn check(&mut self, now: Instant) -> Flow {
        if self.connect_by.is_some_and(|by| now >= by) {
            return refused(Frame::error(
                "CONNECT did not come within 10 seconds; connect again and send it.",
            ));
        }
        if self.beat_at.is_some_and(|at| now >= at) {
            self.transport.put_text(b"\n");
            self.beat_later();
        }
        if now >= self.ping_at {
            // A client that is not read cannot answer, and lives while it takes what waits for it.
            if self.transport.has_moved() && self.transport.is_deferring() {
                self.unanswered_pings = 0;
            }
            if self.unanswered_pings == MISSED_PINGS {
                return refused(Frame::error("The client did not answer for a minute; connect again."));
            }
            self.unanswered_pings += 1;
            self.transport.ping();
            self.ping_at = now + PING_EVERY;
        }
        ControlFlow::Continue(())
    }
}

/// Returns the next frames of a snapshot, as many as are written in one piece; none at its end. Frames of the hub may
/// pass the snapshot of every line between the pieces.
fn at_once(snapshot: &mut Snapshot) -> Vec<Bytes> {
    let (mut frames, mut octets) = (Vec::new(), 0);
    while octets < AT_ONCE
        && let Some(frame) = snapshot.next()
    {
        octets += frame.len();
        frames.push(frame);
        if snapshot.lets_pass() {
            break;
        }
    }
    frames
}
