//! A resident's device, which opens a socket again whenever it ends, at another fan-out each time.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use tokio::{sync::Semaphore, time::sleep};
use tokio_tungstenite::tungstenite::Message as WebSocketMessage;

use crate::fanout::{
    board::Board,
    sighting::{self, Sighting},
};
use testkit::{
    Error,
    client::{Ack, Client, Handshake, Session, Socket, Subscribe, WebSocket},
};

/// The time after which a client that was refused comes again.
const AGAIN: Duration = Duration::from_millis(200);
/// The time for the answers to an upgrade and a CONNECT, when thousands come at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// The notes of all devices.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// Sockets that had a first snapshot.
    pub(super) opened: AtomicUsize,
    /// Attempts to come back that failed.
    pub(super) refused: AtomicUsize,
    events: Mutex<Events>,
}

#[derive(Debug, Default)]
struct Events {
    /// The fan-outs of all devices, as numbers.
    homes: Vec<usize>,
    /// Those of the sockets that ended, with the reason.
    lost: Vec<(usize, String)>,
    /// Those of the devices that have a snapshot again, with the time by the board's clock.
    back: Vec<(usize, Duration)>,
}

impl Arrivals {
    /// Returns how many devices belong to a fan-out.
    pub(super) fn at_home(&self, fanout: usize) -> usize {
        self.events().homes.iter().filter(|home| **home == fanout).count()
    }

    /// Returns when each device of a fan-out had a snapshot again, for the first time after its socket ended.
    pub(super) fn back(&self, fanout: usize) -> Vec<Duration> {
        let events = self.events();
        events.back.iter().filter(|(home, _)| *home == fanout).map(|(_, at)| *at).collect()
    }

    /// Returns why sockets of the other fan-outs ended.
    pub(super) fn lost_elsewhere(&self, fanout: usize) -> Vec<String> {
        let events = self.events();
        events.lost.iter().filter(|(home, _)| *home != fanout).map(|(_, why)| why.clone()).collect()
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A device.
pub(super) struct Listener {
    pub(super) device: Session,
    pub(super) fanouts: Arc<[Client]>,
    /// The number of its first fan-out.
    pub(super) home: usize,
    /// Its number on its line, as the board counts.
    pub(super) number: usize,
    pub(super) board: Arc<Board>,
    pub(super) arrivals: Arc<Arrivals>,
}

/// The number of snapshots that a device has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    Never,
    Once,
    Often,
}

impl Listener {
    /// Listens until it is dropped. The first socket waits for its turn at the gate.
    pub(super) async fn listen(self, gate: Arc<Semaphore>) {
        self.arrivals.events().homes.push(self.home);
        let mut turn = gate.acquire_owned().await.ok();
        let (mut at, mut times) = (self.home, Times::Never);
        loop {
            match self.connect(at).await {
                Ok(stream) => {
                    let why = self.read(stream, &mut times, &mut turn).await;
                    self.arrivals.events().lost.push((self.home, why));
                    at = another(self.home, self.number, self.fanouts.len());
                }
                Err(_) => {
                    self.arrivals.refused.fetch_add(1, Relaxed);
                    at = (at + 1) % self.fanouts.len();
                    sleep(AGAIN).await;
                }
            }
        }
    }

    /// Opens a socket that subscribes to the device's line; its snapshot is not read yet.
    async fn connect(&self, fanout: usize) -> Result<WebSocket, Error> {
        let subscribe = Subscribe::to_line(self.device.line()?).ack(Ack::ClientIndividual);
        let handshake = Handshake::default().signed_in(self.device.token());
        let mut socket = Socket::open(&self.fanouts[fanout], &handshake).await?;
        socket.set_patience(PATIENCE);
        socket.connect(self.device.token()).await?;
        socket.subscribe(&subscribe).await?;
        Ok(socket.into_stream())
    }

    /// Records each call and acknowledges it, until the socket ends; returns why.
    async fn read<T>(&self, mut stream: WebSocket, times: &mut Times, turn: &mut Option<T>) -> String {
        loop {
            let text = match stream.next().await {
                Some(Ok(WebSocketMessage::Text(text))) => text,
                Some(Ok(WebSocketMessage::Ping(_) | WebSocketMessage::Pong(_))) => continue,
                Some(Ok(other)) => return format!("the server sent {other:?}"),
                Some(Err(error)) => return error.to_string(),
                None => return "the connection ended".into(),
            };
            let at = self.board.now();
            match sighting::of(&text) {
                Sighting::Message { alert, ack } => {
                    if let Some(id) = alert {
                        self.board.saw(self.number, id, at);
                    }
                    if sighting::kind(&text) == Some("snapshot-end") {
                        *times = self.has_snapshot(*times, at);
                        *turn = None;
                    }
                    if let Some(ack) = ack
                        && let Err(error) =
                            stream.send(WebSocketMessage::text(format!("ACK\nid:{ack}\n\n\0"))).await
                    {
                        return error.to_string();
                    }
                }
                Sighting::Error => return format!("the server sent {text:?}"),
                Sighting::Unreadable => return format!("not one whole frame: {text:?}"),
                Sighting::Nothing => {}
            }
        }
    }

    fn has_snapshot(&self, times: Times, at: Duration) -> Times {
        match times {
            Times::Never => {
                self.arrivals.opened.fetch_add(1, Relaxed);
                Times::Once
            }
            Times::Once => {
                self.arrivals.events().back.push((self.home, at));
                Times::Often
            }
            Times::Often => Times::Often,
        }
    }
}

/// Returns a fan-out besides the first one, another one for each device in turn.
const fn another(home: usize, number: usize, fanouts: usize) -> usize {
    (home + 1 + number % (fanouts - 1)) % fanouts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_devices_of_a_killed_fan_out_spread_over_all_others() {
        let to: Vec<usize> = (0..4).map(|number| another(1, number, 3)).collect();
        assert_eq!(to, [2, 0, 2, 0]);
        assert_eq!(another(1, 7, 2), 0);
    }

    #[test]
    fn only_the_first_return_of_a_fan_outs_own_devices_counts() {
        let arrivals = Arrivals::default();
        arrivals.events().homes.extend([0, 0, 1]);
        let (first, second) = (Duration::from_secs(1), Duration::from_secs(2));
        arrivals.events().back.extend([(0, first), (1, second)]);
        arrivals.events().lost.extend([(0, "killed".into()), (1, "too slow".into())]);
        assert_eq!((arrivals.at_home(0), arrivals.back(0)), (2, vec![first]));
        assert_eq!(arrivals.lost_elsewhere(0), ["too slow"]);
    }
}
