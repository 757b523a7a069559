//! The address that calls are sent to. The operator chooses it, so it may be one of a private network, but it is https,
//! because a call names people in need.

use std::{fmt, net::IpAddr};

use http::Uri;

/// An address that calls may be sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Uri);

/// Why calls cannot be sent to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTarget {
    /// It is not an address.
    #[error("it is not an address such as https://gateway.example/calls")]
    NotAnAddress,
    /// It has a name or a password in front of the host.
    #[error("it has a name or a password in front of the host; the signature shows who sends")]
    HasUser,
    /// It is not https.
    #[error("it is not https; http is for a loopback address such as 127.0.0.1 only")]
    NotHttps,
}

impl Target {
    /// Reads an address.
    ///
    /// # Errors
    /// [`InvalidTarget`] with why it cannot be used.
    pub fn parse(text: &str) -> Result<Self, InvalidTarget> {
        let uri: Uri = text.parse().map_err(|_| InvalidTarget::NotAnAddress)?;
        let authority = uri.authority().ok_or(InvalidTarget::NotAnAddress)?;
        if authority.as_str().contains('@') {
            return Err(InvalidTarget::HasUser);
        }
        let host = authority.host();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_loopback = address.is_ok_and(|address| address.is_loopback());
        match uri.scheme_str() {
            _ if host.is_empty() => Err(InvalidTarget::NotAnAddress),
            Some("https") => Ok(Self(uri)),
            Some("http") if is_loopback => Ok(Self(uri)),
            _ => Err(InvalidTarget::NotHttps),
        }
    }

    /// The address.
    pub(super) fn uri(&self) -> &Uri {
        &self.0
    }

    /// Returns the host, which a log may have. A path or a query may hold a secret of the receiver's.
    pub(super) fn host(&self) -> &str {
        self.0.host().unwrap_or_default()
    }
}

/// Shows the address with the values of its query hidden.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, authority) = (self.0.scheme_str().unwrap_or_default(), self.0.authority());
        write!(f, "{scheme}://{}{}", authority.map_or("", |authority| authority.as_str()), self.0.path())?;
        if self.0.query().is_some() { f.write_str("?(hidden)") } else { Ok(()) }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_sent_to_without_tls() {
        use InvalidTarget::{HasUser, NotAnAddress, NotHttps};
        for good in [
            "https://gateway.example/calls?key=a",
            "https://10.0.0.7:8443/calls",
            "http://127.0.0.1:4000/calls",
            "http://[::1]:4000",
        ] {
            assert!(Target::parse(good).is_ok(), "{good}");
        }
        for (wrong, why) in [
            ("", NotAnAddress),
            ("/calls", NotAnAddress),
            ("https://", NotAnAddress),
            ("gateway.example", NotHttps),
            ("http://gateway.example/calls", NotHttps),
            ("http://10.0.0.7/calls", NotHttps),
            ("http://localhost/calls", NotHttps),
            ("ftp://127.0.0.1/calls", NotHttps),
            ("https://user:password@gateway.example", HasUser),
        ] {
            assert_eq!(Target::parse(wrong), Err(why), "{wrong}");
        }
    }

    #[test]
    fn what_is_shown_of_an_address_has_no_query() {
        let target = Target::parse("https://gateway.example:8443/calls?key=s3cret").unwrap();
        assert_eq!(target.to_string(), "https://gateway.example:8443/calls?(hidden)");
        assert_eq!(format!("{target:?}"), "Target(https://gateway.example:8443/calls?(hidden))");
        assert_eq!(target.host(), "gateway.example");
    }
}
