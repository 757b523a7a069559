//! Marks connections with a request under way, which is one that has come whole and is not answered yet.

use std::{sync::Arc, task::Poll};

use axum::{
    body::{Body, HttpBody},
    extract::{ConnectInfo, Request},
    middleware::Next,
    response::Response,
};
use futures_util::{StreamExt, stream};

use super::{Peer, Shared};

/// Counts from when it is made until it is dropped.
pub(super) struct UnderWay(Arc<Shared>);

/// A request whose body is awaited. It does not count, because the body may never come.
struct Awaited(Arc<Shared>);

/// Middleware. A connection on which a request is under way does not count as a silent one.
pub(crate) async fn mark_request(
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    peer.connection.expect_head();
    let _under_way = UnderWay::new(peer.connection.clone());
    let request = if request.body().is_end_stream() {
        request
    } else {
        let awaited = Awaited::new(peer.connection);
        request.map(|body| watched(body, awaited))
    };
    next.run(request).await
}

/// Returns the body, at whose end `awaited` is dropped.
fn watched(body: Body, awaited: Awaited) -> Body {
    let mut awaited = Some(awaited);
    let end = stream::poll_fn(move |_| {
        drop(awaited.take());
        Poll::Ready(None)
    });
    Body::from_stream(body.into_data_stream().chain(end))
}

impl UnderWay {
    pub(super) fn new(connection: Arc<Shared>) -> Self {
        connection.begin_request();
        Self(connection)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.end_request();
    }
}

impl Awaited {
    fn new(connection: Arc<Shared>) -> Self {
        connection.end_request();
        connection.expect_no_head();
        Self(connection)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.0.expect_head();
        self.0.begin_request();
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::connections::Connections;

    #[tokio::test]
    async fn a_request_is_under_way_when_its_body_has_come() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let network = std::net::IpAddr::from([127, 0, 0, 1]).into();
        let connection = Arc::new(Shared::new(Connections::new(2), 0, network, stream));
        let under_way = UnderWay::new(connection.clone());
        assert!(connection.is_busy());
        let body = watched(Body::from("body"), Awaited::new(connection.clone()));
        assert!(!connection.is_busy());
        assert_eq!(axum::body::to_bytes(body, 4).await.unwrap(), "body");
        assert!(connection.is_busy());
        drop(under_way);
        assert!(!connection.is_busy());
    }
}
