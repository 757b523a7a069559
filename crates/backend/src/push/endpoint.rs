//! The push services that messages may be sent to. An endpoint is an address that a stranger chooses, so it must not
//! lead to machines of the operator's.

use std::net::IpAddr;

use http::Uri;

use crate::outgoing::reach::{Reach, is_public};

/// The services of the browsers that take push.
pub const DEFAULT_HOSTS: &str =
    "fcm.googleapis.com,updates.push.services.mozilla.com,*.push.apple.com,*.notify.windows.com";

/// The word that allows a service on this machine, also by plain http, for tests.
const LOOPBACK: &str = "loopback";
/// The longest endpoint, in octets. It is several times what push services use.
const ENDPOINT_LIMIT: usize = 2_000;

/// The hosts of push services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// In lower case; one that begins with `*.` stands for every name below it.
    patterns: Vec<String>,
    loopback: bool,
}

/// A text that is not a host of a push service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host such as fcm.googleapis.com or *.push.apple.com")]
pub struct InvalidHost(String);

/// Why messages cannot be sent to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// It is not an address.
    #[error("the endpoint is not an address of a push service")]
    NotAnAddress,
    /// It is not https.
    #[error("the endpoint must be an https address")]
    NotHttps,
    /// It is an address of a private network or of this machine.
    #[error("the endpoint points at a private address")]
    Private,
    /// Its host is not on the list.
    #[error("the push service {0} is not one that this server sends to (IUTSAI_PUSH_HOSTS)")]
    NotListed(String),
}

/// An endpoint that messages may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) uri: Uri,
    pub(crate) host: String,
    /// Scheme, host and port, as a token names its audience (RFC 8292, section 2).
    pub(crate) origin: String,
}

impl Hosts {
    /// Reads hosts that are separated by commas.
    ///
    /// # Errors
    /// [`InvalidHost`] with the first that cannot be one.
    pub fn parse(list: &str) -> Result<Self, InvalidHost> {
        let mut hosts = Self { patterns: Vec::new(), loopback: false };
        for host in list.split(',').map(str::trim).filter(|host| !host.is_empty()) {
            if host == LOOPBACK {
                hosts.loopback = true;
            } else if is_pattern(host) {
                hosts.patterns.push(host.to_ascii_lowercase());
            } else {
                return Err(InvalidHost(host.to_owned()));
            }
        }
        Ok(hosts)
    }

    /// Reads an endpoint that messages may be sent to.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] with why not.
    pub(crate) fn check(&self, endpoint: &str) -> Result<Endpoint, InvalidEndpoint> {
        if endpoint.len() > ENDPOINT_LIMIT {
            return Err(InvalidEndpoint::NotAnAddress);
        }
        let uri: Uri = endpoint.parse().map_err(|_| InvalidEndpoint::NotAnAddress)?;
        let authority = uri.authority().ok_or(InvalidEndpoint::NotAnAddress)?;
        let scheme = uri.scheme_str().unwrap_or_default();
        // A name and a password in front of the host would be sent along.
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(InvalidEndpoint::NotAnAddress);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok();
        let origin = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
        if self.loopback && address.is_some_and(|address| address.is_loopback()) && scheme.starts_with("http")
        {
            return Ok(Endpoint { uri, host, origin });
        }
        if scheme != "https" {
            return Err(InvalidEndpoint::NotHttps);
        }
        if host == "localhost" || address.is_some_and(|address| !is_public(address)) {
            return Err(InvalidEndpoint::Private);
        }
        let is_usual_port = matches!(uri.port_u16(), None | Some(443));
        if !is_usual_port || !self.patterns.iter().any(|pattern| fits(pattern, &host)) {
            return Err(InvalidEndpoint::NotListed(host));
        }
        let origin = format!("https://{host}");
        Ok(Endpoint { uri, host, origin })
    }

    /// Returns the addresses that a host's name may lead to.
    pub(super) fn reach(&self) -> Reach {
        if self.loopback { Reach::PublicAndLoopback } else { Reach::Public }
    }
}

fn is_pattern(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    name.contains('.') && name.split('.').all(is_label)
}

fn fits(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        None => host == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(endpoint: &str) -> InvalidEndpoint {
        Hosts::parse(DEFAULT_HOSTS).unwrap().check(endpoint).unwrap_err()
    }

    #[test]
    fn the_services_of_the_browsers_are_on_the_list() {
        let hosts = Hosts::parse(DEFAULT_HOSTS).unwrap();
        for (endpoint, origin) in [
            ("https://fcm.googleapis.com/fcm/send/abc:def", "https://fcm.googleapis.com"),
            ("https://FCM.googleapis.com:443/fcm/send/abc", "https://fcm.googleapis.com"),
            ("https://web.push.apple.com/QGuQ", "https://web.push.apple.com"),
            ("https://wns2-par02p.notify.windows.com/w/?token=a", "https://wns2-par02p.notify.windows.com"),
        ] {
            assert_eq!(hosts.check(endpoint).unwrap().origin, origin, "{endpoint}");
        }
    }

    #[test]
    fn an_endpoint_that_leads_elsewhere_is_refused_with_the_reason() {
        use InvalidEndpoint::{NotAnAddress, NotHttps, NotListed, Private};
        for (endpoint, why) in [
            ("", NotAnAddress),
            ("/fcm/send", NotAnAddress),
            ("https://user@fcm.googleapis.com/a", NotAnAddress),
            ("http://fcm.googleapis.com/a", NotHttps),
            ("https://127.0.0.1/a", Private),
            ("https://localhost/a", Private),
            ("https://10.1.2.3/a", Private),
            ("https://169.254.169.254/latest", Private),
            ("https://[::1]/a", Private),
            ("https://[fd00::1]/a", Private),
            ("https://[::ffff:192.168.0.1]/a", Private),
            ("https://8.8.8.8/a", NotListed("8.8.8.8".into())),
            ("https://push.example/a", NotListed("push.example".into())),
            ("https://fcm.googleapis.com.example/a", NotListed("fcm.googleapis.com.example".into())),
            ("https://evilpush.apple.com/a", NotListed("evilpush.apple.com".into())),
            ("https://fcm.googleapis.com:8443/a", NotListed("fcm.googleapis.com".into())),
        ] {
            assert_eq!(refused(endpoint), why, "{endpoint}");
        }
        assert_eq!(refused(&format!("https://fcm.googleapis.com/{}", "a".repeat(2_000))), NotAnAddress);
    }

    #[test]
    fn a_service_on_this_machine_is_allowed_by_name_only() {
        let endpoint = "http://127.0.0.1:4000/push/1";
        assert_eq!(refused(endpoint), InvalidEndpoint::NotHttps);
        let hosts = Hosts::parse("loopback").unwrap();
        assert_eq!(hosts.check(endpoint).unwrap().origin, "http://127.0.0.1:4000");
        assert_eq!(hosts.check("http://10.0.0.1/a"), Err(InvalidEndpoint::NotHttps));
        assert!(hosts.reach().allows("127.0.0.1".parse().unwrap()));
        assert!(!hosts.reach().allows("192.168.0.1".parse().unwrap()));
        let strict = Hosts::parse(DEFAULT_HOSTS).unwrap();
        assert!(!strict.reach().allows("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn a_host_is_a_name_with_or_without_a_star_in_front() {
        for wrong in ["https://a.example", "a", "*", "*.com.", "a b.example", "a.*.example"] {
            assert_eq!(Hosts::parse(wrong), Err(InvalidHost(wrong.into())), "{wrong}");
        }
        assert!(Hosts::parse(" a.example , ,*.b.example").is_ok());
    }
}
