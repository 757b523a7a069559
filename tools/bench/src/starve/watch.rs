//! The server's resident memory during one measurement.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{runtime::Runtime, task::JoinHandle};

use testkit::{Error, measure::memory::Memory, server::Process};

/// The time between two readings.
const EVERY: Duration = Duration::from_millis(100);
/// The pause after an attack in which the server frees its memory.
const CALM: Duration = Duration::from_secs(3);

/// Reads the memory of a process until it is ended.
pub(super) struct Watch {
    process: Process,
    before: u64,
    most: Arc<AtomicU64>,
    reading: JoinHandle<()>,
}

/// Resident octets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    pub(super) before: u64,
    pub(super) after: u64,
    pub(super) most: u64,
}

impl Watch {
    /// Begins on the threads of `runtime`.
    pub(super) fn begin(runtime: &Runtime, process: Process) -> Result<Self, Error> {
        let before = Memory::of(&process)?.now;
        let most = Arc::new(AtomicU64::new(before));
        let reading = runtime.spawn(read(process.clone(), most.clone()));
        Ok(Self { process, before, most, reading })
    }

    /// Ends when the server had time to calm down.
    pub(super) async fn end(self) -> Result<Used, Error> {
        tokio::time::sleep(CALM).await;
        self.reading.abort();
        let after = Memory::of(&self.process)?.now;
        Ok(Used { before: self.before, after, most: self.most.load(Relaxed).max(after) })
    }
}

async fn read(process: Process, most: Arc<AtomicU64>) {
    // A process that has ended has no figure; the next request reports its end.
    while let Ok(memory) = Memory::of(&process) {
        most.fetch_max(memory.now, Relaxed);
        tokio::time::sleep(EVERY).await;
    }
}
