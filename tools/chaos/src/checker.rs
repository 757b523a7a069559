//! Judges a recorded run. It finds promised events that were lost, sent twice, or sent differently to different people.
//! It is pure and reads no clock and no socket.

mod figures;
mod fold;
mod history;
mod story;
#[cfg(test)]
mod tests;
mod violation;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Duration,
};

use domain::{AlertId, Event, House, Incident, Line, body::Body};
use uuid::Uuid;

pub use figures::Figures;
pub use history::{Command, CommandKind, HeardOnly, History, Listener, Outcome, Received, Subscription};
pub use story::story;
pub use violation::Violation;

/// The time for which a frame may be on its way after the answer.
const MARGIN: Duration = Duration::from_secs(1);

/// The judgement.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The broken promises; empty if all is well.
    pub violations: Vec<Violation>,
    /// The numbers of events.
    pub figures: Figures,
}

/// Judges a run.
#[must_use]
pub fn check(history: &History) -> Verdict {
    let taken_back = taken_back(history);
    let mut kept = history.clone();
    kept.commands.retain(|command| !taken_back.contains(&command.alert));
    check_kept(&kept, &taken_back)
}

/// The calls about which a restored backup took an acknowledged command back, as an operator who restores one accepts.
#[must_use]
pub fn taken_back(history: &History) -> HashSet<AlertId> {
    let within = |at: Duration| history.taken_back.iter().any(|(from, to)| (*from..=*to).contains(&at));
    let acknowledged = history.commands.iter().filter(|command| command.acknowledged().is_some_and(within));
    acknowledged.map(|command| command.alert).collect()
}

fn check_kept(history: &History, taken_back: &HashSet<AlertId>) -> Verdict {
    let mut violations = undelivered(history);
    no_call_stands(history, &mut violations);
    for listener in &history.listeners {
        lost(history, listener, &mut violations);
        duplicated(listener, &mut violations);
        step_twice(listener, &mut violations);
    }
    for listener in &history.rebuilt {
        lost(history, listener, &mut violations);
        duplicated(listener, &mut violations);
        step_twice(listener, &mut violations);
        unpublished(history, listener, &mut violations);
    }
    let records = fold::records_of_retries(history);
    let mut unpromised = unpromised(history);
    let figures_unpromised = unpromised.len();
    unpromised.extend(taken_back);
    for line in lines(history) {
        disagreements(history, &line, &records, &unpromised, &mut violations);
    }
    let open = history.commands.iter().filter(|command| command.outcome == Outcome::Open);
    violations.extend(open.map(|command| Violation::Unanswered { id: command.id }));
    let figures = Figures::of(history, &violations, figures_unpromised, taken_back.len());
    Verdict { violations, figures }
}

/// Finds listeners without an event that was answered as heard. They were subscribed before the request was sent, and
/// stayed beyond its answer.
fn undelivered(history: &History) -> Vec<Violation> {
    let mut violations = Vec::new();
    for answer in &history.heard_only {
        for listener in history.listeners.iter().filter(|listener| listener.line == answer.line) {
            let mut stayed = listener.subscriptions.iter().filter(|subscription| {
                subscription.listed().is_some_and(|listed| listed < answer.sent)
                    && subscription.ended.is_none_or(|ended| ended > answer.at + MARGIN)
            });
            let is_delivered = listener.received().filter_map(Received::event).any(|(_, id)| id == answer.id);
            if stayed.next().is_some() && !is_delivered {
                violations.push(Violation::Undelivered { id: answer.id, listener: listener.name.clone() });
            }
        }
    }
    violations
}

/// Finds false answers that a call stands. Such an answer is a promise, because the page keeps the press no longer. A
/// listener on the line must have received another call of that house by then.
fn no_call_stands(history: &History, violations: &mut Vec<Violation>) {
    for command in &history.commands {
        let Outcome::CallStands { at } = command.outcome else { continue };
        let is_it = |received: &Received| match &received.body {
            Body::Event { event: Event::Alert(alert), .. } => {
                alert.house == command.house && alert.id != command.alert && received.at <= at + MARGIN
            }
            _ => false,
        };
        let of_line = history.listeners.iter().filter(|listener| listener.line == command.line);
        if !of_line.flat_map(Listener::received).any(is_it) {
            violations.push(Violation::NoCallStands { id: command.id });
        }
    }
}

fn lines(history: &History) -> BTreeSet<Line> {
    history.listeners.iter().map(|listener| listener.line.clone()).collect()
}

fn lost(history: &History, listener: &Listener, violations: &mut Vec<Violation>) {
    let delivered: HashSet<Uuid> =
        listener.received().filter_map(Received::event).map(|(_, id)| id).collect();
    for command in &history.commands {
        if command.acknowledged().is_some()
            && command.line == listener.line
            && !delivered.contains(&command.id)
        {
            let (id, alert, listener) = (command.id, command.alert, listener.name.clone());
            violations.push(Violation::Lost { id, alert, listener });
        }
    }
}

fn duplicated(listener: &Listener, violations: &mut Vec<Violation>) {
    for (index, subscription) in listener.subscriptions.iter().enumerate() {
        let mut delivered = HashSet::new();
        for (kind, id) in subscription.received.iter().filter_map(Received::event) {
            if !delivered.insert((kind, id)) {
                let listener = listener.name.clone();
                violations.push(Violation::Duplicated { kind, id, listener, subscription: index });
            }
        }
    }
}

/// Finds steps of an escalation that two events report. The event of a step has one id, whichever node writes it.
fn step_twice(listener: &Listener, violations: &mut Vec<Violation>) {
    for (index, subscription) in listener.subscriptions.iter().enumerate() {
        let mut taken: HashMap<(AlertId, Option<House>, Uuid, u8), Uuid> = HashMap::new();
        for received in &subscription.received {
            let Body::Event { event: Event::Status(status), .. } = &received.body else { continue };
            let Some(step) = &status.escalation else { continue };
            let (id, name) = (status.id.0, (status.alert, status.target.clone(), step.round, step.step));
            if taken.insert(name, id).is_some_and(|before| before != id) {
                let (kind, listener) = ("step", listener.name.clone());
                violations.push(Violation::Duplicated { kind, id, listener, subscription: index });
            }
        }
    }
}

/// In a rebuilt snapshot, what the log has bears the place of its record.
fn unpublished(history: &History, rebuilt: &Listener, violations: &mut Vec<Violation>) {
    let direct: HashMap<Uuid, bool> =
        rebuilt.received().filter_map(|received| Some((received.event()?.1, received.is_direct()))).collect();
    for command in &history.commands {
        if command.acknowledged().is_some() && direct.get(&command.id) == Some(&true) {
            violations.push(Violation::Unpublished { id: command.id });
        }
    }
}

/// Returns the calls with a command that a listener received, that was never acknowledged and refused in the end, and
/// that is gone after the restart. Kafka had it for a while and the outbox did not, as with a full disk before a power
/// cut. Nobody was promised anything, so nothing need be left of it.
fn unpromised(history: &History) -> HashSet<AlertId> {
    let received = |listeners: &[Listener]| -> HashSet<Uuid> {
        listeners.iter().flat_map(Listener::received).filter_map(Received::event).map(|(_, id)| id).collect()
    };
    let (live, rebuilt) = (received(&history.listeners), received(&history.rebuilt));
    let is_refused = |outcome: &Outcome| matches!(outcome, Outcome::Refused(_) | Outcome::CallStands { .. });
    let refused = history.commands.iter().filter(|command| is_refused(&command.outcome));
    let gone = refused.filter(|command| live.contains(&command.id) && !rebuilt.contains(&command.id));
    gone.map(|command| command.alert).collect()
}

/// Compares the final state of every listener of a line with that of a new subscriber. They must be the same, but for
/// the `unpromised` calls.
fn disagreements(
    history: &History,
    line: &Line,
    records: &fold::Records,
    unpromised: &HashSet<AlertId>,
    violations: &mut Vec<Violation>,
) {
    let of_line = |listeners: &[Listener]| -> Vec<Known> {
        let of_line = listeners.iter().filter(|listener| listener.line == *line);
        of_line.map(|listener| (listener.name.clone(), by_id(fold::known(listener, records)))).collect()
    };
    let (live, rebuilt) = (of_line(&history.listeners), of_line(&history.rebuilt));
    let everybody: Vec<&Known> = live.iter().chain(&rebuilt).collect();
    let accepts = history.commands.iter().filter(|command| command.what == CommandKind::Accept);
    let accepts = accepts.filter(|command| command.acknowledged().is_some());
    let accepted: HashSet<AlertId> = accepts.map(|command| command.alert).collect();
    let alerts: BTreeSet<AlertId> = everybody.iter().flat_map(|(_, known)| known.keys().copied()).collect();
    for alert in alerts.into_iter().filter(|alert| !unpromised.contains(alert)) {
        violations.extend(first_differs(alert, accepted.contains(&alert), &everybody));
        for (_, rebuilt) in &rebuilt {
            violations.extend(live.iter().filter_map(|live| state_differs(alert, live, rebuilt)));
        }
    }
}

/// A listener, and the calls that it knows.
type Known = (String, BTreeMap<AlertId, Incident>);

fn by_id(incidents: Vec<Incident>) -> BTreeMap<AlertId, Incident> {
    incidents.into_iter().map(|incident| (incident.alert.id, incident)).collect()
}

/// Compares the listeners who know the call; missing ones are found elsewhere. A call with an accept has a first one.
fn first_differs(alert: AlertId, is_accepted: bool, everybody: &[&Known]) -> Option<Violation> {
    let knowing = everybody.iter().filter_map(|(name, known)| Some((name, known.get(&alert)?)));
    let words: Vec<_> = knowing.map(|(name, incident)| (name.clone(), incident.first)).collect();
    let distinct: HashSet<_> = words.iter().map(|(_, first)| *first).collect();
    let is_well = distinct.len() <= 1 && !(is_accepted && distinct.contains(&None));
    (!is_well).then_some(Violation::FirstDiffers { alert, words })
}

fn state_differs(
    alert: AlertId,
    (listener, live): &Known,
    rebuilt: &BTreeMap<AlertId, Incident>,
) -> Option<Violation> {
    let of = |known: &BTreeMap<_, Incident>| known.get(&alert).cloned().map(fold::comparable).map(Box::new);
    let (live, rebuilt) = (of(live), of(rebuilt));
    (live != rebuilt).then(|| Violation::StateDiffers { alert, listener: listener.clone(), live, rebuilt })
}
