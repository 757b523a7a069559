//! Where a request came from, seen through the proxies that are believed.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, FromRef, FromRequestParts},
    http::request::Parts,
};
use backend::audit::By;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::{budgets::Network, connections::Peer};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The proxies whose words count.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress {
    /// The client's address; the nearest unknown proxy's where there is one.
    pub ip: IpAddr,
    /// True if a trusted proxy states that the client came by https.
    pub https: bool,
}

impl ClientAddress {
    /// Returns the network whose share of a budget its requests use.
    #[must_use]
    pub fn network(self) -> Network {
        self.ip.into()
    }

    /// Returns an account at this address, as the audit names who acts.
    #[must_use]
    pub fn by(self, name: &str) -> By {
        By::account(name, self.ip)
    }
}

impl TrustedProxies {
    /// These networks.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }

    /// Returns who sent a request.
    ///
    /// # Panics
    /// Where the server runs without the peer's address.
    #[must_use]
    pub fn sender(&self, request: &Parts) -> ClientAddress {
        let peer = request.extensions.get::<ConnectInfo<Peer>>();
        let ConnectInfo(peer) = peer.expect("the server is always run with the peer's address");
        self.client(peer.address().ip(), &request.headers)
    }

    /// Returns who sent this, where `peer` is the other end of the connection.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return ClientAddress { ip: peer, https: false };
        }
        let proto = headers.get(FORWARDED_PROTO).and_then(|value| value.to_str().ok());
        let https = proto.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https"));
        ClientAddress { ip: self.farthest_trusted(peer, headers), https }
    }

    /// Each proxy appends whom it heard from, so the list is believed from its end, as far as proxies are.
    fn farthest_trusted(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lines: Vec<_> =
            headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
        let mut client = peer;
        for text in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            let Ok(address) = text.trim().parse::<IpAddr>() else { break };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl<S> FromRequestParts<S> for ClientAddress
where
    TrustedProxies: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Ok(TrustedProxies::from_ref(state).sender(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&'static str]) -> String {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).ip.to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_its_address() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1", "203.0.113.9, 10.0.0.2"]), "203.0.113.9");
    }

    #[test]
    fn without_a_forwarded_header_the_proxy_itself_is_the_client() {
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
    }
}
