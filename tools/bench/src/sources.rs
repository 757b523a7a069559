//! The addresses that sockets come from. From one address to one port of a server there are 28 000 connections, those
//! that ended within the last minute among them, so many sockets need several.

use std::net::{IpAddr, Ipv4Addr};

use testkit::{Error, client::Client};

/// The sockets of one address, which leaves ports for those of five runs before. Where most are taken, a connection
/// waits for the search for a free one.
const SOCKETS_OF_SOURCE: usize = 2_500;
/// The last number of the first and of the last address.
const ADDRESSES: std::ops::RangeInclusive<u8> = 2..=254;

/// Clients of one server that take turns.
pub(crate) struct Sources(Vec<Client>);

impl Sources {
    /// As many addresses as so many sockets need, 127.0.0.2 and those after it. A server that is not on loopback is
    /// reached from the machine's own address alone.
    ///
    /// # Errors
    /// [`Error::Address`] when there can be no client at one of them.
    pub(crate) fn of(client: &Client, sockets: usize) -> Result<Self, Error> {
        let host = client.url().host_str().and_then(|host| host.parse::<Ipv4Addr>().ok());
        let is_near = host.is_some_and(|host| host.is_loopback());
        let count = sockets.div_ceil(SOCKETS_OF_SOURCE);
        if count <= 1 || !is_near {
            return Ok(Self(vec![client.clone()]));
        }
        let sources = ADDRESSES.take(count).map(|last| IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)));
        Ok(Self(sources.map(|source| client.with_source(source)).collect::<Result<_, _>>()?))
    }

    /// Returns the client of the socket with this number.
    pub(crate) fn get(&self, number: usize) -> &Client {
        &self.0[number % self.0.len()]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn sources(address: &str, sockets: usize) -> BTreeSet<Option<IpAddr>> {
        let sources = Sources::of(&Client::new(address).unwrap(), sockets).unwrap();
        (0..sockets).map(|number| sources.get(number).source()).collect()
    }

    #[test]
    fn ten_thousand_sockets_come_from_several_addresses_of_loopback() {
        let address = |last| Some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)));
        assert_eq!(sources("http://127.0.0.1:3000", 10_001), BTreeSet::from([2, 3, 4, 5, 6].map(address)));
        assert_eq!(sources("http://127.0.0.1:3000", 100), BTreeSet::from([None]));
    }

    #[test]
    fn a_server_elsewhere_is_reached_from_the_own_address() {
        assert_eq!(sources("http://192.0.2.1:3000", 10_001), BTreeSet::from([None]));
    }
}
