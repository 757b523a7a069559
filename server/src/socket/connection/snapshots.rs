//! The snapshots of one socket, in pieces that are written at once.

use backend::calls::hub::Snapshot;
use bytes::Bytes;

/// The octets of a snapshot that are written in one piece. Each piece is a call of the system, which takes longer than
/// to write a few frames more.
const AT_ONCE: usize = 16 * 1024;

/// The snapshots that are still to be sent, the oldest first. Frames of the hub wait in the queue meanwhile.
#[derive(Default)]
pub(super) struct Snapshots(Vec<Snapshot>);

impl Snapshots {
    /// Adds a snapshot, in place of an earlier one of the same subscription.
    pub(super) fn add(&mut self, snapshot: Snapshot) {
        self.remove(snapshot.id());
        self.0.push(snapshot);
    }

    /// Drops what a subscription's snapshot has not sent yet.
    pub(super) fn remove(&mut self, id: &str) {
        self.0.retain(|snapshot| snapshot.id() != id);
    }

    /// Returns whether frames of the hub may go out before the snapshots.
    pub(super) fn lets_pass(&self) -> bool {
        self.0.iter().all(Snapshot::lets_pass)
    }

    /// Returns whether there is none to send.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many octets they hold.
    pub(super) fn octets(&self) -> usize {
        self.0.iter().map(Snapshot::octets).sum()
    }

    /// Returns the frames of the next piece, none at the end of a snapshot; `None` if there is no snapshot.
    pub(super) fn next_piece(&mut self) -> Option<Vec<Bytes>> {
        let frames = at_once(self.0.first_mut()?);
        if frames.is_empty() {
            self.0.remove(0);
            // A socket is idle nearly always, and has no snapshots then.
            self.0.shrink_to_fit();
        }
        Some(frames)
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
