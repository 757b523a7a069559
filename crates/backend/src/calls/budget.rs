//! Budgets of commands. A house has a bucket of tokens for alerts, one for answers and one for locations, so that no
//! flat drowns the calls of a line.
//!
//! A bucket never keeps a call from being heard. An alert beyond it goes out unless the house has such a call already that
//! somebody heard, and the words that end a call or bring its first help do not wait.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::{Alert, AlertId, Event, House, Line, Resident};

use super::{Refusal, hub::Hub};

/// The size of a bucket.
struct Size {
    /// Tokens of a full bucket.
    burst: u32,
    /// The time in which one token comes back.
    every: Duration,
}

/// Five people of a house press twice each at once. After that, one press each six seconds is more than a person makes who
/// holds the button and confirms.
const ALERTS: Size = Size { burst: 10, every: Duration::from_secs(6) };
/// Five people of a house accept, arrive and withdraw in a row. After that, one word each two seconds is quicker than
/// anybody reads what came of the last.
const ANSWERS: Size = Size { burst: 20, every: Duration::from_secs(2) };
/// A page sends a location each five seconds at most, so five devices of a house send one a second.
const LOCATIONS: Size = Size { burst: 10, every: Duration::from_secs(1) };

/// The time that an answered event may need until it is in this hub, from this node or another.
const ON_ITS_WAY: Duration = Duration::from_millis(400);

/// So many buckets are kept before the full ones are looked for and forgotten.
const KEPT: usize = 256;

/// The kinds of commands that have a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Budget {
    Alerts,
    Answers,
    Locations,
}

impl Budget {
    /// Returns the budget for an event; `None` for an event that no house sends.
    fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Alert(_) => Some(Self::Alerts),
            Event::Accept(_) | Event::Status(_) => Some(Self::Answers),
            Event::Moved(_) => Some(Self::Locations),
            Event::Receipt(_) => None,
        }
    }

    const fn size(self) -> Size {
        match self {
            Self::Alerts => ALERTS,
            Self::Answers => ANSWERS,
            Self::Locations => LOCATIONS,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Answers => "answers",
            Self::Locations => "locations",
        }
    }
}

/// Whose bucket it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Payer {
    /// Everybody who lives there.
    Flat(Line, House),
    /// Somebody without a flat.
    Account(String),
}

impl Payer {
    fn of(by: &Resident) -> Self {
        match by.flat() {
            Some((line, house)) => Self::Flat(line.clone(), house.clone()),
            None => Self::Account(by.name.clone()),
        }
    }
}

/// The buckets of every house. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Budgets(Arc<Mutex<Buckets>>);

/// The buckets that are not full, each as the time at which it will be.
#[derive(Default)]
struct Buckets {
    full_at: HashMap<(Payer, Budget), Instant>,
    /// The number of buckets at which the full ones are looked for.
    crowded_at: usize,
}

impl Buckets {
    /// Takes a token, or returns how long it takes until there is one.
    fn take(&mut self, whose: (Payer, Budget), now: Instant) -> Result<(), Duration> {
        self.forget_full(now);
        let Size { burst, every } = whose.1.size();
        let full_at = self.full_at.get(&whose).map_or(now, |full_at| now.max(*full_at)) + every;
        let wait = full_at.duration_since(now).saturating_sub(every * burst);
        if wait.is_zero() {
            self.full_at.insert(whose, full_at);
            return Ok(());
        }
        Err(wait)
    }

    /// Forgets the buckets that are full, now and then. Accounts are few, but they come and go.
    fn forget_full(&mut self, now: Instant) {
        if self.full_at.len() >= self.crowded_at.max(KEPT) {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.crowded_at = 2 * self.full_at.len();
        }
    }
}

impl Budgets {
    /// Lets an event that is about to be recorded pass, or refuses it.
    ///
    /// # Errors
    /// [`Refusal::CallStands`] for an alert, [`Refusal::TooFast`] for anything else.
    pub(super) async fn admit(&self, by: &Resident, event: &Event, hub: &Hub) -> Result<(), Refusal> {
        self.admit_at(by, event, hub, Instant::now()).await
    }

    async fn admit_at(&self, by: &Resident, event: &Event, hub: &Hub, now: Instant) -> Result<(), Refusal> {
        let Some(budget) = Budget::of(event) else { return Ok(()) };
        let Err(wait) = self.take((Payer::of(by), budget), now) else { return Ok(()) };
        let refusal = match event {
            Event::Alert(alert) => standing(alert, hub).await.map(Refusal::CallStands),
            _ => {
                let seconds = whole_seconds(wait);
                (!cannot_wait(event, hub).await).then_some(Refusal::TooFast { seconds })
            }
        };
        let Some(refusal) = refusal else { return Ok(()) };
        metrics::counter!("iutsai_refused_total", "budget" => budget.name()).increment(1);
        Err(refusal)
    }

    fn take(&self, whose: (Payer, Budget), now: Instant) -> Result<(), Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(whose, now)
    }
}

/// Rounds up.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// Returns a call that stands for this alert. It is asked for twice, because its end may be on its way to the hub.
async fn standing(alert: &Alert, hub: &Hub) -> Option<AlertId> {
    hub.standing(alert)?;
    tokio::time::sleep(ON_ITS_WAY).await;
    hub.standing(alert)
}

/// Returns whether an answer must not wait. A call that is not known may be on its way to the hub, so it is asked for twice.
async fn cannot_wait(event: &Event, hub: &Hub) -> bool {
    if let Some(is_urgent) = is_urgent(event, hub) {
        return is_urgent;
    }
    tokio::time::sleep(ON_ITS_WAY).await;
    is_urgent(event, hub).unwrap_or(false)
}

/// Returns whether an answer ends a call that is open, or is the first accept of its house; `None` if the call is not known.
fn is_urgent(event: &Event, hub: &Hub) -> Option<bool> {
    match event {
        Event::Accept(accept) => {
            let call = accept.alert.and_then(|id| hub.call_of(&accept.line, &accept.target, id))?;
            let mut answers = call.responses.iter();
            Some(!answers.any(|one| (&one.house, &one.line) == (&accept.accept, &accept.accept_line)))
        }
        Event::Status(status) if status.status.ends() => {
            let mut named = hub.named(status.alert);
            named.retain(|call| call.alert.line == status.line);
            (!named.is_empty()).then(|| named.iter().any(|call| call.end.is_none()))
        }
        _ => Some(false),
    }
}

#[cfg(test)]
mod tests;
