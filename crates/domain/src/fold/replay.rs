//! Replays the events from before a start, to which nobody listens.

use super::{
    CallKey, LineIncidents, Source,
    statement::{Key, Statement},
};
use crate::{collections::BTreeSet, event::Event};

impl LineIncidents {
    /// Applies events in their order as [`LineIncidents::apply`] does, but makes nothing for listeners. Each call that they
    /// touch is marked as announced once, because that takes longer than everything else.
    pub fn replay(&mut self, events: impl IntoIterator<Item = (Event, Source)>) {
        let mut touched = BTreeSet::new();
        for (event, source) in events {
            if *event.line() == self.line {
                self.keep(event, source, &mut touched);
            }
        }
        for call in &touched {
            self.mark_announced(call);
        }
    }

    fn keep(&mut self, event: Event, source: Source, touched: &mut BTreeSet<CallKey>) {
        let mut answer = |statement| {
            let (key, before) = self.keep_statement(statement, source);
            touched.extend(before);
            match key.alert {
                // The answers of each are filtered when it is marked.
                Some(alert) => touched.extend(self.keys_of(alert)),
                None => touched.extend(self.calls_of(&key)),
            }
        };
        match event {
            Event::Alert(alert) => touched.extend(self.keep_alert(alert, source.position()).touched),
            Event::Accept(accept) => answer(Statement::Accept(accept)),
            Event::Status(status) => answer(Statement::Status(status)),
            Event::Moved(moved) => drop(self.move_to(moved)),
            Event::Receipt(receipt) => self.keep_receipt(receipt),
        }
    }

    /// Marks all that is known of a call as announced, as if each event had been applied alone.
    fn mark_announced(&mut self, call: &CallKey) {
        let answers = self.answers_of(call);
        let first = self.first_of(call, &answers);
        let new = answers.into_iter().filter(|(_, answer)| answer.announced != Some(call.0));
        let new: Vec<Key> = new.map(|(key, _)| key.clone()).collect();
        for key in &new {
            if let Some(answer) = self.answers.get_mut(key) {
                answer.announced = Some(call.0);
            }
        }
        if let Some(known) = self.call_mut(call) {
            known.announced_first = first;
        }
    }
}
