//! Reports about a call besides its words, which are the locations of the caller and of helpers, and the receipts. They
//! wait for a call that is not known yet, and count for nothing until it is.

use super::{
    CallKey, Change, LineIncidents,
    known::{Helper, NamedCall, is_known, is_later},
};
use crate::{
    event::{Alert, Event, Moved, Receipt},
    incident::{Incident, Response, Stance},
    people::{Flats, House, Line, Neighbour},
};

impl LineIncidents {
    /// Returns the location of a call's caller that counts, if one was reported after the alert.
    #[must_use]
    pub fn moved(&self, alert: &Alert) -> Option<&Moved> {
        self.location_of(&(alert.id, alert.house.clone()))
    }

    /// Returns the locations of a call's helpers that count, for an incident of this fold.
    pub fn moved_helpers(&self, incident: &Incident) -> impl Iterator<Item = &Moved> {
        let call = (incident.alert.id, incident.alert.house.clone());
        incident.responses.iter().filter_map(move |response| self.location_of_helper(&call, response))
    }

    /// Returns the receipt of a call as listeners get it, without the caller's own flat.
    #[must_use]
    pub fn merged_receipt(&self, alert: &Alert) -> Option<Receipt> {
        self.receipt_of(&(alert.id, alert.house.clone()))
    }

    pub(super) fn location_of(&self, (id, house): &CallKey) -> Option<&Moved> {
        let is_alone = self.calls.get(id).is_some_and(|houses| houses.len() == 1);
        let named = self.moved.get(&(*id, Some(house.clone())));
        // A record of a former version names no house. With two calls of its id, it may move neither marker.
        let nameless = self.moved.get(&(*id, None)).filter(|_| is_alone);
        named.into_iter().chain(nameless).reduce(|one, other| if is_later(other, one) { other } else { one })
    }

    /// Returns the location of a house that is on the way. A report from before its last word counts no longer.
    pub(super) fn location_of_helper(&self, (id, house): &CallKey, response: &Response) -> Option<&Moved> {
        let moved = self.helpers.get(&(*id, house.clone(), response.flat()))?;
        (response.stance == Stance::Coming && moved.at >= response.at).then_some(moved)
    }

    /// Returns the locations that other flats than the caller's have reported to a call, whatever they count for.
    pub(super) fn reported_by_helpers(&self, (id, house): &CallKey) -> impl Iterator<Item = &Moved> {
        let from = (*id, house.clone(), Neighbour::from(House::least()));
        let reported = self.helpers.range(from..);
        let reported = reported.take_while(move |((of, caller, _), _)| (of, caller) == (id, house));
        reported.map(|(_, moved)| moved)
    }

    pub(super) fn receipt_of(&self, (id, house): &CallKey) -> Option<Receipt> {
        // A record of a former version names no house and counts for each call of its id, because receipts only grow.
        let named = self.receipts.get(&(*id, Some(house.clone())));
        let receipts = named.into_iter().chain(self.receipts.get(&(*id, None)));
        let empty = Receipt {
            line: self.line.clone(),
            alert: *id,
            target: Some(house.clone()),
            pushed: Flats::new(),
            reached: Flats::new(),
            sounded: Flats::new(),
            seen: Flats::new(),
            after: None,
        };
        let mut merged = receipts.fold(empty, |mut merged, receipt| {
            merged.pushed.extend(receipt.pushed.iter().cloned());
            merged.reached.extend(receipt.reached.iter().cloned());
            merged.sounded.extend(receipt.sounded.iter().cloned());
            merged.seen.extend(receipt.seen.iter().cloned());
            merged
        });
        let caller = Neighbour::from(house.clone());
        for flats in [&mut merged.pushed, &mut merged.reached, &mut merged.sounded, &mut merged.seen] {
            flats.remove(&caller);
        }
        let sets = [&merged.pushed, &merged.reached, &merged.sounded, &merged.seen];
        let is_empty = sets.iter().all(|flats| flats.is_empty());
        (!is_empty).then_some(merged)
    }

    /// Keeps the latest location of each caller and of each helper. That of anybody else fits no call and is ignored.
    pub(super) fn move_to(&mut self, moved: Moved) -> Vec<Change> {
        if let Some((helper, target)) = moved.helper().zip(moved.target.clone()) {
            return self.move_helper((moved.alert, target, helper), moved);
        }
        let named = moved.target.as_ref().or(moved.house.as_ref()).cloned();
        let is_of_line = moved.house_line.as_ref().is_none_or(|line| *line == self.line);
        let is_of_caller = named.as_ref().is_none_or(|caller| moved.is_of_caller(&self.line, caller));
        if !is_of_line || !is_of_caller || moved.location.is_none() {
            return Vec::new();
        }
        let call: NamedCall = (moved.alert, named);
        if self.moved.get(&call).is_some_and(|known| !is_later(&moved, known)) {
            return Vec::new();
        }
        let event = Event::Moved(moved.clone());
        let is_announced = is_known(&self.calls, &call);
        self.moved.insert(call, moved);
        is_announced.then_some(Change::Event { event, first: None }).into_iter().collect()
    }

    fn move_helper(&mut self, helper: Helper, moved: Moved) -> Vec<Change> {
        if self.helpers.get(&helper).is_some_and(|known| !is_later(&moved, known)) {
            return Vec::new();
        }
        let event = Event::Moved(moved.clone());
        let is_announced = self.call(&(helper.0, helper.1.clone())).is_some();
        self.helpers.insert(helper, moved);
        is_announced.then_some(Change::Event { event, first: None }).into_iter().collect()
    }

    /// Adds what a receipt has, and returns what is new in the receipts of the calls that it counts for.
    pub(super) fn receive(&mut self, receipt: Receipt) -> Vec<Change> {
        let calls = self.keys_of(receipt.alert);
        let calls: Vec<CallKey> =
            calls.filter(|(_, house)| receipt.target.as_ref().is_none_or(|target| target == house)).collect();
        let before: Vec<_> = calls.iter().map(|call| self.extent_of(call)).collect();
        self.keep_receipt(receipt);
        let grown = calls.iter().zip(before).filter(|(call, before)| self.extent_of(call) != *before);
        let merged = grown.filter_map(|(call, _)| self.receipt_of(call));
        merged.map(|receipt| Change::Event { event: Event::Receipt(receipt), first: None }).collect()
    }

    /// Returns how many flats [`LineIncidents::receipt_of`] has in each of its sets. They only grow, so they are the same as
    /// long as the numbers are.
    fn extent_of(&self, call: &CallKey) -> [usize; 4] {
        let (id, house) = call;
        let named = self.receipts.get(&(*id, Some(house.clone())));
        let nameless = self.receipts.get(&(*id, None));
        let caller = Neighbour::from(house.clone());
        let without_caller = |flats: &Flats| flats.len() - usize::from(flats.contains(&caller));
        match (named, nameless) {
            (None, None) => [0; 4],
            (Some(receipt), None) | (None, Some(receipt)) => flats_of(receipt).map(without_caller),
            (Some(_), Some(_)) => {
                self.receipt_of(call).map_or([0; 4], |merged| flats_of(&merged).map(without_caller))
            }
        }
    }

    pub(super) fn keep_receipt(&mut self, receipt: Receipt) {
        let Receipt { alert, target, pushed, reached, sounded, seen, line, .. } = receipt;
        let sets = [pushed, reached, sounded, seen];
        let [pushed, reached, sounded, seen] = sets.map(|flats| seen_from(&line, flats));
        match self.receipts.get_mut(&(alert, target.clone())) {
            Some(known) => {
                known.pushed.extend(pushed);
                known.reached.extend(reached);
                known.sounded.extend(sounded);
                known.seen.extend(seen);
            }
            None => {
                let call = (alert, target.clone());
                let receipt = Receipt { line, alert, target, pushed, reached, sounded, seen, after: None };
                self.receipts.insert(call, receipt);
            }
        }
    }
}

/// Returns the sets of a receipt.
fn flats_of(receipt: &Receipt) -> [&Flats; 4] {
    [&receipt.pushed, &receipt.reached, &receipt.sounded, &receipt.seen]
}

/// Returns flats as the records of `line` name them. Nearly all are named so already, and are not copied.
fn seen_from(line: &Line, flats: Flats) -> Flats {
    if flats.iter().all(|flat| flat.line.as_ref() != Some(line)) {
        return flats;
    }
    flats.iter().map(|flat| flat.seen_from(line)).collect()
}
