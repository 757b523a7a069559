//! Dropping of calls, old ones from a server's memory and closed ones from a client's. The rest stays exactly as it
//! was.

use super::{CallKey, LineIncidents, known::is_known};
use crate::{
    collections::BTreeSet,
    event::{AlertId, Millis},
    fold::statement::Key,
    people::{House, Line, Neighbour},
};

impl LineIncidents {
    /// Drops calls that began before `before`, and earlier answers that belong to no call. Receipts have no time, so
    /// those of an unknown call are dropped too.
    pub fn forget(&mut self, before: Millis) {
        let calls = self.calls.values().flatten().filter(|(_, call)| call.alert.at < before);
        let old: Vec<CallKey> = calls.map(|(house, call)| (call.alert.id, house.clone())).collect();
        let orphans: Vec<Key> =
            self.answers.keys().filter(|key| self.calls_of(key).is_empty()).cloned().collect();
        self.drop_calls(&old);
        for key in orphans {
            if self.answers.get(&key).is_some_and(|answer| answer.statement.at() < before) {
                self.drop_answer(&key);
            }
        }
        let Self { calls, moved, helpers, receipts, .. } = self;
        moved.retain(|call, moved| is_known(calls, call) || moved.at >= before);
        helpers.retain(|(id, house, _), moved| {
            is_known(calls, &(*id, Some(house.clone()))) || moved.at >= before
        });
        receipts.retain(|call, _| is_known(calls, call));
        self.index.tidy();
    }

    /// Drops where the people of a flat were who called by this id, or went to help. The call stays.
    pub fn forget_location(&mut self, alert: AlertId, line: &Line, house: &House) {
        let flat = Neighbour { line: Some(line.clone()), house: house.clone() }.seen_from(&self.line);
        self.helpers.retain(|(id, _, helper), _| *id != alert || *helper != flat);
        if flat.line.is_some() {
            return;
        }
        if let Some(call) = self.call_mut(&(alert, house.clone())) {
            call.alert.location = None;
        }
        self.moved.remove(&(alert, Some(house.clone())));
        // A record of a former version names no house, so it may be this one's.
        self.moved.remove(&(alert, None));
    }

    /// Forgets every call that `listed` does not have, as a client does after a whole snapshot.
    pub fn retain(&mut self, listed: &BTreeSet<AlertId>) {
        let unlisted: Vec<CallKey> = self.call_keys().filter(|(alert, _)| !listed.contains(alert)).collect();
        self.drop_calls(&unlisted);
        let of_no_call = |key: &Key| key.alert.is_some_and(|alert| !listed.contains(&alert));
        let orphans: Vec<Key> = self.answers.keys().filter(|key| of_no_call(key)).cloned().collect();
        for key in orphans {
            self.drop_answer(&key);
        }
        self.moved.retain(|(alert, _), _| listed.contains(alert));
        self.helpers.retain(|(alert, ..), _| listed.contains(alert));
        self.receipts.retain(|(alert, _), _| listed.contains(alert));
        self.first_by_server.retain(|(alert, _), _| listed.contains(alert));
        self.index.tidy();
    }

    /// Drops calls with their answers, unless these belong to another call too.
    fn drop_calls(&mut self, calls: &[CallKey]) {
        let dropped: BTreeSet<&CallKey> = calls.iter().collect();
        let answers = calls.iter().flat_map(|call| self.answers_of(call)).map(|(key, _)| key);
        let solely = answers.filter(|key| self.calls_of(key).iter().all(|call| dropped.contains(call)));
        let solely: BTreeSet<Key> = solely.cloned().collect();
        for key in &solely {
            self.drop_answer(key);
        }
        for key in calls {
            let Some(call) = self.calls.get_mut(&key.0).and_then(|houses| houses.remove(&key.1)) else {
                continue;
            };
            self.index.place(key, call.began(), None);
            self.first_by_server.remove(key);
            let named = (key.0, Some(key.1.clone()));
            self.moved.remove(&named);
            self.receipts.remove(&named);
            // With this call gone, another one of its id would be alone, and be moved by what was ambiguous.
            self.moved.remove(&(key.0, None));
        }
        self.helpers.retain(|(id, house, _), _| !dropped.contains(&(*id, house.clone())));
        self.calls.retain(|_, houses| !houses.is_empty());
    }

    fn drop_answer(&mut self, key: &Key) {
        if let Some(answer) = self.answers.remove(key) {
            self.index.forget(key, answer.accepted());
        }
    }
}
