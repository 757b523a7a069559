//! The configuration of the service, and why it cannot start.

use std::{path::PathBuf, time::Duration};

use tokio::runtime::Handle;

use crate::{
    database::DatabaseError,
    delivery::{
        log::{KafkaSettings, LogError},
        outbox::OutboxError,
    },
    people::{accounts::AccountError, seal::Seal},
    push,
    retention::Clocks,
    statistics::{Iana, schedule::Schedule},
    webhook,
};

/// The service's configuration.
#[derive(Clone)]
pub struct Settings {
    /// Where the outbox is.
    pub data_dir: PathBuf,
    /// The accounts' database, as `sqlite://…` or `postgres://…`.
    pub database_url: String,
    /// Where Kafka is; `None` for a node that is its own log.
    pub kafka: Option<KafkaSettings>,
    /// Takes calls.
    pub producer: bool,
    /// Pushes calls to sockets.
    pub fanout: bool,
    /// Counts calls, and keeps the letters of records that cannot be read.
    pub statistics: bool,
    /// The complex's time zone.
    pub zone: Iana,
    /// When the batch counts all calls again; `None` if it is run from outside.
    pub batch: Option<Schedule>,
    /// The settings by which people without an open page are reached.
    pub push: push::Settings,
    /// The address that calls are sent to, if there is one.
    pub webhook: Option<webhook::Settings>,
    /// The times for which things are kept.
    pub clocks: Clocks,
    /// The time between two silent calls of the service to itself; `None` for none.
    pub canary: Option<Duration>,
    /// Makes the demo complex with its past, if nobody has an account yet.
    pub demo: bool,
    /// Administrators without a second factor have the rights of residents.
    pub requires_second_factor: bool,
    /// Seals the secrets of second factors in the database.
    pub seal: Seal,
    /// Where calls are taken; nothing else runs there.
    pub calls_runtime: Handle,
    /// Where sockets and the fan-out run.
    pub sockets_runtime: Handle,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The accounts' database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The accounts in it.
    #[error(transparent)]
    Accounts(#[from] AccountError),
    /// The settings for Kafka. That Kafka is away is no reason not to start.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A runtime was gone before it could be used.
    #[error("a part of the service ended while it started: {0}")]
    Ended(#[from] tokio::task::JoinError),
}
