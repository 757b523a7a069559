//! RabbitMQ with its plugin for STOMP over WebSocket, as a node of its own. Every subscriber to a topic has a queue
//! there, and a SEND to the topic goes to all of them.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use stomp::{Command as StompCommand, Frame};
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    child::{Owned, free_ports},
    message::send,
};
use crate::{fanout::Settings, processes::Processes};
use testkit::{
    Error,
    client::{Ack, Client, Handshake, Socket, Subscribe, WebSocket},
};

/// The time for it to listen. It starts an Erlang machine first.
const PATIENCE: Duration = Duration::from_secs(90);
/// Each subscription makes a queue, so many sockets are slow to open.
const OPENING: Duration = Duration::from_secs(120);
/// The time between two attempts to connect to a node that listens and does not serve yet.
const AGAIN: Duration = Duration::from_millis(200);
const PACKAGE: &str = "rabbitmq-server";
const PATH: &str = "/ws";
const DESTINATION: &str = "/topic/line";

/// A node with the connection that publishes, until it is dropped.
pub(in crate::fanout) struct RabbitMq {
    // It ends before the daemon of names, and both before their directory goes.
    node: Owned,
    _names: Owned,
    client: Client,
    publisher: Socket,
    _directory: TempDir,
}

/// Its ports of loopback.
#[derive(Clone, Copy)]
struct Ports {
    amqp: u16,
    stomp: u16,
    web_stomp: u16,
    /// Where its tools would reach it.
    distribution: u16,
    /// Where the daemon is that knows the ports of Erlang's nodes.
    names: u16,
}

impl RabbitMq {
    /// Starts a node with data of its own.
    pub(super) async fn start(settings: &Settings) -> Result<Self, Error> {
        let directory = tempfile::tempdir().map_err(Error::system("make a temporary directory"))?;
        let at = directory.path();
        let [amqp, stomp, web_stomp, distribution, names] = free_ports()?;
        let ports = Ports { amqp, stomp, web_stomp, distribution, names };
        let written = fs::write(at.join("rabbitmq.conf"), configuration(ports))
            .and_then(|()| fs::write(at.join("enabled_plugins"), "[rabbitmq_web_stomp].\n"));
        written.map_err(Error::system("write RabbitMQ's configuration"))?;
        // One that the node starts on its own would outlive it.
        let mut daemon = Command::new(&settings.epmd);
        daemon.args(["-address", "127.0.0.1", "-port", &names.to_string()]);
        let mut daemon = Owned::start(&mut daemon, &at.join("names-output"), PACKAGE)?;
        daemon.listens(names, PATIENCE, "epmd printed:").await?;
        let mut command = Command::new(&settings.rabbitmq);
        command.envs(environment(at, ports));
        let mut node = Owned::start(&mut command, &at.join("output"), PACKAGE)?;
        node.listens(web_stomp, PATIENCE, "RabbitMQ printed:").await?;
        let client = Client::new(&format!("http://127.0.0.1:{web_stomp}"))?;
        let publisher = first_connection(&client).await?;
        Ok(Self { node, _names: daemon, client, publisher, _directory: directory })
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn processes(&self) -> Result<Processes, Error> {
        self.node.processes()
    }

    /// Sends one message, and waits for its receipt.
    pub(super) async fn publish(&mut self, id: Uuid) -> Result<(), Error> {
        self.publisher.send_with_receipt(send(id, DESTINATION)).await
    }
}

/// Opens a socket, which gets every message from now on.
pub(super) async fn open(client: &Client, ack: bool) -> Result<WebSocket, Error> {
    let mut socket = connect(client).await?;
    let mode = if ack { Ack::ClientIndividual } else { Ack::Auto };
    socket.send_with_receipt(Subscribe::to(DESTINATION).ack(mode).frame()).await?;
    Ok(socket.into_stream())
}

async fn connect(client: &Client) -> Result<Socket, Error> {
    let mut socket = Socket::open(client, &Handshake::default().path(PATH)).await?;
    socket.set_patience(OPENING);
    // The account of every new node, which is let in from loopback.
    let frame = Frame::new(StompCommand::Connect)
        .header("accept-version", "1.2")
        .header("host", "/")
        .header("login", "guest")
        .header("passcode", "guest")
        .header("heart-beat", "0,0");
    socket.connect_with(&frame).await?;
    Ok(socket)
}

/// Connects as soon as the node serves, which is a little after it listens.
async fn first_connection(client: &Client) -> Result<Socket, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match connect(client).await {
            Err(_) if Instant::now() < deadline => tokio::time::sleep(AGAIN).await,
            outcome => return outcome,
        }
    }
}

/// Returns the node's environment. Everything that the package would read or write elsewhere is in the directory.
fn environment(at: &Path, ports: Ports) -> Vec<(&'static str, String)> {
    let file = |name: &str| at.join(name).display().to_string();
    vec![
        ("HOME", at.display().to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".into()),
        ("ERL_EPMD_PORT", ports.names.to_string()),
        ("RABBITMQ_NODENAME", format!("bench-{}@localhost", std::process::id())),
        ("RABBITMQ_NODE_PORT", ports.amqp.to_string()),
        ("RABBITMQ_DIST_PORT", ports.distribution.to_string()),
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}".into()),
        ("RABBITMQ_MNESIA_BASE", file("mnesia")),
        ("RABBITMQ_LOG_BASE", file("log")),
        ("RABBITMQ_LOGS", "-".into()),
        ("RABBITMQ_CONFIG_FILE", file("rabbitmq.conf")),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", file("advanced.config")),
        ("RABBITMQ_CONF_ENV_FILE", file("rabbitmq-env.conf")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", file("enabled_plugins")),
        // The script becomes Erlang's machine then, so that its process is the node's.
        ("RUNNING_UNDER_SYSTEMD", "true".into()),
    ]
}

fn configuration(ports: Ports) -> String {
    let Ports { amqp, stomp, web_stomp, .. } = ports;
    format!(
        "listeners.tcp.1 = 127.0.0.1:{amqp}\n\
         stomp.listeners.tcp.1 = 127.0.0.1:{stomp}\n\
         web_stomp.tcp.ip = 127.0.0.1\n\
         web_stomp.tcp.port = {web_stomp}\n\
         web_stomp.tcp.backlog = 4096\n\
         log.console.level = error\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_listens_on_loopback_alone_and_keeps_its_files_in_its_directory() {
        let ports = Ports { amqp: 1, stomp: 2, web_stomp: 3, distribution: 4, names: 5 };
        let configuration = configuration(ports);
        let places = configuration.lines().filter(|line| line.contains("listeners") || line.contains(".ip"));
        let places: Vec<&str> = places.collect();
        assert_eq!(places.len(), 3);
        assert!(places.iter().all(|line| line.contains("127.0.0.1")), "{configuration}");
        let environment = environment(Path::new("/run/here"), ports);
        let is_inside = |value: &str| !value.starts_with('/') || value.starts_with("/run/here");
        assert!(environment.iter().all(|(_, value)| is_inside(value)), "{environment:?}");
    }
}
