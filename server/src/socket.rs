//! `GET /an-ws`, which is STOMP over WebSocket (RFC 6455). Checks who may open one, and how many may be open.
//!
//! There is one task per socket. After the [`handshake`], [`connection`] is its loop, over a [`transport`], and
//! [`farewell`] its end. [`connect`] opens the STOMP session, which [`session`] then is. [`crate::sockets::Sockets`] has a
//! place for each, and closes those whose session ended.

mod connect;
mod connection;
mod farewell;
mod handshake;
mod session;
mod transport;

use axum::{
    extract::{ConnectInfo, Request, State},
    response::{IntoResponse, Response},
};

use self::{connect::Opening, handshake::Handshake};
use crate::{
    auth,
    connections::Peer,
    problem::{Kind, role_absent},
    state::AppState,
};

/// The upgrade. The session of the cookie or `Authorization` header, if there is one, is the socket's until CONNECT
/// brings another.
pub(crate) async fn upgrade(
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
    let Some(handshake) = Handshake::of(&mut parts) else {
        return Kind::UPGRADE_REQUIRED
            .because("Open a WebSocket here (version 13, by GET) and speak STOMP 1.2 or 1.1 over it.")
            .into_response();
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
    let (answer, sockets) = (handshake.answer(), state.sockets.clone());
    let opening = Box::new(Opening { state, client, opened_by });
    tokio::spawn(sockets.track(connection::run(Box::new((handshake, opening, place)))));
    answer
}
