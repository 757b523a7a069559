//! Takes the steps that are due. A call is inspected when something happens to it and when its next step is due, so a
//! press costs one look at its own call, and a step one record.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use domain::{
    CallKey, Change, Event, Millis,
    escalation::{Ring, Rules, clock, due, next},
    event::OPEN_FOR,
};
use tokio::{
    sync::broadcast::error::RecvError,
    task::{JoinError, JoinSet},
    time::{Instant, sleep, sleep_until},
};

use super::{Escalation, Others};
use crate::{
    calls::{Calls, Refusal, hub::Hub},
    clock::random_part,
    readiness::Readiness,
};

/// The time between two looks at all open calls, because a ring that was empty may have somebody now.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The shortest time between two such looks, however much is lost.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The time for which the rules are not asked for again, which includes who can be alarmed.
const RULES_HOLD: Duration = Duration::from_secs(1);
/// The greatest random pause before a step is written where other nodes write it, too.
const SPREAD: Duration = Duration::from_millis(500);
/// The time that a step that was written may need to this node's hub.
const ON_ITS_WAY: Duration = Duration::from_millis(200);
/// The pause before a step that could not be written is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Steps that are written at once, so that a flood of calls leaves the disk to presses.
const AT_ONCE: usize = 8;
/// Calls that are inspected before anything else gets its turn.
const IN_A_ROW: usize = 32;
/// A step that has been due for longer is not taken, as after an update with calls of yesterday that nobody has ended.
const WORTH: Duration = Duration::from_secs(60 * 60);

/// The result of a step.
enum Outcome {
    /// It is written, here or by another node.
    Taken,
    /// Something has happened since, or another node has written it.
    NotDue,
    /// It could not be written.
    Failed(Refusal),
}

/// Takes the steps that are due.
pub(super) struct Runner {
    escalation: Escalation,
    calls: Calls,
    hub: Hub,
    others: Others,
    /// When each call is inspected next, in order, and by call.
    queue: BTreeSet<(Instant, CallKey)>,
    times: HashMap<CallKey, Instant>,
    /// The calls with a step that is being written.
    under_way: HashSet<CallKey>,
    writing: JoinSet<(CallKey, Outcome)>,
    rules: Option<(Instant, Arc<Rules>)>,
    look_at: Instant,
}

impl Runner {
    pub(super) fn new(escalation: Escalation, calls: Calls, hub: Hub, others: Others) -> Self {
        Self {
            escalation,
            calls,
            hub,
            others,
            queue: BTreeSet::new(),
            times: HashMap::new(),
            under_way: HashSet::new(),
            writing: JoinSet::new(),
            rules: None,
            look_at: Instant::now(),
        }
    }

    /// Takes steps until it is dropped.
    pub(super) async fn run(mut self, readiness: Readiness) {
        let mut changes = self.hub.changes();
        // Before that, calls that are over look open.
        readiness.wait().await;
        let escalation = self.escalation.clone();
        loop {
            let first = self.queue.first().map_or(self.look_at, |(at, _)| (*at).min(self.look_at));
            tokio::select! {
                changed = changes.recv() => match changed {
                    Ok(changed) => self.apply(&changed.change),
                    Err(RecvError::Lagged(lost)) => {
                        metrics::counter!("iutsai_changes_lost_total").increment(lost);
                        self.look_at = self.look_at.min(Instant::now() + LOOK_AGAIN);
                    }
                    Err(RecvError::Closed) => return,
                },
                () = escalation.changed() => {
                    self.rules = None;
                    self.look_at = Instant::now();
                }
                Some(written) = self.writing.join_next() => self.conclude(written),
                () = sleep_until(first), if self.writing.len() < AT_ONCE => self.inspect_due(),
            }
        }
    }

    /// Inspects the call of a change soon.
    fn apply(&mut self, change: &Change) {
        let Change::Event { event, .. } = change else { return };
        if matches!(event, Event::Moved(_) | Event::Receipt(_)) {
            return;
        }
        let Some(id) = event.alert() else { return };
        let calls = match event.target() {
            Some(house) => vec![CallKey { line: event.line().clone(), house: house.clone(), id }],
            // A word of a former version names no house.
            None => self.hub.named(id).into_iter().map(|call| call.alert.key()).collect(),
        };
        for call in calls {
            self.schedule(call, Instant::now());
        }
    }

    fn schedule(&mut self, call: CallKey, at: Instant) {
        if let Some(before) = self.times.insert(call.clone(), at) {
            self.queue.remove(&(before, call.clone()));
        }
        self.queue.insert((at, call));
    }

    /// Returns the next call that is to be inspected by now.
    fn take_due(&mut self, now: Instant) -> Option<CallKey> {
        if self.queue.first()?.0 > now {
            return None;
        }
        let (_, call) = self.queue.pop_first()?;
        self.times.remove(&call);
        Some(call)
    }

    fn inspect_due(&mut self) {
        let now = Instant::now();
        if self.look_at <= now {
            self.look_at = now + LOOK_EVERY;
            let open_for = Duration::from_millis(OPEN_FOR.unsigned_abs());
            for call in self.hub.unended_keys(open_for) {
                self.schedule(call, now);
            }
        }
        for _ in 0..IN_A_ROW {
            if self.writing.len() >= AT_ONCE {
                return;
            }
            let Some(call) = self.take_due(now) else { return };
            if !self.under_way.contains(&call) {
                self.inspect(call, now);
            }
        }
    }

    /// Begins to write the next step of a call, or finds out when it is due.
    fn inspect(&mut self, key: CallKey, now: Instant) {
        if !self.others.share.serves(&key.line) {
            return;
        }
        let rules = self.rules(now);
        let Some(call) = self.hub.call_of(&key.line, &key.house, key.id) else { return };
        let Some(clock) = clock(&call, &rules.settings) else { return };
        let Some((after, _)) = next(&call, &rules) else { return };
        let Some(elapsed) = self.hub.since(&key, clock.round) else { return };
        match elapsed.checked_sub(after) {
            None => self.schedule(key, now + (after - elapsed)),
            Some(late) if late > WORTH => {}
            Some(_) => {
                self.under_way.insert(key.clone());
                let (hub, calls) = (self.hub.clone(), self.calls.clone());
                let pause = if self.others.are_there { random_part(SPREAD) } else { Duration::ZERO };
                self.writing.spawn(async move {
                    sleep(pause).await;
                    let outcome = take(&hub, &calls, &key, &rules).await;
                    (key, outcome)
                });
            }
        }
    }

    fn conclude(&mut self, written: Result<(CallKey, Outcome), JoinError>) {
        let (key, outcome) = match written {
            Ok(written) => written,
            Err(error) => {
                tracing::error!(%error, "the writing of a step ended, looking at all calls again");
                self.under_way.clear();
                self.look_at = Instant::now() + LOOK_AGAIN;
                return;
            }
        };
        self.under_way.remove(&key);
        let again = match outcome {
            Outcome::Taken | Outcome::NotDue => ON_ITS_WAY,
            Outcome::Failed(error) => {
                tracing::warn!(%error, "a call is not escalated, retrying");
                RETRY_AFTER
            }
        };
        self.schedule(key, Instant::now() + again);
    }

    /// Returns the rules, which are not older than a second.
    fn rules(&mut self, now: Instant) -> Arc<Rules> {
        match &self.rules {
            Some((at, rules)) if now.saturating_duration_since(*at) < RULES_HOLD => rules.clone(),
            _ => {
                let rules = Arc::new(self.escalation.rules());
                self.rules = Some((now, rules.clone()));
                rules
            }
        }
    }
}

/// Writes the step of a call that is due, if it still is. Its time is the call's own and what has passed since by the
/// monotonic clock, so it does not depend on this node's wall clock.
async fn take(hub: &Hub, calls: &Calls, key: &CallKey, rules: &Rules) -> Outcome {
    let found = || {
        let call = hub.call_of(&key.line, &key.house, key.id)?;
        let clock = clock(&call, &rules.settings)?;
        let step = due(&call, hub.since(key, clock.round)?, rules)?;
        let age = Millis::try_from(hub.age(key)?.as_millis()).unwrap_or(Millis::MAX);
        Some((step.event(&call.alert, call.alert.at.saturating_add(age)), step))
    };
    let Some((event, step)) = found() else { return Outcome::NotDue };
    match calls.by_service(event).await {
        Ok(()) => {
            metrics::counter!("iutsai_escalations_total", "ring" => word(step.ring)).increment(1);
            tracing::info!(line = %key.line, ring = word(step.ring), "a call that nobody comes to is escalated");
            Outcome::Taken
        }
        // This node or another has recorded the step with another time.
        Err(Refusal::KeyReused) => Outcome::Taken,
        Err(error) => Outcome::Failed(error),
    }
}

/// Returns a ring's word in metrics.
const fn word(ring: Ring) -> &'static str {
    match ring {
        Ring::Complex => "complex",
        Ring::Neighbours => "neighbours",
        Ring::Building => "building",
        Ring::Administrators => "administrators",
    }
}
