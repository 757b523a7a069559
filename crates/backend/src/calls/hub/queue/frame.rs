//! A frame of the hub, as queues keep it and as sockets get it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::Outlet;

/// An encoded frame. Clones share its octets, and the message that sockets get it in.
#[derive(Clone)]
pub(crate) struct SharedFrame(Arc<Octets>);

struct Octets {
    frame: Bytes,
    /// The frame behind its head, made when the first socket is written.
    message: OnceLock<Bytes>,
}

impl SharedFrame {
    pub(crate) fn new(frame: impl Into<Bytes>) -> Self {
        Self(Arc::new(Octets { frame: frame.into(), message: OnceLock::new() }))
    }

    /// Returns the frame without the head of a message, for those who read it.
    pub(in crate::calls::hub) fn bare(&self) -> Bytes {
        self.0.frame.clone()
    }

    /// Returns how many octets the frame has without the head of a message.
    pub(super) fn length(&self) -> usize {
        self.0.frame.len()
    }

    /// Returns the message that all sockets get, of which the first one's outlet writes the head.
    pub(super) fn message(&self, outlet: &dyn Outlet) -> &Bytes {
        self.0.message.get_or_init(|| outlet.message(&self.0.frame))
    }
}
