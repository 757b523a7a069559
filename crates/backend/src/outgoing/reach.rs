//! The addresses that connections may be opened to, because a host's name may come to mean another machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that connections may be opened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Those of the public internet, where strangers choose the address.
    Public,
    /// This machine as well, for tests.
    PublicAndLoopback,
    /// All of them, where the operator chooses the address.
    Everywhere,
}

impl Reach {
    /// Returns whether a connection to this address may be opened.
    pub(crate) fn allows(self, address: IpAddr) -> bool {
        match self {
            Self::Public => is_public(address),
            Self::PublicAndLoopback => is_public(address) || address.is_loopback(),
            Self::Everywhere => true,
        }
    }
}

/// Returns whether an address is reachable from everywhere (RFC 6890), so that it is nobody's own network.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    let is_benchmark = first == 198 && (second == 18 || second == 19);
    let is_protocol = first == 192 && second == 0 && third == 0;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || first == 0
        || first >= 224
        || is_shared
        || is_benchmark
        || is_protocol)
}

/// Only addresses that are given out to the public (2000::/3) count, without those that carry an IPv4 address inside.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_translated = first == 0x2002 || (first == 0x2001 && second == 0);
    let is_documentation = first == 0x2001 && second == 0xdb8;
    first & 0xe000 == 0x2000 && !is_translated && !is_documentation
}
