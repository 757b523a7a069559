//! Sockets that read nothing and send frames that must be answered. The answers fill the systems' buffers on both ends,
//! then the server's own queue.

use std::sync::Arc;

use domain::Line;
use stomp::{Command, Frame, Version, encode};
use tokio_tungstenite::tungstenite::Message as WebSocketMessage;

use super::{Crew, Load, Tally};
use testkit::{
    Error,
    client::{Ack, Client, Handshake, Session, Socket, Subscribe},
};

/// The receive buffer of such a socket, in octets. The smallest one fills soonest.
const RECEIVE_BUFFER: u32 = 4 * 1024;
/// The longest receipt that fits into a header line, in octets.
const RECEIPT: usize = 4_000;

/// ACKs with the longest receipts, as many as fit into one WebSocket message.
pub(super) fn acks() -> String {
    let ack = Frame::new(Command::Ack).header("id", "unknown").header("receipt", "x".repeat(RECEIPT));
    text(encode(&ack, Version::V1_2).repeat(15))
}

/// Returns SUBSCRIBE and UNSUBSCRIBE in turn. Each turn asks for a snapshot.
pub(super) fn turns(line: &Line) -> String {
    let subscribe = Subscribe::to_line(line).id("turn").ack(Ack::ClientIndividual).replay("24h");
    let mut turn = encode(&subscribe.frame(), Version::V1_2);
    turn.extend(encode(&Frame::new(Command::Unsubscribe).header("id", "turn"), Version::V1_2));
    text(turn.repeat(50))
}

pub(super) fn start(crew: &Crew, load: &mut Load, message: &str) {
    for device in crew.devices() {
        let (message, tally) = (message.to_owned(), load.tally());
        load.repeat(move || as_resident(device.clone(), message.clone(), tally.clone()));
    }
    for stranger in crew.strangers() {
        let (message, tally) = (message.to_owned(), load.tally());
        load.repeat(move || as_stranger(stranger.clone(), message.clone(), tally.clone()));
    }
}

/// The line's calls come to this socket, too, and are not read either.
async fn as_resident(device: Session, message: String, tally: Arc<Tally>) -> Result<(), Error> {
    let mut socket = device.connect_by(Handshake::default().receive_buffer(RECEIVE_BUFFER)).await?;
    socket.subscribe(&Subscribe::to_line(device.line()?).ack(Ack::ClientIndividual)).await?;
    flood(socket, message, tally).await
}

/// Floods without CONNECT, so the first frame is refused.
async fn as_stranger(client: Client, message: String, tally: Arc<Tally>) -> Result<(), Error> {
    let handshake = Handshake::default().receive_buffer(RECEIVE_BUFFER);
    flood(Socket::open(&client, &handshake).await?, message, tally).await
}

/// Sends until the socket ends. A server that does not read makes it wait.
async fn flood(mut socket: Socket, message: String, tally: Arc<Tally>) -> Result<(), Error> {
    let message = WebSocketMessage::text(message);
    loop {
        socket.send_raw(message.clone()).await?;
        tally.count(true);
    }
}

fn text(frames: Vec<u8>) -> String {
    String::from_utf8(frames).expect("these frames are ASCII, or the line's name, which is UTF-8")
}
