//! `GET /an-ws`, which is STOMP over WebSocket (RFC 6455). Checks who may open one, and how many may be open.
//!
//! There is one task per socket. [`connection`] is its loop, over a [`transport`], and [`farewell`] its end. [`connect`]
//! opens the STOMP session, which [`session`] then is. [`crate::sockets::Sockets`] has a place for each, and closes those
//! whose session ended.

mod acknowledgements;
mod connect;
mod connection;
mod farewell;
mod session;
mod transport;

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State, WebSocketUpgrade},
    response::{IntoResponse, Response},
};
use stomp::Version;

use crate::{
    auth,
    connections::Peer,
    problem::{Kind, role_absent},
    state::AppState,
};

/// The octets that an idle socket keeps, because frames of clients are short. Output goes to the system at once.
const READ_BUFFER: usize = 1024;
/// The longest WebSocket message and frame. A STOMP frame of the longest headers and body fits several times.
const MESSAGE_LIMIT: usize = 64 * 1024;

/// The upgrade. The session of the cookie or `Authorization` header, if there is one, is the socket's until CONNECT
/// brings another.
pub async fn upgrade(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    if !state.settings.roles.fanout {
        return role_absent("keep sockets", "fanout");
    }
    let (mut parts, _) = request.into_parts();
    if let Err(problem) = state.origins.check_upgrade(&parts.uri, &parts.headers) {
        return problem.into_response();
    }
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &state).await {
        Ok(upgrade) => upgrade,
        Err(_) => {
            return Kind::UPGRADE_REQUIRED
                .because("Open a WebSocket here (version 13, by GET) and speak STOMP 1.2 or 1.1 over it.")
                .into_response();
        }
    };
    let opened_by = match auth::session(&state, &parts).await {
        Ok(opened) => opened,
        Err(problem) => return problem.into_response(),
    };
    let client = state.proxies.sender(&parts);
    let network = client.network();
    let session = opened_by.as_ref().map(|credentials| &credentials.session);
    let place = match state.sockets.enter(network, session) {
        Ok(place) => place,
        Err(full) => {
            let problem = Kind::SOCKETS_FULL.because(full.detail()).retry_after(full.retry_after());
            return problem.into_response();
        }
    };
    peer.becomes_socket();
    let sockets = state.sockets.clone();
    upgrade
        .protocols(Version::SUPPORTED.map(Version::subprotocol))
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(MESSAGE_LIMIT)
        .max_frame_size(MESSAGE_LIMIT)
        .on_failed_upgrade(|error| tracing::debug!(%error, "a socket was not upgraded"))
        .on_upgrade(move |socket| sockets.track(connection::run(socket, state, opened_by, (client, place))))
}
