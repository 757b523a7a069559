//! Which connection makes room, and which never does.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket},
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
        self.visit_from("127.0.0.1").await
    }

    async fn visit_from(&self, address: &str) -> Visit {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
        let client = socket.connect(self.listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = self.listener.accept().await.unwrap();
        Visit { client, stream: self.connections.enter(stream) }
    }
}

impl Visit {
    /// Sends a few octets. Returns whether they are answered.
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
async fn the_network_with_the_most_makes_room_despite_its_activity() {
    let house = House::with_room(4 * DESCRIPTORS_EACH).await;
    let mut resident = house.visit_from("127.0.0.2").await;
    let mut flood = Vec::new();
    for _ in 0..20 {
        flood.push(house.visit().await);
        for visit in &mut flood {
            visit.speaks().await;
        }
    }
    assert!(resident.speaks().await);
    assert_eq!(house.connections.open(), 4);
    let mut third = house.visit_from("127.0.0.3").await;
    assert!(resident.speaks().await && third.speaks().await);
    drop(flood);
    assert_eq!(house.connections.open(), 2);
    assert_eq!(house.connections.lock().of_networks.len(), 2);
}

#[tokio::test]
async fn a_head_without_end_is_read_up_to_a_bound_and_a_body_is_not_bounded_here() {
    let house = House::with_room(DESCRIPTORS_EACH).await;
    let Visit { mut client, mut stream } = house.visit().await;
    let (sent, mut read) = ([b'x'; 40 * 1024], [0; 40 * 1024]);
    stream.shared().expect_no_head();
    for _ in 0..3 {
        client.write_all(&sent).await.unwrap();
        stream.read_exact(&mut read).await.unwrap();
    }
    stream.shared().expect_head();
    client.write_all(&sent).await.unwrap();
    let mut head = 0;
    loop {
        match stream.read(&mut read[..1_000]).await.unwrap() {
            0 => break,
            octets => head += octets,
        }
    }
    assert!((32 * 1024..33 * 1024).contains(&head), "{head}");
}

#[tokio::test]
async fn a_request_under_way_keeps_its_connection_and_its_end_counts_as_activity() {
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
async fn the_oldest_makes_room_where_every_connection_has_a_request() {
    let house = House::with_room(DESCRIPTORS_EACH).await;
    let mut first = house.visit().await;
    let _under_way = UnderWay::new(first.stream.shared());
    let mut second = house.visit().await;
    assert!(!first.speaks().await && second.speaks().await);
}

#[tokio::test]
async fn a_socket_has_one_descriptor_and_is_never_closed() {
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
async fn a_reader_of_a_connection_that_is_closed_gets_its_end() {
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
async fn a_connection_that_ends_is_closed_even_if_a_task_still_holds_it() {
    let house = House::with_room(DESCRIPTORS_EACH).await;
    let Visit { mut client, stream } = house.visit().await;
    let _held = stream.shared();
    drop(stream);
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(house.connections.open(), 0);
}
