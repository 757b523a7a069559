//! Listens to a line for a whole run. It reads the snapshot, then live frames, and comes back whenever the connection
//! ends.

use std::{sync::Arc, time::Duration};

use domain::Line;
use tokio::{sync::watch, time::timeout};

use super::{
    random::Random,
    recorder::Recorder,
    script::Listening,
    town::{self, Town},
};
use testkit::{
    Error,
    client::{Ack, Client, Socket, Subscribe},
};

/// The longest time for a connection and its first frame, because a stopped server keeps connections open.
const OPENING: Duration = Duration::from_secs(5);
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_millis(1500);

/// Somebody who listens.
pub(super) struct Ear {
    /// The people.
    pub(super) town: Arc<Town>,
    /// Where it is written down.
    pub(super) recorder: Arc<Recorder>,
    /// The fan-out.
    pub(super) fanout: Client,
    /// Which line, and when it is left for a moment.
    pub(super) plan: Listening,
    /// True when the run is over.
    pub(super) over: watch::Receiver<bool>,
}

/// Why a connection is given up.
enum Left {
    /// As planned.
    ForAMoment,
    /// The run is over.
    ForGood,
}

impl Ear {
    /// Returns who it is, for the report.
    pub(super) fn name(&self) -> String {
        let kind = if self.plan.leaves.is_empty() { "stays" } else { "comes and goes" };
        let who = town::name(self.plan.line, self.plan.house);
        format!("{who} on {} ({kind}, at {})", self.line(), self.fanout.authority())
    }

    /// The line.
    pub(super) fn line(&self) -> Line {
        town::line(self.plan.line)
    }

    /// Listens until the run is over.
    pub(super) async fn listen(mut self, listener: usize, mut random: Random) {
        let mut leaves = std::mem::take(&mut self.plan.leaves).into_iter().peekable();
        let mut wait = FIRST_WAIT;
        while !*self.over.borrow() {
            let now = self.recorder.now();
            while leaves.next_if(|at| *at <= now).is_some() {}
            match timeout(OPENING, self.open(listener)).await {
                Ok(Ok(mut socket)) => {
                    wait = FIRST_WAIT;
                    let outcome = self.record(listener, &mut socket, leaves.peek().copied()).await;
                    self.recorder.unsubscribed(listener);
                    match outcome {
                        // Half of them send DISCONNECT, the others are gone. A server that fails meanwhile does not
                        // answer, and the listener is gone all the same.
                        Ok(Left::ForAMoment) if random.percent(50) => {
                            let _ = timeout(OPENING, socket.disconnect()).await;
                            continue;
                        }
                        Ok(Left::ForAMoment) => continue,
                        Ok(Left::ForGood) => return,
                        Err(_) => {}
                    }
                }
                Ok(Err(_)) | Err(_) => {
                    self.recorder.unsubscribed(listener);
                    self.recorder.failed_connection();
                }
            }
            tokio::time::sleep(random.around(wait)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn open(&self, listener: usize) -> Result<Socket, Error> {
        let name = town::name(self.plan.line, self.plan.house);
        let session = self.town.session(&name).await?.at(&self.fanout);
        let mut socket = match session.connect().await {
            Ok(socket) => socket,
            Err(error @ Error::Ended { .. }) => {
                // An ERROR frame reported it. A session that is still good is found again by signing in.
                self.town.forget(&name, &session).await;
                return Err(error);
            }
            Err(other) => return Err(other),
        };
        self.recorder.subscribe(listener, self.recorder.now());
        socket.subscribe(&subscription(&self.line())).await?;
        Ok(socket)
    }

    /// Writes down what comes, and acknowledges it as a browser does.
    async fn record(
        &mut self,
        listener: usize,
        socket: &mut Socket,
        leave: Option<Duration>,
    ) -> Result<Left, Error> {
        let leaving = async {
            match leave {
                Some(at) => self.recorder.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(leaving);
        loop {
            let message = tokio::select! {
                message = socket.next_message() => message,
                () = &mut leaving => return Ok(Left::ForAMoment),
                _ = self.over.wait_for(|over| *over) => return Ok(Left::ForGood),
            };
            match message {
                Ok(message) => {
                    self.recorder.received(listener, &message);
                    if message.header("ack").is_some() {
                        socket.ack(&message).await?;
                    }
                }
                // Nothing came for a while, because nobody called.
                Err(Error::Late { .. }) => {}
                Err(other) => return Err(other),
            }
        }
    }
}

/// Subscribes with the calls that have ended, so that a snapshot has all calls of the run.
pub(super) fn subscription(line: &Line) -> Subscribe {
    Subscribe::to_line(line).ack(Ack::ClientIndividual).replay("24h")
}
