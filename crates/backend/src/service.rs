//! Starts and stops what the service does, in the order in which one part needs another.

use std::{path::PathBuf, time::Duration};

use tokio::{runtime::Handle, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use wire::{Millis, topic};

use crate::{
    calls::Calls,
    calls::fanout::Fanout,
    calls::hub::Hub,
    calls::receipts::Receipts,
    clock,
    database::{Database, DatabaseError},
    delivery::dead_letters::DeadLetters,
    delivery::handover::Handover,
    delivery::log::{KafkaSettings, LogError},
    delivery::outbox::{Outbox, OutboxError},
    delivery::relay::Relay,
    people::accounts::{AccountError, Accounts},
    people::sessions::Sessions,
    readiness::{Readiness, RoleState, Tell},
};

const FLUSH_PATIENCE: Duration = Duration::from_secs(3);
/// How long the accounts' database may take to be there at the start; later it is tried again.
const DATABASE_PATIENCE: Duration = Duration::from_secs(5);
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// How often old entries leave the outbox: often, since few go at once.
const FORGET_EVERY: Duration = Duration::from_secs(30);

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
    /// Keeps the letters of records that cannot be read.
    pub statistics: bool,
    /// How long the outbox keeps what is published.
    pub keep: Duration,
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
    /// the hub is rebuilt, and also when the database or the disk fail: [`Backend::readiness`] tells.
    ///
    /// # Errors
    /// [`StartError`] with what cannot be used and why.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let calls_runtime = settings.calls_runtime.clone();
        let data_dir = settings.data_dir.clone();
        let outbox = calls_runtime.spawn(async move { Outbox::open(&data_dir).await }).await??;
        let database = Database::connect_later(&settings.database_url)?;
        let accounts = Accounts::new(database.clone());
        let furnished = furnish(&database, &accounts, settings.demo).await?;
        let role = |has: bool, starting: &str| {
            Tell::new(if has { RoleState::Starting(starting.into()) } else { RoleState::Absent })
        };
        let readiness = Readiness {
            producer: role(settings.producer, "connecting to Kafka"),
            fanout: role(settings.fanout, "reading the log"),
            promised: watch::Sender::new(false),
        };
        let relay = {
            let _calls = calls_runtime.enter();
            Relay::start(outbox.clone(), settings.kafka.clone(), readiness.producer.clone())?
        };
        let hub = Hub::new();
        let (runtime, slow) = (settings.sockets_runtime.clone(), settings.kafka.embedded);
        let handover = Handover::new(hub.clone(), runtime, slow, database.clone());
        let backend = Self {
            sessions: Sessions::open(database.clone(), outbox.clone()).await,
            receipts: Receipts::default(),
            calls: Calls::new(hub.clone(), outbox.clone(), relay.clone(), handover.clone()),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            accounts,
            hub,
            readiness,
            database,
            outbox,
            relay,
        };
        if !furnished {
            backend.spawn(&settings, backend.clone().furnish_later(settings.demo));
        }
        backend.begin_to_tell(&settings, handover);
        backend.begin_to_keep(&settings);
        Ok(backend)
    }

    fn spawn(&self, settings: &Settings, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.stopping.clone();
        let work = async move { stopping.run_until_cancelled(work).await };
        self.tasks.spawn_on(work, &settings.sockets_runtime);
    }

    async fn furnish_later(self, demo: bool) {
        loop {
            tokio::time::sleep(TRY_AGAIN).await;
            match furnish(&self.database, &self.accounts, demo).await {
                Ok(true) => return tracing::info!("the accounts' database answers"),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the accounts' database cannot be used; trying on"),
            }
        }
    }

    /// A producer folds the log too: it must know the calls that commands are about.
    fn begin_to_tell(&self, settings: &Settings, handover: Handover) {
        let state =
            if settings.fanout { self.readiness.fanout.clone() } else { Tell::new(RoleState::Absent) };
        let fanout = Fanout {
            hub: self.hub.clone(),
            outbox: self.outbox.clone(),
            relay: self.relay.clone(),
            handover: handover.clone(),
            dead_letters: DeadLetters::new(settings.statistics.then(|| self.relay.clone())),
            kafka: settings.kafka.clone(),
            state,
            promised: self.readiness.promised.clone(),
        };
        let runtime = &settings.sockets_runtime;
        let stopping = || self.stopping.clone();
        self.tasks.spawn_on(fanout.run(stopping()), runtime);
        self.tasks.spawn_on(handover.listen(stopping()), runtime);
        let receipts = self.receipts.clone().run(self.hub.clone(), self.relay.clone(), stopping());
        self.tasks.spawn_on(receipts, runtime);
        self.tasks.spawn_on(self.sessions.clone().run(stopping()), runtime);
    }

    /// What is published and old leaves the outbox; locations are personal data and leave it sooner.
    fn begin_to_keep(&self, settings: &Settings) {
        let (outbox, keep) = (self.outbox.clone(), millis(settings.keep));
        let locations = topic::retention(topic::LOCATION).map_or(keep, |retention| retention.min(keep));
        self.spawn(settings, async move {
            loop {
                tokio::time::sleep(FORGET_EVERY).await;
                let now = clock::now();
                for (topic, before) in [(Some(topic::LOCATION), now - locations), (None, now - keep)] {
                    if let Err(error) = outbox.forget(topic, before).await {
                        tracing::warn!(%error, "old entries stay in the outbox for now");
                    }
                }
            }
        });
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

/// Whether the database is there, with its tables, and the demo complex if it is wanted.
async fn furnish(database: &Database, accounts: &Accounts, demo: bool) -> Result<bool, StartError> {
    let furnishing = async {
        database.prepare().await?;
        if demo {
            accounts.furnish_demo().await?;
        }
        Ok::<_, StartError>(())
    };
    match tokio::time::timeout(DATABASE_PATIENCE, furnishing).await {
        Ok(Ok(())) => Ok(true),
        Ok(Err(
            StartError::Database(error @ DatabaseError::Away(_))
            | StartError::Accounts(AccountError::Database(error @ DatabaseError::Away(_))),
        )) => {
            tracing::warn!(%error, "the accounts' database is away: nobody new can sign in until it is back");
            Ok(false)
        }
        Ok(Err(error)) => Err(error),
        Err(_) => {
            tracing::warn!("the accounts' database does not answer: nobody new can sign in until it does");
            Ok(false)
        }
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}
