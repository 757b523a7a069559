//! nginx with the module nchan, which sends what is posted to it to all of its WebSockets.

use std::{
    fs,
    num::NonZeroUsize,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use reqwest::Method;
use tempfile::TempDir;
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    child::{Owned, free_ports},
    message::message,
};
use crate::{fanout::Settings, processes::Processes};
use testkit::{
    Error,
    client::{Client, Handshake, Socket, WebSocket},
};

/// The time for it to listen.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections of each of its processes besides the subscribers'.
const OTHER_CONNECTIONS: u32 = 512;
const PACKAGES: &str = "nginx libnginx-mod-nchan";

/// nginx, until it is dropped.
pub(in crate::fanout) struct Nchan {
    // It ends before its directory goes.
    nginx: Owned,
    client: Client,
    _directory: TempDir,
}

impl Nchan {
    /// Starts it on a free port, with a process for each core.
    pub(super) async fn start(settings: &Settings) -> Result<Self, Error> {
        let directory = tempfile::tempdir().map_err(Error::system("make a temporary directory"))?;
        let [port] = free_ports()?;
        let file = directory.path().join("nginx.conf");
        fs::write(&file, configuration(settings, directory.path(), port))
            .map_err(Error::system("write nginx's configuration"))?;
        let mut command = Command::new(&settings.nginx);
        command.arg("-p").arg(directory.path()).arg("-c").arg(&file);
        let nginx = Owned::start(&mut command, &directory.path().join("output"), PACKAGES)?;
        let mut nginx = nginx.with_children();
        let hint = "nginx needs the module nchan (Debian: libnginx-mod-nchan, or --nchan FILE). Its words:";
        nginx.listens(port, PATIENCE, hint).await?;
        // It listens before the processes that serve have begun, and each of them is measured.
        let deadline = Instant::now() + PATIENCE;
        while nginx.processes()?.count() <= workers() {
            if Instant::now() > deadline {
                return Err(Error::Usage(format!(
                    "nginx has not started a process for each core in {PATIENCE:?}"
                )));
            }
            sleep(Duration::from_millis(10)).await;
        }
        let client = Client::new(&format!("http://127.0.0.1:{port}"))?;
        Ok(Self { nginx, client, _directory: directory })
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn processes(&self) -> Result<Processes, Error> {
        self.nginx.processes()
    }

    /// Posts one message.
    pub(super) async fn publish(&self, id: Uuid) -> Result<(), Error> {
        let lost = |source| Error::NoAnswer { request: "POST to nchan".into(), source };
        let answer = self.client.request(Method::POST, "/alert").body(message(id)).send().await;
        let answer = answer.map_err(lost)?;
        let status = answer.status();
        answer.bytes().await.map_err(lost)?;
        if status.is_success() {
            return Ok(());
        }
        Err(Error::Usage(format!("nchan answered {status} to a message")))
    }
}

/// Opens a socket, which gets every message from now on.
pub(super) async fn open(client: &Client) -> Result<WebSocket, Error> {
    Ok(Socket::open(client, &Handshake::without_subprotocol()).await?.into_stream())
}

/// Returns how many processes serve, one for each core.
fn workers() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
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
        processes = workers(),
        directory = directory.display(),
        connections = most.saturating_add(OTHER_CONNECTIONS),
    )
}
