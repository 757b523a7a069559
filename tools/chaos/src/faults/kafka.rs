//! A cluster of three brokers by `script/kafka`, with a proxy before each.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use domain::{Line, partition, topic};
use tokio::{process::Command, task::JoinHandle};

use super::{
    fault::Harm,
    metadata::{self, Partition},
    proxy::Proxy,
};
use crate::power_cut::{PowerCut, Thrown};
use testkit::{Error, real::words, server::Process};

const BROKERS: usize = 3;
/// A killed broker is gone in a moment.
const DYING: Duration = Duration::from_secs(10);

/// The brokers. They are killed when this is dropped; what they wrote stays.
#[derive(Debug)]
pub(crate) struct Kafka {
    script: PathBuf,
    directory: PathBuf,
    environment: Vec<(&'static str, OsString)>,
    proxies: Vec<Proxy>,
    starting: Vec<Option<JoinHandle<Result<(), Error>>>>,
    bootstrap: String,
}

impl Kafka {
    /// Starts the cluster in a directory. With `cut`, brokers lose what they did not sync when their power is cut.
    ///
    /// # Errors
    /// [`Error::Usage`] with the script's words, [`Error::System`].
    pub(crate) async fn start_cluster(
        scripts: &Path,
        directory: &Path,
        cut: Option<&PowerCut>,
    ) -> Result<Self, Error> {
        let mut proxies = Vec::new();
        for _ in 0..BROKERS {
            proxies.push(Proxy::bind().await?);
        }
        // Kafka 4.1.0 does not withstand a clock that goes ahead and comes back. For as long as it had gone ahead,
        // followers mistake a dead leader of the quorum for a live one and refuse to elect another one, and a replica
        // that no longer fetches a partition stays in sync, so that nothing of it is acknowledged (both seen in fault
        // runs).
        let environment = cut.map_or_else(Vec::new, |cut| cut.environment_never_ahead().to_vec());
        let ports: Vec<String> = proxies.iter().map(|proxy| proxy.port().to_string()).collect();
        let mut kafka = Self {
            script: scripts.join("kafka"),
            directory: directory.to_owned(),
            environment,
            proxies,
            starting: (0..BROKERS).map(|_| None).collect(),
            bootstrap: String::new(),
        };
        let mut up = kafka.command(&["up"]);
        let settings = words(up.env("KAFKA_PROXIED_PORTS", ports.join(","))).await?;
        let printed = settings.lines().find_map(|line| line.strip_prefix("KAFKA_BOOTSTRAP_SERVERS="));
        kafka.bootstrap = printed
            .ok_or_else(|| {
                Error::Usage(format!("script/kafka up printed no KAFKA_BOOTSTRAP_SERVERS: {settings}"))
            })?
            .to_owned();
        if let Some(cut) = cut {
            // Brokers are laid out long before they are used.
            cut.commit(directory)?;
        }
        for (broker, proxy) in kafka.proxies.iter().enumerate() {
            proxy.lead_to(([127, 0, 0, 1], kafka.port(broker, "proxied-port")?).into());
        }
        Ok(kafka)
    }

    /// `KAFKA_BOOTSTRAP_SERVERS` of clients that come by the proxies.
    pub(crate) fn proxied(&self) -> String {
        let addresses = self.proxies.iter().map(|proxy| format!("127.0.0.1:{}", proxy.port()));
        addresses.collect::<Vec<_>>().join(",")
    }

    /// `KAFKA_BOOTSTRAP_SERVERS` of clients that come directly.
    pub(crate) fn direct(&self) -> &str {
        &self.bootstrap
    }

    /// Returns how many there are.
    pub(crate) fn brokers(&self) -> usize {
        BROKERS
    }

    /// Lets the path to a broker, or to all, fail in this way; `None` repairs it.
    pub(super) fn harm_paths(&self, broker: Option<usize>, harm: Option<Harm>) {
        for (number, proxy) in self.proxies.iter().enumerate() {
            if broker.is_none_or(|broker| broker == number) {
                proxy.fail(harm);
            }
        }
    }

    /// The process of a broker, if it runs.
    pub(crate) fn process(&self, broker: usize) -> Option<Process> {
        let pid = fs::read_to_string(self.node(broker).join("pid")).ok()?;
        Process::find(pid.trim().parse().ok()?).filter(|process| process.name() == "java")
    }

    /// The broker that leads the partition of this line's calls.
    ///
    /// # Errors
    /// [`Error::NotRunning`] while nobody knows.
    pub(crate) async fn leader(&self, line: &Line) -> Result<usize, Error> {
        let nobody = || Error::NotRunning(format!("a leader for line {line}"));
        let partition = self.partition(line).await.ok_or_else(nobody)?;
        usize::try_from(partition.leader - 1).map_err(|_| nobody())
    }

    /// Returns how many brokers have all of the partition of this line's calls; 0 while nobody knows.
    pub(crate) async fn in_sync(&self, line: &Line) -> usize {
        self.partition(line).await.map_or(0, |partition| partition.in_sync.len())
    }

    /// Returns the brokers' metadata of the partition of this line's calls.
    async fn partition(&self, line: &Line) -> Option<Partition> {
        for broker in 0..BROKERS {
            let Some(port) = self.process(broker).and_then(|_| self.port(broker, "port").ok()) else {
                continue;
            };
            let asked = metadata::partitions(("127.0.0.1", port), topic::ALERT);
            // A broker that stands still does not answer; another one does.
            if let Ok(Ok(partitions)) = tokio::time::timeout(Duration::from_secs(1), asked).await {
                let count = i32::try_from(partitions.len()).ok()?;
                let home = partition::of_key(line.as_str().as_bytes(), count);
                return partitions.into_iter().find(|partition| partition.number == home);
            }
        }
        None
    }

    /// Starts a broker again, beside whatever else is done.
    pub(crate) fn start(&mut self, broker: usize) {
        let number = (broker + 1).to_string();
        let mut start = self.command(&["start", &number]);
        self.starting[broker] = Some(tokio::spawn(async move { words(&mut start).await.map(drop) }));
    }

    /// Returns whether a broker that was started again may not be there yet.
    pub(super) fn is_starting(&self, broker: usize) -> bool {
        self.starting[broker].as_ref().is_some_and(|starting| !starting.is_finished())
    }

    /// Waits until a broker that was started again is there.
    ///
    /// # Errors
    /// What kept it from starting.
    pub(crate) async fn started(&mut self, broker: usize) -> Result<(), Error> {
        match self.starting[broker].take() {
            Some(starting) => starting.await.expect("starting a broker does not panic"),
            None => Ok(()),
        }
    }

    /// Kills a broker and throws away what it had not synced.
    ///
    /// # Errors
    /// [`Error::System`], [`Error::File`].
    pub(super) async fn lose_power(&self, broker: usize, cut: &PowerCut) -> Result<Thrown, Error> {
        if let Some(process) = self.process(broker) {
            process.kill()?;
            if !process.ends_within(DYING).await {
                return Err(Error::Usage(format!("broker {broker} does not end")));
            }
        }
        cut.cut(&self.node(broker).join("data"))
    }

    fn node(&self, broker: usize) -> PathBuf {
        self.directory.join(format!("node-{}", broker + 1))
    }

    fn port(&self, broker: usize, file: &str) -> Result<u16, Error> {
        let path = self.node(broker).join(file);
        let text = fs::read_to_string(&path);
        let text = text.map_err(|source| Error::File { what: "read", path: path.clone(), source })?;
        text.trim().parse().map_err(|_| Error::Usage(format!("{} holds no port", path.display())))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.script);
        command.args(arguments).arg("--dir").arg(&self.directory);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        for starting in self.starting.iter().flatten() {
            starting.abort();
        }
        for broker in 0..BROKERS {
            if let Some(process) = self.process(broker) {
                // It is gone when this fails.
                let _ = process.kill();
            }
        }
    }
}
