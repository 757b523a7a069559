//! The looks of the office at calls that were recorded lately.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use domain::CallKey;
use parking_lot::Mutex;

use super::{Act, By};

/// A look that comes again within this time is not recorded.
const ANEW_AFTER: Duration = Duration::from_secs(60 * 60);
/// The looks that are remembered. Beyond them every look is forgotten, and then recorded once more.
const REMEMBERED: usize = 10_000;

#[derive(Default)]
pub(super) struct Looks(Mutex<HashMap<(Act, By, CallKey), Instant>>);

impl Looks {
    /// Returns true for a look that is to be recorded, and remembers it.
    pub(super) fn is_new(&self, act: Act, by: &By, call: &CallKey) -> bool {
        self.is_new_at(act, by, call, Instant::now())
    }

    fn is_new_at(&self, act: Act, by: &By, call: &CallKey, now: Instant) -> bool {
        let mut looks = self.0.lock();
        let key = (act, by.clone(), call.clone());
        let is_known = looks.get(&key).is_some_and(|at| now.duration_since(*at) < ANEW_AFTER);
        if !is_known {
            if looks.len() >= REMEMBERED {
                looks.clear();
            }
            looks.insert(key, now);
        }
        !is_known
    }
}

#[cfg(test)]
mod tests {
    use domain::{AlertId, House, Line};

    use super::*;

    #[test]
    fn the_same_look_is_recorded_once_an_hour() {
        let (looks, now) = (Looks::default(), Instant::now());
        let key = |house: &str| CallKey {
            line: Line::new("101-1").unwrap(),
            house: House::new(house).unwrap(),
            id: AlertId(uuid::Uuid::from_u128(1)),
        };
        let (admin, other) = (By::account("admin", [127, 0, 0, 1].into()), By::service());
        let at = |by: &By, house, after| looks.is_new_at(Act::LocationSeen, by, &key(house), now + after);
        assert!(at(&admin, "1203", Duration::ZERO));
        assert!(!at(&admin, "1203", Duration::from_secs(3_599)));
        assert!(at(&admin, "1204", Duration::ZERO) && at(&other, "1203", Duration::ZERO));
        assert!(looks.is_new_at(Act::CallSeen, &admin, &key("1203"), now));
        assert!(at(&admin, "1203", ANEW_AFTER));
    }
}
