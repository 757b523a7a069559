//! The bound on database look-ups of what a stranger sends, which is a token that no session known here has, or the code
//! of an invitation. Every node copies the sessions within seconds, so such a token is of a sign-in just now at another
//! node, of a session that has ended, or made up.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::{Bucket, Network, Rate, name, refused};
use crate::problem::Problem;

/// The rate of tokens of one network. A building behind one address signs in on several nodes within a few minutes.
const TOKENS_OF_NETWORK: Rate = Rate { burst: 50.0, per_second: 2.0 };
/// The rate of tokens of all networks. A look-up costs a database a fraction of a millisecond.
const TOKENS_OF_ALL: Rate = Rate { burst: 500.0, per_second: 100.0 };
/// The rate of codes of one network. Families behind one address join on one evening, with a few pages each.
const CODES_OF_NETWORK: Rate = Rate { burst: 60.0, per_second: 1.0 };
/// The rate of codes of all networks.
const CODES_OF_ALL: Rate = Rate { burst: 300.0, per_second: 30.0 };
/// Networks remembered at once. One that has refilled is forgotten first.
const REMEMBERED: usize = 10_000;

/// The look-ups of one kind.
pub struct Lookups {
    budget: &'static str,
    of_network: Rate,
    of_all: Rate,
    buckets: Mutex<Option<Buckets>>,
}

struct Buckets {
    rate_of_network: Rate,
    of_all: Bucket,
    of_networks: HashMap<Network, Bucket>,
}

impl Lookups {
    /// Returns the look-ups of unknown tokens.
    #[must_use]
    pub fn of_tokens() -> Self {
        Self::new(name::STRANGERS_TOKEN, TOKENS_OF_NETWORK, TOKENS_OF_ALL)
    }

    /// Returns the look-ups of codes of invitations.
    #[must_use]
    pub fn of_codes() -> Self {
        Self::new(name::STRANGERS_CODE, CODES_OF_NETWORK, CODES_OF_ALL)
    }

    fn new(budget: &'static str, of_network: Rate, of_all: Rate) -> Self {
        Self { budget, of_network, of_all, buckets: Mutex::default() }
    }

    /// Counts a look-up.
    ///
    /// # Errors
    /// [`crate::problem::Kind::BUSY`] where there were too many of the network or of all networks. The token or
    /// the code may be good all the same.
    pub fn take(&self, network: Network, now: Instant) -> Result<(), Problem> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let buckets = buckets.get_or_insert_with(|| Buckets::new(self, now));
        if buckets.take(network, now) { Ok(()) } else { Err(refused(self.budget)) }
    }
}

impl Buckets {
    fn new(look_ups: &Lookups, now: Instant) -> Self {
        let Lookups { of_network, of_all, .. } = look_ups;
        Self { rate_of_network: *of_network, of_all: Bucket::full(*of_all, now), of_networks: HashMap::new() }
    }

    fn take(&mut self, network: Network, now: Instant) -> bool {
        // Where nothing is left for anybody, no network is remembered either, because others would be forgotten for it.
        if !self.of_all.has(now) {
            return false;
        }
        self.make_room(network, now);
        let of_network =
            self.of_networks.entry(network).or_insert_with(|| Bucket::full(self.rate_of_network, now));
        of_network.take(now) && self.of_all.take(now)
    }

    fn make_room(&mut self, network: Network, now: Instant) {
        if self.of_networks.len() < REMEMBERED || self.of_networks.contains_key(&network) {
            return;
        }
        let refill = self.rate_of_network.refill();
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

    fn taken(look_ups: &Lookups, of: Network, times: usize, now: Instant) -> usize {
        (0..times).filter(|_| look_ups.take(of, now).is_ok()).count()
    }

    #[test]
    fn a_flood_of_one_network_leaves_the_others_theirs() {
        let (look_ups, now) = (Lookups::of_tokens(), Instant::now());
        assert_eq!(taken(&look_ups, network(1), 1_000, now), 50);
        assert_eq!(taken(&look_ups, network(2), 10, now), 10);
        assert_eq!(taken(&look_ups, network(1), 10, now + Duration::from_secs(1)), 2);
    }

    #[test]
    fn all_networks_together_are_bounded_and_so_is_what_is_remembered() {
        let (look_ups, mut now) = (Lookups::of_tokens(), Instant::now());
        let all = (0..1_000).map(|number| taken(&look_ups, network(number), 1, now));
        assert_eq!(all.sum::<usize>(), 500);
        for number in 0..20_000 {
            now += Duration::from_millis(20);
            assert!(look_ups.take(network(number), now).is_ok());
        }
        let remembered =
            look_ups.buckets.lock().expect("nobody panics").as_ref().map(|all| all.of_networks.len());
        assert!(remembered.is_some_and(|count| (1..=REMEMBERED).contains(&count)), "{remembered:?}");
    }
}
