//! The cluster with everybody who listens, and the run.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{runtime::Runtime, sync::Semaphore, task::JoinSet, time::sleep};

use super::{
    Settings,
    listener::{Arrivals, Listener},
    report::{Back, NodeUse, Report},
};
use crate::{
    cluster::{Cluster, Plan},
    fanout::board::Board,
    pressing::{Load, Pressing},
    processes::Usage,
};
use testkit::{
    Error,
    client::Client,
    town::{Residents, Town},
};

/// The sockets that are opened at once before anything is killed.
const AT_ONCE: usize = 50;
/// The time for all sockets to be open, which is far more than a busy machine needs.
const OPENING: Duration = Duration::from_secs(300);
const GLANCE: Duration = Duration::from_millis(20);
const PRODUCER: &str = "web,producer";
const FANOUT: &str = "fanout";

/// Everything that is there during the run.
pub(super) struct Stage<'a> {
    settings: &'a Settings,
    cluster: Cluster,
    residents: Residents,
    board: Arc<Board>,
    arrivals: Arc<Arrivals>,
    listening: JoinSet<()>,
    /// The use of a killed node until then.
    killed: Vec<(usize, Usage)>,
}

impl<'a> Stage<'a> {
    /// Starts everything, and opens every socket.
    pub(super) async fn set(settings: &'a Settings, listeners: &Runtime) -> Result<Self, Error> {
        let town = Town::new(settings.lines as usize, settings.callers() + settings.residents as usize);
        let producers = std::iter::repeat_n(PRODUCER, settings.producers.into());
        let roles = producers.chain(std::iter::repeat_n(FANOUT, settings.fanouts.into())).collect();
        let plan = Plan {
            program: &settings.program,
            scripts: &settings.scripts,
            brokers: settings.brokers,
            partitions: None,
            roles,
            town: &town,
        };
        let (cluster, accounts) = Cluster::start(&plan).await?;
        let residents = accounts.signed_in(&cluster.nodes[0].client);
        let mut stage = Self {
            settings,
            cluster,
            residents,
            board: Arc::default(),
            arrivals: Arc::default(),
            listening: JoinSet::new(),
            killed: Vec::new(),
        };
        stage.open(listeners).await?;
        Ok(stage)
    }

    /// Opens every socket, those of a line at the fan-outs in turn.
    async fn open(&mut self, listeners: &Runtime) -> Result<(), Error> {
        let (settings, gate) = (self.settings, Arc::new(Semaphore::new(AT_ONCE)));
        let fanouts: Arc<[Client]> = self.clients(settings.producers.into()..self.cluster.nodes.len());
        for line in 0..settings.lines as usize {
            for number in 0..settings.residents as usize {
                let listener = Listener {
                    device: self.residents.of(line, settings.callers() + number).clone(),
                    fanouts: fanouts.clone(),
                    home: (line + number) % fanouts.len(),
                    number,
                    board: self.board.clone(),
                    arrivals: self.arrivals.clone(),
                };
                self.listening.spawn_on(listener.listen(gate.clone()), listeners.handle());
            }
        }
        let deadline = self.board.now() + OPENING;
        while self.arrivals.opened.load(Relaxed) < settings.sockets() {
            if self.board.now() >= deadline {
                let opened = self.arrivals.opened.load(Relaxed);
                return Err(Error::Usage(format!("only {opened} sockets were open after {OPENING:?}")));
            }
            sleep(GLANCE).await;
        }
        Ok(())
    }

    fn clients(&self, nodes: std::ops::Range<usize>) -> Arc<[Client]> {
        self.cluster.nodes[nodes].iter().map(|node| node.client.clone()).collect()
    }

    /// Returns what each node has used until now.
    pub(super) fn usage(&self) -> Result<Vec<Usage>, Error> {
        let usage = |number: usize| match self.killed.iter().find(|(killed, _)| *killed == number) {
            Some((_, usage)) => Ok(*usage),
            None => self.cluster.nodes[number].processes()?.usage(),
        };
        (0..self.cluster.nodes.len()).map(usage).collect()
    }

    /// Kills a node, and returns when.
    async fn kill(&mut self, number: usize) -> Result<Duration, Error> {
        let node = &mut self.cluster.nodes[number];
        self.killed.push((number, node.processes()?.usage()?));
        let at = self.board.now();
        node.kill().await?;
        Ok(at)
    }

    /// Presses until the end and waits until everybody has every call.
    pub(super) async fn play(&mut self, begun: &[Usage]) -> Result<Report, Error> {
        let timeline = self.settings.timeline();
        let producers = self.clients(0..self.settings.producers.into());
        let mut pressing = Pressing::begin(self.load(), producers, &self.board);
        let (first_fanout, mut killed) = (usize::from(self.settings.producers), Vec::new());
        let started = self.board.now();
        for number in 0..timeline.presses() {
            let due = pressing.tick().await;
            if number == timeline.fanout_is_killed() {
                killed.push(self.kill(first_fanout).await?);
            }
            if number == timeline.producer_is_killed() {
                killed.push(self.kill(0).await?);
            }
            pressing.press(number, due);
        }
        let presses = pressing.end().await;
        let back = self.back(killed[0]).await;
        let took = self.board.now().saturating_sub(started);
        let nodes =
            self.usage()?.into_iter().zip(begun).enumerate().map(|(number, (ended, begun))| NodeUse {
                name: self.cluster.nodes[number].name.clone(),
                is_killed: self.killed.iter().any(|(killed, _)| *killed == number),
                processor: ended.processor.saturating_sub(begun.processor),
                resident: ended.resident,
            });
        Ok(Report { presses, nodes: nodes.collect(), back, killed: [killed[0], killed[1]], took })
    }

    /// Every flat that presses, on one line after the other.
    fn load(&self) -> Load {
        let (settings, lines) = (self.settings, self.settings.lines as usize);
        let turns = (0..settings.callers()).flat_map(|house| (0..lines).map(move |line| (line, house)));
        Load {
            rate: settings.rate,
            callers: turns.map(|(line, house)| self.residents.of(line, house).clone()).collect(),
            listeners: settings.residents as usize,
            patience: Duration::from_secs(settings.deadline_s),
            is_cancelled: true,
        }
    }

    /// Waits until every client of the killed fan-out is back, or the time is over.
    async fn back(&self, killed: Duration) -> Back {
        let deadline = self.board.now() + Duration::from_secs(self.settings.deadline_s);
        let expected = self.arrivals.at_home(0);
        while self.arrivals.back(0).len() < expected && self.board.now() < deadline {
            sleep(GLANCE).await;
        }
        let times = self.arrivals.back(0).into_iter().map(|at| at.saturating_sub(killed)).collect();
        let (refused, elsewhere) = (self.arrivals.refused.load(Relaxed), self.arrivals.lost_elsewhere(0));
        Back { times, expected, refused, elsewhere }
    }

    /// Closes the sockets and ends all nodes.
    pub(super) async fn leave(mut self) -> Result<(), Error> {
        self.listening.shutdown().await;
        self.cluster.end().await
    }
}
