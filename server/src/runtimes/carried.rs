//! Bodies that are made on one runtime and read on another. The reader of a body makes it, so that without this,
//! compressing it and reading its file would be the work of the runtime that answers calls.

use axum::{
    body::{Body, Bytes, HttpBody},
    response::Response,
};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use tokio::sync::mpsc;

/// A body up to this many octets is made whole before it is handed over.
const WHOLE: u64 = 64 * 1024;

/// Makes the body of a response where this runs, however it is read.
pub(super) async fn carry(response: Response) -> Response {
    if response.body().is_end_stream() {
        return response;
    }
    let (parts, body) = response.into_parts();
    let is_short = body.size_hint().exact().is_some_and(|octets| octets <= WHOLE);
    let body = if is_short { whole(body).await } else { in_pieces(body) };
    Response::from_parts(parts, body)
}

async fn whole(body: Body) -> Body {
    match body.collect().await {
        Ok(body) => Body::from(body.to_bytes()),
        // The connection breaks off, as it would without this.
        Err(error) => Body::from_stream(stream::iter([Err::<Bytes, _>(error)])),
    }
}

/// Makes one piece ahead of the reader. It ends with the reader.
fn in_pieces(body: Body) -> Body {
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    });
    Body::from_stream(stream::poll_fn(move |context| receiver.poll_recv(context)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn carried(body: Body) -> Body {
        carry(Response::new(body)).await.into_body()
    }

    #[tokio::test]
    async fn a_short_body_keeps_its_length() {
        let body = carried(Body::from("short")).await;
        assert_eq!(body.size_hint().exact(), Some(5));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "short");
        assert!(carried(Body::empty()).await.is_end_stream());
    }

    #[tokio::test]
    async fn a_long_body_comes_whole_and_in_order() {
        let piece = |number: usize| Ok::<_, std::io::Error>(Bytes::from(vec![number as u8; 50_000]));
        let body = carried(Body::from_stream(stream::iter((0..5).map(piece)))).await;
        let octets = body.collect().await.unwrap().to_bytes();
        let expected: Vec<u8> = (0..5).flat_map(|number| vec![number; 50_000]).collect();
        assert_eq!(octets, expected);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_does_so_here_too() {
        let broken = || Err::<Bytes, _>(std::io::Error::other("as a test"));
        let pieces = stream::iter([Ok(Bytes::from("half")), broken()]);
        assert!(carried(Body::from_stream(pieces)).await.collect().await.is_err());
    }
}
