//! The loop of one socket. It reads frames, writes snapshots and the queue's frames, and keeps time.

use std::{collections::VecDeque, ops::ControlFlow, time::Duration};

use axum::extract::ws::WebSocket;
use backend::calls::hub::{Queue, QueueReceiver, Snapshot, queue};
use bytes::Bytes;
use futures_util::FutureExt;
use stomp::{Command, Decoder, Frame, Incoming, Limits, Version};
use tokio::{
    task::yield_now,
    time::{Instant, sleep_until, timeout},
};

use super::{
    connect,
    farewell::{Farewell, Flow, refused},
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
/// The time between two looks at a client that reads nothing, because its queue may run over meanwhile.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// Frames that wait for a slow client; after that it is closed.
const QUEUE: usize = 1024;
/// Frames written to one socket before it is read again.
const BURST: usize = 16;
/// The bounds on a client's frame. Clients send short ones.
const LIMITS: Limits = Limits { headers: 32, line: 4 * 1024, header_octets: 8 * 1024, body: 16 * 1024 };

/// Runs a socket until it ends. `opened_by` is who opened the WebSocket, by cookie or header.
pub async fn run(
    socket: WebSocket,
    state: AppState,
    opened_by: Option<Credentials>,
    (client, place): (ClientAddress, Place),
) {
    let (queue, frames) = queue(QUEUE);
    let now = Instant::now();
    let mut connection = Connection {
        transport: Transport::new(socket),
        decoder: Decoder::new(LIMITS),
        budget: Frames::of_stranger(now.into()),
        state,
        client,
        place,
        opened_by,
        queue,
        session: None,
        snapshots: VecDeque::new(),
        connect_by: Some(now + CONNECT_WITHIN),
        ping_at: now + PING_EVERY,
        unanswered_pings: 0,
        heart_beat: None,
        beat_at: None,
    };
    let farewell = connection.serve(frames).await;
    let Connection { transport, session, place, .. } = connection;
    let version = session.map_or(Version::V1_2, |session| session.version());
    farewell.send(transport, version, place).await;
}

struct Connection {
    transport: Transport,
    decoder: Decoder,
    budget: Frames,
    state: AppState,
    client: ClientAddress,
    place: Place,
    opened_by: Option<Credentials>,
    queue: Queue,
    session: Option<Session>,
    /// The snapshots that are still to be sent, the oldest first. Later frames wait in the queue.
    snapshots: VecDeque<Snapshot>,
    connect_by: Option<Instant>,
    ping_at: Instant,
    unanswered_pings: u32,
    heart_beat: Option<Duration>,
    beat_at: Option<Instant>,
}

impl Connection {
    async fn serve(&mut self, mut frames: QueueReceiver) -> Farewell {
        let close = self.place.close().cancelled_owned();
        tokio::pin!(close);
        let alarm = sleep_until(self.next_check());
        tokio::pin!(alarm);
        loop {
            if frames.overflowed() {
                return Farewell::TooSlow;
            }
            let has_more = self.put_queued(&mut frames);
            self.put_snapshot();
            if self.transport.is_idle() {
                frames.written();
            }
            let listed: usize = self.snapshots.iter().map(Snapshot::octets).sum();
            self.transport.count_elsewhere(frames.octets() + listed);
            if has_more {
                // The queue comes first below, and must not keep the socket from being read or closed.
                if self.place.close().is_cancelled() {
                    return Farewell::of(self.place.reason());
                }
                if let Some(happening) = self.transport.next().now_or_never()
                    && let ControlFlow::Break(farewell) = self.on(happening).await
                {
                    return farewell;
                }
            }
            let check = self.next_check();
            // A timer that fires early finds nothing due; moving it back for each frame would cost more.
            if check < alarm.deadline() || alarm.is_elapsed() {
                alarm.as_mut().reset(check);
            }
            let takes_more = self.takes_more();
            let flow = tokio::select! {
                biased;
                frame = frames.next(), if takes_more => match frame {
                    Some(frame) => {
                        self.put_message(frame);
                        self.transport.write_now();
                        ControlFlow::Continue(())
                    }
                    None => ControlFlow::Break(Farewell::TooSlow),
                },
                () = &mut close => ControlFlow::Break(Farewell::of(self.place.reason())),
                happening = self.transport.next() => self.on(happening).await,
                () = &mut alarm => self.check(Instant::now()),
            };
            if let ControlFlow::Break(farewell) = flow {
                return farewell;
            }
        }
    }

    /// Returns true if nothing waits to be written before the queue's next frame.
    fn takes_more(&self) -> bool {
        self.transport.is_idle() && self.snapshots.iter().all(Snapshot::lets_pass)
    }

    /// Writes what is queued before anything is waited for, because each round of waiting polls the whole stack of the
    /// socket. Returns true if it stopped at [`BURST`] frames.
    fn put_queued(&mut self, frames: &mut QueueReceiver) -> bool {
        for _ in 0..BURST {
            if !self.takes_more() {
                return false;
            }
            let Some(frame) = frames.queued() else { return false };
            self.put_message(frame);
            self.transport.write_now();
        }
        true
    }

    async fn on(&mut self, happening: Happening) -> Flow {
        match happening {
            Happening::Sent => {}
            Happening::Pong => self.unanswered_pings = 0,
            Happening::Gone => return ControlFlow::Break(Farewell::Gone),
            Happening::TooLong => {
                return ControlFlow::Break(Farewell::too_long());
            }
            Happening::Received(bytes) => {
                self.unanswered_pings = 0;
                return self.receive(&bytes).await;
            }
        }
        ControlFlow::Continue(())
    }

    async fn receive(&mut self, bytes: &[u8]) -> Flow {
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

    async fn obey(&mut self, frame: Frame) -> Flow {
        if frame.command == Command::Subscribe {
            // A message may hold hundreds of subscriptions, and the alarms of others must not wait for all of their
            // snapshots.
            yield_now().await;
            // The known calls are sent in either case.
            let _ = timeout(PROMISED_WITHIN, self.state.backend.readiness.promised()).await;
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
        let (agreement, credentials) = match self.identify(frame).await {
            Ok(identified) => identified,
            Err(error) => return refused(error),
        };
        let now = std::time::Instant::now();
        self.budget = self.state.budgets.frames.of(&credentials.session.id, now);
        if !self.budget.take_costly(now) {
            return ControlFlow::Break(Farewell::Flood);
        }
        let (resident, version) = (credentials.session.resident, agreement.version);
        let by = self.client.by(&resident.name);
        self.session = Some(Session::new(resident, version, &self.state.backend, by, self.queue.clone()));
        self.decoder.set_version(agreement.version);
        self.connect_by = None;
        self.heart_beat = agreement.heart_beat;
        self.transport.put_frame(&agreement.connected, agreement.version);
        self.beat_later();
        ControlFlow::Continue(())
    }

    /// Finds out who connects, and gives the socket the place of that session.
    async fn identify(&mut self, frame: &Frame) -> Result<(connect::Agreement, Credentials), Frame> {
        let agreement = connect::agree(frame)?;
        let (network, opened_by) = (self.place.network(), self.opened_by.take());
        let credentials = connect::identify(frame, &self.state, network, opened_by).await?;
        self.place.belongs_to(&credentials.session).map_err(|full| Frame::error(full.detail()))?;
        connect::confirm(&credentials, &self.state.backend.sessions).await?;
        Ok((agreement, credentials))
    }

    /// Puts the next frame of the snapshot. The socket sets the pace, so it is made when the last has gone out.
    fn put_snapshot(&mut self) {
        while self.transport.is_idle() {
            let Some(snapshot) = self.snapshots.front_mut() else { return };
            match snapshot.next() {
                Some(frame) => self.put_message(frame),
                None => drop(self.snapshots.pop_front()),
            }
        }
    }

    /// Drops what a subscription's snapshot has not sent yet.
    fn drop_snapshot(&mut self, id: &str) {
        self.snapshots.retain(|snapshot| snapshot.id() != id);
    }

    fn put_message(&mut self, frame: Bytes) {
        if let Some(session) = &mut self.session {
            session.sent(&frame);
            self.budget.message_sent();
        }
        self.transport.put(frame);
        self.beat_later();
    }

    fn beat_later(&mut self) {
        self.beat_at = self.heart_beat.map(|every| Instant::now() + every);
    }

    /// When something is due next.
    fn next_check(&self) -> Instant {
        let slow = (!self.transport.is_idle()).then(|| Instant::now() + CHECK_EVERY);
        let due = [self.connect_by, self.beat_at, slow];
        due.into_iter().flatten().fold(self.ping_at, Instant::min)
    }

    fn check(&mut self, now: Instant) -> Flow {
        if self.connect_by.is_some_and(|by| now >= by) {
            return refused(Frame::error(
                "CONNECT did not come within 10 seconds; connect again and send it.",
            ));
        }
        if self.beat_at.is_some_and(|at| now >= at) {
            self.transport.put(Bytes::from_static(b"\n"));
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
