//! Requests under way. A repetition waits for the first, so that one key never makes two events.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use super::Refusal;
use crate::delivery::outbox::Origin;

#[derive(Clone, Default)]
pub(super) struct Claims(Arc<Mutex<HashMap<Origin, UnderWay>>>);

struct UnderWay {
    digest: [u8; 32],
    turn: Arc<Turn<()>>,
    waiting: usize,
}

/// One's turn with a request; the next one's when it is dropped.
pub(super) struct Claim {
    claims: Claims,
    origin: Origin,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Claims {
    /// Waits until no other request of this origin is under way.
    pub(super) async fn claim(&self, origin: &Origin, digest: [u8; 32]) -> Result<Claim, Refusal> {
        let turn = {
            let mut under_way = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let claimed = under_way.entry(origin.clone()).or_insert_with(|| UnderWay {
                digest,
                turn: Arc::default(),
                waiting: 0,
            });
            if claimed.digest != digest {
                return Err(Refusal::KeyReused);
            }
            claimed.waiting += 1;
            claimed.turn.clone()
        };
        // Made before the wait, because a waiter that is cancelled must still be counted out.
        let mut claim = Claim { claims: self.clone(), origin: origin.clone(), _turn: None };
        claim._turn = Some(turn.lock_owned().await);
        Ok(claim)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut under_way = self.claims.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(claimed) = under_way.get_mut(&self.origin) {
            claimed.waiting -= 1;
            if claimed.waiting == 0 {
                under_way.remove(&self.origin);
            }
        }
    }
}
