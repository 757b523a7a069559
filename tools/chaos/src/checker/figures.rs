//! The numbers of events in a run.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use domain::api::State;
use uuid::Uuid;

use super::{Command, CommandKind, History, Listener, Received, Violation};

/// Counts and times of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Calls that were pressed.
    pub presses: usize,
    /// The acknowledged presses.
    pub acknowledged_presses: usize,
    /// Commands of every kind.
    pub commands: usize,
    /// The acknowledged commands.
    pub acknowledged: usize,
    /// Commands that were refused for good, such as an accept of a call that was over.
    pub refused: usize,
    /// Presses that were answered for good with a call of the same house that is open and was heard.
    pub calls_stand: usize,
    /// Tries beyond the first of each command.
    pub retries: u32,
    /// Acknowledged as `stored`, before the log had them.
    pub stored: usize,
    /// Those that the log has in the end.
    pub stored_then_published: usize,
    /// Acknowledged, and received past the log by a listener.
    pub handed_over: usize,
    /// Pairs of an acknowledged command and a listener who received it.
    pub delivered: usize,
    /// Pairs of an acknowledged command and a listener who was not, or commands that the log does not have.
    pub lost: usize,
    /// Events received again within one subscription.
    pub duplicated: usize,
    /// Calls about which somebody knows something else than others.
    pub disagreements: usize,
    /// Calls with a received event that was never acknowledged, and that is gone after the restart. They are no
    /// disagreement.
    pub unpromised: usize,
    /// Calls of which a restored backup lost a part. They are not judged.
    pub taken_back: usize,
    /// Answers "heard, but not recorded".
    pub heard_only: usize,
    /// Those that a connected listener did not receive.
    pub undelivered: usize,
    /// Subscriptions.
    pub subscriptions: usize,
    /// The longest time from the first try of a press to the first listener who received it, with the call.
    pub longest_to_first: Option<(Duration, Uuid)>,
    /// The longest time to the last of those who were listening when it was pressed and still were when it came.
    pub longest_to_last: Option<(Duration, Uuid)>,
}

impl Figures {
    pub(super) fn of(
        history: &History,
        violations: &[Violation],
        unpromised: usize,
        taken_back: usize,
    ) -> Self {
        let heard_only = history.heard_only.len();
        let mut figures = Self { unpromised, taken_back, heard_only, ..Self::default() };
        let in_log = in_log(history);
        for command in &history.commands {
            figures.count(command, &in_log);
        }
        let acknowledged: HashMap<Uuid, &Command> = history
            .commands
            .iter()
            .filter(|command| command.acknowledged().is_some())
            .map(|command| (command.id, command))
            .collect();
        let direct = history.listeners.iter().flat_map(Listener::received);
        let direct = direct.filter(|received| received.is_direct() && !received.replay);
        let direct: HashSet<Uuid> = direct.filter_map(Received::event).map(|(_, id)| id).collect();
        figures.handed_over = direct.iter().filter(|id| acknowledged.contains_key(id)).count();
        figures.subscriptions = history.listeners.iter().map(|listener| listener.subscriptions.len()).sum();
        figures.delivered = delivered(history, &acknowledged);
        for violation in violations {
            match violation {
                Violation::Lost { .. } | Violation::Unpublished { .. } => figures.lost += 1,
                Violation::Duplicated { .. } => figures.duplicated += 1,
                Violation::FirstDiffers { .. } | Violation::StateDiffers { .. } => figures.disagreements += 1,
                Violation::Undelivered { .. } => figures.undelivered += 1,
                Violation::Unanswered { .. }
                | Violation::NoCallStands { .. }
                | Violation::StatisticsDiffer { .. } => {}
            }
        }
        figures.time(history, &acknowledged);
        figures
    }

    fn count(&mut self, command: &Command, in_log: &HashSet<Uuid>) {
        let is_press = command.what == CommandKind::Press;
        self.commands += 1;
        self.presses += usize::from(is_press);
        self.retries += command.tries.saturating_sub(1);
        match command.outcome {
            super::Outcome::Acknowledged { state, .. } => {
                self.acknowledged += 1;
                self.acknowledged_presses += usize::from(is_press);
                if state == State::Stored {
                    self.stored += 1;
                    self.stored_then_published += usize::from(in_log.contains(&command.id));
                }
            }
            super::Outcome::Refused(_) => self.refused += 1,
            super::Outcome::CallStands { .. } => self.calls_stand += 1,
            super::Outcome::Open => {}
        }
    }

    fn time(&mut self, history: &History, acknowledged: &HashMap<Uuid, &Command>) {
        let (mut first, mut last) = (HashMap::<Uuid, Duration>::new(), HashMap::<Uuid, Duration>::new());
        let subscriptions = history.listeners.iter().flat_map(|listener| &listener.subscriptions);
        for subscription in subscriptions {
            let listed = subscription.listed();
            for received in &subscription.received {
                let Some(("alert", id)) = received.event() else { continue };
                let Some(command) = acknowledged.get(&id) else { continue };
                let took = received.at.saturating_sub(command.began);
                first.entry(id).and_modify(|known| *known = took.min(*known)).or_insert(took);
                if listed.is_some_and(|listed| listed < command.began) {
                    last.entry(id).and_modify(|known| *known = took.max(*known)).or_insert(took);
                }
            }
        }
        let longest = |of: HashMap<Uuid, Duration>| of.into_iter().map(|(id, took)| (took, id)).max();
        self.longest_to_first = longest(first);
        self.longest_to_last = longest(last);
    }
}

/// Returns what the rebuilt snapshots name a record of.
fn in_log(history: &History) -> HashSet<Uuid> {
    let received =
        history.rebuilt.iter().flat_map(Listener::received).filter(|received| !received.is_direct());
    received.filter_map(Received::event).map(|(_, id)| id).collect()
}

fn delivered(history: &History, acknowledged: &HashMap<Uuid, &Command>) -> usize {
    let delivered_to = |listener: &Listener| {
        let announced: HashSet<Uuid> =
            listener.received().filter_map(Received::event).map(|(_, id)| id).collect();
        announced.iter().filter(|id| acknowledged.contains_key(id)).count()
    };
    history.listeners.iter().map(delivered_to).sum()
}
