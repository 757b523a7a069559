//! The subscribers of one line, with one socket for each device.
//!
//! A device opens its socket as a task does. From then on a [`listener`], which is a plain thread over epoll, reads the
//! sockets of many devices, because what a task for each of them costs would be measured with the server.

mod frames;
mod listener;

use std::sync::Arc;

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::{runtime::Runtime, task::JoinSet};
use tokio_tungstenite::tungstenite::Message as WebSocketMessage;

use super::{
    board::Board,
    sighting::{self, Sighting},
};
use listener::Listener;
use testkit::{
    Error,
    client::{Ack, Session, Subscribe, WebSocket},
};

/// The number of sockets opened at once, because a server's queue of new connections is bounded.
const AT_ONCE: usize = 50;

/// Sockets that listen until they leave.
pub(crate) struct Crowd(Vec<Listener>);

impl Crowd {
    /// Opens a socket for each device, with its snapshot received, and lets them listen on as many threads as `opening`
    /// has. On the board they have the numbers from `first` on.
    pub(crate) async fn gather(
        opening: &Runtime,
        board: &Arc<Board>,
        first: usize,
        devices: &[Session],
        ack: bool,
    ) -> Result<Self, Error> {
        let devices = devices.iter().cloned();
        let sockets = devices.zip(first..).map(|(device, number)| (number, open(device, ack)));
        Self::of(opening, board, sockets).await
    }

    /// Lets these sockets listen as soon as they are open, each with its number on the board.
    pub(crate) async fn of<F>(
        opening: &Runtime,
        board: &Arc<Board>,
        mut sockets: impl Iterator<Item = (usize, F)>,
    ) -> Result<Self, Error>
    where
        F: Future<Output = Result<WebSocket, Error>> + Send + 'static,
    {
        let threads = opening.metrics().num_workers();
        let listeners =
            (0..threads).map(|_| Listener::start(board.clone())).collect::<Result<Vec<_>, _>>()?;
        let mut next = listeners.iter().cycle();
        loop {
            let mut opened = JoinSet::new();
            for (subscriber, socket) in sockets.by_ref().take(AT_ONCE) {
                let board = board.clone();
                let open = async move {
                    let mut socket = socket.await?;
                    read_what_has_come(&mut socket, &board, subscriber).await?;
                    Ok::<_, Error>((subscriber, socket.into_inner()))
                };
                opened.spawn_on(open, opening.handle());
            }
            if opened.is_empty() {
                return Ok(Self(listeners));
            }
            while let Some(socket) = opened.join_next().await {
                let (subscriber, socket) = socket.expect("opening a socket does not panic")?;
                let listener = next.next().expect("a runtime has at least one thread");
                listener.add(subscriber, socket.into_std().map_err(Error::system("take a socket over"))?)?;
            }
        }
    }

    /// Closes the sockets.
    pub(crate) async fn leave(self) {
        let left = tokio::task::spawn_blocking(move || drop(self.0)).await;
        left.expect("closing sockets does not panic");
    }
}

/// Opens a socket that subscribes to the line of a device, with its snapshot received.
pub(crate) async fn open(device: Session, ack: bool) -> Result<WebSocket, Error> {
    let mode = if ack { Ack::ClientIndividual } else { Ack::Auto };
    let subscribe = Subscribe::to_line(device.line()?).ack(mode);
    let mut socket = device.connect().await?;
    socket.subscribe(&subscribe).await?;
    socket.snapshot(&subscribe.id).await?;
    Ok(socket.into_stream())
}

/// Reads the messages that came together with the snapshot's end, which the listener would never see.
async fn read_what_has_come(socket: &mut WebSocket, board: &Board, subscriber: usize) -> Result<(), Error> {
    while let Some(next) = socket.next().now_or_never() {
        match next {
            Some(Ok(WebSocketMessage::Text(text))) => {
                if let Some(ack) = read(&text, board, subscriber).map_err(Error::Usage)? {
                    socket.send(WebSocketMessage::text(acknowledgement(ack))).await?;
                }
            }
            Some(Ok(WebSocketMessage::Ping(_) | WebSocketMessage::Pong(_))) => {}
            Some(Ok(other)) => return Err(Error::Usage(format!("the server sent {other:?}"))),
            Some(Err(error)) => return Err(error.into()),
            None => return Err(Error::Usage("the connection ended".into())),
        }
    }
    Ok(())
}

/// Records a message on the board, and returns the id by which a browser acknowledges it, after it was shown. The error
/// names a message that nobody should get.
fn read<'a>(text: &'a str, board: &Board, subscriber: usize) -> Result<Option<&'a str>, String> {
    let at = board.now();
    match sighting::of(text) {
        Sighting::Message { alert, ack } => {
            board.read();
            if let Some(id) = alert {
                board.saw(subscriber, id, at);
            }
            Ok(ack)
        }
        Sighting::Error => Err(format!("the server sent {text:?}")),
        Sighting::Unreadable => Err(format!("a WebSocket message is not one whole frame: {text:?}")),
        Sighting::Nothing => Ok(None),
    }
}

/// Returns the ACK frame of a message.
fn acknowledgement(ack: &str) -> String {
    format!("ACK\nid:{ack}\n\n\0")
}
