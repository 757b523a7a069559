//! The words of one flat. Each of its devices acknowledges the same calls, and only the first word is news.

use std::sync::{Arc, Weak, atomic::Ordering};

use domain::{CallKey, Flats, House, Line, Neighbour};
use parking_lot::Mutex;

use super::Receipts;

/// The calls that a flat remembers to have reported, because few are acknowledged at one time.
const NOTED: usize = 4;

/// Records what the devices of one flat report. All sessions of the flat share it.
pub struct FlatReceipts(Arc<Flat>);

pub(super) struct Flat {
    receipts: Receipts,
    /// The flat as the records of its own line name it.
    at_home: Neighbour,
    /// The flat as those of all other lines do.
    elsewhere: Neighbour,
    /// The calls that it has reported last. Locked before the ledger.
    noted: Mutex<Vec<Noted>>,
}

struct Noted {
    call: Arc<CallKey>,
    has_sounded: bool,
    /// The number of receipts that had been lost before.
    lost: u64,
}

impl Receipts {
    /// Returns what records the reports of a flat's devices.
    #[must_use]
    pub fn of_flat(&self, line: &Line, house: &House) -> FlatReceipts {
        let elsewhere = Neighbour { line: Some(line.clone()), house: house.clone() };
        let mut flats = self.0.flats.lock();
        if let Some(flat) = flats.get(&elsewhere).and_then(Weak::upgrade) {
            return FlatReceipts(flat);
        }
        let (at_home, noted) = (elsewhere.seen_from(line), Mutex::default());
        let flat = Arc::new(Flat { receipts: self.clone(), at_home, elsewhere: elsewhere.clone(), noted });
        flats.insert(elsewhere, Arc::downgrade(&flat));
        FlatReceipts(flat)
    }
}

impl FlatReceipts {
    /// Records that a device of the flat took the call.
    pub fn reached(&self, call: &Arc<CallKey>) {
        self.0.report(call, false);
    }

    /// Records that a device of the flat has begun to sound the call, which has thereby reached the flat.
    pub fn sounded(&self, call: &Arc<CallKey>) {
        self.0.report(call, true);
    }

    /// Records that a person of the flat looked at the call, which has thereby reached the flat.
    pub fn seen(&self, call: CallKey) {
        let flat = self.0.named(&call);
        self.0.receipts.add(&Arc::new(call), |receipt| {
            insert(&mut receipt.reached, flat);
            insert(&mut receipt.seen, flat)
        });
    }
}

impl Flat {
    fn report(&self, call: &Arc<CallKey>, has_sounded: bool) {
        self.receipts.0.mark_report();
        let lost = self.receipts.0.lost.load(Ordering::Relaxed);
        let mut noted = self.noted.lock();
        let covers =
            |known: &Noted| known.lost == lost && (known.has_sounded || !has_sounded) && known.call == *call;
        if noted.iter().any(covers) {
            return;
        }
        let flat = self.named(call);
        self.receipts.add(call, |receipt| {
            let is_reached = insert(&mut receipt.reached, flat);
            if has_sounded { insert(&mut receipt.sounded, flat) } else { is_reached }
        });
        noted.retain(|known| known.call != *call);
        if noted.len() == NOTED {
            noted.remove(0);
        }
        noted.push(Noted { call: call.clone(), has_sounded, lost });
    }

    /// Returns the flat as the records of the call's line name it.
    fn named(&self, call: &CallKey) -> &Neighbour {
        if self.elsewhere.line.as_ref() == Some(&call.line) { &self.at_home } else { &self.elsewhere }
    }
}

impl Drop for Flat {
    fn drop(&mut self) {
        let mut flats = self.receipts.0.flats.lock();
        // A session that began meanwhile has another one.
        if flats.get(&self.elsewhere).is_some_and(|flat| flat.strong_count() == 0) {
            flats.remove(&self.elsewhere);
        }
    }
}

/// Adds a flat; returns whether it is new.
fn insert(flats: &mut Flats, flat: &Neighbour) -> bool {
    !flats.contains(flat) && flats.insert(flat.clone())
}

#[cfg(test)]
mod tests {
    use domain::{AlertId, Receipt};

    use super::*;

    fn flat_of(receipts: &Receipts, line: &str, house: &str) -> FlatReceipts {
        receipts.of_flat(&Line::new(line).unwrap(), &House::new(house).unwrap())
    }

    fn call() -> Arc<CallKey> {
        let (line, house) = (Line::new("101-1").unwrap(), House::new("1203").unwrap());
        Arc::new(CallKey { line, house, id: AlertId::generate() })
    }

    /// Takes the receipts that the hub does not have yet.
    fn taken(receipts: &Receipts) -> Vec<Receipt> {
        let waiting = std::mem::take(&mut *receipts.0.waiting.lock());
        waiting.into_values().map(|waiting| waiting.receipt).collect()
    }

    fn only(receipts: &Receipts) -> Receipt {
        let mut taken = taken(receipts);
        assert_eq!(taken.len(), 1, "{taken:?}");
        taken.remove(0)
    }

    fn names(flats: &Flats) -> Vec<String> {
        flats.iter().cloned().map(String::from).collect()
    }

    #[test]
    fn the_devices_of_a_flat_report_a_call_once_and_its_sound_once() {
        let (receipts, call) = (Receipts::default(), call());
        let devices = [(); 3].map(|()| flat_of(&receipts, "101-1", "1204"));
        devices.iter().for_each(|device| device.reached(&call));
        let receipt = only(&receipts);
        assert_eq!((names(&receipt.reached), names(&receipt.sounded)), (vec!["1204".into()], vec![]));
        // Another node or a rebuilt hub may name the same call by another allocation.
        devices.iter().for_each(|device| device.reached(&Arc::new(CallKey::clone(&call))));
        assert_eq!(taken(&receipts), []);
        devices.iter().for_each(|device| device.sounded(&call));
        let receipt = only(&receipts);
        assert_eq!(
            (names(&receipt.reached), names(&receipt.sounded)),
            (vec!["1204".into()], vec!["1204".into()])
        );
        devices.iter().for_each(|device| device.reached(&call));
        devices.iter().for_each(|device| device.sounded(&call));
        assert_eq!(taken(&receipts), []);
    }

    #[test]
    fn each_flat_and_each_call_is_reported_for_itself() {
        let (receipts, calls) = (Receipts::default(), [call(), call()]);
        let flats = [flat_of(&receipts, "101-1", "1204"), flat_of(&receipts, "101-2", "1204")];
        for call in &calls {
            flats.iter().for_each(|flat| flat.reached(call));
        }
        flats[1].seen(CallKey::clone(&calls[0]));
        let taken = taken(&receipts);
        assert_eq!(taken.len(), calls.len());
        for receipt in &taken {
            assert_eq!(names(&receipt.reached), ["1204", "101-2/1204"]);
            let seen = if receipt.alert == calls[0].id { vec!["101-2/1204".to_owned()] } else { vec![] };
            assert_eq!(names(&receipt.seen), seen);
        }
    }

    #[test]
    fn a_call_is_reported_again_after_a_receipt_was_lost_or_after_others_took_its_place() {
        let (receipts, call) = (Receipts::default(), call());
        let flat = flat_of(&receipts, "101-1", "1204");
        flat.sounded(&call);
        assert_eq!(taken(&receipts).len(), 1);
        receipts.0.lost.fetch_add(1, Ordering::Relaxed);
        flat.sounded(&call);
        flat.sounded(&call);
        let receipt = only(&receipts);
        assert_eq!(names(&receipt.sounded), ["1204"]);
        (0..NOTED).for_each(|_| flat.reached(&self::call()));
        assert_eq!(taken(&receipts).len(), NOTED);
        flat.sounded(&call);
        assert_eq!(taken(&receipts).len(), 1);
        assert_eq!(flat.0.noted.lock().len(), NOTED);
    }

    #[test]
    fn a_flat_is_forgotten_with_its_last_session() {
        let receipts = Receipts::default();
        let first = flat_of(&receipts, "101-1", "1204");
        let second = flat_of(&receipts, "101-1", "1204");
        let other = flat_of(&receipts, "101-1", "1301");
        assert!(Arc::ptr_eq(&first.0, &second.0) && !Arc::ptr_eq(&first.0, &other.0));
        drop(first);
        assert_eq!(receipts.0.flats.lock().len(), 2);
        drop(second);
        assert_eq!(receipts.0.flats.lock().len(), 1);
    }
}
