//! Starts and stops what the service does, in the order in which one part needs another.

mod prepare;
mod roles;
mod settings;

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::prepare::prepare;
pub use self::settings::{Settings, StartError};
use crate::{
    audit::Audit,
    calls::{Calls, hub::Hub, receipts::Receipts},
    canary::Canary,
    database::Database,
    delivery::{
        self, Delivery,
        handover::Handover,
        log::Share,
        outbox::{Outbox, Purpose},
        relay::Relay,
    },
    escalation::Escalation,
    people::{accounts::Accounts, displays::Displays, location_use::LocationUses, sessions::Sessions},
    privacy::Privacy,
    push::Push,
    reach::Reach,
    readiness::Readiness,
    statistics::Statistics,
};

const FLUSH_PATIENCE: Duration = Duration::from_secs(3);

/// All parts of the service. Clones are the same service.
#[derive(Clone)]
pub struct Backend {
    /// The accounts.
    pub accounts: Accounts,
    /// The sessions.
    pub sessions: Sessions,
    /// The screens that show the board.
    pub displays: Displays,
    /// The lines and who listens.
    pub hub: Hub,
    /// Whom calls have reached.
    pub receipts: Receipts,
    /// The commands.
    pub calls: Calls,
    /// The records of acts.
    pub audit: Audit,
    /// The figures of the calls.
    pub statistics: Statistics,
    /// Reaches people without an open page.
    pub push: Push,
    /// The uses of locations, and what people choose about theirs.
    pub privacy: Privacy,
    /// Knows which households a call could alarm now.
    pub reach: Reach,
    /// The rules for calls that nobody comes to.
    pub escalation: Escalation,
    /// Shows whether calls arrive.
    pub canary: Canary,
    /// The readiness of the roles.
    pub readiness: Readiness,
    /// The lines that this node keeps for subscribers.
    pub share: Share,
    /// The name of this process' counting, if it counts.
    counting: Option<Arc<str>>,
    database: Database,
    outbox: Outbox,
    relay: Option<Relay>,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl Backend {
    /// Opens the database and the outbox and starts the roles. It returns before Kafka is there and before the hub is
    /// rebuilt, and also when the database or the disk fail. [`Backend::readiness`] shows that.
    ///
    /// # Errors
    /// [`StartError`] with what cannot be used and why.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let data_dir = settings.data_dir.clone();
        let purpose = if settings.kafka.is_some() { Purpose::Relayed } else { Purpose::Log };
        let opening = async move { delivery::open_outbox(&data_dir, purpose).await };
        let opened = settings.calls_runtime.spawn(opening);
        let (outbox, queue, lanes) = opened.await??;
        let database = Database::connect_later(&settings.database_url)?;
        let accounts = Accounts::new(database.clone()).sealed_by(settings.seal.clone());
        let prepared = prepare(&database, &accounts, &settings).await?;
        let readiness = roles::readiness(&settings);
        let (log, relay) = roles::open_log(&settings, &outbox, readiness.producer.clone())?;
        let hub = Hub::new();
        let shared = log.is_read_back().then(|| database.clone());
        let handover = Handover::new(queue.clone(), settings.sockets_runtime.clone(), shared);
        let delivery = Delivery::new(outbox.clone(), log.clone(), relay.clone(), handover.clone(), queue);
        let choices = LocationUses::open(database.clone(), &settings.data_dir).await;
        let privacy =
            Privacy::new(database.clone(), outbox.clone(), hub.clone(), handover.clone(), choices.clone());
        let push =
            Push::open(settings.push.clone(), &settings.data_dir, database.clone(), settings.zone.clone());
        let reach = Reach::new(database.clone(), push.clone());
        let backend = Self {
            statistics: Statistics::open(&settings.data_dir, database.clone(), settings.zone.clone())?,
            counting: roles::counting(&settings, &log),
            escalation: Escalation::new(database.clone(), accounts.clone(), reach.clone()),
            reach,
            push,
            sessions: Sessions::open(database.clone(), outbox.clone(), settings.requires_second_factor).await,
            displays: Displays::open(database.clone()).await,
            receipts: Receipts::default(),
            audit: Audit::new(database.clone()),
            calls: Calls::new(hub.clone(), delivery, readiness.clone(), choices),
            privacy,
            canary: Canary::new(settings.canary.filter(|_| settings.producer)),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            accounts,
            hub,
            readiness,
            share: settings.kafka.as_ref().map(|kafka| kafka.share.clone()).unwrap_or_default(),
            database,
            outbox,
            relay,
        };
        match prepared {
            Some(claim) => {
                backend.furnish_demo(&settings).await;
                backend.spawn(&settings, claim.keep());
            }
            None => backend.spawn(&settings, backend.clone().prepare_later(settings.clone())),
        }
        backend.start_roles(&settings, &log, handover, lanes);
        Ok(backend)
    }

    fn spawn(&self, settings: &Settings, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.stopping.clone();
        let work = async move { stopping.run_until_cancelled(work).await };
        self.tasks.spawn_on(work, &settings.sockets_runtime);
    }

    /// Lets Kafka have what it will take within a few seconds, then closes the files.
    pub async fn stop(&self) {
        if let Some(relay) = &self.relay {
            relay.stop(FLUSH_PATIENCE).await;
        }
        self.stopping.cancel();
        self.tasks.close();
        if tokio::time::timeout(FLUSH_PATIENCE, self.tasks.wait()).await.is_err() {
            tracing::warn!("the fan-out did not end in time");
        }
        self.outbox.close().await;
        if let Some(token) = &self.counting {
            self.statistics.give_back(token).await;
        }
        self.statistics.close().await;
        self.reach.leave().await;
        self.database.close().await;
    }
}
