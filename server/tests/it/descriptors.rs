//! A shortage of descriptors. Sockets are refused with a clear answer, and presses are not, however many connections
//! others hold.

use crate::support::{
    ADMINISTRATOR, CALLER, NEIGHBOUR, Outcome, SECOND_NEIGHBOUR, STRANGER, program, resident_of, send,
    sign_in,
};
use reqwest::Method;
use testkit::{
    client::{Client, Session, Socket},
    descriptors,
    server::Server,
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// The server's limit of open files, from which the bounds below follow.
const LIMIT: u64 = 1_200;
/// Places of residents among 200. An eighth is kept for strangers.
const SOCKETS_OF_RESIDENTS: usize = 175;
const CLIENTS: u64 = 900;
/// Sockets that listen while others take connections, and how many others then have room. One session may have 16.
const LISTENING: usize = 15;
const CONNECTIONS: u64 = (CLIENTS - LISTENING as u64) / 2;

async fn server() -> Result<Server, testkit::Error> {
    // Every test has its own server, but all share this process.
    descriptors::allow(3_000)?;
    program().descriptors(LIMIT).start().await
}

/// Opens connections that send this and nothing more.
async fn connections(client: &Client, count: usize, words: &str) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for _ in 0..count {
        let mut connection = TcpStream::connect(client.authority()).await.unwrap();
        connection.write_all(words.as_bytes()).await.unwrap();
        connections.push(connection);
    }
    connections
}

async fn listeners(neighbour: &Session) -> Result<Vec<Socket>, testkit::Error> {
    let mut sockets = Vec::new();
    for _ in 0..LISTENING {
        sockets.push(neighbour.listen().await?.0);
    }
    Ok(sockets)
}

/// Checks that a press on a new connection is answered, and every one of these sockets receives it.
async fn presses(server: &Server, caller: &Session, sockets: &mut [Socket]) -> Outcome {
    let pressed = caller.at(&server.client()?).press(&caller.call("")?, None).await?;
    assert_eq!(pressed.status, 202, "{:?}", pressed.outcome);
    let id = pressed.ok()?.id;
    for socket in sockets {
        socket.wait_for("the alert", |message| message.is_alert(id)).await?;
    }
    Ok(())
}

/// Nothing failed for want of descriptors; how many connections were closed so that nothing did.
async fn shed_in_time(server: &Server) -> Result<u64, testkit::Error> {
    let administrator = sign_in(&server.client()?, ADMINISTRATOR).await?;
    let text = send(administrator.request(Method::GET, "/metrics")).await.text().await.unwrap();
    let metric = |name: &str| -> u64 {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
        value.parse().unwrap()
    };
    let log = server.log()?;
    assert!(!log.contains("cannot accept"), "{log}");
    let open = metric("iutsai_connections");
    assert!((1..=CONNECTIONS).contains(&open), "{open}");
    let held = std::fs::read_dir(format!("/proc/{}/fd", server.process()?.pid())).unwrap().count() as u64;
    let by_clients = open + LISTENING as u64;
    assert!(held - by_clients < LIMIT - CLIENTS, "{held} are open, {by_clients} of them by clients");
    Ok(metric("iutsai_connections_shed_total"))
}

/// Occupies every place of residents. Five people have as many sockets each, on three devices. Only the last one, of
/// [`NEIGHBOUR`], listens.
async fn full(client: &Client) -> Result<(Vec<Socket>, Socket), testkit::Error> {
    let people = [ADMINISTRATOR, STRANGER, SECOND_NEIGHBOUR, CALLER, NEIGHBOUR];
    let each = [12, 12, 11];
    assert_eq!(people.len() * each.iter().sum::<usize>(), SOCKETS_OF_RESIDENTS);
    let mut sockets = Vec::new();
    let mut last = None;
    for name in people {
        for count in each {
            let device = sign_in(client, name).await?;
            for _ in 1..count {
                sockets.push(device.connect().await?);
            }
            last = if name == NEIGHBOUR {
                sockets.extend(last.take());
                Some(device.listen().await?.0)
            } else {
                sockets.push(device.connect().await?);
                None
            };
        }
    }
    Ok((sockets, last.unwrap()))
}

#[tokio::test]
async fn with_every_place_in_use_one_socket_too_many_is_refused_and_a_residents_first_and_a_press_are_not()
-> Outcome {
    let server = server().await?;
    let client = server.client()?;
    let caller = sign_in(&client, CALLER).await?;
    let (_others, listening) = full(&client).await?;
    let upgrade = caller
        .request(Method::GET, "/an-ws")
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let answer = client.send::<()>(upgrade).await?;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    assert_eq!(answer.outcome.unwrap_err().kind, "/problems/sockets-full");
    let newcomer = resident_of(&server, &client, "201-1").await?;
    let (first, _) = newcomer.listen().await?;
    presses(&server, &caller, &mut [listening]).await?;
    presses(&server, &newcomer, &mut [first]).await
}

#[tokio::test]
async fn silent_connections_and_half_heads_keep_no_press_out() -> Outcome {
    let server = server().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let mut sockets = listeners(&neighbour).await?;
    let _silent = connections(&client, 1_500, "").await;
    let _halves = connections(&client, 100, "POST /alert HTTP/1.1\r\nHost: ").await;
    presses(&server, &caller, &mut sockets).await?;
    assert!(shed_in_time(&server).await? >= 1_600 - CONNECTIONS);
    // Nor does a second one need luck.
    presses(&server, &caller, &mut sockets).await
}

#[tokio::test]
async fn requests_whose_bodies_never_come_keep_no_press_out() -> Outcome {
    let server = server().await?;
    let client = server.client()?;
    let (caller, neighbour) = (sign_in(&client, CALLER).await?, sign_in(&client, NEIGHBOUR).await?);
    let mut sockets = listeners(&neighbour).await?;
    let head = format!(
        "POST /alert HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 100\r\n\r\n",
        client.authority(),
        caller.token()
    );
    let _without_bodies = connections(&client, 600, &head).await;
    presses(&server, &caller, &mut sockets).await?;
    assert!(shed_in_time(&server).await? >= 600 - CONNECTIONS);
    Ok(())
}
