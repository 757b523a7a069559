//! The real broker, and the whole backend on it, for the tests beside this.
//!
//! The broker's program is named by `IUTSAI_BROKER_PROGRAM`; `script/test` sets it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use backend::{
    delivery::log::KafkaSettings,
    readiness::RoleState,
    service::{Backend, Settings},
};
use tokio::{runtime::Handle, time::timeout};

/// The embedded broker, on a free port.
pub struct Broker {
    child: Child,
    pub address: String,
}

impl Broker {
    /// Starts it on this directory.
    pub fn start(directory: &Path) -> Self {
        let program = std::env::var("IUTSAI_BROKER_PROGRAM")
            .expect("IUTSAI_BROKER_PROGRAM names the embedded broker's program: run script/test");
        let mut child = Command::new(program)
            .arg("--data-dir")
            .arg(directory)
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the broker starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("the broker tells where it listens");
        let address = line.trim().strip_prefix("listening ").expect("the broker listens").to_owned();
        Self { child, address }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.child.kill().expect("the broker can be stopped");
        self.child.wait().expect("the broker ends");
    }
}

/// A backend with every role, ready.
pub async fn backend(directory: &Path, broker: &Broker) -> Backend {
    let settings = Settings {
        data_dir: directory.to_owned(),
        database_url: format!("sqlite://{}?mode=rwc", directory.join("iutsai.db").display()),
        kafka: KafkaSettings {
            bootstrap_servers: broker.address.clone(),
            security: Vec::new(),
            partitions: 2,
            embedded: true,
        },
        producer: true,
        fanout: true,
        statistics: true,
        keep: Duration::from_secs(30 * 24 * 60 * 60),
        demo: true,
        calls_runtime: Handle::current(),
        sockets_runtime: Handle::current(),
    };
    let backend = Backend::start(settings).await.expect("the backend starts");
    timeout(Duration::from_secs(30), backend.readiness.wait()).await.expect("the roles start");
    assert_eq!(backend.readiness.producer(), RoleState::Ready);
    assert_eq!(backend.readiness.fanout(), RoleState::Ready);
    backend
}
