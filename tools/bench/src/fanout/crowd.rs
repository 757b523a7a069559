//! The subscribers of one line, with one socket for each device.

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use tokio::{
    runtime::Runtime,
    task::{JoinSet, yield_now},
};
use tokio_tungstenite::tungstenite::Message as WebSocketMessage;

use super::{
    board::Board,
    sighting::{self, Sighting},
};
use testkit::{
    Error,
    client::{Ack, Session, Subscribe, WebSocket},
};

/// The number of sockets opened at once, because a server's queue of new connections is bounded.
const AT_ONCE: usize = 50;

/// Sockets that listen until they leave.
pub(crate) struct Crowd(JoinSet<()>);

impl Crowd {
    /// Opens a socket for each device, with its snapshot received, and lets them listen on the threads of `listeners`.
    /// On the board they have the numbers from `first` on.
    pub(crate) async fn gather(
        listeners: &Runtime,
        board: &Arc<Board>,
        first: usize,
        devices: &[Session],
        ack: bool,
    ) -> Result<Self, Error> {
        let devices = devices.iter().cloned();
        let sockets = devices.zip(first..).map(|(device, number)| (number, open(device, ack)));
        Self::of(listeners, board, sockets).await
    }

    /// Lets these sockets listen as soon as they are open, each with its number on the board.
    pub(crate) async fn of<F>(
        listeners: &Runtime,
        board: &Arc<Board>,
        mut sockets: impl Iterator<Item = (usize, F)>,
    ) -> Result<Self, Error>
    where
        F: Future<Output = Result<WebSocket, Error>> + Send + 'static,
    {
        let mut crowd = JoinSet::new();
        loop {
            let mut opening = JoinSet::new();
            for (number, socket) in sockets.by_ref().take(AT_ONCE) {
                opening.spawn_on(async move { (number, socket.await) }, listeners.handle());
            }
            if opening.is_empty() {
                return Ok(Self(crowd));
            }
            while let Some(opened) = opening.join_next().await {
                let (number, stream) = opened.expect("opening a socket does not panic");
                crowd.spawn_on(listen(stream?, board.clone(), number), listeners.handle());
            }
        }
    }

    /// Closes the sockets.
    pub(crate) async fn leave(mut self) {
        self.0.shutdown().await;
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

/// Records each sight, and acknowledges it as a browser does, after it was shown.
async fn listen(mut stream: WebSocket, board: Arc<Board>, subscriber: usize) {
    loop {
        let text = match stream.next().await {
            Some(Ok(WebSocketMessage::Text(text))) => text,
            Some(Ok(WebSocketMessage::Ping(_) | WebSocketMessage::Pong(_))) => continue,
            Some(Ok(other)) => return board.lost(format!("the server sent {other:?}")),
            Some(Err(error)) => return board.lost(error.to_string()),
            None => return board.lost("the connection ended".into()),
        };
        let at = board.now();
        match sighting::of(&text) {
            Sighting::Message { alert, ack } => {
                board.read();
                if let Some(id) = alert {
                    board.saw(subscriber, id, at);
                }
                if let Some(ack) = ack {
                    // The devices are independent of each other, but many share a thread here. What has reached any of
                    // them is read before one acknowledges, since no device waits for the ACK of another.
                    yield_now().await;
                    let frame = WebSocketMessage::text(format!("ACK\nid:{ack}\n\n\0"));
                    if let Err(error) = stream.send(frame).await {
                        return board.lost(error.to_string());
                    }
                }
            }
            Sighting::Error => return board.lost(format!("the server sent {text:?}")),
            Sighting::Unreadable => {
                return board.lost(format!("a WebSocket message is not one whole frame: {text:?}"));
            }
            Sighting::Nothing => {}
        }
    }
}
