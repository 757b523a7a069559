//! Which messages are offered where they lie, and which go through the reader, over connections of loopback.

use std::{future::poll_fn, net::Ipv4Addr, time::Duration};

use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::*;

const PATIENCE: Duration = Duration::from_secs(15);
/// The time after which nothing more comes of what was sent. Loopback delivers at once.
const NOTHING_MORE: Duration = Duration::from_millis(100);
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client's frame of a short payload, whose first octet has the bits and the opcode.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).unwrap()];
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(octet, mask)| octet ^ mask));
    frame
}

fn message(text: &str) -> Came {
    Came::Incoming(Incoming::Message(text.into()))
}

/// A client, the input that reads it, and what has been offered.
struct Pair {
    client: TcpStream,
    input: Input,
    offered: Vec<String>,
}

impl Pair {
    async fn connect() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (half, _) = listener.accept().await.unwrap().0.into_split();
        Self { client, input: Input::new(half, &[]), offered: Vec::new() }
    }

    async fn send(&mut self, octets: &[u8]) {
        self.client.write_all(octets).await.unwrap();
    }

    async fn read_within(&mut self, time: Duration, answer: Offered) -> Option<Result<Came, Fault>> {
        let Self { input, offered, .. } = self;
        let reading = poll_fn(|context| {
            input.poll_next(context, |message| {
                offered.push(String::from_utf8(message.to_vec()).unwrap());
                answer
            })
        });
        timeout(time, reading).await.ok()
    }

    /// Returns what comes next, if everything that is offered is handled.
    async fn next(&mut self) -> Result<Came, Fault> {
        self.read_within(PATIENCE, Offered::Handled).await.expect("something comes in time")
    }

    /// Reads until nothing is there any more, and returns what was offered.
    async fn handled(&mut self) -> Vec<String> {
        assert_eq!(self.read_within(NOTHING_MORE, Offered::Handled).await, None);
        std::mem::take(&mut self.offered)
    }
}

#[tokio::test]
async fn a_text_that_comes_alone_is_offered_and_its_answer_counts() {
    let mut pair = Pair::connect().await;
    for text in ["one", "two", ""] {
        pair.send(&frame(0x81, text.as_bytes())).await;
        assert_eq!(pair.handled().await, [text]);
    }
    pair.send(&frame(0x81, b"refused")).await;
    assert_eq!(pair.read_within(PATIENCE, Offered::Refused).await, Some(Ok(Came::Refused)));
    pair.send(&frame(0x81, b"declined")).await;
    assert_eq!(pair.read_within(PATIENCE, Offered::Declined).await, Some(Ok(message("declined"))));
    assert_eq!(pair.offered, ["refused", "declined"]);
    drop(pair.client);
    let mut offer = |_: &[u8]| Offered::Handled;
    let end = poll_fn(|context| pair.input.poll_next(context, &mut offer));
    assert_eq!(timeout(PATIENCE, end).await, Ok(Ok(Came::End)));
}

#[tokio::test]
async fn a_text_that_is_split_across_reads_is_handed_out_whole() {
    let octets = frame(0x81, b"split");
    for cut in [1, 2, 5, 6, octets.len() - 1] {
        let mut pair = Pair::connect().await;
        pair.send(&octets[..cut]).await;
        assert_eq!(pair.handled().await, [""; 0], "{cut}");
        pair.send(&octets[cut..]).await;
        assert_eq!(pair.next().await, Ok(message("split")), "{cut}");
        pair.send(&frame(0x81, b"next")).await;
        assert_eq!(pair.handled().await, ["next"], "{cut}");
    }
}

#[tokio::test]
async fn texts_of_one_read_are_handed_out_in_order() {
    let mut pair = Pair::connect().await;
    let third = frame(0x81, b"three");
    let (begun, rest) = third.split_at(3);
    pair.send(&[&frame(0x81, b"one")[..], &frame(0x81, b"two")[..], begun].concat()).await;
    assert_eq!(pair.next().await, Ok(message("one")));
    assert_eq!(pair.next().await, Ok(message("two")));
    assert_eq!(pair.handled().await, [""; 0]);
    pair.send(rest).await;
    assert_eq!(pair.next().await, Ok(message("three")));
}

#[tokio::test]
async fn control_frames_are_handed_out_between_texts_and_between_their_fragments() {
    let mut pair = Pair::connect().await;
    let ping = || Ok(Came::Incoming(Incoming::Ping(b"ping".to_vec())));
    pair.send(&[frame(0x89, b"ping"), frame(0x81, b"behind")].concat()).await;
    assert_eq!((pair.next().await, pair.next().await), (ping(), Ok(message("behind"))));
    pair.send(&frame(0x89, b"ping")).await;
    assert_eq!(pair.next().await, ping());
    pair.send(&frame(0x01, b"one ")).await;
    assert_eq!(pair.handled().await, [""; 0]);
    pair.send(&frame(0x89, b"ping")).await;
    assert_eq!(pair.next().await, ping());
    pair.send(&frame(0x80, b"two")).await;
    assert_eq!(pair.next().await, Ok(message("one two")));
    pair.send(&frame(0x81, b"alone")).await;
    assert_eq!(pair.handled().await, ["alone"]);
}

#[tokio::test]
async fn a_text_that_breaks_the_protocol_is_not_offered() {
    for (octets, fault) in [
        (frame(0x81, &[0xFF]), Fault::NotUtf8),
        (frame(0xC1, b"reserved"), Fault::ReservedBit),
        (vec![0x81, 0x01, b'x'], Fault::NotMasked),
    ] {
        let mut pair = Pair::connect().await;
        pair.send(&octets).await;
        assert_eq!(pair.next().await, Err(fault));
        assert!(pair.offered.is_empty(), "{octets:x?}");
    }
    let mut pair = Pair::connect().await;
    pair.send(&frame(0x01, b"begun")).await;
    assert_eq!(pair.handled().await, [""; 0]);
    pair.send(&frame(0x81, b"inside")).await;
    assert_eq!(pair.next().await, Err(Fault::Interleaved));
    assert!(pair.offered.is_empty());
}
