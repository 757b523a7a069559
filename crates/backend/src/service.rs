//! Starts and stops what the service does, in the order in which one part needs another.

use std::{path::PathBuf, time::Duration};

use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    accounts::{AccountError, Accounts},
    calls::Calls,
    database::{Database, DatabaseError},
    fanout::Fanout,
    handover::Handover,
    hub::Hub,
    log::{KafkaSettings, LogError},
    outbox::{Outbox, OutboxError},
    readiness::{Readiness, RoleState, Tell},
    receipts::Receipts,
    relay::Relay,
    sessions::Sessions,
};

const FLUSH_PATIENCE: Duration = Duration::from_secs(3);

/// What the service needs to know.
pub struct Settings {
    /// Where the outbox is.
    pub data_dir: PathBuf,
    /// The accounts' database: `sqlite://…` or `postgres://…`.
    pub database_url: String,
    /// Where Kafka is.
    pub kafka: KafkaSettings,
    /// Takes calls.
    pub producer: bool,
    /// Tells calls.
    pub fanout: bool,
    /// Makes the demo complex, if nobody has an account yet.
    pub demo: bool,
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

/// All parts of the service. Clones are the same service.
#[derive(Clone)]
pub struct Backend {
    /// Who can sign in.
    pub accounts: Accounts,
    /// Who is signed in.
    pub sessions: Sessions,
    /// The lines and who listens.
    pub hub: Hub,
    /// Whom calls have reached.
    pub receipts: Receipts,
    /// The commands.
    pub calls: Calls,
    /// How the roles are doing.
    pub readiness: Readiness,
    database: Database,
    outbox: Outbox,
    relay: Relay,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl Backend {
    /// Opens the database and the outbox and starts the roles. It returns before Kafka is there and before
    /// the hub is rebuilt: [`Backend::readiness`] tells.
    ///
    /// # Errors
    /// [`StartError`] with what cannot be used and why.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let calls_runtime = settings.calls_runtime.clone();
        let data_dir = settings.data_dir.clone();
        let outbox = calls_runtime.spawn(async move { Outbox::open(&data_dir).await }).await??;
        let database = Database::open(&settings.database_url).await?;
        let accounts = Accounts::new(database.clone());
        if settings.demo {
            accounts.furnish_demo().await?;
        }
        let role = |has: bool, starting: &str| {
            Tell::new(if has { RoleState::Starting(starting.into()) } else { RoleState::Absent })
        };
        let readiness = Readiness {
            producer: role(settings.producer, "connecting to Kafka"),
            fanout: role(settings.fanout, "reading the log"),
        };
        let relay = {
            let _calls = calls_runtime.enter();
            let state =
                if settings.producer { readiness.producer.clone() } else { Tell::new(RoleState::Absent) };
            Relay::start(outbox.clone(), settings.kafka.clone(), state)?
        };
        let hub = Hub::new();
        let handover = Handover::new(hub.clone(), settings.sockets_runtime.clone());
        let backend = Self {
            sessions: Sessions::new(database.clone()),
            receipts: Receipts::default(),
            calls: Calls::new(hub.clone(), outbox.clone(), relay.clone(), handover),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            accounts,
            hub,
            readiness,
            database,
            outbox,
            relay,
        };
        backend.begin_to_tell(&settings);
        Ok(backend)
    }

    /// A producer folds the log too: it must know the calls that commands are about.
    fn begin_to_tell(&self, settings: &Settings) {
        let state =
            if settings.fanout { self.readiness.fanout.clone() } else { Tell::new(RoleState::Absent) };
        let fanout = Fanout {
            hub: self.hub.clone(),
            outbox: self.outbox.clone(),
            relay: self.relay.clone(),
            kafka: settings.kafka.clone(),
            state,
        };
        let runtime = &settings.sockets_runtime;
        self.tasks.spawn_on(fanout.run(self.stopping.clone()), runtime);
        self.tasks.spawn_on(self.receipts.clone().run(self.hub.clone(), self.stopping.clone()), runtime);
    }

    /// Lets Kafka have what it will take within a few seconds, then closes the files.
    pub async fn stop(&self) {
        self.relay.stop(FLUSH_PATIENCE).await;
        self.stopping.cancel();
        self.tasks.close();
        if tokio::time::timeout(FLUSH_PATIENCE, self.tasks.wait()).await.is_err() {
            tracing::warn!("the fan-out did not end in time");
        }
        self.outbox.close().await;
        self.database.close().await;
    }
}
