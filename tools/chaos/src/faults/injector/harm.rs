//! Harms that take more than one step.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Injector;
use crate::faults::{
    fault::{Moment, Reach},
    file_faults,
};
use testkit::{Error, server::Process};

/// The time to wait for an answer to kill after. There may be none while everybody waits for a repair.
const ANSWER_PATIENCE: Duration = Duration::from_millis(800);
/// The time to wait for a broker's start while other things fail.
const BROKER_PATIENCE: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(50);
/// The time after a backup within which events are recorded that its restoring loses.
const AFTER_BACKUP: Duration = Duration::from_millis(400);

impl Injector {
    async fn wait_for(&self, moment: Moment) {
        if moment == Moment::AfterAnswer {
            // Without one it goes on as it comes.
            let _ = timeout(ANSWER_PATIENCE, self.recorder.next_acknowledgement()).await;
        }
    }

    pub(super) async fn kill(&mut self, node: usize, moment: Moment) -> Result<(), Error> {
        self.nodes[node].mend(&self.journal).await?;
        self.wait_for(moment).await;
        match self.nodes[node].server().kill().await {
            Ok(()) | Err(Error::NotRunning(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }

    pub(super) fn stop(&mut self, index: usize, process: Process) -> Result<(), Error> {
        match process.stop() {
            Ok(()) => {
                self.stopped.insert(index, process);
                Ok(())
            }
            Err(Error::NotRunning(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// A server cannot start on a disk that hangs, and this waits for its start.
    pub(super) fn let_the_disk_go_on(&self) -> Result<(), Error> {
        self.cut.slow_disk(Duration::ZERO)
    }

    /// Moves the outbox away under a running server, and waits until that has put it back.
    pub(super) async fn move_outbox(&mut self, index: usize, node: usize) -> Result<(), Error> {
        self.nodes[node].mend(&self.journal).await?;
        let data_dir = self.nodes[node].data_dir().to_owned();
        let away = file_faults::move_away(&data_dir, index)?;
        self.let_the_disk_go_on()?;
        if file_faults::is_back(&data_dir).await {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "server {node} did not put its outbox back, which is in {}",
            away.display()
        )))
    }

    /// Backs a server up while it takes calls, and restores that a moment later. The checker learns that acknowledged
    /// events since then are lost.
    pub(super) async fn restore_backup(&mut self, node: usize) -> Result<(), Error> {
        self.nodes[node].mend(&self.journal).await?;
        self.let_the_disk_go_on()?;
        let began = self.recorder.now();
        self.nodes[node].back_up().await?;
        tokio::time::sleep(AFTER_BACKUP).await;
        self.kill(node, Moment::AfterAnswer).await?;
        self.nodes[node].restore(&self.cut).await?;
        self.recorder.restored(began);
        self.nodes[node].start_again(&self.journal).await
    }

    /// Waits until a broker of the cluster that was started again is there. Where it is not soon, the other faults are
    /// repaired before their time, because a broker gives up starting while it cannot reach the others, which a clock
    /// that went back can keep it from, too.
    async fn broker_is_there(&mut self, broker: usize) -> Result<(), Error> {
        let Some(kafka) = &mut self.kafka else { return Ok(()) };
        let soon = Instant::now() + BROKER_PATIENCE;
        while kafka.is_starting(broker) && Instant::now() < soon {
            tokio::time::sleep(GLANCE).await;
        }
        if kafka.is_starting(broker) {
            self.journal.log(format_args!("broker {broker} is waited for, with all else mended"));
            self.cut.move_clock(0)?;
            self.cut.slow_disk(Duration::ZERO)?;
            kafka.harm_paths(None, None);
            for process in self.stopped.values() {
                // One that was killed while it stood still is not running.
                let _ = process.resume();
            }
        }
        kafka.started(broker).await
    }

    pub(super) async fn kill_broker(&mut self, index: usize, broker: usize) -> Result<(), Error> {
        if self.kafka.is_some() {
            self.broker_is_there(broker).await?;
            self.dead.insert(index, broker);
        }
        let process = self.kafka.as_ref().and_then(|kafka| kafka.process(broker));
        match process.map(|process| process.kill()) {
            None | Some(Ok(()) | Err(Error::NotRunning(_))) => Ok(()),
            Some(Err(other)) => Err(other),
        }
    }

    pub(super) async fn cut_power(
        &mut self,
        index: usize,
        reach: Reach,
        moment: Moment,
    ) -> Result<(), Error> {
        let brokers = match (reach, &self.kafka) {
            (Reach::Everything, Some(kafka)) => (0..kafka.brokers()).collect(),
            (Reach::Broker(broker), Some(_)) => vec![broker],
            _ => Vec::new(),
        };
        let nodes = match reach {
            Reach::Everything => (0..self.nodes.len()).collect(),
            Reach::Node(node) => vec![node],
            Reach::Broker(_) => Vec::new(),
        };
        for broker in &brokers {
            self.broker_is_there(*broker).await?;
        }
        self.wait_for(moment).await;
        // A program on the same machine loses its power, too.
        self.readers.clear();
        // First all stand still, then all are killed, so that nobody sees another one's end.
        for node in &nodes {
            if let Ok(process) = self.nodes[*node].server().process() {
                process.stop()?;
            }
        }
        for broker in brokers {
            let Some(kafka) = &self.kafka else { break };
            let thrown = kafka.lose_power(broker, &self.cut).await?;
            self.journal.log(format_args!("broker {broker} lost {} changes", thrown.changes));
            if reach == Reach::Broker(broker) {
                self.dead.insert(index, broker);
            }
        }
        for node in nodes {
            let thrown = self.nodes[node].lose_power(&self.cut).await?;
            self.journal.log(format_args!("server {node} lost {} changes", thrown.changes));
        }
        Ok(())
    }
}
