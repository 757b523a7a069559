//! The opening of a STOMP session, by CONNECT or STOMP, with its person, and the terms that both sides agree on.

use std::time::Duration;

use backend::people::sessions::Sessions;
use domain::header;
use stomp::{Command, Frame, HeartBeat, Version};
use uuid::Uuid;

use crate::{
    auth::{self, Credentials},
    budgets::Network,
    client_address::ClientAddress,
    sockets::Place,
    state::AppState,
};

/// Heart-beats are sent no more often than this, in milliseconds, however often a client wants them.
const SHORTEST_HEART_BEAT: u32 = 5_000;
/// The time between heart-beats that clients are asked for, in milliseconds. It is long, because hidden tabs slow their
/// timers down. None is missed, because WebSocket pings, which browsers answer themselves, show whether a client lives.
const ASKED_HEART_BEAT: u32 = 120_000;

/// Why a socket ends whose account has another line, house or role now.
pub(super) const CHANGED: &str = "The account has changed; connect again, and load the page anew.";

/// All that is needed until CONNECT. Sockets are idle nearly always, and keep no more than they need.
pub(super) struct Opening {
    /// The state of every handler.
    pub state: AppState,
    /// The address that opened it.
    pub client: ClientAddress,
    /// The person who opened the WebSocket, by cookie or header.
    pub opened_by: Option<Credentials>,
}

/// The terms that both sides agreed on.
pub(super) struct Agreement {
    /// The version spoken from here on.
    pub version: Version,
    /// Something is sent to the client at least this often.
    pub heart_beat: Option<Duration>,
    /// The answer.
    pub connected: Frame,
}

impl Opening {
    /// Finds out who connects, and gives the socket the place of that session.
    ///
    /// # Errors
    /// The ERROR frame to answer with.
    pub(super) async fn admit(
        &mut self,
        connect: &Frame,
        place: &mut Place,
    ) -> Result<(Agreement, Credentials), Frame> {
        let agreement = agree(connect)?;
        let (network, opened_by) = (self.client.network(), self.opened_by.take());
        let credentials = identify(connect, &self.state, network, opened_by).await?;
        place.belongs_to(&credentials.session).map_err(|full| Frame::error(full.detail()))?;
        confirm(&credentials, &self.state.backend.sessions).await?;
        Ok((agreement, credentials))
    }
}

/// Agrees on a version and heart-beats (STOMP 1.2, "Protocol Negotiation" and "Heart-beating").
///
/// # Errors
/// The ERROR frame to answer with.
fn agree(connect: &Frame) -> Result<Agreement, Frame> {
    if !matches!(connect.command, Command::Connect | Command::Stomp) {
        return Err(Frame::error(format!("{} came before CONNECT; send CONNECT first.", connect.command)));
    }
    let version = connect.get("accept-version").and_then(Version::negotiate).ok_or_else(|| {
        Frame::error("STOMP 1.2 and 1.1 are spoken here; send accept-version:1.2,1.1.")
            .header("version", "1.2,1.1")
    })?;
    let theirs =
        HeartBeat::from_header(connect.get("heart-beat")).map_err(|error| Frame::error(error.to_string()))?;
    let ours = HeartBeat { outgoing: SHORTEST_HEART_BEAT, incoming: ASKED_HEART_BEAT };
    let connected = Frame::new(Command::Connected)
        .header("version", version.as_str())
        .header("heart-beat", ours.to_string())
        .header("session", Uuid::now_v7().to_string())
        .header("server", concat!("iutsai/", env!("CARGO_PKG_VERSION")))
        .header(header::REACH, header::YES);
    Ok(Agreement { version, heart_beat: ours.negotiate(theirs).send, connected })
}

/// Returns the person who connects, by `passcode` (any `login`), by `Authorization: Bearer`, or as the person who
/// opened the WebSocket. A token that is sent must hold, also where a cookie would do.
///
/// # Errors
/// The ERROR frame to answer with.
async fn identify(
    connect: &Frame,
    state: &AppState,
    network: Network,
    opened_by: Option<Credentials>,
) -> Result<Credentials, Frame> {
    let passcode = connect.get("passcode").filter(|passcode| !passcode.is_empty());
    let authorization = ["Authorization", "authorization"].iter().find_map(|name| connect.get(name));
    let Some(token) = passcode.or_else(|| authorization.and_then(auth::bearer_token)) else {
        return opened_by.ok_or_else(|| Frame::error("Not signed in; sign in, or send a token as passcode."));
    };
    // Why it cannot be looked up is in the log, or counted as a refusal.
    let session = auth::find(state, network, token).await.map_err(|_| unavailable())?;
    let session =
        session.ok_or_else(|| Frame::error("The token does not hold or has ended; sign in again."))?;
    Ok(Credentials { session, token: token.to_owned() })
}

/// Confirms that the session still holds and its account is unchanged, after the socket is registered. A later change
/// closes the socket, and a change in between is found here.
///
/// # Errors
/// The ERROR frame to answer with.
async fn confirm(credentials: &Credentials, sessions: &Sessions) -> Result<(), Frame> {
    let found = sessions.find(&credentials.token).await.map_err(|error| {
        tracing::error!(%error, "a socket's session could not be looked up");
        unavailable()
    });
    match found? {
        Some(session) if session.resident == credentials.session.resident => Ok(()),
        Some(_) => Err(Frame::error(CHANGED)),
        None => Err(Frame::error("The session has ended; sign in again.")),
    }
}

fn unavailable() -> Frame {
    Frame::error("The session cannot be looked up right now; connect again in a moment.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect() -> Frame {
        Frame::new(Command::Connect).header("host", "iutsai")
    }

    #[test]
    fn the_highest_common_version_is_spoken() {
        let agreement = agree(&connect().header("accept-version", "1.0,1.1,1.2")).ok().unwrap();
        assert_eq!(agreement.version, Version::V1_2);
        assert_eq!(agreement.connected.get("version"), Some("1.2"));
        let agreement = agree(&connect().header("accept-version", "1.1")).ok().unwrap();
        assert_eq!(agreement.version, Version::V1_1);
        for refused in [connect(), connect().header("accept-version", "1.0")] {
            assert_eq!(agree(&refused).err().unwrap().get("version"), Some("1.2,1.1"));
        }
    }

    #[test]
    fn heart_beats_are_given_as_asked_but_not_too_often() {
        let asked = |header: &str| {
            let connect = connect().header("accept-version", "1.2").header("heart-beat", header);
            agree(&connect).map(|agreement| agreement.heart_beat)
        };
        assert_eq!(asked("0,0"), Ok(None));
        assert_eq!(asked("10000,20000"), Ok(Some(Duration::from_secs(20))));
        assert_eq!(asked("0,1"), Ok(Some(Duration::from_secs(5))));
        assert!(asked("often").is_err());
    }
}
