//! The snapshots of one socket, in pieces that are written at once.

use std::collections::VecDeque;

use backend::calls::hub::Snapshot;
use bytes::Bytes;

/// The octets of a snapshot that are written in one piece. Each piece is a call of the system, which takes longer than
/// to write a few frames more.
const AT_ONCE: usize = 16 * 1024;

/// The snapshots that are still to be sent, the oldest first. Frames of the hub wait in the queue meanwhile. A socket is
/// idle nearly always, and has no room for any then.
#[derive(Default)]
pub(super) struct Snapshots(Option<Box<Waiting>>);

#[derive(Default)]
struct Waiting(VecDeque<Snapshot>);

impl Snapshots {
    /// Adds a snapshot, in place of an earlier one of the same subscription.
    pub(super) fn add(&mut self, snapshot: Snapshot) {
        self.remove(snapshot.id());
        self.0.get_or_insert_default().0.push_back(snapshot);
    }

    /// Drops what a subscription's snapshot has not sent yet.
    pub(super) fn remove(&mut self, id: &str) {
        if let Some(waiting) = &mut self.0 {
            waiting.0.retain(|snapshot| snapshot.id() != id);
        }
        self.release();
    }

    /// Returns whether frames of the hub may go out before the snapshots.
    pub(super) fn lets_pass(&self) -> bool {
        self.all().all(Snapshot::lets_pass)
    }

    /// Returns whether there is none to send.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns how many octets they hold.
    pub(super) fn octets(&self) -> usize {
        self.all().map(Snapshot::octets).sum()
    }

    /// Returns the frames of the next piece, none at the end of a snapshot; `None` if there is no snapshot.
    pub(super) fn next_piece(&mut self) -> Option<Vec<Bytes>> {
        let waiting = &mut self.0.as_mut()?.0;
        let frames = at_once(waiting.front_mut()?);
        if frames.is_empty() {
            waiting.pop_front();
            self.release();
        }
        Some(frames)
    }

    fn all(&self) -> impl Iterator<Item = &Snapshot> {
        self.0.iter().flat_map(|waiting| &waiting.0)
    }

    fn release(&mut self) {
        self.0.take_if(|waiting| waiting.0.is_empty());
    }
}

/// Returns the next frames of a snapshot, as many as are written in one piece; none at its end. Frames of the hub may
/// pass the snapshot of every line between the pieces.
fn at_once(snapshot: &mut Snapshot) -> Vec<Bytes> {
    let (mut frames, mut octets) = (Vec::new(), 0);
    while octets < AT_ONCE
        && let Some(frame) = snapshot.next()
    {
        octets += frame.len();
        frames.push(frame);
        if snapshot.lets_pass() {
            break;
        }
    }
    frames
}
