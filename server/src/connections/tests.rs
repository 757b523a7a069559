//! Which connection makes room, and which never does.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{request::UnderWay, *};

struct House {
    listener: TcpListener,
    connections: Connections,
}

/// Both ends of a connection.
struct Visit {
    client: TcpStream,
    stream: ClientStream,
}

impl House {
    async fn with_room(descriptors: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener, connections: Connections::new(descriptors) }
    }

    async fn visit(&self) -> Visit {
        let client = TcpStream::connect(self.listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = self.listener.accept().await.unwrap();
        Visit { client, stream: self.connections.enter(stream) }
    }
}

impl Visit {
    /// Says a word; whether it is heard.
    async fn speaks(&mut self) -> bool {
        self.client.write_all(b"x").await.is_ok() && matches!(self.stream.read(&mut [0]).await, Ok(1))
    }
}

#[tokio::test]
async fn the_one_silent_the_longest_makes_room() {
    let house = House::with_room(2 * DESCRIPTORS_EACH).await;
    let (mut first, mut second) = (house.visit().await, house.visit().await);
    assert!(first.speaks().await);
    let mut third = house.visit().await;
    assert!(!second.speaks().await);
    assert!(first.speaks().await && third.speaks().await);
    assert_eq!(house.connections.open(), 2);
}

#[tokio::test]
async fn a_request_under_way_stays_and_its_end_counts_as_a_word() {
    let house = House::with_room(2 * DESCRIPTORS_EACH).await;
    let (mut first, mut second) = (house.visit().await, house.visit().await);
    let under_way = UnderWay::new(first.stream.shared());
    assert!(second.speaks().await);
    let mut third = house.visit().await;
    assert!(!second.speaks().await && third.speaks().await);
    tokio::time::sleep(Duration::from_millis(1)).await;
    drop(under_way);
    let _fourth = house.visit().await;
    assert!(!third.speaks().await && first.speaks().await);
}

#[tokio::test]
async fn where_every_connection_has_a_request_the_oldest_makes_room() {
    let house = House::with_room(DESCRIPTORS_EACH).await;
    let mut first = house.visit().await;
    let _under_way = UnderWay::new(first.stream.shared());
    let mut second = house.visit().await;
    assert!(!first.speaks().await && second.speaks().await);
}

#[tokio::test]
async fn a_socket_takes_one_descriptor_and_is_never_closed() {
    let house = House::with_room(1 + 2 * DESCRIPTORS_EACH).await;
    let mut socket = house.visit().await;
    socket.stream.shared().becomes_socket();
    let (mut second, mut third) = (house.visit().await, house.visit().await);
    assert_eq!(house.connections.open(), 2);
    let mut fourth = house.visit().await;
    assert!(!second.speaks().await);
    assert!(socket.speaks().await && third.speaks().await && fourth.speaks().await);
}

#[tokio::test]
async fn whoever_waits_on_a_connection_that_is_closed_sees_its_end() {
    let house = House::with_room(DESCRIPTORS_EACH).await;
    let Visit { mut client, mut stream } = house.visit().await;
    let reading = tokio::spawn(async move { stream.read(&mut [0]).await });
    // Lets it begin to wait.
    tokio::task::yield_now().await;
    assert!(house.connections.shed_one());
    assert_eq!(reading.await.unwrap().unwrap(), 0);
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    assert!(!house.connections.shed_one());
}

#[tokio::test]
async fn a_connection_that_ends_is_closed_whoever_still_holds_it() {
    let house = House::with_room(DESCRIPTORS_EACH).await;
    let Visit { mut client, stream } = house.visit().await;
    let _held = stream.shared();
    drop(stream);
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(house.connections.open(), 0);
}
