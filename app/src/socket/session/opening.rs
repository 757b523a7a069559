//! The opening of a WebSocket.

use futures_util::{
    SinkExt,
    future::{self, Either},
};
use gloo_net::websocket::futures::WebSocket;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::location;
use stomp::Version;

use super::OPENING;

/// Returns a WebSocket that is open, and the stream of its messages.
pub(super) async fn open(path: &str) -> Result<(web_sys::WebSocket, WebSocket), String> {
    let out = web_sys::WebSocket::new_with_str(&address(path), Version::V1_2.subprotocol())
        .map_err(|error| format!("{error:?}"))?;
    let mut incoming = WebSocket::try_from(out.clone()).map_err(|error| error.to_string())?;
    // Ready also when it could not be opened.
    let decided = future::poll_fn(|context| incoming.poll_ready_unpin(context));
    let patience = TimeoutFuture::new(u32::try_from(OPENING.as_millis()).unwrap_or(u32::MAX));
    let in_time = matches!(future::select(decided, patience).await, Either::Left(_));
    match (in_time, out.ready_state()) {
        (true, web_sys::WebSocket::OPEN) => Ok((out, incoming)),
        (true, _) => Err("the server does not accept it".into()),
        (false, _) => Err("the server cannot be reached".into()),
    }
}

/// The address of the socket with this path, at the server the page came from.
fn address(path: &str) -> String {
    let location = location();
    let secure = location.protocol().is_ok_and(|protocol| protocol == "https:");
    let host = location.host().unwrap_or_default();
    format!("{}://{host}{path}", if secure { "wss" } else { "ws" })
}
