//! Listens to the calls, and has each that begins or ends sent to the webhook by one of the nodes.
//!
//! The hub, which the log fills at a start, is the durable list of what is to be sent, and the claims in the shared
//! database are that of what was. So a call that was acknowledged just before its node was killed is sent after the
//! restart, and nothing waits for the receiver.

use std::{collections::HashMap, sync::Arc, time::Duration};

use domain::{Event, event::LATE_AFTER};
use tokio::{
    task::JoinSet,
    time::{Instant, interval},
};
use uuid::Uuid;

use super::{
    Parts,
    message::{Class, Message},
    sender::Outcome,
    waiting::{Place, Waiting},
};
use crate::{
    calls::{
        hub::Hub,
        news::{Follower, Missed, News, is_open},
    },
    clock,
    outgoing::turn::{Right, Turn},
    readiness::Readiness,
};

/// The age from which a message is not sent any more.
const WORTH: Duration = Duration::from_millis(LATE_AFTER.unsigned_abs());
/// The time between two looks at the messages that wait, for the metrics.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Has messages sent for what happens in the hub.
pub(super) struct Watch {
    parts: Arc<Parts>,
    hub: Hub,
    waiting: Waiting,
    /// The messages that this process is done with, until nobody looks for them any more.
    concluded: HashMap<Uuid, Instant>,
    /// A message found no place.
    is_behind: bool,
    /// Ended with this.
    sending: JoinSet<(Uuid, Instant)>,
}

/// The way by which this node knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// It took the word.
    Here,
    /// Another node took the word.
    Elsewhere,
    /// It found the call in the hub, and nobody may be sending.
    Found,
}

impl Watch {
    /// Listens to `hub`, with so many messages under way.
    pub(super) fn new(parts: Arc<Parts>, hub: Hub, most: usize) -> Self {
        let (waiting, concluded, sending) = (Waiting::new(most), HashMap::new(), JoinSet::new());
        Self { parts, hub, waiting, concluded, is_behind: false, sending }
    }

    /// Listens until it is dropped.
    pub(super) async fn run(mut self, readiness: Readiness) {
        let mut follower = Follower::new(&self.hub, readiness);
        let mut looks = interval(LOOK_EVERY);
        loop {
            tokio::select! {
                news = follower.next() => match news {
                    Some(Ok(news)) => self.apply(news),
                    Some(Err(Missed)) => self.look_at_calls(),
                    None => return,
                },
                Some(sent) = self.sending.join_next() => {
                    match sent {
                        Ok((id, until)) => {
                            self.concluded.insert(id, until);
                        }
                        Err(error) => {
                            tracing::error!(%error, "the sending of a message to the webhook ended, retrying");
                            self.is_behind = true;
                        }
                    }
                    self.catch_up();
                }
                _ = looks.tick() => self.report(),
            }
        }
    }

    fn apply(&mut self, News { event, taken_here }: News) {
        let origin = if taken_here { Origin::Here } else { Origin::Elsewhere };
        match event {
            Event::Alert(alert) if self.parts.wants(Class::Call, alert.drill) => {
                let age = self.hub.age(&alert.key()).unwrap_or_default();
                self.begin(self.parts.form.call(&alert), age, origin);
            }
            Event::Status(status) if status.status.ends() => {
                for call in self.hub.meant(&status) {
                    if let Some(end) = &call.end
                        && self.parts.wants(Class::End, call.alert.drill)
                    {
                        self.begin(self.parts.form.end(&call.alert, end), Duration::ZERO, origin);
                    }
                }
            }
            _ => {}
        }
    }

    /// Looks at the calls that may have been missed. The end of one has only a wall clock's time.
    fn look_at_calls(&mut self) {
        self.is_behind = false;
        for (alert, age) in self.hub.young(WORTH) {
            if self.parts.wants(Class::Call, alert.drill) {
                self.begin(self.parts.form.call(&alert), age, Origin::Found);
            }
        }
        for call in self.hub.ended_since(clock::now() - LATE_AFTER) {
            if let Some(end) = &call.end
                && self.parts.wants(Class::End, call.alert.drill)
            {
                self.begin(self.parts.form.end(&call.alert, end), clock::since(end.at), Origin::Found);
            }
        }
    }

    /// Looks for messages that found no place, once there is room.
    fn catch_up(&mut self) {
        if self.is_behind && self.waiting.has_room() {
            self.look_at_calls();
        }
    }

    fn begin(&mut self, message: Message, age: Duration, origin: Origin) {
        if self.parts.sender.is_gone() || self.concluded.contains_key(&message.id) {
            return;
        }
        let until = Instant::now() + WORTH.saturating_sub(age);
        let ticket = match self.waiting.enter(message.id, until) {
            Place::Ours(ticket) => ticket,
            Place::Known => return,
            Place::Full => {
                if !self.is_behind {
                    tracing::warn!("messages to the webhook wait for those before them");
                }
                self.is_behind = true;
                return;
            }
        };
        let (parts, hub) = (self.parts.clone(), self.hub.clone());
        self.sending.spawn(async move {
            parts.see_to(&message, until, origin, hub).await;
            let id = message.id;
            drop(ticket);
            (id, until)
        });
    }

    /// Shows how much waits, and forgets what is too old to be found again.
    fn report(&mut self) {
        let now = Instant::now();
        self.concluded.retain(|_, until| *until > now);
        let (count, oldest) = self.waiting.state(now, WORTH);
        metrics::gauge!("iutsai_webhook_waiting").set(count as f64);
        metrics::gauge!("iutsai_webhook_oldest_seconds").set(oldest.as_secs_f64());
    }
}

impl Parts {
    /// Sends a message, unless another node does.
    async fn see_to(&self, message: &Message, until: Instant, origin: Origin, hub: Hub) {
        let name = format!("webhook/{}", message.id);
        let turn = Turn {
            name: &name,
            is_first: origin == Origin::Here,
            // The receiver drops doubles, so what nobody may be sending is sent while the database is away, too.
            needs_claim: origin == Origin::Elsewhere,
            until,
        };
        let (call, class) = (message.call.clone(), message.class);
        // A text about a call that is over would alarm people for nothing. Its end names the flat and the time.
        let is_wanted = move || class != Class::Call || is_open(&hub, &call);
        match turn.wait(&self.claims, &is_wanted).await {
            None => return,
            Some(Right::First) => {}
            Some(Right::TakenOver) => metrics::counter!("iutsai_webhook_taken_over_total").increment(1),
            Some(Right::Unclaimed) => metrics::counter!("iutsai_webhook_unclaimed_total").increment(1),
        }
        let outcome = self.sender.deliver(message, &turn, &self.claims, is_wanted).await;
        // Another node, or the next start, may find the receiver back.
        if outcome != Outcome::Stopped {
            turn.end(&self.claims).await;
        }
    }
}

#[cfg(test)]
mod tests;
