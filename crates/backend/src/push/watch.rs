//! Listens to what happens to calls, and has sent what people without an open page must know, which is that a neighbour
//! calls, and that the call is over.
//!
//! The node that took the word sends at once. Every other one looks five seconds later whether that was finished, and
//! so does a node that starts, about the calls of the last ten minutes. A claim in the shared database keeps them
//! apart. Where the database does not answer, the node that took the word sends without a claim. A message that comes
//! twice is shown once, because both have one topic and one tag.

mod job;

use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::{
    Accept, Alert, Escalation, Event, Incident, Progress, Status,
    escalation::Ring,
    event::{LATE_AFTER, OPEN_FOR},
};
use tokio::{task::JoinSet, time::Instant};
use uuid::Uuid;

use super::{
    Parts,
    message::{Class, Message, Subject, clock_of},
    subscriptions::Recipient,
};
use crate::{
    calls::{
        hub::Hub,
        news::{Follower, Missed, News},
        receipts::Receipts,
    },
    outgoing::turn::Right,
    readiness::Readiness,
};
use job::{Audience, Job};

/// The age from which a message about a call is not sent any more.
const WORTH: Duration = Duration::from_millis(LATE_AFTER.unsigned_abs());

/// The names of the messages that this process is sending, or waiting to send.
type UnderWay = Arc<Mutex<HashSet<String>>>;

/// Has messages sent for what happens in the hub.
pub(super) struct Watch {
    parts: Arc<Parts>,
    hub: Hub,
    receipts: Receipts,
    under_way: UnderWay,
    /// Ended with this.
    sending: JoinSet<()>,
}

impl Watch {
    pub(super) fn new(parts: Arc<Parts>, hub: Hub, receipts: Receipts) -> Self {
        Self { parts, hub, receipts, under_way: UnderWay::default(), sending: JoinSet::new() }
    }

    /// Listens until it is dropped.
    pub(super) async fn run(mut self, readiness: Readiness) {
        let mut follower = Follower::new(&self.hub, readiness);
        loop {
            tokio::select! {
                news = follower.next() => match news {
                    Some(Ok(news)) => self.apply(news),
                    Some(Err(Missed)) => self.review_open_calls(),
                    None => return,
                },
                Some(_) = self.sending.join_next() => {}
            }
        }
    }

    fn apply(&mut self, News { event, taken_here }: News) {
        match event {
            Event::Alert(alert) => {
                let age = self.hub.age(&alert.key()).unwrap_or_default();
                self.begin_alert(&alert, alert.id.0, age, taken_here);
            }
            Event::Accept(accept) => self.begin_coming(accept, taken_here),
            Event::Status(status) if status.status.ends() => self.begin_over(&status, taken_here),
            Event::Status(status) if status.status == Progress::Withdrawn => {
                self.begin_again(&status, taken_here);
            }
            Event::Status(status) if status.status == Progress::Escalated => {
                let Some(step) = &status.escalation else { return };
                for call in self.hub.meant(&status).iter().filter(|call| call.end.is_none()) {
                    self.begin_step(call, step, WORTH, taken_here);
                }
            }
            _ => {}
        }
    }

    /// Looks at the calls that may have been missed, and has them sent unless another node does.
    fn review_open_calls(&mut self) {
        for (alert, age) in self.hub.young(WORTH) {
            self.begin_alert(&alert, alert.id.0, age, false);
        }
        self.review_steps();
    }

    /// Looks at the steps of open calls that may have been missed. A step's time is the call's own and what had passed
    /// then, so its age needs no clock.
    fn review_steps(&mut self) {
        let open_for = Duration::from_millis(OPEN_FOR.unsigned_abs());
        for key in self.hub.escalated_keys(open_for) {
            let Some(call) = self.hub.call_of(&key.line, &key.house, key.id) else { continue };
            let age = self.hub.age(&key).unwrap_or_default();
            for taken in &call.steps {
                let passed = u64::try_from(taken.at.saturating_sub(call.alert.at)).unwrap_or_default();
                let left = WORTH.saturating_sub(age.saturating_sub(Duration::from_millis(passed)));
                if !left.is_zero() {
                    self.begin_step(&call, &taken.step, left, false);
                }
            }
        }
    }

    /// Alarms the people of a step, and nobody else.
    fn begin_step(&mut self, call: &Incident, step: &Escalation, worth: Duration, taken_here: bool) {
        let audience = match Ring::of(step.step) {
            Some(Ring::Administrators) => Audience::Administrators,
            _ => Audience::Lines(step.lines.clone()),
        };
        let (class, subject) = (Class::Alert, Subject::new(&call.alert, None));
        let (round, step) = (step.round, Some(step.step));
        let until = Instant::now() + worth;
        self.begin(Job { class, subject, round, step, audience, taken_here, until });
    }

    fn begin_alert(&mut self, alert: &Alert, round: Uuid, age: Duration, taken_here: bool) {
        let subject = Subject::new(alert, None);
        let until = Instant::now() + WORTH.saturating_sub(age);
        let (class, audience) = (Class::Alert, Audience::Neighbours(BTreeSet::new()));
        self.begin(Job { class, subject, round, step: None, audience, taken_here, until });
    }

    /// Alarms once more when nobody comes any more, as open pages do.
    fn begin_again(&mut self, status: &Status, taken_here: bool) {
        for call in self.hub.meant(status) {
            if call.end.is_none() && call.coming().next().is_none() {
                let age = self.hub.age(&call.alert.key()).unwrap_or_default();
                self.begin_alert(&call.alert, status.id.0, age, taken_here);
            }
        }
    }

    /// Ends the alarm on every device of a house that comes, because the people at home know.
    fn begin_coming(&mut self, accept: Accept, taken_here: bool) {
        let Accept { id, line, accept: house, accept_line, target, alert: Some(alert), .. } = accept else {
            return;
        };
        let Some(call) = self.hub.call_of(&line, &target, alert) else { return };
        let subject = Subject::new(&call.alert, None);
        let audience = Audience::Flat(accept_line.unwrap_or(line), house);
        let (class, round, until) = (Class::Coming, id.0, Instant::now() + WORTH);
        self.begin(Job { class, subject, round, step: None, audience, taken_here, until });
    }

    fn begin_over(&mut self, status: &Status, taken_here: bool) {
        for call in self.hub.meant(status) {
            let subject = Subject::new(&call.alert, Some(status.status));
            let (round, audience) = (status.id.0, Audience::Neighbours(call.lines()));
            let (class, until) = (Class::Over, Instant::now() + WORTH);
            self.begin(Job { class, subject, round, step: None, audience, taken_here, until });
        }
    }

    fn begin(&mut self, job: Job) {
        let name = job.name();
        if !lock(&self.under_way).insert(name.clone()) {
            return;
        }
        let (parts, hub, receipts) = (self.parts.clone(), self.hub.clone(), self.receipts.clone());
        let under_way = self.under_way.clone();
        self.sending.spawn(async move {
            parts.carry_out(&job, &name, hub, &receipts).await;
            lock(&under_way).remove(&name);
        });
    }
}

impl Parts {
    /// Sends a message, unless another node does. A message for no device is not claimed, because a claim is two commits,
    /// beside those of the call.
    async fn carry_out(&self, job: &Job, name: &str, hub: Hub, receipts: &Receipts) {
        let is_wanted = job.is_wanted(hub);
        let is_for_any = || self.subscriptions.devices().iter().any(|device| job.is_for(device));
        let turn = job.turn(name);
        match turn.wait(&self.claims, &|| is_wanted() && is_for_any()).await {
            None => return,
            Some(Right::First) => {}
            Some(Right::TakenOver) => metrics::counter!("iutsai_push_taken_over_total").increment(1),
            Some(Right::Unclaimed) => metrics::counter!("iutsai_push_unclaimed_total").increment(1),
        }
        let topic = match self.vapid.topic(&job.subject.call) {
            Ok(topic) => topic,
            Err(error) => {
                tracing::error!(%error, "a call cannot be pushed");
                return;
            }
        };
        let message = Message {
            class: job.class,
            topic,
            since: clock_of(&self.zone, job.subject.at),
            subject: Some(job.subject.clone()),
            lines: job.lines(),
            site: self.site.clone(),
        };
        let known = self.subscriptions.devices();
        let recipients: Vec<Recipient> = known.iter().filter(|device| job.is_for(device)).cloned().collect();
        if !recipients.is_empty() {
            tracing::info!(class = job.class.as_str(), devices = recipients.len(), "a call is pushed");
        }
        let record = |recipient: &Recipient| job.record(receipts, recipient);
        let sending = self.sender.send_all(message, recipients, job.until, is_wanted, record);
        turn.hold(&self.claims, sending).await;
        turn.end(&self.claims).await;
    }
}

fn lock(under_way: &UnderWay) -> std::sync::MutexGuard<'_, HashSet<String>> {
    under_way.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
