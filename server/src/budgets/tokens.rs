//! The bound on database look-ups of tokens that no session known here has. Every node copies the sessions within
//! seconds, so such a token is of a sign-in just now at another node, of a session that has ended, or made up.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::{Bucket, Network, Rate, name, refused};
use crate::problem::Problem;

/// The rate of one network. A building behind one address signs in on several nodes within a few minutes.
const OF_NETWORK: Rate = Rate { burst: 50.0, per_second: 2.0 };
/// The rate of all networks. A look-up costs a database a fraction of a millisecond.
const OF_ALL: Rate = Rate { burst: 500.0, per_second: 100.0 };
/// Networks remembered at once. One that has refilled is forgotten first.
const REMEMBERED: usize = 10_000;

/// The look-ups of unknown tokens.
#[derive(Default)]
pub struct TokenLookUps(Mutex<Option<Buckets>>);

struct Buckets {
    of_all: Bucket,
    of_networks: HashMap<Network, Bucket>,
}

impl TokenLookUps {
    /// Counts a look-up.
    ///
    /// # Errors
    /// [`crate::problem::Kind::BUSY`] where there were too many of the network or of all networks. The token may be
    /// good all the same.
    pub fn take(&self, network: Network, now: Instant) -> Result<(), Problem> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let buckets = buckets.get_or_insert_with(|| Buckets::new(now));
        if buckets.take(network, now) { Ok(()) } else { Err(refused(name::STRANGERS_TOKEN)) }
    }
}

impl Buckets {
    fn new(now: Instant) -> Self {
        Self { of_all: Bucket::full(OF_ALL, now), of_networks: HashMap::new() }
    }

    fn take(&mut self, network: Network, now: Instant) -> bool {
        // Where nothing is left for anybody, no network is remembered either, because others would be forgotten for it.
        if !self.of_all.has(now) {
            return false;
        }
        self.make_room(network, now);
        let of_network = self.of_networks.entry(network).or_insert_with(|| Bucket::full(OF_NETWORK, now));
        of_network.take(now) && self.of_all.take(now)
    }

    fn make_room(&mut self, network: Network, now: Instant) {
        if self.of_networks.len() < REMEMBERED || self.of_networks.contains_key(&network) {
            return;
        }
        let refill = OF_NETWORK.refill();
        self.of_networks.retain(|_, bucket| now.saturating_duration_since(bucket.at()) < refill);
        if self.of_networks.len() >= REMEMBERED {
            let oldest = self.of_networks.iter().min_by_key(|(_, bucket)| bucket.at());
            let oldest = oldest.map(|(network, _)| *network);
            oldest.map(|network| self.of_networks.remove(&network));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::Ipv4Addr, time::Duration};

    use super::*;

    fn network(number: u32) -> Network {
        std::net::IpAddr::from(Ipv4Addr::from_bits(number)).into()
    }

    fn taken(look_ups: &TokenLookUps, of: Network, times: usize, now: Instant) -> usize {
        (0..times).filter(|_| look_ups.take(of, now).is_ok()).count()
    }

    #[test]
    fn a_flood_of_one_network_leaves_the_others_theirs() {
        let (look_ups, now) = (TokenLookUps::default(), Instant::now());
        assert_eq!(taken(&look_ups, network(1), 1_000, now), 50);
        assert_eq!(taken(&look_ups, network(2), 10, now), 10);
        assert_eq!(taken(&look_ups, network(1), 10, now + Duration::from_secs(1)), 2);
    }

    #[test]
    fn all_networks_together_are_bounded_and_so_is_what_is_remembered() {
        let (look_ups, mut now) = (TokenLookUps::default(), Instant::now());
        let all = (0..1_000).map(|number| taken(&look_ups, network(number), 1, now));
        assert_eq!(all.sum::<usize>(), 500);
        for number in 0..20_000 {
            now += Duration::from_millis(20);
            assert!(look_ups.take(network(number), now).is_ok());
        }
        let remembered = look_ups.0.lock().expect("nobody panics").as_ref().map(|all| all.of_networks.len());
        assert!(remembered.is_some_and(|count| (1..=REMEMBERED).contains(&count)), "{remembered:?}");
    }
}
