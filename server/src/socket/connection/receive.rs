//! The frames that a client sends, which are counted against its budget and then obeyed.

use std::{
    ops::ControlFlow,
    task::{Context, Poll},
    time::Duration,
};

use domain::header;
use stomp::{Acknowledgement, Command, Decoder, Frame, Incoming, Limits, Version};
use tokio::{task::yield_now, time::timeout};

use super::{Connection, Work};
use crate::{
    budgets::{Frames, SessionFrames},
    socket::{
        connect::Opening,
        farewell::{Farewell, Flow, refused},
        session::{Session, Step},
        transport::{Happening, Offered},
    },
};

/// The bounds on a client's frame. Clients send short ones.
const LIMITS: Limits = Limits { headers: 32, line: 4 * 1024, header_octets: 8 * 1024, body: 16 * 1024 };
/// The time for which a subscription waits while the server applies, after its start, the events that were promised
/// before. Half applied, calls that are over look open, and would sound. It is bounded, because a disk or a database
/// may be away.
const PROMISED_WITHIN: Duration = Duration::from_secs(2);

impl Connection {
    /// Obeys a message that is an ACK alone, and leaves any other.
    pub(super) fn receive(&mut self, octets: Vec<u8>) -> ControlFlow<Work> {
        self.budget.messages_sent(self.transport.take_sent());
        match self.acknowledge(&octets) {
            Offered::Handled => ControlFlow::Continue(()),
            Offered::Refused => ControlFlow::Break(Work::End(Farewell::Flood)),
            Offered::Declined => ControlFlow::Break(Work::Receive(octets)),
        }
    }

    /// Waits for what happens next at the socket. An ACK that comes alone is obeyed where it lies, because everybody
    /// sends one at the same moment, and none changes what the connection does next. With `takes` it is ready for a
    /// frame of the hub that is held.
    pub(super) fn poll_happening(&mut self, takes: bool, context: &mut Context<'_>) -> Poll<Happening> {
        let Self { transport, decoder, budget, session, state, timers, .. } = self;
        transport.poll(takes, context, |message, output| {
            timers.answered();
            let Some(session) = session.as_mut().filter(|_| decoder.is_none()) else {
                return Offered::Declined;
            };
            acknowledge(session, budget, &state.budgets.frames, || output.take_sent(), message)
        })
    }

    pub(super) async fn receive_frames(&mut self, octets: &[u8]) -> Flow {
        self.decoder().push(octets);
        let mut is_part = true;
        loop {
            let incoming = match self.decoder().next() {
                Ok(incoming) => incoming,
                Err(error) => return ControlFlow::Break(Farewell::not_stomp(error.to_string())),
            };
            let (sessions, now) = (&self.state.budgets.frames, std::time::Instant::now());
            let is_granted = match &incoming {
                Some(Incoming::Frame(Frame { command: Command::Ack, .. })) => {
                    self.budget.take_acknowledgement(sessions, now)
                }
                Some(Incoming::Frame(Frame { command: Command::Subscribe, .. })) => {
                    self.budget.take_costly(sessions, now)
                }
                // The end of the message counts only where it completed no frame.
                None if !is_part => true,
                _ => self.budget.take(sessions, now),
            };
            if !is_granted {
                return ControlFlow::Break(Farewell::Flood);
            }
            is_part = false;
            match incoming {
                None => {
                    self.decoder.take_if(|decoder| decoder.is_between_frames());
                    return ControlFlow::Continue(());
                }
                Some(Incoming::Heartbeat) => {}
                Some(Incoming::Frame(frame)) => self.obey(frame).await?,
            }
        }
    }

    fn acknowledge(&mut self, octets: &[u8]) -> Offered {
        let Self { transport, decoder, budget, session, state, .. } = self;
        match session.as_mut().filter(|_| decoder.is_none()) {
            Some(session) => {
                acknowledge(session, budget, &state.budgets.frames, || transport.take_sent(), octets)
            }
            None => Offered::Declined,
        }
    }

    fn decoder(&mut self) -> &mut Decoder {
        let version = self.session.as_ref().map_or(Version::V1_2, Session::version);
        self.decoder.get_or_insert_with(|| {
            let mut decoder = Box::new(Decoder::new(LIMITS));
            decoder.set_version(version);
            decoder
        })
    }

    async fn obey(&mut self, frame: Frame) -> Flow {
        if frame.command == Command::Subscribe {
            // A message may hold hundreds of subscriptions, and the alarms of others must not wait for all of their
            // snapshots.
            yield_now().await;
            // The known calls are sent in either case.
            let _ = timeout(PROMISED_WITHIN, self.state.backend.readiness.promised()).await;
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
                self.snapshots.add(snapshot);
                (answer, ControlFlow::Continue(()))
            }
            Ok(Step::End(answer, id)) => {
                self.snapshots.remove(&id);
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
        let (agreement, credentials) = match opening.admit(frame, &mut self.place).await {
            Ok(admitted) => admitted,
            Err(error) => return refused(error),
        };
        let Opening { state, client, .. } = *opening;
        self.budget = Frames::of_session(credentials.session.id);
        if !self.budget.take_costly(&state.budgets.frames, std::time::Instant::now()) {
            return ControlFlow::Break(Farewell::Flood);
        }
        let (resident, version) = (credentials.session.resident, agreement.version);
        self.session = Some(Session::new(resident, version, state, client, self.transport.queue()));
        self.decoder().set_version(version);
        self.transport.put_frame(&agreement.connected, agreement.version);
        self.timers.connected(agreement.heart_beat);
        ControlFlow::Continue(())
    }
}

/// Handles a message that is one ACK, as nearly all are. `sent` returns how many messages have gone out that the budget
/// has not counted, and is asked only when all others are acknowledged.
fn acknowledge(
    session: &mut Session,
    budget: &mut Frames,
    sessions: &SessionFrames,
    sent: impl FnOnce() -> u64,
    octets: &[u8],
) -> Offered {
    let Some(ack) = Acknowledgement::read(octets) else { return Offered::Declined };
    let Some(id) = session.named(&ack) else { return Offered::Declined };
    if !budget.take_granted() {
        budget.messages_sent(sent());
        if !budget.take_acknowledgement(sessions, std::time::Instant::now()) {
            return Offered::Refused;
        }
    }
    session.acknowledge(id, ack.get(header::SOUNDED) == Some(header::YES));
    Offered::Handled
}
