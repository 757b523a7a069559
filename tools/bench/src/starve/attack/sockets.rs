//! Sockets that are opened and kept until the server refuses them.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{Crew, Load, PAUSE, Tally};
use testkit::{
    Error,
    client::{Client, Handshake, Session, Socket},
};

/// The most sockets that one attacker keeps. Beyond it the oldest is closed.
pub(super) const HELD: usize = 500;
/// After a refusal.
const AGAIN: Duration = Duration::from_millis(100);

pub(super) fn start(crew: &Crew, load: &mut Load) {
    for device in crew.devices() {
        load.spawn(hold(load.tally(), move || as_resident(device.clone())));
    }
    for stranger in crew.strangers() {
        load.spawn(hold(load.tally(), move || as_stranger(stranger.clone())));
    }
}

async fn as_resident(device: Session) -> Result<Socket, Error> {
    device.listen().await.map(|(socket, _snapshot)| socket)
}

/// Without CONNECT.
async fn as_stranger(client: Client) -> Result<Socket, Error> {
    Socket::open(&client, &Handshake::default()).await
}

async fn hold<T>(tally: Arc<Tally>, open: impl Fn() -> T)
where
    T: Future<Output = Result<Socket, Error>>,
{
    let mut held = VecDeque::new();
    loop {
        let opened = open().await;
        tally.count(opened.is_ok());
        let wait = if opened.is_ok() { PAUSE } else { AGAIN };
        held.extend(opened.ok());
        if held.len() > HELD {
            held.pop_front();
        }
        tokio::time::sleep(wait).await;
    }
}
