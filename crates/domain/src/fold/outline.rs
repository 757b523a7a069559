//! The words about a call that its incident rests on. A house may accept and withdraw as often as it likes; a snapshot
//! needs only a few of these words.

use super::LineIncidents;
use crate::{
    collections::{BTreeMap, BTreeSet},
    event::{Actor, Alert, Event, Progress},
    fold::statement::{Key, Statement, StatementKind},
    people::Line,
};

/// Words of one actor that replace each other. They are its accepts, arrivals and withdrawals, or its words of one
/// other kind.
type Strand<'a> = (&'a Actor, Option<&'a Line>, Option<Progress>);

impl LineIncidents {
    /// Returns the words of [`LineIncidents::history`] that a client needs to derive the same incident, now and after
    /// any later word. Each house gives its first word, the first by which it comes, and its last. Each kind of end
    /// gives the first and the last. The call's first accept is included, every step of an escalation, of which the
    /// rules allow a few, and every word whose records differ.
    #[must_use]
    pub fn outline(&self, alert: &Alert) -> Vec<(Event, Option<bool>)> {
        let call = (alert.id, alert.house.clone());
        let answers = self.sorted_answers_of(&call);
        let first = self.first_of(&call, &answers);
        let mut last: BTreeMap<Strand<'_>, &Key> = BTreeMap::new();
        for (key, _) in &answers {
            last.insert(strand(key), key);
        }
        let mut begun = BTreeSet::new();
        let needed = answers.iter().filter(|(key, answer)| {
            // A house that has not come has nothing to take back, so a withdrawal begins nothing.
            let is_coming = key.kind != StatementKind::Status(Progress::Withdrawn);
            let opens = begun.insert((strand(key), false));
            let begins = is_coming && begun.insert((strand(key), true));
            let closes = last.get(&strand(key)) == Some(key);
            let is_step =
                matches!(&answer.statement, Statement::Status(status) if status.escalation.is_some());
            opens || begins || closes || is_step || answer.is_disputed || first == Some(key.id)
        });
        needed.map(|(_, answer)| self.announcement_of(&call, answer, first)).collect()
    }
}

fn strand(key: &Key) -> Strand<'_> {
    let kind = match key.kind {
        StatementKind::Accept | StatementKind::Status(Progress::Withdrawn | Progress::Arrived) => None,
        StatementKind::Status(progress) => Some(progress),
    };
    (&key.by, key.line.as_ref(), kind)
}
