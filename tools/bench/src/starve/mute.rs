//! Sockets that subscribe and then read nothing: the server's frames fill what the systems on both ends keep, then the
//! server's own queue.

use testkit::{
    Error,
    client::{Ack, Handshake, Session, Socket, Subscribe, WebSocket},
};

/// What the system keeps for such a socket, in octets: the smallest, so that it fills soon.
const RECEIVE_BUFFER: u32 = 4 * 1024;

/// The sockets; dropping them closes them.
pub(super) struct Mute(#[expect(dead_code, reason = "being open is all they do")] Vec<WebSocket>);

impl Mute {
    /// Opens them, each with its snapshot received.
    pub(super) async fn gather(neighbours: &[Session], sockets: u32) -> Result<Self, Error> {
        let (mut open, mut names) = (Vec::new(), neighbours.iter().cycle());
        for _ in 0..sockets {
            let neighbour = names.next().ok_or_else(|| Error::Usage("there must be neighbours".into()))?;
            let handshake = Handshake::default().receive_buffer(RECEIVE_BUFFER);
            let mut socket = Socket::open(neighbour.client(), &handshake).await?;
            socket.connect(neighbour.token()).await?;
            let subscribe = Subscribe::to_line(neighbour.line()?).ack(Ack::ClientIndividual);
            socket.subscribe(&subscribe).await?;
            socket.snapshot(&subscribe.id).await?;
            open.push(socket.into_stream());
        }
        Ok(Self(open))
    }
}
