//! The roles of the service, and the work of each.

use std::sync::Arc;

use tokio::sync::watch;
use uuid::Uuid;

use super::{Backend, Settings};
use crate::{
    calls::{
        expiry,
        fanout::{self, Fanout},
        figures,
    },
    delivery::{
        dead_letters::DeadLetters,
        handover::Handover,
        hub_queue::Lanes,
        log::{Kafka, Log, LogError},
        outbox::Outbox,
        relay::{Relay, show_local_state},
    },
    escalation::Others,
    privacy::Recorder,
    readiness::{Readiness, RoleState, StateSender},
    retention::{Done, Retention},
    statistics::{Consumer, nightly},
    webhook::Webhook,
};

/// The readiness of the roles before they start.
pub(super) fn readiness(settings: &Settings) -> Readiness {
    let role = |has: bool, starting: &str| {
        StateSender::new(if has { RoleState::Starting(starting.into()) } else { RoleState::Absent })
    };
    Readiness {
        producer: role(settings.producer, "opening the log"),
        fanout: role(settings.fanout, "reading the log"),
        statistics: StateSender::new(if settings.statistics {
            RoleState::Degraded("the log is being counted".into())
        } else {
            RoleState::Absent
        }),
        promised: watch::Sender::new(false),
    }
}

/// The log of this node, and what publishes to it if that is Kafka.
pub(super) fn open_log(
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

/// The name of this process' counting, if it counts.
pub(super) fn counting(settings: &Settings, log: &Log) -> Option<Arc<str>> {
    // A file has one reader, which goes on at once after a restart.
    let token = || if log.is_read_back() { Uuid::now_v7().to_string() } else { "local".to_owned() };
    settings.statistics.then(|| token().into())
}

impl Backend {
    /// Starts the work of every role that this process has.
    pub(super) fn start_roles(&self, settings: &Settings, log: &Log, handover: Handover, lanes: Lanes) {
        if !log.is_read_back() {
            let (outbox, state) = (self.outbox.clone(), self.readiness.producer.clone());
            self.spawn(settings, show_local_state(outbox, state));
        }
        self.start_privacy(settings);
        let draining = fanout::drain(self.hub.clone(), lanes, log.clone(), self.share.clone());
        self.spawn(settings, draining);
        self.start_fanout(settings, log, handover.clone());
        self.start_statistics(settings, log);
        self.spawn(settings, self.reach.clone().run());
        if settings.producer || settings.fanout {
            let (push, receipts) = (self.push.clone(), self.receipts.clone());
            let (sessions, readiness) = (self.sessions.clone(), self.readiness.clone());
            let pushing = push.run(self.hub.clone(), receipts, sessions, readiness);
            self.spawn(settings, pushing);
            self.start_webhook(settings);
            self.start_escalation(settings, log);
        }
        if settings.producer {
            let (readiness, calls, hub) = (self.readiness.clone(), self.calls.clone(), self.hub.clone());
            self.spawn(settings, async move {
                // Before the log is read, calls that are over look as if nobody had ended them.
                readiness.wait().await;
                expiry::run(calls, hub).await;
            });
            self.spawn(settings, figures::run(self.hub.clone()));
            self.start_canary(settings);
        }
        self.start_retention(settings, handover);
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
        let (readiness, is_file) = (self.readiness.clone(), !log.is_read_back());
        self.spawn(settings, async move {
            // A start reads the same file into the hub, and nobody waits for figures.
            if is_file {
                readiness.wait().await;
            }
            consumer.run().await;
        });
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
        self.spawn(settings, self.privacy.clone().run(self.readiness.clone()));
    }
}
