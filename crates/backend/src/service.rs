//! Starts and stops what the service does, in the order in which one part needs another.

mod prepare;

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{runtime::Handle, sync::watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use self::prepare::prepare;
use crate::{
    audit::Audit,
    calls::{
        Calls, expiry,
        fanout::{self, Fanout},
        figures,
        hub::Hub,
        receipts::Receipts,
    },
    canary::Canary,
    database::{Database, DatabaseError},
    delivery::{
        self, Delivery,
        dead_letters::DeadLetters,
        handover::Handover,
        log::{Kafka, KafkaSettings, Log, LogError, Share},
        outbox::{Outbox, OutboxError},
        relay::{Relay, show_local_state},
    },
    escalation::{Escalation, Others},
    people::{
        accounts::{AccountError, Accounts},
        displays::Displays,
        location_use::LocationUses,
        sessions::Sessions,
    },
    privacy::{Privacy, Recorder},
    push::{self, Push},
    reach::Reach,
    readiness::{Readiness, RoleState, StateSender},
    retention::{Clocks, Done, Retention},
    statistics::{Consumer, Iana, Statistics, nightly, schedule::Schedule},
    webhook::{self, Webhook},
};

const FLUSH_PATIENCE: Duration = Duration::from_secs(3);

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
        let calls_runtime = settings.calls_runtime.clone();
        let data_dir = settings.data_dir.clone();
        let opened = calls_runtime.spawn(async move { delivery::open_outbox(&data_dir).await }).await??;
        let (outbox, queue, queued) = opened;
        let database = Database::connect_later(&settings.database_url)?;
        let accounts = Accounts::new(database.clone());
        let prepared = prepare(&database, &accounts, &settings).await?;
        let role = |has: bool, starting: &str| {
            StateSender::new(if has { RoleState::Starting(starting.into()) } else { RoleState::Absent })
        };
        let readiness = Readiness {
            producer: role(settings.producer, "opening the log"),
            fanout: role(settings.fanout, "reading the log"),
            statistics: StateSender::new(if settings.statistics {
                RoleState::Degraded("the log is being counted".into())
            } else {
                RoleState::Absent
            }),
            promised: watch::Sender::new(false),
        };
        let (log, relay) = open_log(&settings, &outbox, readiness.producer.clone())?;
        let hub = Hub::new();
        let shared = log.is_read_back().then(|| database.clone());
        let handover = Handover::new(queue.clone(), settings.sockets_runtime.clone(), shared);
        let delivery = Delivery::new(outbox.clone(), log.clone(), relay.clone(), handover.clone(), queue);
        let choices = LocationUses::open(database.clone(), &settings.data_dir).await;
        let privacy =
            Privacy::new(database.clone(), outbox.clone(), hub.clone(), handover.clone(), choices.clone());
        let push =
            Push::open(settings.push.clone(), &settings.data_dir, database.clone(), settings.zone.clone());
        // A file has one reader, which goes on at once after a restart.
        let token = || if log.is_read_back() { Uuid::now_v7().to_string() } else { "local".to_owned() };
        let reach = Reach::new(database.clone(), push.clone());
        let backend = Self {
            statistics: Statistics::open(&settings.data_dir, database.clone(), settings.zone.clone())?,
            counting: settings.statistics.then(|| token().into()),
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
        if !log.is_read_back() {
            let (outbox, state) = (backend.outbox.clone(), backend.readiness.producer.clone());
            backend.spawn(&settings, show_local_state(outbox, state));
        }
        backend.start_privacy(&settings);
        let draining = fanout::drain(backend.hub.clone(), queued, log.clone(), backend.share.clone());
        backend.spawn(&settings, draining);
        backend.start_fanout(&settings, &log, handover.clone());
        backend.start_statistics(&settings, &log);
        backend.spawn(&settings, backend.reach.clone().run());
        if settings.producer || settings.fanout {
            let (push, receipts) = (backend.push.clone(), backend.receipts.clone());
            let (sessions, readiness) = (backend.sessions.clone(), backend.readiness.clone());
            let pushing = push.run(backend.hub.clone(), receipts, sessions, readiness);
            backend.spawn(&settings, pushing);
            backend.start_webhook(&settings);
            backend.start_escalation(&settings, &log);
        }
        if settings.producer {
            let (readiness, calls, hub) =
                (backend.readiness.clone(), backend.calls.clone(), backend.hub.clone());
            backend.spawn(&settings, async move {
                // Before the log is read, calls that are over look as if nobody had ended them.
                readiness.wait().await;
                expiry::run(calls, hub).await;
            });
            backend.spawn(&settings, figures::run(backend.hub.clone()));
            backend.start_canary(&settings);
        }
        backend.start_retention(&settings, handover);
        Ok(backend)
    }

    fn spawn(&self, settings: &Settings, work: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.stopping.clone();
        let work = async move { stopping.run_until_cancelled(work).await };
        self.tasks.spawn_on(work, &settings.sockets_runtime);
    }

    /// A producer folds the log too, because it must know the calls that commands are about.
    fn start_fanout(&self, settings: &Settings, log: &Log, handover: Handover) {
        let state =
            if settings.fanout { self.readiness.fanout.clone() } else { StateSender::new(RoleState::Absent) };
        let fanout = Fanout {
            hub: self.hub.clone(),
            log: log.clone(),
            outbox: self.outbox.clone(),
            relay: self.relay.clone(),
            handover: handover.clone(),
            dead_letters: DeadLetters::new(settings.statistics.then(|| log.clone())),
            share: self.share.clone(),
            state,
            promised: self.readiness.promised.clone(),
        };
        let runtime = &settings.sockets_runtime;
        let stopping = || self.stopping.clone();
        self.tasks.spawn_on(fanout.run(stopping()), runtime);
        self.tasks.spawn_on(handover.clone().listen(stopping()), runtime);
        if self.share.own().is_some() {
            self.spawn(settings, fanout::complete_borrowed(self.share.clone(), handover));
        }
        let receipts = self.receipts.clone().run(self.hub.clone(), log.clone(), stopping());
        self.tasks.spawn_on(receipts, runtime);
        self.tasks.spawn_on(self.sessions.clone().run(stopping()), runtime);
        self.tasks.spawn_on(self.displays.clone().run(stopping()), runtime);
        self.tasks.spawn_on(self.audit.clone().run(stopping()), runtime);
    }

    /// Sends calls to an address of the operator's, if there is one.
    fn start_webhook(&self, settings: &Settings) {
        let Some(wanted) = settings.webhook.clone() else { return };
        if let Some(webhook) = Webhook::open(wanted, self.database.clone(), settings.zone.clone()) {
            self.spawn(settings, webhook.run(self.hub.clone(), self.readiness.clone()));
        }
    }

    /// Alarms more people about calls that nobody comes to.
    fn start_escalation(&self, settings: &Settings, log: &Log) {
        let (calls, hub) = (self.calls.clone(), self.hub.clone());
        let (escalation, readiness) = (self.escalation.clone(), self.readiness.clone());
        let others = Others { share: self.share.clone(), are_there: log.is_read_back() };
        self.spawn(settings, escalation.run(calls, hub, readiness, others));
    }

    /// Calls itself, once the hub knows the calls of before.
    fn start_canary(&self, settings: &Settings) {
        let (canary, readiness) = (self.canary.clone(), self.readiness.clone());
        let (calls, hub, runtime) = (self.calls.clone(), self.hub.clone(), settings.calls_runtime.clone());
        self.spawn(settings, async move {
            readiness.wait().await;
            canary.run(calls, hub, runtime).await;
        });
    }

    /// Counts calls as they come, and all of them again by the schedule.
    fn start_statistics(&self, settings: &Settings, log: &Log) {
        let Some(token) = &self.counting else { return };
        let consumer = Consumer {
            statistics: self.statistics.clone(),
            log: log.clone(),
            state: self.readiness.statistics.clone(),
            token: token.to_string(),
        };
        self.spawn(settings, consumer.run());
        if let Some(schedule) = settings.batch.clone() {
            self.spawn(settings, nightly::run(self.statistics.clone(), log.clone(), schedule));
        }
    }

    /// Deletes what is older than the clocks allow.
    fn start_retention(&self, settings: &Settings, handover: Handover) {
        let retention = Retention {
            outbox: self.outbox.clone(),
            relay: self.relay.clone(),
            handover,
            statistics: (self.relay.is_none() && settings.statistics).then(|| self.statistics.clone()),
            database: self.database.clone(),
            audit: self.audit.clone(),
            clocks: settings.clocks,
            done: Done::default(),
        };
        self.spawn(settings, retention.run(settings.data_dir.clone()));
    }

    /// Records who was shown a caller's location, and follows what people choose about theirs.
    fn start_privacy(&self, settings: &Settings) {
        let recorder = Recorder::new(self.database.clone(), &self.hub);
        self.tasks.spawn_on(recorder.run(self.stopping.clone()), &settings.sockets_runtime);
        self.spawn(settings, self.privacy.clone().run());
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

/// The log of this node, and what publishes to it if that is Kafka.
fn open_log(
    settings: &Settings,
    outbox: &Outbox,
    state: StateSender,
) -> Result<(Log, Option<Relay>), LogError> {
    let Some(kafka) = settings.kafka.clone() else { return Ok((Log::Local(outbox.clone()), None)) };
    let _calls = settings.calls_runtime.enter();
    let kafka = Kafka::new(kafka)?;
    let relay = Relay::start(outbox.clone(), kafka.clone(), state);
    Ok((Log::Kafka(kafka), Some(relay)))
}
