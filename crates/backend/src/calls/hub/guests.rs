//! The guests of a line: people of other lines that get those of its calls that were escalated to their line. A guest is
//! a subscriber of the call's room beside those of the line, so that it gets each event once and in the same order.
//!
//! This is the list of all subscribers by line, and of the lines whose calls each line gets. Its lock is taken after that
//! of an audience where both are needed.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use domain::Line;
use parking_lot::Mutex;

use super::{Queue, Subscription};

/// A subscriber of a line, as it becomes a guest of others.
#[derive(Clone)]
pub(super) struct Listener {
    pub(super) subscription: Arc<Subscription>,
    pub(super) queue: Queue,
}

/// The subscribers and the hosts of every line. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Guests(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    /// The subscribers of each line, in the order of their numbers.
    listeners: HashMap<Line, Vec<(u64, Listener)>>,
    /// The lines that have a call for a line.
    hosts: HashMap<Line, BTreeSet<Line>>,
}

impl Guests {
    /// Adds a subscriber of `line`, and returns the other lines whose calls it gets.
    pub(super) fn join(&self, line: &Line, number: u64, listener: Listener) -> BTreeSet<Line> {
        let mut lines = self.0.lock();
        let listeners = lines.listeners.entry(line.clone()).or_default();
        // Numbers ascend, so its place is at the end nearly always.
        let place = listeners.partition_point(|(earlier, _)| *earlier < number);
        listeners.insert(place, (number, listener));
        lines.hosts.get(line).cloned().unwrap_or_default()
    }

    /// Removes a subscriber of `line`, and returns the other lines in whose rooms it may be.
    pub(super) fn leave(&self, line: &Line, number: u64) -> BTreeSet<Line> {
        let mut lines = self.0.lock();
        if let Some(listeners) = lines.listeners.get_mut(line) {
            if let Ok(place) = listeners.binary_search_by_key(&number, |(number, _)| *number) {
                listeners.remove(place);
            }
            if listeners.is_empty() {
                lines.listeners.remove(line);
            }
        }
        lines.hosts.get(line).cloned().unwrap_or_default()
    }

    /// Returns the other lines that have a call for `line`.
    pub(super) fn hosts(&self, line: &Line) -> BTreeSet<Line> {
        self.0.lock().hosts.get(line).cloned().unwrap_or_default()
    }

    /// Records that `host` has a call for `line`, and returns the subscribers of that line. The caller holds the lock of
    /// the host's audience until they are in it, so that one that leaves meanwhile is removed afterwards.
    pub(super) fn invite(&self, host: &Line, line: &Line) -> Vec<(u64, Listener)> {
        let mut lines = self.0.lock();
        lines.hosts.entry(line.clone()).or_default().insert(host.clone());
        let listeners = lines.listeners.get(line).into_iter().flatten();
        listeners.map(|(number, listener)| (*number, listener.clone())).collect()
    }

    /// Returns whether `host` has had a call for another line.
    pub(super) fn is_host(&self, host: &Line) -> bool {
        self.0.lock().hosts.values().any(|hosts| hosts.contains(host))
    }

    /// Forgets that `host` had calls for other lines than these.
    pub(super) fn dismiss_all_but(&self, host: &Line, kept: &BTreeSet<Line>) {
        self.0.lock().hosts.retain(|line, hosts| {
            if !kept.contains(line) {
                hosts.remove(host);
            }
            !hosts.is_empty()
        });
    }
}

#[cfg(test)]
mod tests;
