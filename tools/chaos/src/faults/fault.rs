//! The faults, and the parts that they hit.

use std::{fmt, time::Duration};

/// A kind of fault, as `--only` and `--without` name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Kind {
    /// SIGKILL of a server or fan-out.
    Kill,
    /// SIGSTOP of a server or fan-out, then SIGCONT.
    Stop,
    /// SIGKILL of a broker.
    KillBroker,
    /// SIGSTOP of a broker, then SIGCONT.
    StopBroker,
    /// SIGKILL of the broker that leads a line's partition.
    KillLeader,
    /// The TCP path between the servers and Kafka drops, stalls or resets.
    Path,
    /// PostgreSQL is stopped.
    Database,
    /// The disk is full.
    FullDisk,
    /// Every fsync takes long.
    SlowDisk,
    /// No fsync returns for 5 to 30 seconds.
    HangDisk,
    /// The outbox's files are moved away while the server uses them.
    MoveOutbox,
    /// A server is backed up while it takes calls, ends a moment later, and starts on the restored backup.
    RestoreBackup,
    /// Another program reads the outbox in a long transaction.
    ForeignReader,
    /// The clock jumps. The brokers of a cluster go along when it jumps back, and keep the true time when it jumps ahead.
    Clock,
    /// Unsynced writes are thrown away.
    PowerCut,
    /// SIGTERM of a server or fan-out, as in an upgrade, then its start.
    Restart,
    /// nginx reads its configuration again, and closes the sockets of before.
    Reload,
}

impl Kind {
    /// Every kind.
    pub(super) const ALL: [Self; 17] = [
        Self::Kill,
        Self::Stop,
        Self::KillBroker,
        Self::StopBroker,
        Self::KillLeader,
        Self::Path,
        Self::Database,
        Self::FullDisk,
        Self::SlowDisk,
        Self::HangDisk,
        Self::MoveOutbox,
        Self::RestoreBackup,
        Self::ForeignReader,
        Self::Clock,
        Self::PowerCut,
        Self::Restart,
        Self::Reload,
    ];
}

/// When a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// As it comes.
    AsItComes,
    /// Right after a command was acknowledged, which is when the promise is the freshest.
    AfterAnswer,
}

/// The failure of a TCP path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    /// Sent bytes vanish; the connections end when it is over.
    Drop,
    /// Sent bytes wait until it is over.
    Stall,
    /// Connections are reset, and new ones at once.
    Reset,
}

/// The part that loses its power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Every server and every broker at the same time.
    Everything,
    /// One server.
    Node(usize),
    /// One broker of a cluster.
    Broker(usize),
}

/// One fault. Servers and brokers are counted from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Kill { node: usize, moment: Moment },
    Stop { node: usize },
    KillBroker { broker: usize },
    StopBroker { broker: usize },
    KillLeader { line: usize },
    Path { broker: Option<usize>, harm: Harm },
    StopDatabase,
    FillDisk { node: usize },
    SlowDisk { delay: Duration },
    HangDisk,
    MoveOutbox { node: usize },
    RestoreBackup { node: usize },
    ReadOutbox { node: usize },
    MoveClock { milliseconds: i64 },
    PowerCut { reach: Reach, moment: Moment },
    Restart { node: usize },
    Reload,
}

/// The target of a fault. Two faults at one time never hit the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Node(usize),
    Broker(usize),
    Path,
    Database,
    Disk(usize),
    Outbox(usize),
    Speed,
    Clock,
    Proxy,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = |moment: &Moment| match moment {
            Moment::AsItComes => "",
            Moment::AfterAnswer => ", right after an answer",
        };
        match self {
            Self::Kill { node, moment } => write!(f, "SIGKILL of server {node}{}", when(moment)),
            Self::Stop { node } => write!(f, "SIGSTOP of server {node}"),
            Self::KillBroker { broker } => write!(f, "SIGKILL of broker {broker}"),
            Self::StopBroker { broker } => write!(f, "SIGSTOP of broker {broker}"),
            Self::KillLeader { line } => write!(f, "SIGKILL of the broker that leads for line {line}"),
            Self::Path { broker: None, harm } => write!(f, "paths to all brokers: {harm:?}"),
            Self::Path { broker: Some(broker), harm } => write!(f, "path to broker {broker}: {harm:?}"),
            Self::StopDatabase => f.write_str("PostgreSQL stopped"),
            Self::FillDisk { node } => write!(f, "disk of server {node} full"),
            Self::SlowDisk { delay } => write!(f, "every fsync takes {delay:?} more"),
            Self::HangDisk => f.write_str("no fsync returns"),
            Self::MoveOutbox { node } => write!(f, "outbox of server {node} moved away"),
            Self::RestoreBackup { node } => write!(f, "server {node} restored from a backup"),
            Self::ReadOutbox { node } => write!(f, "outbox of server {node} read by another program"),
            Self::MoveClock { milliseconds } => write!(f, "clock moved by {} s", milliseconds / 1000),
            Self::Restart { node } => write!(f, "SIGTERM of server {node}"),
            Self::Reload => f.write_str("nginx reloaded"),
            Self::PowerCut { reach, moment } => {
                match reach {
                    Reach::Everything => f.write_str("power cut of everything")?,
                    Reach::Node(node) => write!(f, "power cut of server {node}")?,
                    Reach::Broker(broker) => write!(f, "power cut of broker {broker}")?,
                }
                f.write_str(when(moment))
            }
        }
    }
}
