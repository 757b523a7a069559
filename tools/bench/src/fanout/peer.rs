//! Another program to compare with, in the same run. It is nginx with the module nchan, which sends what is posted to it
//! to all of its WebSockets.

use std::{
    fs,
    net::TcpListener,
    num::NonZeroUsize,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use clap::ValueEnum;
use domain::{
    Alert, AlertId, Event, House, Line, Millis, body::Body, destination, header, message_id, topic,
};
use reqwest::Method;
use stomp::{Command as StompCommand, Frame, Version};
use tempfile::TempDir;
use tokio::{net::TcpStream, runtime::Runtime};
use uuid::Uuid;

use super::{Settings, board::Board, crowd::Crowd, presser::Press, report::Row};
use testkit::{
    Error,
    client::{Client, Handshake, Socket, WebSocket},
    server::Process,
};

/// The time for it to listen.
const PATIENCE: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(20);
/// Connections of each of its processes besides the subscribers'.
const OTHER_CONNECTIONS: u32 = 512;
/// Any time, as long as those of today.
const AT: Millis = 1_700_000_000_000;

/// A program to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// nginx with the module nchan
    Nchan,
}

impl Name {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Nchan => "nchan",
        }
    }
}

/// The program, until it is dropped.
pub(super) struct Peer {
    child: Child,
    client: Client,
    _directory: TempDir,
}

impl Peer {
    /// Starts it on a free port, with a process for each core.
    pub(super) async fn start(settings: &Settings) -> Result<Self, Error> {
        let directory = tempfile::tempdir().map_err(Error::system("make a temporary directory"))?;
        let port = free_port().map_err(Error::system("find a free port"))?;
        let file = directory.path().join("nginx.conf");
        fs::write(&file, configuration(settings, directory.path(), port))
            .map_err(Error::system("write nginx's configuration"))?;
        let child = Command::new(&settings.nginx)
            .arg("-p")
            .arg(directory.path())
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(Error::system(format!("start {}", settings.nginx.display())))?;
        let client = Client::new(&format!("http://127.0.0.1:{port}"))?;
        let mut peer = Self { child, client, _directory: directory };
        peer.wait_until_it_listens().await?;
        Ok(peer)
    }

    async fn wait_until_it_listens(&mut self) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(self.client.authority()).await.is_err() {
            let ended = self.child.try_wait().map_err(Error::system("look at nginx"))?;
            if ended.is_some() || Instant::now() >= deadline {
                return Err(Error::Usage(
                    "nginx does not listen; its words are above. It needs the module nchan (--nchan FILE)."
                        .into(),
                ));
            }
            tokio::time::sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Measures what `measure_one` measures, with so many sockets.
    pub(super) async fn measure(
        &self,
        settings: &Settings,
        listeners: &Runtime,
        subscribers: usize,
    ) -> Result<Row, Error> {
        let board = Arc::new(Board::default());
        let sockets = (0..subscribers).map(|number| (number, open(self.client.clone())));
        let crowd = Crowd::of(listeners, &board, sockets).await?;
        for _ in 0..settings.warm_up {
            self.publish(settings, &board, subscribers).await?;
        }
        let mut row = Row::new(subscribers);
        for _ in 0..settings.presses {
            row.add(&self.publish(settings, &board, subscribers).await?);
        }
        row.record(&board);
        crowd.leave().await;
        Ok(row)
    }

    /// Posts one message, and waits until everybody has it.
    async fn publish(&self, settings: &Settings, board: &Board, subscribers: usize) -> Result<Press, Error> {
        let lost = |source| Error::NoAnswer { request: "POST to nchan".into(), source };
        let id = Uuid::now_v7();
        let round = board.begin(id, subscribers);
        let pressed = board.now();
        let answer = self.client.request(Method::POST, "/alert").body(message(id)).send().await;
        let answer = answer.map_err(lost)?;
        let status = answer.status();
        answer.bytes().await.map_err(lost)?;
        let answered = board.now() - pressed;
        if !status.is_success() {
            return Err(Error::Usage(format!("nchan answered {status} to a message")));
        }
        round.complete(settings.deadline()).await;
        let seen: Vec<Duration> = round.sights().into_iter().map(|at| at - pressed).collect();
        board.end(&round);
        tokio::time::sleep(settings.interval()).await;
        let missing = subscribers - seen.len();
        Ok(Press { answered, seen, missing, published: false, asked_to_wait: 0 })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Its other processes end with it, as they would not after SIGKILL. It may have ended already.
        if let Some(process) = Process::find(self.child.id()) {
            let _ = process.terminate();
        }
        let _ = self.child.wait();
    }
}

/// Opens a socket, which gets every message from now on.
async fn open(client: Client) -> Result<WebSocket, Error> {
    Ok(Socket::open(&client, &Handshake::without_subprotocol()).await?.into_stream())
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Returns a message as the server would send it for a call of this id.
fn message(id: Uuid) -> Vec<u8> {
    let line = Line::new("bench-1").expect("the name of a line");
    let house = House::new("1203").expect("the name of a house");
    let destination = destination::of_line(&line);
    let alert = Alert { text: "bench".into(), ..Alert::new(AlertId(id), line, house, AT) };
    let frame = Frame::new(StompCommand::Message)
        .header("subscription", "line")
        .header("destination", destination)
        .header("message-id", message_id::direct(topic::ALERT, id))
        .header("content-type", "application/json")
        .header(header::TYPE, "alert")
        .header(header::AGE, "0")
        .body(Body::Event { event: Event::Alert(alert), first: None }.to_json());
    stomp::encode(&frame, Version::V1_2)
}

/// Returns the configuration, by which the port answers where the server's would. Nothing is kept for subscribers that
/// come later.
fn configuration(settings: &Settings, directory: &Path, port: u16) -> String {
    let most = settings.subscribers.iter().max().copied().unwrap_or_default();
    format!(
        "load_module {module};
daemon off;
worker_processes {processes};
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
        tcp_nodelay on;
        location = /alert {{ nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 1; }}
        location = /an-ws {{
            nchan_subscriber websocket;
            nchan_channel_id bench;
            nchan_subscriber_first_message newest;
        }}
    }}
}}
",
        module = settings.nchan.display(),
        processes = thread::available_parallelism().map_or(1, NonZeroUsize::get),
        directory = directory.display(),
        connections = most.saturating_add(OTHER_CONNECTIONS),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fanout::sighting::{self, Sighting};

    #[test]
    fn a_subscriber_sees_the_call_in_the_message_and_acknowledges_nothing() {
        let id = Uuid::now_v7();
        let (message, id) = (String::from_utf8(message(id)).unwrap(), id.to_string());
        assert_eq!(sighting::of(&message), Sighting::Message { alert: Some(&id), ack: None });
    }
}
