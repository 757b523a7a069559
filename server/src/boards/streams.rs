//! The bound on streams that are open. A screen that lost its power or its network leaves a stream behind that nobody
//! reads, so the newest of a holder takes the place of the oldest.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::{
    budgets::{name, refused},
    problem::Problem,
};

/// The most streams. Each holds a connection and renders nothing of its own.
const MOST: usize = 128;
/// The most streams of one screen or one administrator, for every tab and for those that were left behind.
const OF_ONE: usize = 8;

/// The open streams. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Streams(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    numbers: u64,
    /// By the number, in the order in which they were opened.
    open: HashMap<u64, (String, CancellationToken)>,
}

/// A stream's place. Dropping it gives it back.
pub(crate) struct Place {
    streams: Streams,
    number: u64,
    displaced: CancellationToken,
}

impl Streams {
    /// Gives a place to one more stream of a holder.
    ///
    /// # Errors
    /// [`crate::problem::Kind::BUSY`] where all are taken.
    pub(super) fn enter(&self, holder: String) -> Result<Place, Problem> {
        let mut open = self.lock();
        let own = open.open.iter().filter(|(_, (other, _))| *other == holder).map(|(number, _)| *number);
        let own: Vec<u64> = own.collect();
        if own.len() >= OF_ONE {
            let oldest = own.iter().min().and_then(|oldest| open.open.remove(oldest));
            if let Some((_, displaced)) = oldest {
                displaced.cancel();
            }
        } else if open.open.len() >= MOST {
            return Err(refused(name::BOARD_STREAM));
        }
        let (number, displaced) = (open.numbers, CancellationToken::new());
        open.numbers += 1;
        open.open.insert(number, (holder, displaced.clone()));
        drop(open);
        Ok(Place { streams: self.clone(), number, displaced })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits until a newer stream of the holder has the place.
    pub(crate) async fn displaced(&self) {
        self.displaced.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.streams.lock().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Kind;

    #[test]
    fn the_newest_of_a_holder_takes_the_place_of_its_oldest() {
        let streams = Streams::default();
        let places: Vec<Place> = (0..=OF_ONE).map(|_| streams.enter("wall".into()).unwrap()).collect();
        let displaced: Vec<bool> = places.iter().map(|place| place.displaced.is_cancelled()).collect();
        assert!(displaced[0] && !displaced[1..].contains(&true), "{displaced:?}");
        drop(places);
        assert!(streams.lock().open.is_empty());
    }

    #[test]
    fn a_full_house_refuses_at_once_and_a_place_is_given_back() {
        let streams = Streams::default();
        let mut places: Vec<Place> =
            (0..MOST).map(|number| streams.enter(format!("wall {number}")).unwrap()).collect();
        let refused = streams.enter("one more".into()).err().unwrap();
        assert_eq!(refused.kind, Kind::BUSY);
        places.pop();
        assert!(streams.enter("one more".into()).is_ok());
    }
}
