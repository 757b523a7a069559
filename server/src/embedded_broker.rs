//! The embedded broker: a process of its own that is started, watched, started again whenever it dies, and stopped last.
//!
//! It lives as long as its standard input is open, which the kernel closes when this process dies, however it dies. Its
//! port is chosen once, so that librdkafka finds it again after each of its deaths.

use std::{
    net::{Ipv4Addr, SocketAddrV4, TcpListener},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, ChildStdin, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Having lived so long, a death is a new one, not one of a series.
const LONG_LIFE: Duration = Duration::from_secs(60);
/// How long it may take to close its file.
const STOPPING: Duration = Duration::from_secs(10);

/// The running broker and its supervisor.
pub struct EmbeddedBroker {
    address: SocketAddrV4,
    condition: watch::Receiver<Condition>,
    stop: CancellationToken,
    supervisor: JoinHandle<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Starting,
    Listening,
    Ended,
}

impl EmbeddedBroker {
    /// Starts the broker on a free port; its log is in `broker` in the data directory. It returns before the broker
    /// answers, and goes on starting it for ever.
    ///
    /// # Errors
    /// When no port is free.
    pub fn start(program: PathBuf, data_dir: &Path) -> std::io::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        let (tell, condition) = watch::channel(Condition::Starting);
        let stop = CancellationToken::new();
        let supervisor =
            Supervisor { program, data_dir: data_dir.join("broker"), address, tell, stop: stop.clone() };
        Ok(Self { address, condition, stop, supervisor: tokio::spawn(supervisor.run()) })
    }

    /// Where it listens, in this life and the next.
    #[must_use]
    pub fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// Waits for its first answer, but no longer than `patience`, nor when it has failed: the server starts without it.
    pub async fn first_answer(&mut self, patience: Duration) {
        let answered = self.condition.wait_for(|condition| *condition != Condition::Starting);
        if !matches!(timeout(patience, answered).await, Ok(Ok(condition)) if *condition == Condition::Listening)
        {
            tracing::warn!("the embedded broker does not answer yet; calls are kept until it does");
        }
    }

    /// Stops it and waits until it has closed its file, or kills it when that takes too long.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.supervisor.await {
            tracing::error!(%error, "the embedded broker's supervisor had failed");
        }
    }
}

struct Supervisor {
    program: PathBuf,
    data_dir: PathBuf,
    address: SocketAddrV4,
    tell: watch::Sender<Condition>,
    stop: CancellationToken,
}

impl Supervisor {
    async fn run(self) {
        let mut pause = SHORTEST_PAUSE;
        while !self.stop.is_cancelled() {
            let begun = Instant::now();
            match self.live().await {
                Ok(None) => return,
                Ok(Some(status)) => {
                    tracing::error!(%status, "the embedded broker ended; it is started again");
                }
                Err(error) => {
                    let program = self.program.display();
                    tracing::error!(%error, %program, "the embedded broker cannot be started; it is tried again");
                }
            }
            self.tell.send_replace(Condition::Ended);
            if begun.elapsed() >= LONG_LIFE {
                pause = SHORTEST_PAUSE;
            }
            // Cancelled while it waits, it leaves the loop.
            self.stop.run_until_cancelled(tokio::time::sleep(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One life. `None`: it ended because it was told to.
    async fn live(&self) -> std::io::Result<Option<ExitStatus>> {
        let mut child = Command::new(&self.program)
            .arg("--data-dir")
            .arg(&self.data_dir)
            .arg("--listen")
            .arg(self.address.to_string())
            // The server's log filter is not the broker's: at `info` it tells of every request.
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        // Taken, since waiting for the child would close it.
        let stdin = child.stdin.take();
        let stderr = child.stderr.take().map(|stderr| tokio::spawn(log(stderr)));
        let stdout = child.stdout.take().map(|stdout| tokio::spawn(listen_for(stdout, self.tell.clone())));
        let ended = tokio::select! {
            status = child.wait() => Some(status?),
            () = self.stop.cancelled() => {
                end(&mut child, stdin).await;
                None
            }
        };
        for reader in stderr.into_iter().chain(stdout) {
            // What it last said is said before its end; a grandchild might hold the pipe open.
            let _ = timeout(Duration::from_secs(1), reader).await;
        }
        Ok(ended)
    }
}

async fn end(child: &mut Child, stdin: Option<ChildStdin>) {
    drop(stdin);
    match timeout(STOPPING, child.wait()).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => tracing::warn!(%status, "the embedded broker did not end in order"),
        Ok(Err(error)) => tracing::error!(%error, "the embedded broker cannot be waited for"),
        Err(_) => {
            tracing::error!("the embedded broker did not stop within {STOPPING:?}; it is killed");
            if let Err(error) = child.kill().await {
                tracing::error!(%error, "the embedded broker cannot be killed");
            }
        }
    }
}

/// Reads the broker's standard output: one line says where it listens.
async fn listen_for(output: impl AsyncRead + Unpin, tell: watch::Sender<Condition>) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::info!(target: "iutsai_broker", "{line}");
        if line.starts_with("listening ") {
            tell.send_replace(Condition::Listening);
        }
    }
}

async fn log(output: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::warn!(target: "iutsai_broker", "{line}");
    }
}
