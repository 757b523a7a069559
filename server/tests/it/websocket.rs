//! WebSocket as the running program speaks it (RFC 6455), octet by octet.

use std::time::Duration;

use crate::support::{CALLER, NEIGHBOUR, Outcome, server_and_client, sign_in};
use domain::{AlertId, Event, House, Neighbour, api::ProgressRequest};
use stomp::{Command, Frame, Version, encode};
use testkit::client::{Ack, Client, Message, Session, Step, Subscribe};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

const PATIENCE: Duration = Duration::from_secs(15);
/// The time after which the server has read what was sent before.
const APART: Duration = Duration::from_millis(50);
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// An ACK of no message.
const NOBODYS: &[u8] = b"ACK\nid:nonsense\n\n\0";

/// A client's frame, whose first octet has the bits and the opcode. The payload is short.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(length @ 0..=125) => frame.push(0x80 | length),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(octet, mask)| octet ^ mask));
    frame
}

/// A connection of which the upgrade has been answered.
struct Raw(TcpStream);

impl Raw {
    /// Upgrades a connection, and sends these octets behind the request without waiting for the answer.
    async fn open(client: &Client, behind: &[u8]) -> Self {
        let mut stream = TcpStream::connect(client.authority()).await.unwrap();
        let request = format!(
            "GET /an-ws HTTP/1.1\r\nHost: {}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: chat, v11.stomp, v12.stomp\r\n\r\n",
            client.authority(),
        );
        stream.write_all(&[request.as_bytes(), behind].concat()).await.unwrap();
        let mut raw = Self(stream);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(raw.read(1).await[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        for line in ["upgrade: websocket", "sec-websocket-protocol: v12.stomp"] {
            assert!(head.contains(line), "{head}");
        }
        // Section 1.3.
        assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        raw
    }

    async fn connect(session: &Session) -> Self {
        let mut raw = Self::open(session.client(), &frame(0x81, &connect(session))).await;
        assert_eq!(raw.next_stomp().await.command, Command::Connected);
        raw
    }

    async fn send(&mut self, octets: &[u8]) {
        self.0.write_all(octets).await.unwrap();
    }

    async fn read(&mut self, count: usize) -> Vec<u8> {
        let mut octets = vec![0; count];
        timeout(PATIENCE, self.0.read_exact(&mut octets)).await.expect("in time").expect("octets");
        octets
    }

    /// The next frame of the server, as its first octet and its payload.
    async fn next(&mut self) -> (u8, Vec<u8>) {
        let head = self.read(2).await;
        let length = match head[1] {
            126 => u16::from_be_bytes(self.read(2).await.try_into().unwrap()).into(),
            short @ 0..=125 => usize::from(short),
            other => panic!("a server's frame has no mask and is not that long: {other}"),
        };
        (head[0], self.read(length).await)
    }

    async fn next_stomp(&mut self) -> Frame {
        let (first, payload) = self.next().await;
        assert_eq!(first, 0x81, "a whole text message");
        stomp_frame(&payload)
    }

    /// Skips everything before the alert of a call, and returns the ACK of it.
    async fn acknowledgement_of(&mut self, call: AlertId) -> Vec<u8> {
        let call = call.to_string();
        loop {
            let (0x81, payload) = self.next().await else { continue };
            let message = stomp_frame(&payload);
            let body = message.text().unwrap();
            if message.get("type") == Some("alert") && body.contains(&call) {
                let ack = Frame::new(Command::Ack).header("id", message.get("ack").unwrap());
                return encode(&ack, Version::V1_2);
            }
        }
    }

    /// Skips STOMP frames, and returns the payload of the Close frame.
    async fn closed(&mut self) -> Vec<u8> {
        loop {
            match self.next().await {
                (0x88, payload) => return payload,
                (0x81, _) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

fn stomp_frame(payload: &[u8]) -> Frame {
    let mut decoder = stomp::Decoder::new(stomp::Limits::default());
    decoder.push(payload);
    match decoder.next() {
        Ok(Some(stomp::Incoming::Frame(frame))) => frame,
        other => panic!("{other:?}"),
    }
}

fn connect(session: &Session) -> Vec<u8> {
    let connect = Frame::new(Command::Connect)
        .header("accept-version", "1.2")
        .header("host", "iutsai")
        .header("passcode", session.token());
    encode(&connect, Version::V1_2)
}

#[tokio::test]
async fn a_client_that_breaks_the_protocol_is_given_the_code_for_it() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let not_masked = vec![0x81, 0x01, b'\n'];
    for (octets, code) in [
        (frame(0xC1, b"\n"), 1002_u16),
        (frame(0x83, b"\n"), 1002),
        (not_masked, 1002),
        (frame(0x09, b""), 1002),
        (frame(0x89, &[0; 126]), 1002),
        (frame(0x80, b"\n"), 1002),
        ([frame(0x01, b"\n"), frame(0x81, b"\n")].concat(), 1002),
        (frame(0x88, &[3]), 1002),
        (frame(0x88, &1005_u16.to_be_bytes()), 1002),
        (frame(0x81, &[0xFF]), 1007),
        ([frame(0x01, &[0xE2]), frame(0x80, b"x")].concat(), 1007),
        (vec![0x82, 0x80 | 127, 0, 0, 0, 0, 0, 2, 0, 0], 1009),
    ] {
        let mut raw = Raw::open(&client, &octets).await;
        assert_eq!(raw.closed().await[..2], code.to_be_bytes(), "{octets:x?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_message_in_fragments_is_read_and_a_ping_between_them_answered() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let octets = connect(&caller);
    let (first, rest) = octets.split_at(10);
    let mut raw = Raw::open(&client, &frame(0x01, first)).await;
    raw.send(&frame(0x89, b"between")).await;
    assert_eq!(raw.next().await, (0x8A, b"between".to_vec()));
    // One octet at a time, as a slow network may bring them.
    for octet in frame(0x80, rest) {
        raw.send(&[octet]).await;
    }
    assert_eq!(raw.next_stomp().await.command, Command::Connected);
    Ok(())
}

#[tokio::test]
async fn a_close_is_answered_with_its_code_and_the_connection_ends() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    for (payload, answer) in
        [(vec![], vec![]), ([&1001_u16.to_be_bytes()[..], b"bye"].concat(), 1001_u16.to_be_bytes().to_vec())]
    {
        let mut raw = Raw::connect(&caller).await;
        raw.send(&frame(0x88, &payload)).await;
        assert_eq!(raw.next().await, (0x88, answer));
        let mut rest = Vec::new();
        timeout(PATIENCE, raw.0.read_to_end(&mut rest)).await.expect("in time").expect("an end");
        assert!(rest.is_empty(), "{rest:x?}");
    }
    Ok(())
}

/// The octets of an ACK, in the pieces in which they are sent.
type Pieces = fn(&[u8]) -> Vec<Vec<u8>>;

/// The ways in which the octets of an ACK may come, by name.
fn manners() -> [(&'static str, Pieces); 7] {
    [
        ("alone", |ack| vec![frame(0x81, ack)]),
        ("in small pieces", |ack| frame(0x81, ack).chunks(5).map(<[u8]>::to_vec).collect()),
        ("before another in one read", |ack| vec![[frame(0x81, ack), frame(0x81, NOBODYS)].concat()]),
        ("behind a part of another", |ack| {
            let other = frame(0x81, NOBODYS);
            let (first, rest) = other.split_at(9);
            vec![first.to_vec(), [rest, &frame(0x81, ack)[..]].concat()]
        }),
        ("between control frames", |ack| {
            vec![[frame(0x8A, b""), frame(0x81, ack), frame(0x89, b"behind")].concat()]
        }),
        ("in fragments around a ping", |ack| {
            let (first, rest) = ack.split_at(6);
            vec![frame(0x01, first), frame(0x89, b"between"), frame(0x80, rest)]
        }),
        ("as one STOMP frame of two messages", |ack| {
            let (first, rest) = ack.split_at(6);
            vec![frame(0x81, first), frame(0x81, rest)]
        }),
    ]
}

#[tokio::test]
async fn an_acknowledgement_counts_however_its_octets_come() -> Outcome {
    let (_server, client) = server_and_client().await?;
    let caller = sign_in(&client, CALLER).await?;
    let (mut callers, _) = caller.listen().await?;
    let mut neighbour = Raw::connect(&sign_in(&client, NEIGHBOUR).await?).await;
    let subscribe = Subscribe::to_line(caller.line()?).ack(Ack::ClientIndividual).frame();
    neighbour.send(&frame(0x81, &encode(&subscribe, Version::V1_2))).await;
    let (flat, nothing) = (Neighbour::from(House::new("1204").unwrap()), ProgressRequest::default());
    for (manner, pieces) in manners() {
        let call = AlertId(caller.press(&caller.call(manner)?, None).await?.ok()?.id);
        let ack = neighbour.acknowledgement_of(call).await;
        for piece in pieces(&ack) {
            neighbour.send(&piece).await;
            sleep(APART).await;
        }
        let is_receipt = |message: &Message| match message.event() {
            Some(Event::Receipt(receipt)) => receipt.alert == call && receipt.reached.contains(&flat),
            _ => false,
        };
        callers.wait_for(manner, is_receipt).await?;
        // A call that is open and heard would stand for the next one.
        caller.progress(call, Step::Cancel, &nothing, None).await?.ok()?;
    }
    Ok(())
}
