//! Makes the planned faults happen, one after the other, and mends each when its time is over.

mod harm;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    fault::{Fault, Reach},
    file_faults::Reader,
    journal::Journal,
    kafka::Kafka,
    nginx::Nginx,
    nodes::Node,
    recorder::Recorder,
    schedule::Planned,
    town,
};
use crate::power_cut::PowerCut;
use testkit::{Error, real::Postgres, server::Process};

/// Longer than any fault lasts.
const HANGS: Duration = Duration::from_secs(600);
/// The time for which a server that is upgraded does not run.
const UPGRADE: Duration = Duration::from_millis(700);
/// The time between a server that is ready again and the upgrade of the next one.
const NEXT_UPGRADE: Duration = Duration::from_millis(1500);

/// All that can be harmed.
pub(super) struct Injector {
    pub(super) nodes: Vec<Node>,
    pub(super) kafka: Option<Kafka>,
    pub(super) postgres: Option<Postgres>,
    /// Stands before the servers, where they are proxied.
    pub(super) nginx: Option<Nginx>,
    pub(super) cut: PowerCut,
    pub(super) recorder: Arc<Recorder>,
    pub(super) journal: Journal,
    /// Processes that stand still, by the place of the fault that stopped them.
    stopped: BTreeMap<usize, Process>,
    /// Brokers of the cluster that wait for their next start, in the same way.
    dead: BTreeMap<usize, usize>,
    /// Programs that read an outbox, in the same way.
    readers: BTreeMap<usize, Reader>,
}

impl Injector {
    pub(super) fn new(
        nodes: Vec<Node>,
        kafka: Option<Kafka>,
        postgres: Option<Postgres>,
        cut: PowerCut,
        recorder: Arc<Recorder>,
        journal: Journal,
    ) -> Self {
        Self {
            nodes,
            kafka,
            postgres,
            nginx: None,
            cut,
            recorder,
            journal,
            stopped: BTreeMap::new(),
            dead: BTreeMap::new(),
            readers: BTreeMap::new(),
        }
    }

    /// Plays the schedule. Everything is mended when it returns.
    ///
    /// # Errors
    /// What kept a part from being harmed or mended; nothing of the run can be relied on then.
    pub(super) async fn play(&mut self, planned: &[Planned]) -> Result<(), Error> {
        let begin = planned.iter().enumerate().map(|(index, planned)| (planned.at, false, index));
        let mend = planned.iter().enumerate().map(|(index, planned)| (planned.until, true, index));
        let mut steps: Vec<(Duration, bool, usize)> = begin.chain(mend).collect();
        // A fault that lasts no time is still mended after it came.
        steps.sort_by_key(|(at, is_mend, index)| (*at, *is_mend, *index));
        for (at, is_mend, index) in steps {
            self.recorder.sleep_until(at).await;
            let fault = &planned[index].fault;
            if is_mend {
                self.mend(index, fault).await?;
            } else {
                let lasts = planned[index].until - planned[index].at;
                self.journal.log(format_args!("{:>3}. {fault}, for {lasts:?}", index + 1));
                self.harm(index, fault).await?;
            }
            self.recorder.hold_up(at);
        }
        Ok(())
    }

    async fn harm(&mut self, index: usize, fault: &Fault) -> Result<(), Error> {
        match fault {
            Fault::Kill { node, moment } => self.kill(*node, *moment).await,
            Fault::Stop { node } => {
                let Ok(process) = self.nodes[*node].server().process() else { return Ok(()) };
                self.stop(index, process)
            }
            Fault::KillBroker { broker } => self.kill_broker(index, *broker).await,
            Fault::StopBroker { broker } => {
                match self.kafka.as_ref().and_then(|kafka| kafka.process(*broker)) {
                    Some(process) => self.stop(index, process),
                    None => Ok(()),
                }
            }
            Fault::KillLeader { line } => match &mut self.kafka {
                Some(kafka) => match kafka.leader(&town::line(*line)).await {
                    Ok(broker) => self.kill_broker(index, broker).await,
                    Err(error) => {
                        self.journal.log(format_args!("no leader is known: {error}"));
                        Ok(())
                    }
                },
                None => Ok(()),
            },
            Fault::Path { broker, harm } => {
                if let Some(kafka) = &self.kafka {
                    kafka.harm_paths(*broker, Some(*harm));
                }
                Ok(())
            }
            Fault::StopDatabase => match &self.postgres {
                Some(postgres) => postgres.stop().await,
                None => Ok(()),
            },
            Fault::FillDisk { node } => self.nodes[*node].disk().map_or(Ok(()), |disk| disk.fill()),
            Fault::SlowDisk { delay } => self.cut.slow_disk(*delay),
            Fault::HangDisk => self.cut.slow_disk(HANGS),
            Fault::MoveOutbox { node } => self.move_outbox(index, *node).await,
            Fault::RestoreBackup { node } => self.restore_backup(*node).await,
            Fault::ReadOutbox { node } => {
                let reader = Reader::start(self.nodes[*node].data_dir())?;
                self.readers.insert(index, reader);
                Ok(())
            }
            Fault::MoveClock { milliseconds } => self.cut.move_clock(*milliseconds),
            Fault::PowerCut { reach, moment } => self.cut_power(index, *reach, *moment).await,
            Fault::Restart { node } => self.nodes[*node].end_to_start_again(&self.journal).await,
            Fault::Reload => match &self.nginx {
                Some(nginx) => nginx.reload().await,
                None => Ok(()),
            },
        }
    }

    async fn mend(&mut self, index: usize, fault: &Fault) -> Result<(), Error> {
        if let Some(process) = self.stopped.remove(&index) {
            match process.resume() {
                // It was killed while it stood still.
                Ok(()) | Err(Error::NotRunning(_)) => {}
                Err(other) => return Err(other),
            }
        }
        if let Some(broker) = self.dead.remove(&index)
            && let Some(kafka) = &mut self.kafka
        {
            kafka.start(broker);
        }
        self.readers.remove(&index);
        match fault {
            Fault::Kill { node, .. }
            | Fault::Restart { node }
            | Fault::PowerCut { reach: Reach::Node(node), .. } => {
                self.let_the_disk_go_on()?;
                self.nodes[*node].start_again(&self.journal).await
            }
            Fault::PowerCut { reach: Reach::Everything, .. } => {
                self.let_the_disk_go_on()?;
                if let Some(kafka) = &mut self.kafka {
                    (0..kafka.brokers()).for_each(|broker| kafka.start(broker));
                }
                self.mend_nodes().await
            }
            Fault::Path { broker, .. } => {
                if let Some(kafka) = &self.kafka {
                    kafka.harm_paths(*broker, None);
                }
                Ok(())
            }
            Fault::StopDatabase => match &self.postgres {
                Some(postgres) => postgres.start().await,
                None => Ok(()),
            },
            Fault::FillDisk { node } => {
                self.nodes[*node].disk().map_or(Ok(()), |disk| disk.free())?;
                self.nodes[*node].mend(&self.journal).await.map(drop)
            }
            Fault::SlowDisk { .. } | Fault::HangDisk => self.cut.slow_disk(Duration::ZERO),
            Fault::MoveClock { .. } => self.cut.move_clock(0),
            _ => Ok(()),
        }
    }

    /// Upgrades every server in turn. Each ends in order and is ready again before the next one ends. Those that keep
    /// sockets, which are the last, come first, because readers must know what writers will write.
    ///
    /// # Errors
    /// The error that kept a server from ending in order, or from starting.
    pub(super) async fn roll(&mut self) -> Result<(), Error> {
        for (number, node) in self.nodes.iter_mut().enumerate().rev() {
            self.journal.log(format_args!("rolling upgrade: server {number}"));
            node.end_to_start_again(&self.journal).await?;
            tokio::time::sleep(UPGRADE).await;
            node.start_again(&self.journal).await?;
            node.server().wait_ready().await?;
            tokio::time::sleep(NEXT_UPGRADE).await;
        }
        Ok(())
    }

    /// Starts servers that ended unasked.
    pub(super) async fn mend_nodes(&mut self) -> Result<(), Error> {
        for node in &mut self.nodes {
            node.mend(&self.journal).await?;
        }
        Ok(())
    }

    /// Waits until everything that was started again is there.
    pub(super) async fn all_is_well(&mut self) -> Result<(), Error> {
        if let Some(kafka) = &mut self.kafka {
            for broker in 0..kafka.brokers() {
                kafka.started(broker).await?;
            }
        }
        self.mend_nodes().await
    }

    /// Restarts every server in order and waits until it is ready.
    pub(super) async fn restart_nodes(&mut self) -> Result<(), Error> {
        for node in &mut self.nodes {
            node.server().restart().await?;
        }
        Ok(())
    }

    /// Ends every server in order.
    pub(super) async fn end(self) -> Result<(), Error> {
        for node in self.nodes {
            node.end().await?;
        }
        Ok(())
    }

    /// Copies what small disks hold, which are gone after the run.
    pub(super) fn keep_disks(&self) -> Result<(), Error> {
        self.nodes.iter().try_for_each(Node::keep_disk)
    }
}
